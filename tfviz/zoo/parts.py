"""Layers that compute what PyTorch's of the same name do."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from tfviz.errors import InputError
from tfviz.model.card import Card, remember
from tfviz.model.labels import imagenet_names
from tfviz.zoo.tables import Table

# PyTorch's defaults. Keras's own epsilon of 1e-3 moves the logits of a ResNet-18 by 0.1 %, and
# its momentum counts what is kept where PyTorch counts what is new.
EPSILON = 1e-5
MOMENTUM = 0.9
CIFAR10_NAMES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
_CHANNELS_LAST = "channels_last"


def convolution(x: Any, filters: int, kernel: int, *, stride: int = 1, name: str) -> Any:
    """`torch.nn.Conv2d(..., padding=kernel // 2, bias=False)`.

    Args:
        x: (batch, height, width, channels).
        filters: Channels to give.
        kernel: Its height and width, odd.
        stride: Step along both axes.
        name: PyTorch's name of the module.
    """
    padding = "same"
    if stride > 1 and kernel > 1:
        # PyTorch pads both sides alike. "same" pads what is needed, which with a stride is more
        # at the end than at the beginning: the logits of a ResNet-18 move by 7 %.
        x = layers.ZeroPadding2D(kernel // 2, data_format=_CHANNELS_LAST, name=f"{name}.pad")(x)
        padding = "valid"
    return layers.Conv2D(
        filters,
        kernel,
        strides=stride,
        padding=padding if kernel > 1 else "valid",
        use_bias=False,
        kernel_initializer=keras.initializers.VarianceScaling(
            2.0, mode="fan_out", distribution="untruncated_normal"
        ),
        data_format=_CHANNELS_LAST,
        name=name,
    )(x)


def norm(x: Any, *, name: str) -> Any:
    """`torch.nn.BatchNorm2d` over the last axis."""
    return layers.BatchNormalization(axis=-1, epsilon=EPSILON, momentum=MOMENTUM, name=name)(x)


def relu(x: Any, *, name: str) -> Any:
    """`torch.nn.ReLU`, as a layer that can be listened to by name."""
    return layers.Activation("relu", name=name)(x)


def classes_of(x: Any, classes: int, activation: Any, *, name: str) -> Any:
    """`torch.nn.Linear`, begun as PyTorch begins it."""
    return layers.Dense(
        classes,
        activation=activation,
        kernel_initializer=keras.initializers.VarianceScaling(
            1 / 3, mode="fan_in", distribution="uniform"
        ),
        name=name,
    )(x)


def finished(table: Table, model: keras.Model, weights: Any) -> keras.Model:
    """A model that knows what it expects of photos, with PyTorch's weights when a file is given."""
    remember(model, card_for(table, model.output_shape[-1]))
    if weights is not None:
        from tfviz.zoo.porting.loading import load_torch_weights

        load_torch_weights(model, weights)
    return model


def card_for(table: Table, classes: int, class_names: tuple[str, ...] = ()) -> Card:
    """What is known of an architecture: the size and range of photos, and the classes if usual.

    Args:
        table: The architecture.
        classes: How many its head gives.
        class_names: The user's own, instead of the usual ones.
    """
    usual: tuple[str, ...] = ()
    if table.data == "ImageNet" and classes == 1000:
        usual = imagenet_names()
    elif table.data == "CIFAR-10" and classes == len(CIFAR10_NAMES):
        usual = CIFAR10_NAMES
    return Card(
        class_names=class_names or usual,
        input_size=table.size,
        resize="crop" if table.data == "ImageNet" else "stretch",
        value_range="torch",
        source=f"tfviz.zoo.{table.name}",
    )


def image_input(input_shape: tuple[int | None, ...]) -> Any:
    """The input of a model of photos, its shape checked.

    Raises:
        InputError: When it isn't (height, width, 3).
    """
    if len(input_shape) != 3 or input_shape[-1] != 3:
        raise InputError(
            f"input_shape={tuple(input_shape)} must be (height, width, 3), with None for a side of "
            f"any length; the channels stand last, also where PyTorch's stand first."
        )
    return keras.Input(tuple(input_shape), name="image")
