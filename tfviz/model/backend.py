"""Refuse what isn't a Keras 3 model on TensorFlow, in one sentence with the remedy."""

from __future__ import annotations

import os
from typing import Any

from tfviz.errors import ModelError


def require_backend_setting() -> None:
    """Refuse another backend before Keras is imported, which fails where that isn't installed.

    Raises:
        ModelError: When the environment asks for another backend than TensorFlow.
    """
    _require_tensorflow(os.environ.get("KERAS_BACKEND") or "tensorflow")


def require_backend() -> None:
    """Refuse Keras on JAX or PyTorch.

    Raises:
        ModelError: When `keras.backend` isn't TensorFlow.
    """
    import keras

    _require_tensorflow(keras.backend.backend())


def _require_tensorflow(backend: str) -> None:
    if backend != "tensorflow":
        raise ModelError(
            f"Keras runs on {backend} here, and tfviz explains models on TensorFlow: set "
            f"KERAS_BACKEND=tensorflow before Keras is imported."
        )


def require_keras_model(model: Any) -> None:
    """Refuse anything but a `keras.Model` of Keras 3 on TensorFlow.

    Raises:
        ModelError: With what was given and what to give.
    """
    import keras

    require_backend()
    if isinstance(model, keras.Model):
        return
    kind = type(model)
    module = next((c.__module__ for c in kind.__mro__ if c.__module__.startswith("tf_keras")), None)
    if module is not None:
        raise ModelError(
            f"{kind.__name__} is a model of tf_keras (Keras 2): save it as .h5 there, and load the "
            f"file with tfviz.load_model or keras.saving.load_model; unset TF_USE_LEGACY_KERAS."
        )
    if isinstance(model, (str, bytes)) or hasattr(model, "__fspath__"):
        raise ModelError(
            f"model={model!r} is a name, not a model: pass tfviz.load_model({str(model)!r})."
        )
    if type(model).__module__.startswith("torch") or hasattr(model, "state_dict"):
        raise ModelError(
            f"{kind.__name__} is a PyTorch module: tfviz explains Keras models on TensorFlow."
        )
    raise ModelError(
        f"model= must be a keras.Model; {kind.__name__} was given."
        + (
            " Wrap the layer: keras.Sequential([layer])."
            if isinstance(model, keras.layers.Layer)
            else ""
        )
    )
