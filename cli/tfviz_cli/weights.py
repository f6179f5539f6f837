"""`tfviz weights`: PyTorch's weights, looked at, converted and verified without PyTorch."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import click

from tfviz.zoo.checkpoints.refusal import printable
from tfviz.zoo.tables import TABLES
from tfviz_cli.waiting import loading

if TYPE_CHECKING:
    from tfviz.zoo.porting.report import SameWeights
    from tfviz.zoo.porting.verifying import Verification

SHOWN = 12
# Names of real networks stay below; one of a hostile file can be as long as the file.
LONGEST_NAME = 200
DIFFERS = 1
TORCH_SUFFIXES = (".pth", ".pt", ".th", ".bin", ".tar", ".safetensors", ".ckpt")


def _print_recipe(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from tfviz.zoo.porting.recipe import RECIPE

    click.echo(RECIPE, nl=False)
    ctx.exit()


@click.group("weights")
def command() -> None:
    """Show, convert and verify PyTorch's weights, without PyTorch.

    \b
    tfviz weights show resnet18.pth
    tfviz weights convert resnet18.pth --to resnet18 -o resnet18.keras
    tfviz heatmap dog.jpg --model resnet18.keras
    """


@command.command("show")
@click.argument("file", metavar="FILE", type=click.Path())
@click.option("--all", "every", is_flag=True, help=f"List all tensors, not only {SHOWN}.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with all tensors.")
def show(file: str, every: bool, as_json: bool) -> None:
    """List the tensors in FILE and name their architecture.

    FILE is a .pth, .pt, .th, .bin or .safetensors file. Nothing in it is run.
    """
    from tfviz.zoo.checkpoints.reading import read_checkpoint
    from tfviz.zoo.porting.likely import nearest_table

    checkpoint = read_checkpoint(file)
    tensors = checkpoint.tensors
    found = nearest_table({name: each.shape for name, each in tensors.items()})
    if as_json:
        click.echo(
            json.dumps(
                {
                    "kind": checkpoint.kind,
                    "tensors": {
                        name: {"shape": each.shape, "dtype": each.dtype}
                        for name, each in tensors.items()
                    },
                    "values": checkpoint.parameters,
                    "notes": checkpoint.notes,
                    "architecture": found.table.name if found and found.exact else None,
                    "nearest": found.table.name if found else None,
                    "classes": found.classes if found else None,
                }
            )
        )
        return
    click.echo(
        f"{file}: {checkpoint.kind}, {len(tensors)} tensors, {checkpoint.parameters:,} values"
    )
    for note in checkpoint.notes:
        click.echo(f"  {note}")
    listed = [(printable(name, LONGEST_NAME), each) for name, each in tensors.items()]
    shown = listed if every else listed[:SHOWN]
    width = max((len(name) for name, _ in shown), default=0)
    for name, each in shown:
        click.echo(f"  {name:<{width}}  {each.dtype:<8}  {' x '.join(map(str, each.shape)) or '1'}")
    if len(listed) > len(shown):
        click.echo(f"  and {len(listed) - len(shown)} more: --all lists them")
    if found is None:
        click.echo("architecture: none that is known")
    elif found.exact:
        click.echo(f"architecture: {found}")
        click.echo(
            f"  tfviz weights convert {shlex.quote(file)} --to {found.table.name} "
            f"-o {found.table.name}.keras"
        )
    else:
        click.echo(f"architecture: unknown; nearest is {found}")


@command.command("convert")
@click.argument("file", metavar="FILE", type=click.Path())
@click.option(
    "--to",
    type=click.Choice(list(TABLES)),
    metavar="NAME",
    help=f"The architecture: {', '.join(TABLES)}.  [default: the one whose weights these are]",
)
@click.option(
    "-o", "--out", required=True, metavar="OUT.keras", help="The model to write, a .keras file."
)
@click.option(
    "--labels",
    metavar="FILE|FOLDER",
    help="Class names: .json, .txt, .csv, or a folder with one sub-folder a class.",
)
def convert(file: str, to: str | None, out: str, labels: str | None) -> None:
    """Make a .keras model from PyTorch's weights in FILE.

    It knows the size and range of photos that it takes, and the classes where they are ImageNet's,
    CIFAR-10's or given: `tfviz heatmap PHOTO --model OUT.keras` needs nothing else.
    """
    with loading("Loading TensorFlow"):
        from tfviz.model.labels import read_labels
        from tfviz.zoo.porting.converting import convert as convert_file

        names = read_labels(labels) if labels is not None else ()
        converted = convert_file(file, out, to=to, class_names=names)
    click.echo(converted.report)
    click.echo(f"wrote {converted.path}: {converted.architecture}, {converted.classes} classes")


@command.command("verify")
@click.argument("model", metavar="MODEL", type=click.Path())
@click.argument("reference", metavar="REFERENCE", type=click.Path())
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=1e-5,
    show_default=True,
    help="Relative difference up to which stages count as equal.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option(
    "--recipe",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_recipe,
    help="Print the script that makes a REFERENCE where PyTorch is, and end.",
)
@click.pass_context
def verify(ctx: click.Context, model: str, reference: str, tolerance: float, as_json: bool) -> None:
    """Compare MODEL, a .keras file, with what PyTorch answered.

    REFERENCE is a .npz file of activations (--recipe prints how to make one): the first stage that
    differs is named, and differences of the model are told from those of the photos. Or it is the
    file of weights that the model was made from: then the weights are compared.

    Exit code: 0 the same model, 1 another one, 2 wrong usage or unreadable files.
    """
    with loading("Loading TensorFlow and the model"):
        from tfviz.zoo.loading import load_model
        from tfviz.zoo.porting.loading import verify_weights
        from tfviz.zoo.porting.verifying import verify as verify_model

        loaded = load_model(model)
        found: SameWeights | Verification
        if reference.lower().endswith(TORCH_SUFFIXES):
            found = verify_weights(loaded, reference)
        else:
            found = verify_model(loaded, reference, tolerance=tolerance)
    click.echo(json.dumps(found.to_dict()) if as_json else found)
    if not found.same_model:
        ctx.exit(DIFFERS)
