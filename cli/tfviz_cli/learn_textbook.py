"""`tfviz learn textbook`: layers by hand, checked."""

from __future__ import annotations

import contextlib

import click

from tfviz_cli.learn_options import saving_options, write
from tfviz_cli.waiting import loading


@click.command("textbook")
@click.argument("layers", nargs=-1, required=True, metavar="LAYER...")
@click.option("--batch", type=int, default=4, show_default=True, help="How many samples.")
@click.option("--single", is_flag=True, help="One vector in place of a batch.")
@click.option("--tape", is_flag=True, help="Check with TensorFlow's tape too (it takes seconds).")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the numbers.")
@saving_options("png,html,json")
def command(
    layers: tuple[str, ...],
    batch: int,
    single: bool,
    tape: bool,
    seed: int,
    out: str,
    save: str,
) -> None:
    """Draw layers of the textbook, forward and backward, with shapes on their edges.

    LAYER is affine, sigmoid, relu, softmax-loss or two-layer: NumPy, with small numbers, and every
    gradient checked by finite differences.

    \b
    tfviz learn textbook affine --batch 8
    tfviz learn textbook sigmoid relu softmax-loss --tape
    """
    with loading("Loading TensorFlow") if tape else contextlib.nullcontext():
        from tfviz.learn.textbook.lesson import textbook_layer

        lessons = [
            textbook_layer(each, batch=batch, single=single, tape=tape, seed=seed)
            for each in layers
        ]
    click.echo("\n\n".join(str(lesson) for lesson in lessons))
    write(lessons, out, save, each_by_name=True)
