"""What is known of the architectures in `keras.applications`, without importing Keras.

Names (for `--model` and its completion), the size of the photos they take, and what they expect of
pixel values: 'caffe', 'torch' and 'tf' as in `imagenet_utils.preprocess_input`, 'none' where the
model itself brings 0 to 255 into its range.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Architecture:
    """One model of `keras.applications`.

    Attributes:
        name: As in `keras.applications`.
        value_range: What its ImageNet weights expect of pixel values.
        size: Height and width in pixels of its default input.
        model_name: Pattern of the `name` that Keras gives the model.
        bare: What it expects when it was made with `include_preprocessing=False`; empty where
            there is no such choice.
    """

    name: str
    value_range: str
    size: int
    model_name: str
    bare: str = ""


def _family(
    names: str, value_range: str, size: int, model_name: str = "", bare: str = ""
) -> list[Architecture]:
    return [
        Architecture(name, value_range, size, model_name or name.lower(), bare)
        for name in names.split()
    ]


_EFFICIENT_SIZES = (224, 240, 260, 300, 380, 456, 528, 600)
_EFFICIENT_V2_SIZES = (("B0", 224), ("B1", 240), ("B2", 260), ("B3", 300))

ARCHITECTURES: dict[str, Architecture] = {
    each.name: each
    for each in [
        *_family("VGG16 VGG19", "caffe", 224),
        *_family("ResNet50 ResNet101 ResNet152", "caffe", 224),
        *_family("ResNet50V2 ResNet101V2 ResNet152V2", "tf", 224),
        *_family("InceptionV3", "tf", 299, "inception_v3"),
        *_family("InceptionResNetV2", "tf", 299, "inception_resnet_v2"),
        *_family("Xception", "tf", 299),
        *_family("MobileNet", "tf", 224, r"mobilenet_\d\.\d+_(\d+|none)"),
        *_family("MobileNetV2", "tf", 224, r"mobilenetv2_\d\.\d+_(\d+|none)"),
        *_family("MobileNetV3Small MobileNetV3Large", "none", 224, bare="tf"),
        *_family("DenseNet121 DenseNet169 DenseNet201", "torch", 224),
        *_family("NASNetMobile", "tf", 224, "nasnet_mobile"),
        *_family("NASNetLarge", "tf", 331, "nasnet_large"),
        *[
            Architecture(f"EfficientNetB{i}", "none", size, f"efficientnetb{i}")
            for i, size in enumerate(_EFFICIENT_SIZES)
        ],
        *[
            Architecture(
                f"EfficientNetV2{letter}",
                "none",
                size,
                f"efficientnetv2-{letter.lower()}",
                "torch" if letter[0] == "B" else "tf",
            )
            for letter, size in (*_EFFICIENT_V2_SIZES, ("S", 384), ("M", 480), ("L", 480))
        ],
        *[
            Architecture(f"ConvNeXt{size}", "none", 224, f"convnext_{size.lower()}", "torch")
            for size in ("Tiny", "Small", "Base", "Large", "XLarge")
        ],
    ]
}


# Layers that only one family has: they stay when its model is built into another's graph.
_SIGNATURES = (
    ({"expanded_conv_depthwise", "block_16_project", "Conv_1"}, "MobileNetV2"),
    ({"conv_pw_13", "conv_dw_13"}, "MobileNet"),
    ({"block1_conv1", "block5_conv3"}, "VGG16"),
    ({"conv5_block3_out", "conv1_conv"}, "ResNet50"),
    ({"mixed10", "mixed0"}, "InceptionV3"),
    ({"block14_sepconv2", "block1_conv1"}, "Xception"),
    ({"conv5_block16_concat", "conv1_conv"}, "DenseNet121"),
)


def architecture_with(layers: set[str]) -> Architecture | None:
    """The architecture whose layers these are, None when they are of none.

    >>> architecture_with({"block1_conv1", "block5_conv3", "my_head"}).name
    'VGG16'
    """
    for needed, name in _SIGNATURES:
        if needed <= layers:
            return ARCHITECTURES[name]
    return None


def architecture_of(model_name: str) -> Architecture | None:
    """The architecture that Keras gives a model this name for, None when it is of none.

    >>> architecture_of("mobilenetv2_1.00_224").name
    'MobileNetV2'
    >>> architecture_of("my_model")
    """
    # A second model of a kind in one process may be called resnet50_1.
    plain = model_name.lower()
    for each in ARCHITECTURES.values():
        if re.fullmatch(rf"{each.model_name}(_\d+)?", plain):
            return each
    return None
