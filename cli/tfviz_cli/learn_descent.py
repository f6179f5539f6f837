"""`tfviz learn descent`: gradient descent on a curve."""

from __future__ import annotations

import click

from tfviz_cli.learn_options import saving_options, write
from tfviz_cli.waiting import loading


@click.command("descent")
@click.option(
    "--function",
    default="square",
    show_default=True,
    metavar="NAME",
    help="square (x²), quartic, wells, waves or abs.",
)
@click.option(
    "--rate",
    "rates",
    multiple=True,
    type=float,
    metavar="NUMBER",
    help="A learning rate; repeatable. By default some too small, right and too large.",
)
@click.option("--start", type=float, metavar="X", help="Where to begin.")
@click.option("--steps", default=30, show_default=True, help="How many steps each walk has.")
@saving_options("png,html,json")
def command(
    function: str, rates: tuple[float, ...], start: float | None, steps: int, out: str, save: str
) -> None:
    """Go down a curve by its slope, at rates too small, right and too large.

    \b
    tfviz learn descent
    tfviz learn descent --rate 0.1 --rate 1.1
    tfviz learn descent --function wells --start -0.2
    """
    with loading("Loading TensorFlow"):
        from tfviz.learn.descents.lesson import descent

        found = descent(function, rates=rates or None, start=start, steps=steps)
    click.echo(str(found))
    write([found], out, save)
