"""`tfviz learn deformable`: where a deformable convolution samples a photo."""

from __future__ import annotations

import click

from tfviz_cli.learn_convolution import Place
from tfviz_cli.learn_options import saving_options, write
from tfviz_cli.options import ModelName, custom_objects, loading_options
from tfviz_cli.waiting import loading


@click.command("deformable")
@click.argument("image")
@click.option("--model", type=ModelName(), help="A model of yours with a DeformableConv2D.")
@click.option("--layer", metavar="NAME", help="Which of its layers; by default the only one.")
@click.option(
    "--at", "places", type=Place(), multiple=True, help="An output pixel to draw. Repeatable."
)
@click.option("--group", default=0, show_default=True, help="Which offset group.")
@click.option(
    "--steps", default=150, show_default=True, help="How long the tiny net without --model learns."
)
@click.option("--seed", default=0, show_default=True, help="Of that net.")
@loading_options
@saving_options("png,json")
def command(
    image: str,
    model: str | None,
    layer: str | None,
    places: tuple[tuple[int, int], ...],
    group: int,
    steps: int,
    seed: int,
    custom: tuple[str, ...],
    unsafe: bool,
    out: str,
    save: str,
) -> None:
    """See where a deformable convolution samples IMAGE: plain, dilated, turned, random, learned.

    Without --model a tiny net learns, in seconds, which way up crops of IMAGE are; the learned
    offsets are its own. IMAGE is a photo or sample:cat.

    \b
    tfviz learn deformable sample:cat
    tfviz learn deformable photo.jpg --model shapes.keras --layer last2
    """
    with loading("Loading TensorFlow and learning" if model is None else "Loading the model"):
        from tfviz.learn.convolutions.deformable import deformable
        from tfviz.learn.convolutions.photo import photo_path
        from tfviz.zoo.loading import load_model

        loaded = (
            None
            if model is None
            else load_model(model, custom_objects=custom_objects(custom), unsafe=unsafe)
        )
        found = deformable(
            photo_path(image),
            model=loaded,
            layer=layer,
            at=places or None,
            group=group,
            steps=steps,
            seed=seed,
        )
    click.echo(str(found))
    write([found], out, save)
