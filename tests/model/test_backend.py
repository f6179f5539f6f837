from __future__ import annotations

from pathlib import Path

import keras
import pytest

from tfviz.errors import ModelError
from tfviz.model.backend import require_backend_setting, require_keras_model


def refusal(model: object) -> str:
    with pytest.raises(ModelError) as caught:
        require_keras_model(model)
    return str(caught.value)


@pytest.mark.parametrize("setting", ["jax", "torch", "openvino"])
def test_another_backend_in_the_environment_is_refused_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", setting)
    with pytest.raises(ModelError) as caught:
        require_backend_setting()
    assert str(caught.value) == (
        f"Keras runs on {setting} here, and tfviz explains models on TensorFlow: set "
        f"KERAS_BACKEND=tensorflow before Keras is imported."
    )


@pytest.mark.parametrize("setting", ["tensorflow", ""])
def test_tensorflow_or_nothing_in_the_environment_is_right(
    monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", setting)
    require_backend_setting()


def test_a_keras_model_is_right() -> None:
    require_keras_model(keras.Sequential([]))


@pytest.mark.parametrize("name", ["everyday10", Path("m.keras")])
def test_a_name_is_no_model_and_says_how_to_load_it(name: object) -> None:
    message = refusal(name)
    assert message == (
        f"model={name!r} is a name, not a model: pass tfviz.load_model({str(name)!r})."
    )


def test_a_layer_says_how_to_wrap_it() -> None:
    assert refusal(keras.layers.ReLU()) == (
        "model= must be a keras.Model; ReLU was given. Wrap the layer: keras.Sequential([layer])."
    )


def test_a_model_of_keras_2_says_how_to_bring_it_over() -> None:
    legacy = type("Functional", (), {"__module__": "tf_keras.src.engine.functional"})
    assert refusal(legacy()) == (
        "Functional is a model of tf_keras (Keras 2): save it as .h5 there, and load the file with "
        "tfviz.load_model or keras.saving.load_model; unset TF_USE_LEGACY_KERAS."
    )


def test_a_module_of_pytorch_is_called_so() -> None:
    module = type("ResNet", (), {"__module__": "torchvision.models.resnet"})
    assert refusal(module()) == (
        "ResNet is a PyTorch module: tfviz explains Keras models on TensorFlow."
    )


def test_anything_else_is_named() -> None:
    assert refusal(3) == "model= must be a keras.Model; int was given."
