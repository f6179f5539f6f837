"""The small ResNets for CIFAR-10, with shortcuts that have no weights.

Names are those of the widely used PyTorch implementation by Yerlan Idelbayev, whose checkpoints
(`resnet20-12fca82f.th` and its sisters) load as they are. Shortcuts are the paper's option A: every
second pixel, and zeros for the channels that are new.
"""

from __future__ import annotations

import os
from typing import Any

import keras
from keras import layers, ops

from tfviz.zoo.parts import classes_of, convolution, finished, image_input, norm, relu
from tfviz.zoo.tables import CIFAR_RESNETS, CIFAR_WIDTHS, TABLES

CIFAR_SHAPE = (32, 32, 3)


def resnet20(
    *,
    weights: str | os.PathLike[str] | None = None,
    input_shape: tuple[int | None, ...] = CIFAR_SHAPE,
    classes: int = 10,
    classifier_activation: str | None = None,
    name: str | None = None,
) -> keras.Model:
    """ResNet-20 for CIFAR: 269,722 trainable parameters.

    Args:
        weights: A file of PyTorch's weights for it; None begins as PyTorch does.
        input_shape: (height, width, 3) of a photo; None for sides of any length.
        classes: Units of the head.
        classifier_activation: Of the head; by default none, so that it gives logits as in PyTorch.
        name: Of the model; by default 'resnet20'.

    Returns:
        An ordinary functional `keras.Model`, channels last. Photos go in as 0 to 1, less ImageNet's
        mean, over its deviation, as its PyTorch original was trained.

    Raises:
        ModelError: When the weights are none of its own.
        InputError: When `input_shape` is none of a photo.

    Source:
        He et al., "Deep Residual Learning for Image Recognition" (2015), 4.2.
    """
    return _resnet("resnet20", weights, input_shape, classes, classifier_activation, name)


def resnet32(
    *,
    weights: str | os.PathLike[str] | None = None,
    input_shape: tuple[int | None, ...] = CIFAR_SHAPE,
    classes: int = 10,
    classifier_activation: str | None = None,
    name: str | None = None,
) -> keras.Model:
    """ResNet-32 for CIFAR: 464,154 trainable parameters; arguments as for `resnet20`."""
    return _resnet("resnet32", weights, input_shape, classes, classifier_activation, name)


def resnet44(
    *,
    weights: str | os.PathLike[str] | None = None,
    input_shape: tuple[int | None, ...] = CIFAR_SHAPE,
    classes: int = 10,
    classifier_activation: str | None = None,
    name: str | None = None,
) -> keras.Model:
    """ResNet-44 for CIFAR: 658,586 trainable parameters; arguments as for `resnet20`."""
    return _resnet("resnet44", weights, input_shape, classes, classifier_activation, name)


def resnet56(
    *,
    weights: str | os.PathLike[str] | None = None,
    input_shape: tuple[int | None, ...] = CIFAR_SHAPE,
    classes: int = 10,
    classifier_activation: str | None = None,
    name: str | None = None,
) -> keras.Model:
    """ResNet-56 for CIFAR: 853,018 trainable parameters; arguments as for `resnet20`."""
    return _resnet("resnet56", weights, input_shape, classes, classifier_activation, name)


def _resnet(
    architecture: str,
    weights: Any,
    input_shape: tuple[int | None, ...],
    classes: int,
    classifier_activation: str | None,
    name: str | None,
) -> keras.Model:
    image = image_input(input_shape)
    x = convolution(image, CIFAR_WIDTHS[0], 3, name="conv1")
    x = relu(norm(x, name="bn1"), name="relu")
    for stage, width in enumerate(CIFAR_WIDTHS, start=1):
        for index in range(CIFAR_RESNETS[architecture]):
            stride = 2 if index == 0 and stage > 1 else 1
            x = _block(x, width, stride, f"layer{stage}.{index}")
    x = layers.GlobalAveragePooling2D(data_format="channels_last", name="avgpool")(x)
    x = classes_of(x, classes, classifier_activation, name="linear")
    model = keras.Model(image, x, name=name or architecture)
    return finished(TABLES[architecture], model, weights)


def _block(x: Any, width: int, stride: int, name: str) -> Any:
    y = convolution(x, width, 3, stride=stride, name=f"{name}.conv1")
    y = relu(norm(y, name=f"{name}.bn1"), name=f"{name}.relu")
    y = norm(convolution(y, width, 3, name=f"{name}.conv2"), name=f"{name}.bn2")
    if stride > 1:
        added = (width - x.shape[-1]) // 2
        # A pool of one pixel takes every second one, as x[:, ::2, ::2] does, and is a layer that
        # every Keras loads.
        x = layers.MaxPooling2D(
            1, stride, "valid", data_format="channels_last", name=f"{name}.shortcut.pick"
        )(x)
        x = ops.pad(x, [[0, 0], [0, 0], [0, 0], [added, added]])
    return relu(layers.Add(name=f"{name}.add")([y, x]), name=name)
