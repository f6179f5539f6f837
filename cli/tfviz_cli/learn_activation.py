"""`tfviz learn activation`: curves, derivatives, kinks, and where the gradient dies."""

from __future__ import annotations

import click

from tfviz_cli.learn_options import saving_options, say, write
from tfviz_cli.waiting import loading


@click.command("activation")
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("--all", "every", is_flag=True, help="All of Keras's, PReLU and the step function.")
@click.option(
    "--range",
    "over",
    nargs=2,
    type=float,
    metavar="LOW HIGH",
    help="The x to draw; -8 8 unless told.",
)
@click.option(
    "--logits", metavar="Z,Z,...", help="The vector for softmax, log_softmax and sparsemax."
)
@saving_options("png,json")
def command(
    names: tuple[str, ...],
    every: bool,
    over: tuple[float, float] | None,
    logits: str | None,
    out: str,
    save: str,
) -> None:
    """An activation with its first and second derivative, by the Keras installed.

    Parameters go behind a colon. Several names are also held against each other.

    \b
    tfviz learn activation sigmoid
    tfviz learn activation tanh relu leaky_relu:0.3 elu:alpha=2
    tfviz learn activation softmax --logits 2,1,0.1
    tfviz learn activation --all
    """
    if every == bool(names):
        raise click.UsageError(
            "Give names, as in `tfviz learn activation sigmoid tanh`, or --all, not both."
            if every
            else "Which activation? As in `tfviz learn activation sigmoid tanh`, or --all."
        )
    with loading("Loading TensorFlow"):
        from tfviz.learn.activations.lesson import compare_activations
        from tfviz.learn.activations.together import told

        lessons = compare_activations(
            None if every else names,
            over=over,
            logits=logits,
        )
    say(told(lessons))
    write(lessons, out, save, each_by_name=True)
