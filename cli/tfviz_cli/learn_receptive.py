"""`tfviz learn receptive`: what a unit of a layer can see, and what it heeds."""

from __future__ import annotations

from pathlib import Path

import click

from tfviz_cli.learn_convolution import Place
from tfviz_cli.learn_options import saving_options, write
from tfviz_cli.options import ModelName, custom_objects, loading_options
from tfviz_cli.waiting import loading


@click.command("receptive")
@click.argument("model", type=ModelName())
@click.argument("layer")
@click.argument("images", nargs=-1, metavar="[IMAGE]...")
@click.option("--at", type=Place(), help="The unit; by default the one in the middle of the map.")
@click.option("--weights", metavar="FILE", help="Weights for a named architecture.")
@loading_options
@saving_options("png,json")
def command(
    model: str,
    layer: str,
    images: tuple[str, ...],
    at: tuple[int, int] | None,
    weights: str | None,
    custom: tuple[str, ...],
    unsafe: bool,
    out: str,
    save: str,
) -> None:
    """See what one unit of LAYER can see of an image, and what it heeds of that.

    MODEL is a .keras or .h5 file, everyday10, or a name in keras.applications, which is taken with
    random weights unless --weights names a file. LAYER is a name or path in it, or auto. IMAGE is
    a photo or sample:cat; without one all samples are used.

    \b
    tfviz learn receptive everyday10 auto
    tfviz learn receptive MobileNetV2 block_6_expand_relu sample:cat --at 14,20
    """
    with loading("Loading TensorFlow and the model"):
        from tfviz.explain.survey import layers_of
        from tfviz.learn.convolutions.photo import photo_path
        from tfviz.learn.convolutions.receptive import receptive_field
        from tfviz.model.architectures import ARCHITECTURES
        from tfviz.zoo.loading import load_model, load_structure

        objects = custom_objects(custom)
        loaded = (
            load_structure(model, custom_objects=objects, unsafe=unsafe)
            if weights is None
            else load_model(model, weights=weights, custom_objects=objects, unsafe=unsafe)
        )
        known = {each.lower() for each in ARCHITECTURES}
        random = weights is None and model.lower() in known and not Path(model).is_file()
        found = receptive_field(
            loaded,
            layers_of(loaded).path if layer == "auto" else layer,
            [photo_path(each) for each in images] or None,
            at=at,
            note="Weights: random." if random else "",
        )
    click.echo(str(found))
    write([found], out, save)
