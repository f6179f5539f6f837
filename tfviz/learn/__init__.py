"""How it works: activations, losses, back-propagation, optimizers, drawn from real numbers.

The names below are loaded on first use: importing this package imports no TensorFlow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfviz.lazy import on_first_use

if TYPE_CHECKING:
    from tfviz.learn.activations.lesson import activation, compare_activations, softmax
    from tfviz.learn.convolutions.deformable import deformable
    from tfviz.learn.convolutions.receptive import receptive_field
    from tfviz.learn.convolutions.seen import convolution
    from tfviz.learn.descents.lesson import descent
    from tfviz.learn.expressions.lesson import Backprop, backprop
    from tfviz.learn.landscapes.making import landscape
    from tfviz.learn.lesson import Lesson
    from tfviz.learn.losses.lesson import compare_losses, loss, stability
    from tfviz.learn.nets.worked import worked_net
    from tfviz.learn.optimizers.lesson import optimizer
    from tfviz.learn.steps.making import step
    from tfviz.learn.tapes.lesson import tape
    from tfviz.learn.textbook.check import check_gradient
    from tfviz.learn.textbook.layers import Affine, ReLU, Sigmoid, SoftmaxWithLoss
    from tfviz.learn.textbook.lesson import textbook_layer
    from tfviz.learn.textbook.network import TwoLayerNet

_LAZY = {
    "Affine": "tfviz.learn.textbook.layers",
    "Backprop": "tfviz.learn.expressions.lesson",
    "Lesson": "tfviz.learn.lesson",
    "ReLU": "tfviz.learn.textbook.layers",
    "Sigmoid": "tfviz.learn.textbook.layers",
    "SoftmaxWithLoss": "tfviz.learn.textbook.layers",
    "TwoLayerNet": "tfviz.learn.textbook.network",
    "activation": "tfviz.learn.activations.lesson",
    "backprop": "tfviz.learn.expressions.lesson",
    "check_gradient": "tfviz.learn.textbook.check",
    "compare_activations": "tfviz.learn.activations.lesson",
    "compare_losses": "tfviz.learn.losses.lesson",
    "convolution": "tfviz.learn.convolutions.seen",
    "deformable": "tfviz.learn.convolutions.deformable",
    "descent": "tfviz.learn.descents.lesson",
    "landscape": "tfviz.learn.landscapes.making",
    "loss": "tfviz.learn.losses.lesson",
    "optimizer": "tfviz.learn.optimizers.lesson",
    "receptive_field": "tfviz.learn.convolutions.receptive",
    "softmax": "tfviz.learn.activations.lesson",
    "stability": "tfviz.learn.losses.lesson",
    "step": "tfviz.learn.steps.making",
    "tape": "tfviz.learn.tapes.lesson",
    "textbook_layer": "tfviz.learn.textbook.lesson",
    "worked_net": "tfviz.learn.nets.worked",
}

__all__ = [
    "Affine",
    "Backprop",
    "Lesson",
    "ReLU",
    "Sigmoid",
    "SoftmaxWithLoss",
    "TwoLayerNet",
    "activation",
    "backprop",
    "check_gradient",
    "compare_activations",
    "compare_losses",
    "convolution",
    "deformable",
    "descent",
    "landscape",
    "loss",
    "optimizer",
    "receptive_field",
    "softmax",
    "stability",
    "step",
    "tape",
    "textbook_layer",
    "worked_net",
]

__getattr__, __dir__ = on_first_use(__name__, _LAZY)
