"""ResNets for ImageNet, as torchvision lays them out.

Layers carry the names of torchvision's modules; the last activation of a block carries the block's
own, because its output is the block's: 'layer4.1' is where a heatmap of ResNet-18 is taken.
"""

from __future__ import annotations

import os
from typing import Any

import keras
from keras import layers

from tfviz.zoo.parts import classes_of, convolution, finished, image_input, norm, relu
from tfviz.zoo.tables import EXPANSION, IMAGENET_RESNETS, IMAGENET_WIDTHS, TABLES

IMAGENET_SHAPE = (224, 224, 3)


def resnet18(
    *,
    weights: str | os.PathLike[str] | None = None,
    input_shape: tuple[int | None, ...] = IMAGENET_SHAPE,
    classes: int = 1000,
    classifier_activation: str | None = None,
    include_top: bool = True,
    name: str | None = None,
) -> keras.Model:
    """ResNet-18 in torchvision's layout: 11,689,512 trainable parameters.

    Args:
        weights: A file of PyTorch's weights for it; None begins as PyTorch does.
        input_shape: (height, width, 3) of a photo; None for sides of any length.
        classes: Units of the head.
        classifier_activation: Of the head; by default none, so that it gives logits as in PyTorch.
        include_top: False ends with the last block, (batch, height / 32, width / 32, 512).
        name: Of the model; by default 'torchvision_resnet18'.

    Returns:
        An ordinary functional `keras.Model`, channels last. Photos go in as 0 to 1, less ImageNet's
        mean, over its deviation, which `tfviz.preprocess` knows.

    Raises:
        ModelError: When the weights are none of its own.
        InputError: When `input_shape` is none of a photo.

    Source:
        He et al., "Deep Residual Learning for Image Recognition" (2015), table 1.
    """
    return _resnet(
        "resnet18", weights, input_shape, classes, classifier_activation, include_top, name
    )


def resnet34(
    *,
    weights: str | os.PathLike[str] | None = None,
    input_shape: tuple[int | None, ...] = IMAGENET_SHAPE,
    classes: int = 1000,
    classifier_activation: str | None = None,
    include_top: bool = True,
    name: str | None = None,
) -> keras.Model:
    """ResNet-34 in torchvision's layout: 21,797,672 trainable parameters, 512 last channels.

    Arguments, result and errors are those of `resnet18`.
    """
    return _resnet(
        "resnet34", weights, input_shape, classes, classifier_activation, include_top, name
    )


def resnet50(
    *,
    weights: str | os.PathLike[str] | None = None,
    input_shape: tuple[int | None, ...] = IMAGENET_SHAPE,
    classes: int = 1000,
    classifier_activation: str | None = None,
    include_top: bool = True,
    name: str | None = None,
) -> keras.Model:
    """ResNet-50 in torchvision's layout: 25,557,032 trainable parameters, 2048 last channels.

    Arguments, result and errors are those of `resnet18`.
    """
    return _resnet(
        "resnet50", weights, input_shape, classes, classifier_activation, include_top, name
    )


def resnet101(
    *,
    weights: str | os.PathLike[str] | None = None,
    input_shape: tuple[int | None, ...] = IMAGENET_SHAPE,
    classes: int = 1000,
    classifier_activation: str | None = None,
    include_top: bool = True,
    name: str | None = None,
) -> keras.Model:
    """ResNet-101 in torchvision's layout: 44,549,160 trainable parameters, 2048 last channels.

    Arguments, result and errors are those of `resnet18`.
    """
    return _resnet(
        "resnet101", weights, input_shape, classes, classifier_activation, include_top, name
    )


def resnet152(
    *,
    weights: str | os.PathLike[str] | None = None,
    input_shape: tuple[int | None, ...] = IMAGENET_SHAPE,
    classes: int = 1000,
    classifier_activation: str | None = None,
    include_top: bool = True,
    name: str | None = None,
) -> keras.Model:
    """ResNet-152 in torchvision's layout: 60,192,808 trainable parameters, 2048 last channels.

    Arguments, result and errors are those of `resnet18`.
    """
    return _resnet(
        "resnet152", weights, input_shape, classes, classifier_activation, include_top, name
    )


def _resnet(
    architecture: str,
    weights: Any,
    input_shape: tuple[int | None, ...],
    classes: int,
    classifier_activation: str | None,
    include_top: bool,
    name: str | None,
) -> keras.Model:
    blocks, bottleneck = IMAGENET_RESNETS[architecture]
    image = image_input(input_shape)
    x = convolution(image, 64, 7, stride=2, name="conv1")
    x = relu(norm(x, name="bn1"), name="relu")
    # PyTorch's pooling pads with minus infinity; after a ReLU zeros are the same.
    x = layers.ZeroPadding2D(1, data_format="channels_last", name="maxpool.pad")(x)
    x = layers.MaxPooling2D(3, 2, "valid", data_format="channels_last", name="maxpool")(x)
    for stage, (count, width) in enumerate(zip(blocks, IMAGENET_WIDTHS, strict=True), start=1):
        for index in range(count):
            stride = 2 if index == 0 and stage > 1 else 1
            block = _bottleneck if bottleneck else _basic
            x = block(x, width, stride, index == 0, f"layer{stage}.{index}")
    if include_top:
        x = layers.GlobalAveragePooling2D(data_format="channels_last", name="avgpool")(x)
        x = classes_of(x, classes, classifier_activation, name="fc")
    # Not 'resnet50' alone: that is the model of keras.applications, which wants other pixels.
    model = keras.Model(image, x, name=name or f"torchvision_{architecture}")
    return finished(TABLES[architecture], model, weights)


def _basic(x: Any, width: int, stride: int, first: bool, name: str) -> Any:
    y = convolution(x, width, 3, stride=stride, name=f"{name}.conv1")
    y = relu(norm(y, name=f"{name}.bn1"), name=f"{name}.relu")
    y = norm(convolution(y, width, 3, name=f"{name}.conv2"), name=f"{name}.bn2")
    return _joined(x, y, width, stride, first and stride > 1, name)


def _bottleneck(x: Any, width: int, stride: int, first: bool, name: str) -> Any:
    y = relu(norm(convolution(x, width, 1, name=f"{name}.conv1"), name=f"{name}.bn1"),
             name=f"{name}.relu1")  # fmt: skip
    # In the middle convolution, where the paper has it in the first: "ResNet v1.5".
    y = convolution(y, width, 3, stride=stride, name=f"{name}.conv2")
    y = relu(norm(y, name=f"{name}.bn2"), name=f"{name}.relu2")
    outputs = width * EXPANSION
    y = norm(convolution(y, outputs, 1, name=f"{name}.conv3"), name=f"{name}.bn3")
    return _joined(x, y, outputs, stride, first, name)


def _joined(x: Any, y: Any, outputs: int, stride: int, projected: bool, name: str) -> Any:
    if projected:
        x = convolution(x, outputs, 1, stride=stride, name=f"{name}.downsample.0")
        x = norm(x, name=f"{name}.downsample.1")
    return relu(layers.Add(name=f"{name}.add")([y, x]), name=name)
