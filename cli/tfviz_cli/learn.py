"""`tfviz learn`: how the pieces work, drawn from real numbers."""

from __future__ import annotations

import click

from tfviz_cli.lazily import LazyGroup

LESSONS = {
    "activation": ("tfviz_cli.learn_activation", "Activations: curves, derivatives, kinks."),
    "backprop": ("tfviz_cli.learn_backprop", "Back-propagation through an expression or a net."),
    "convolution": ("tfviz_cli.learn_convolution", "Where a convolution looks, tap by tap."),
    "deformable": ("tfviz_cli.learn_deformable", "Where a deformable convolution looks."),
    "descent": ("tfviz_cli.learn_descent", "Gradient descent on a parabola, step by step."),
    "landscape": ("tfviz_cli.learn_landscape", "The loss around the weights of a model."),
    "loss": ("tfviz_cli.learn_loss", "Losses and their gradients, stable and unstable."),
    "optimizer": ("tfviz_cli.learn_optimizer", "Optimizers racing over known surfaces."),
    "receptive": ("tfviz_cli.learn_receptive", "What a unit of a layer can see, and does."),
    "step": ("tfviz_cli.learn_step", "One training step of your model, op by op."),
    "tape": ("tfviz_cli.learn_tape", "zero-grad, backward, step: what if one is forgotten?"),
    "textbook": ("tfviz_cli.learn_textbook", "Affine, sigmoid, softmax: layers by hand, checked."),
}


@click.group("learn", cls=LazyGroup, table=LESSONS, noun="lesson")
def command() -> None:
    """See how it works: pictures and pages from real numbers, each with its data.

    \b
    tfviz learn activation sigmoid tanh relu
    tfviz learn backprop "e = (a + b) * (b + 1)" a=2 b=1
    """
