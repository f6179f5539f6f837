"""`tfviz doctor list`: all diagnoses."""

from __future__ import annotations

import click


@click.command("list")
@click.argument("family", required=False)
def command(family: str | None) -> None:
    """List all diagnoses, or those of one FAMILY (viz, shape, load, torch, ...)."""
    from tfviz.doctor.showing import listing

    rows = listing(family)
    width = max(len(identifier) for identifier, _ in rows)
    for identifier, title in rows:
        click.echo(f"{identifier:<{width}}  {title}")
