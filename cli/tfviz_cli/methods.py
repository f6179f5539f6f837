"""`tfviz methods`: the ways of explaining there are."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click

from tfviz.explain.family import FAMILY, NEEDS

NARROWEST = 100


@click.command("methods")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def command(as_json: bool) -> None:
    """List the methods of `tfviz heatmap --method`: what each costs and needs, and when to use it.

    Costs are passes for one input: forward through the model, or through its head alone (what lies
    behind the layer), forward or backward. K is the number of channels at the layer, n a number of
    samples.
    """
    if as_json:
        rows = []
        for each in FAMILY.values():
            needs = [NEEDS[need] for need in each.needs]
            rows.append({"class": each.kind, **asdict(each), "needs": needs})
            del rows[-1]["kind"], rows[-1]["module"]
        click.echo(json.dumps(rows))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("method", "cost for one input", "when to use it"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "method")
    for each in FAMILY.values():
        needed = "".join(f"; needs {NEEDS[need]}" for need in each.needs)
        table.add_row(each.name, each.cost, each.when + needed)
    width = None if sys.stdout.isatty() else NARROWEST
    Console(highlight=False, markup=False, width=width).print(table)
    click.echo("\ntfviz heatmap PHOTO --method NAME; gradcam is the default.")
