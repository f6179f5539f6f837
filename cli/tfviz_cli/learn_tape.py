"""`tfviz learn tape`: what the parts of a tape loop are for."""

from __future__ import annotations

import click

from tfviz_cli.learn_options import saving_options, write
from tfviz_cli.waiting import loading


@click.command("tape")
@saving_options("png,html,json")
def command(out: str, save: str) -> None:
    """zero-grad, backward, step: what they are with a tape, and what if one is forgotten.

    Ten mistakes are really made, and what TensorFlow does and says is shown, with the PyTorch and
    the TensorFlow words next to each other.
    """
    with loading("Loading TensorFlow"):
        from tfviz.learn.tapes.lesson import tape

        found = tape()
    click.echo(str(found))
    write([found], out, save)
