"""How it works: activations, losses, back-propagation, optimizers, drawn from real numbers.

The names below are loaded on first use: importing this package imports no TensorFlow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfviz.lazy import on_first_use

if TYPE_CHECKING:
    from tfviz.learn.activations.lesson import activation, activations, softmax
    from tfviz.learn.lesson import Lesson
    from tfviz.learn.losses.lesson import loss, losses, stability

_LAZY = {
    "Lesson": "tfviz.learn.lesson",
    "activation": "tfviz.learn.activations.lesson",
    "activations": "tfviz.learn.activations.lesson",
    "loss": "tfviz.learn.losses.lesson",
    "losses": "tfviz.learn.losses.lesson",
    "softmax": "tfviz.learn.activations.lesson",
    "stability": "tfviz.learn.losses.lesson",
}

__all__ = [
    "Lesson",
    "activation",
    "activations",
    "loss",
    "losses",
    "softmax",
    "stability",
]

__getattr__, __dir__ = on_first_use(__name__, _LAZY)
