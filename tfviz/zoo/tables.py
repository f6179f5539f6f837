"""One table an architecture: the modules that PyTorch's weights belong to, and their shapes.

The layers of the Keras models in `tfviz.zoo` carry the names of PyTorch's modules, so a table says
both what a file must hold and where it goes. It needs no Keras, and `tfviz weights show` none.

The next architecture is one more entry in `TABLES`: its modules in order, the one that is the head,
the stages after which two models can be compared, and the function that builds it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Shape = tuple[int, ...]

# How many blocks each of the four stages has, and whether blocks have three convolutions.
IMAGENET_RESNETS: dict[str, tuple[tuple[int, ...], bool]] = {
    "resnet18": ((2, 2, 2, 2), False),
    "resnet34": ((3, 4, 6, 3), False),
    "resnet50": ((3, 4, 6, 3), True),
    "resnet101": ((3, 4, 23, 3), True),
    "resnet152": ((3, 8, 36, 3), True),
}
# How many blocks each of the three stages has; the depth is 6 n + 2.
CIFAR_RESNETS: dict[str, int] = {"resnet20": 3, "resnet32": 5, "resnet44": 7, "resnet56": 9}

IMAGENET_WIDTHS = (64, 128, 256, 512)
CIFAR_WIDTHS = (16, 32, 64)
# A bottleneck block gives four times the channels that its middle convolution has.
EXPANSION = 4


@dataclass(frozen=True)
class Module:
    """A module with weights.

    Attributes:
        name: PyTorch's, such as 'layer1.0.conv1', which the Keras layer carries too.
        kind: 'convolution', 'norm' or 'dense'.
        shape: Of its weight, in PyTorch's order of axes.
        bias: Whether a convolution or dense layer has one.
    """

    name: str
    kind: str
    shape: Shape
    bias: bool = False

    def tensors(self) -> Iterator[tuple[str, Shape]]:
        """The tensors that a state dict has for it, counters left out."""
        yield f"{self.name}.weight", self.shape
        if self.bias or self.kind == "norm":
            yield f"{self.name}.bias", self.shape[:1]
        if self.kind == "norm":
            yield f"{self.name}.running_mean", self.shape
            yield f"{self.name}.running_var", self.shape


@dataclass(frozen=True)
class Table:
    """What is known of an architecture without building it.

    Attributes:
        name: As in `tfviz.zoo`.
        modules: All that have weights, in order of execution.
        head: The module that gives the classes.
        stages: Modules, and layers of the Keras model, whose outputs can be compared.
        data: What it is usually trained on.
        size: (height, width) in pixels that photos are brought to by default.
        builder: `module:function` that makes the Keras model.
    """

    name: str
    modules: tuple[Module, ...]
    head: str
    stages: tuple[str, ...]
    data: str
    size: tuple[int, int]
    builder: str = field(repr=False)

    def tensors(self) -> dict[str, Shape]:
        """The shapes of a state dict, by name."""
        return dict(each for module in self.modules for each in module.tensors())

    def build(self, **options: Any) -> Any:
        """The Keras model, with the options of its builder."""
        module, _, function = self.builder.partition(":")
        return getattr(importlib.import_module(module), function)(**options)


def _convolution(name: str, inputs: int, outputs: int, kernel: int) -> Module:
    return Module(name, "convolution", (outputs, inputs, kernel, kernel))


def _norm(name: str, channels: int) -> Module:
    return Module(name, "norm", (channels,))


def _imagenet_resnet(name: str) -> Table:
    """He et al., "Deep Residual Learning for Image Recognition" (2015), in torchvision's layout."""
    blocks, bottleneck = IMAGENET_RESNETS[name]
    modules = [_convolution("conv1", 3, 64, 7), _norm("bn1", 64)]
    stages = ["conv1", "bn1", "maxpool"]
    channels = 64
    for stage, (count, width) in enumerate(zip(blocks, IMAGENET_WIDTHS, strict=True), start=1):
        outputs = width * EXPANSION if bottleneck else width
        for index in range(count):
            prefix = f"layer{stage}.{index}"
            widths = (width, width, outputs) if bottleneck else (width, width)
            kernels = (1, 3, 1) if bottleneck else (3, 3)
            inputs = channels
            for number, (to, kernel) in enumerate(zip(widths, kernels, strict=True), start=1):
                modules += [
                    _convolution(f"{prefix}.conv{number}", inputs, to, kernel),
                    _norm(f"{prefix}.bn{number}", to),
                ]
                inputs = to
            if index == 0 and (stage > 1 or channels != outputs):
                modules += [
                    _convolution(f"{prefix}.downsample.0", channels, outputs, 1),
                    _norm(f"{prefix}.downsample.1", outputs),
                ]
            channels = outputs
            stages.append(prefix)
    modules.append(Module("fc", "dense", (1000, channels), bias=True))
    return Table(
        name,
        tuple(modules),
        "fc",
        (*stages, "avgpool", "fc"),
        "ImageNet",
        (224, 224),
        f"tfviz.zoo.resnet:{name}",
    )


def _cifar_resnet(name: str) -> Table:
    """He et al. (2015), 4.2, with shortcuts without weights (their option A)."""
    modules = [_convolution("conv1", 3, CIFAR_WIDTHS[0], 3), _norm("bn1", CIFAR_WIDTHS[0])]
    stages = ["conv1", "bn1"]
    channels = CIFAR_WIDTHS[0]
    for stage, width in enumerate(CIFAR_WIDTHS, start=1):
        for index in range(CIFAR_RESNETS[name]):
            prefix = f"layer{stage}.{index}"
            modules += [
                _convolution(f"{prefix}.conv1", channels, width, 3),
                _norm(f"{prefix}.bn1", width),
                _convolution(f"{prefix}.conv2", width, width, 3),
                _norm(f"{prefix}.bn2", width),
            ]
            channels = width
            stages.append(prefix)
    modules.append(Module("linear", "dense", (10, channels), bias=True))
    return Table(
        name,
        tuple(modules),
        "linear",
        (*stages, "linear"),
        "CIFAR-10",
        (32, 32),
        f"tfviz.zoo.cifar_resnet:{name}",
    )


TABLES: dict[str, Table] = {
    **{name: _imagenet_resnet(name) for name in IMAGENET_RESNETS},
    **{name: _cifar_resnet(name) for name in CIFAR_RESNETS},
}
