"""Keras layers worth having: deformable convolution, and where it looks.

The names below are loaded on first use: importing this package imports no TensorFlow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfviz.lazy import on_first_use

if TYPE_CHECKING:
    from tfviz.layers.deformable import DeformableConv2D
    from tfviz.layers.functional import deform_conv2d
    from tfviz.layers.patterns import dilated, random_offsets, rotated
    from tfviz.layers.points import SamplingPoints, sampling_points

_LAZY = {
    "DeformableConv2D": "tfviz.layers.deformable",
    "SamplingPoints": "tfviz.layers.points",
    "deform_conv2d": "tfviz.layers.functional",
    "dilated": "tfviz.layers.patterns",
    "random_offsets": "tfviz.layers.patterns",
    "rotated": "tfviz.layers.patterns",
    "sampling_points": "tfviz.layers.points",
}

__all__ = [
    "DeformableConv2D",
    "SamplingPoints",
    "deform_conv2d",
    "dilated",
    "random_offsets",
    "rotated",
    "sampling_points",
]

__getattr__, __dir__ = on_first_use(__name__, _LAZY)
