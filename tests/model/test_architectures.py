from __future__ import annotations

import importlib
import pkgutil

import keras
import numpy as np
import pytest

from tfviz.model.architectures import ARCHITECTURES, architecture_of
from tfviz.model.pixels import scale


def _builders() -> set[str]:
    return {
        name
        for name in dir(keras.applications)
        if name[0].isupper() and callable(getattr(keras.applications, name))
    }


def test_the_table_holds_exactly_the_models_of_keras_applications() -> None:
    assert set(ARCHITECTURES) == _builders()


def _family(name: str) -> object:
    """The module that has this model and its own `preprocess_input`."""
    if name.startswith("MobileNetV3"):  # its module doesn't hand the models on
        return importlib.import_module("keras.applications.mobilenet_v3")
    for each in pkgutil.iter_modules(keras.applications.__path__):
        module = importlib.import_module(f"keras.applications.{each.name}")
        if hasattr(module, name) and hasattr(module, "preprocess_input"):
            return module
    raise AssertionError(f"no module has {name}")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_pixels_become_what_the_familys_own_preprocess_input_makes_of_them(
    name: str, cat: np.ndarray
) -> None:
    photo = cat[None].astype(np.float32)
    expected = _family(name).preprocess_input(photo.copy())
    np.testing.assert_allclose(scale(photo, ARCHITECTURES[name].value_range), expected, atol=1e-5)


SMALL = {
    "MobileNet": {"alpha": 0.25},
    "MobileNetV2": {"alpha": 0.35},
    "MobileNetV3Small": {},
    "MobileNetV3Large": {},
    "EfficientNetB0": {},
    "EfficientNetV2B0": {},
    "ConvNeXtTiny": {},
    "ResNet50": {},
}


@pytest.mark.parametrize("name", SMALL)
def test_a_model_is_known_by_the_name_keras_gives_it(name: str) -> None:
    model = getattr(keras.applications, name)(weights=None, include_top=False, **SMALL[name])
    assert architecture_of(model.name) is ARCHITECTURES[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_model_of_an_architecture_has_its_name_and_its_default_input(name: str) -> None:
    architecture = ARCHITECTURES[name]
    model = getattr(keras.applications, name)(weights=None, classes=1)
    assert architecture_of(model.name) is architecture
    if not name.startswith("MobileNetV3"):  # takes any size; 224 is what it was trained on
        assert model.input_shape == (None, architecture.size, architecture.size, 3)
    assert model.input_shape[-1] == 3


def test_a_second_model_of_a_kind_is_known_too() -> None:
    assert architecture_of("resnet50_1").name == "ResNet50"


def test_mobilenets_of_different_generations_are_told_apart() -> None:
    found = [
        architecture_of(name).name
        for name in ("mobilenet_1.00_224", "mobilenetv2_0.35_96", "MobileNetV3Large")
    ]
    assert found == ["MobileNet", "MobileNetV2", "MobileNetV3Large"]


@pytest.mark.parametrize("name", ["my_resnet50", "resnet50_finetuned", "model", "mobilenet"])
def test_a_name_of_the_users_own_is_of_no_architecture(name: str) -> None:
    assert architecture_of(name) is None
