"""`tfviz learn step`: one training step of a model, op by op."""

from __future__ import annotations

import click

from tfviz_cli.learn_options import saving_options, write
from tfviz_cli.options import ModelName, custom_objects, loading_options
from tfviz_cli.waiting import loading


@click.command("step")
@click.argument("model", type=ModelName())
@click.option("--data", metavar="FILE", help="A .npz file with the arrays x and y.")
@click.option("--samples", default=8, show_default=True, help="How many of it make the batch.")
@click.option("--image", metavar="PHOTO", help="One photo in place of --data; sample:cat will do.")
@click.option("--label", metavar="CLASS", help="The photo's class, by name or index.")
@click.option("--loss", metavar="NAME", help="As in compile.  [default: the model's own]")
@click.option("--layer", metavar="NAME", help="Open one layer: its ops, their rules and numbers.")
@click.option("--no-checks", is_flag=True, help="Leave the finite differences out.")
@click.option("--weights", metavar="FILE", help="Weights for a named architecture.")
@loading_options
@saving_options("png,html,json")
def command(
    model: str,
    weights: str | None,
    data: str | None,
    samples: int,
    image: str | None,
    label: str | None,
    loss: str | None,
    layer: str | None,
    no_checks: bool,
    custom: tuple[str, ...],
    unsafe: bool,
    out: str,
    save: str,
) -> None:
    """Run one real training step of MODEL and show every op: value, gradient, local rule.

    Nothing of the model changes. MODEL is a .keras or .h5 file, or everyday10.

    \b
    tfviz learn step everyday10 --image sample:cat --label cat
    tfviz learn step my.keras --data batch.npz --layer conv1
    """
    if (data is None) == (image is None):
        raise click.UsageError("Give --data FILE.npz, or --image PHOTO with --label CLASS.")
    if image is not None and label is None:
        raise click.UsageError("--image needs --label CLASS: a loss compares with the truth.")
    if samples < 1:
        raise click.UsageError(f"--samples {samples}: a batch has at least one.")
    with loading("Loading TensorFlow and the model"):
        from tfviz.learn.steps.data import load_compiled, photo, read_data
        from tfviz.learn.steps.making import step

        loaded = load_compiled(
            model, weights=weights, custom_objects=custom_objects(custom), unsafe=unsafe
        )
        if image is not None:
            given = photo(loaded, image, label or "", loss)
        else:
            given = read_data(data or "").first(samples)
        wanted = loss if loss is not None else given.loss
        found = step(
            loaded, given.x, given.y, wanted, given.sample_weight, checks=not no_checks
        ).noted(given.note)
        found = found.layer(layer) if layer else found
    click.echo(str(found))
    write([found], out, save)
