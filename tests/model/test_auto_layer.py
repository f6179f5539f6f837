"""The layer that is taken by itself, against a table written by hand from the architectures."""

from __future__ import annotations

import re

import keras
import pytest
from keras import layers

import tfviz

# Architecture: (layer, class, output, what stands after it). Names with a number that Keras counts
# up per process are patterns; class, channels and what follows settle which of them it is.
TABLE = {
    "MobileNet": ("conv_pw_13_relu", "ReLU", (7, 7, 1024), "global_average_pooling2d"),
    "MobileNetV2": ("out_relu", "ReLU", (7, 7, 1280), "global_average_pooling2d"),
    "MobileNetV3Small": (r"activation(_\d+)?", "Activation", (7, 7, 576), "global_average_pooling"),
    "ResNet50": ("conv5_block3_out", "Activation", (7, 7, 2048), "avg_pool"),
    "EfficientNetB0": ("top_activation", "Activation", (7, 7, 1280), "avg_pool"),
    "ConvNeXtTiny": (r"add(_\d+)?", "Add", (7, 7, 768), "convnext_tiny_head_gap"),
}
SLOW_TABLE = {
    "MobileNetV3Large": (r"activation(_\d+)?", "Activation", (7, 7, 960), "global_average_pooling"),
    "VGG16": ("block5_conv3", "Conv2D", (14, 14, 512), "block5_pool"),
    "VGG19": ("block5_conv4", "Conv2D", (14, 14, 512), "block5_pool"),
    "ResNet152": ("conv5_block3_out", "Activation", (7, 7, 2048), "avg_pool"),
    "ResNet50V2": ("post_relu", "Activation", (7, 7, 2048), "avg_pool"),
    "ResNet101V2": ("post_relu", "Activation", (7, 7, 2048), "avg_pool"),
    "InceptionV3": ("mixed10", "Concatenate", (8, 8, 2048), "avg_pool"),
    "InceptionResNetV2": ("conv_7b_ac", "Activation", (8, 8, 1536), "avg_pool"),
    "Xception": ("block14_sepconv2_act", "Activation", (10, 10, 2048), "avg_pool"),
    "DenseNet121": ("relu", "Activation", (7, 7, 1024), "avg_pool"),
    "DenseNet201": ("relu", "Activation", (7, 7, 1920), "avg_pool"),
    "NASNetMobile": (r"activation(_\d+)?", "Activation", (7, 7, 1056), "global_average_pooling2d"),
    "NASNetLarge": (r"activation(_\d+)?", "Activation", (11, 11, 4032), "global_average_pooling2d"),
    "EfficientNetB3": ("top_activation", "Activation", (10, 10, 1536), "avg_pool"),
    "EfficientNetV2B0": ("top_activation", "Activation", (7, 7, 1280), "avg_pool"),
    "EfficientNetV2S": ("top_activation", "Activation", (12, 12, 1280), "avg_pool"),
    "ConvNeXtSmall": (r"add(_\d+)?", "Add", (7, 7, 768), "convnext_small_head_gap"),
}


def check(name: str, layer: str, kind: str, shape: tuple[int, ...], after: str) -> None:
    choice = tfviz.layers_of(getattr(keras.applications, name)(weights=None))
    assert re.fullmatch(layer, choice.path)
    assert (choice.kind, choice.shape) == (kind, (None, *shape))
    assert f"before '{after}" in choice.reason
    assert choice.candidates[-1].path == choice.path


@pytest.mark.parametrize("name", TABLE)
def test_the_layer_of_an_architecture_is_the_one_in_the_table(name: str) -> None:
    check(name, *TABLE[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW_TABLE)
def test_the_layer_of_a_large_architecture_is_the_one_in_the_table(name: str) -> None:
    check(name, *SLOW_TABLE[name])


def test_convnext_takes_its_very_last_addition() -> None:
    model = keras.applications.ConvNeXtTiny(weights=None)
    last = [each for each in model.operations if type(each).__name__ == "Add"][-1]
    assert tfviz.layers_of(model).path == last.name


def test_a_base_without_its_own_input_size_gives_the_same_layer_inside_a_model() -> None:
    base = keras.applications.MobileNetV2(
        include_top=False, weights=None, input_shape=(None, None, 3), alpha=0.35
    )
    model = keras.Sequential([keras.Input((96, 96, 3)), base, layers.GlobalAveragePooling2D()])
    choice = tfviz.layers_of(model)
    assert choice.path == f"{base.name}/out_relu"
    assert choice.shape == (None, 3, 3, 1280)


def test_a_model_of_plain_vectors_is_refused_with_what_its_layers_give() -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="a")], name="table")
    with pytest.raises(tfviz.LayerError, match=r"'table' has no layer with places.*'a' \(batch, 3"):
        tfviz.layers_of(model)


def test_listing_the_layers_leaves_no_wrapper_in_any_of_them() -> None:
    model = keras.applications.MobileNetV2(weights=None, alpha=0.35)
    tfviz.layers_of(model)
    assert [each.name for each in model.operations if "call" in each.__dict__] == []
