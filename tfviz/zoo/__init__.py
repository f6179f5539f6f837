"""Architectures, and weights for them: the embedded model, ResNets, PyTorch's checkpoints.

The names below are loaded on first use: importing this package imports no TensorFlow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfviz.lazy import on_first_use

if TYPE_CHECKING:
    from tfviz.zoo.checkpoints.reading import Checkpoint, read_checkpoint
    from tfviz.zoo.cifar_resnet import resnet20, resnet32, resnet44, resnet56
    from tfviz.zoo.loading import load_model
    from tfviz.zoo.porting.converting import Converted, convert
    from tfviz.zoo.porting.likely import nearest_table
    from tfviz.zoo.porting.loading import compare_weights, load_torch_weights, verify_weights
    from tfviz.zoo.porting.photos import torchvision_preprocess
    from tfviz.zoo.porting.reference import Reference, read_reference, reference_of
    from tfviz.zoo.porting.verifying import verify
    from tfviz.zoo.resnet import resnet18, resnet34, resnet50, resnet101, resnet152
    from tfviz.zoo.tables import TABLES

_LAZY = {
    "TABLES": "tfviz.zoo.tables",
    "Checkpoint": "tfviz.zoo.checkpoints.reading",
    "Converted": "tfviz.zoo.porting.converting",
    "Reference": "tfviz.zoo.porting.reference",
    "compare_weights": "tfviz.zoo.porting.loading",
    "convert": "tfviz.zoo.porting.converting",
    "load_model": "tfviz.zoo.loading",
    "load_torch_weights": "tfviz.zoo.porting.loading",
    "nearest_table": "tfviz.zoo.porting.likely",
    "read_checkpoint": "tfviz.zoo.checkpoints.reading",
    "read_reference": "tfviz.zoo.porting.reference",
    "reference_of": "tfviz.zoo.porting.reference",
    "resnet101": "tfviz.zoo.resnet",
    "resnet152": "tfviz.zoo.resnet",
    "resnet18": "tfviz.zoo.resnet",
    "resnet20": "tfviz.zoo.cifar_resnet",
    "resnet32": "tfviz.zoo.cifar_resnet",
    "resnet34": "tfviz.zoo.resnet",
    "resnet44": "tfviz.zoo.cifar_resnet",
    "resnet50": "tfviz.zoo.resnet",
    "resnet56": "tfviz.zoo.cifar_resnet",
    "torchvision_preprocess": "tfviz.zoo.porting.photos",
    "verify": "tfviz.zoo.porting.verifying",
    "verify_weights": "tfviz.zoo.porting.loading",
}

__all__ = [
    "TABLES",
    "Checkpoint",
    "Converted",
    "Reference",
    "compare_weights",
    "convert",
    "load_model",
    "load_torch_weights",
    "nearest_table",
    "read_checkpoint",
    "read_reference",
    "reference_of",
    "resnet18",
    "resnet20",
    "resnet32",
    "resnet34",
    "resnet44",
    "resnet50",
    "resnet56",
    "resnet101",
    "resnet152",
    "torchvision_preprocess",
    "verify",
    "verify_weights",
]

__getattr__, __dir__ = on_first_use(__name__, _LAZY)
