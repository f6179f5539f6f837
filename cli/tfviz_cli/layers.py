"""`tfviz layers`: what can be explained at."""

from __future__ import annotations

import json
import sys

import click

from tfviz_cli.options import ModelName, custom_objects, loading_options
from tfviz_cli.waiting import loading

SHOWN = 12


@click.command("layers")
@click.argument("model", type=ModelName())
@click.option("--output", help="Which output of several, by index or name.")
@click.option("--all", "every", is_flag=True, help=f"List all, not only the last {SHOWN}.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@loading_options
def command(
    model: str,
    output: str | None,
    every: bool,
    as_json: bool,
    custom: tuple[str, ...],
    unsafe: bool,
) -> None:
    """List the layers of MODEL that can give a heatmap, and which `--layer auto` takes.

    MODEL is a .keras or .h5 file, everyday10, or a name in keras.applications (no weights are
    needed for that).
    """
    with loading("Loading TensorFlow and the model"):
        import tfviz
        from tfviz.zoo.loading import load_structure

        loaded = load_structure(model, custom_objects=custom_objects(custom), unsafe=unsafe)
        wanted = int(output) if output is not None and output.isdecimal() else output
        choice = tfviz.layers_of(loaded, output=wanted)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "auto": choice.path,
                    "reason": choice.reason,
                    "candidates": [
                        {"path": each.path, "kind": each.kind, "shape": each.shape}
                        for each in choice.candidates
                    ],
                }
            )
        )
        return
    from rich.console import Console
    from rich.table import Table

    shown = choice.candidates if every else choice.candidates[-SHOWN:]
    table = Table(box=None, pad_edge=False)
    for heading in ("layer", "kind", "output"):
        table.add_column(heading, overflow="fold")
    for each in shown:
        mark = each.path == choice.path
        shape = " x ".join("any" if size is None else str(size) for size in each.shape[1:])
        name = f"{each.path}  <- auto" if mark else each.path
        table.add_row(name, each.kind, shape, style="bold" if mark else None)
    console = Console(highlight=False, markup=False, width=None if _terminal() else 160)
    console.print(table)
    hidden = len(choice.candidates) - len(shown)
    if hidden:
        click.echo(f"and {hidden} before these: --all lists them")
    click.echo(f"\n--layer auto takes '{choice.path}': {choice.reason}.")


def _terminal() -> bool:
    return sys.stdout.isatty()
