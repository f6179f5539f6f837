"""How it works: activations, losses, back-propagation, optimizers, drawn from real numbers.

The names below are loaded on first use: importing this package imports no TensorFlow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfviz.lazy import on_first_use

if TYPE_CHECKING:
    from tfviz.learn.lesson import Lesson

_LAZY = {
    "Lesson": "tfviz.learn.lesson",
}

__all__ = [
    "Lesson",
]

__getattr__, __dir__ = on_first_use(__name__, _LAZY)
