"""`tfviz learn loss`: losses, their gradients, and which form stays true."""

from __future__ import annotations

import click

from tfviz_cli.learn_options import saving_options, say, write
from tfviz_cli.waiting import loading


@click.command("loss")
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("--all", "every", is_flag=True, help="All that have a curve.")
@saving_options("png,html,json")
def command(names: tuple[str, ...], every: bool, out: str, save: str) -> None:
    """A loss and its gradients with respect to predictions, probabilities and logits.

    Cross-entropies come with their stable and unstable forms side by side, and with a page that
    shows step by step how the gradient collapses to a - y, or p - y.

    \b
    tfviz learn loss binary_crossentropy
    tfviz learn loss mse huber:delta=2 l2:0.01 log
    tfviz learn loss --all
    """
    if every == bool(names):
        raise click.UsageError(
            "Give names, as in `tfviz learn loss mse huber`, or --all, not both."
            if every
            else "Which loss? As in `tfviz learn loss binary_crossentropy`, or --all."
        )
    with loading("Loading TensorFlow"):
        from tfviz.learn.losses.lesson import compare_losses, told

        lessons = compare_losses(None if every else names)
    say(told(lessons))
    write(lessons, out, save, each_by_name=True)
