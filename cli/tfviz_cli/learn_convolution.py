"""`tfviz learn convolution`: where a convolution looks, tap by tap."""

from __future__ import annotations

import click

from tfviz_cli.learn_options import saving_options, write
from tfviz_cli.waiting import loading


class Both(click.ParamType):
    """An integer, or two for height and width: 3 or 3x5."""

    name = "size"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | tuple[int, ...]:
        """The integers."""
        if isinstance(value, int):
            return value
        try:
            parts = tuple(int(each) for each in str(value).lower().split("x"))
        except ValueError:
            parts = ()
        if len(parts) not in (1, 2):
            self.fail(f"'{value}' is neither a number such as 3 nor two such as 3x5.", param, ctx)
        return parts[0] if len(parts) == 1 else parts


class Place(click.ParamType):
    """Row and column with a comma between."""

    name = "row,column"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """The two integers."""
        if isinstance(value, tuple):
            return value
        try:
            row, column = (int(each) for each in str(value).split(","))
        except ValueError:
            self.fail(f"'{value}' is no place: give row,column such as 10,20.", param, ctx)
        return row, column


@click.command("convolution")
@click.argument("image", required=False)
@click.option("--kernel", "kernel_size", default="3", type=Both(), show_default=True, help="Taps.")
@click.option("--stride", default="1", type=Both(), show_default=True, help="Pixels a step.")
@click.option("--padding", default="same", show_default=True, help="same or valid.")
@click.option(
    "--dilation", default="1", type=Both(), show_default=True, help="Pixels between taps."
)
@click.option(
    "--weights",
    default="edge",
    show_default=True,
    metavar="NAME",
    help="edge, blur, sharpen, identity or count.",
)
@click.option("--size", default=7, show_default=True, help="Side of the square, in pixels.")
@click.option("--at", type=Place(), help="Its upper left corner in IMAGE.")
@saving_options("png,html,json")
def command(
    image: str | None,
    kernel_size: int | tuple[int, ...],
    stride: int | tuple[int, ...],
    padding: str,
    dilation: int | tuple[int, ...],
    weights: str,
    size: int,
    at: tuple[int, int] | None,
    out: str,
    save: str,
) -> None:
    """See where a convolution looks, pixel by pixel and tap by tap, with the numbers.

    IMAGE is a photo, of which a small gray square is taken, or sample:cat. Without it the square
    counts 10 a row and 1 a column, so that each number tells where it stands.

    \b
    tfviz learn convolution --stride 2
    tfviz learn convolution --kernel 3 --stride 2 --dilation 2 --size 8
    tfviz learn convolution sample:cat --weights sharpen
    """
    with loading("Loading TensorFlow"):
        from tfviz.learn.convolutions.photo import photo_path
        from tfviz.learn.convolutions.seen import convolution

        found = convolution(
            None if image is None else photo_path(image),
            kernel_size=kernel_size,
            strides=stride,
            padding=padding,
            dilation_rate=dilation,
            kernel=weights,
            size=size,
            at=at,
        )
    click.echo(str(found))
    write([found], out, save)
