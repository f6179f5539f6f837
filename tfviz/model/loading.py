"""Load a model file as Keras 3 does, and say in one sentence why it can't be."""

from __future__ import annotations

import importlib
import json
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import keras

from tfviz.errors import InputError, ModelError, nearest

KERAS_SUFFIXES = (".keras", ".h5", ".hdf5")
_OTHER_FORMATS = {
    ".tflite": "a TensorFlow Lite model, which has no gradients: load the Keras model it was "
    "converted from",
    ".onnx": "an ONNX model: load the Keras model it was converted from",
    ".pb": "a frozen TensorFlow graph: load the Keras model it was made from",
    ".pt": "a PyTorch file: tfviz weights convert makes a Keras model of those it knows",
    ".th": "a PyTorch file: tfviz weights convert makes a Keras model of those it knows",
    ".pth": "a PyTorch file: tfviz weights convert makes a Keras model of those it knows",
    ".safetensors": "a file of weights without a model",
    ".json": "a model's architecture without weights",
}


def load_file(
    path: str | Path, *, custom_objects: dict[str, Any] | None = None, unsafe: bool = False
) -> keras.Model:
    """Load a `.keras`, `.h5` or `.hdf5` file.

    Args:
        path: The file.
        custom_objects: Classes and functions of the user's own, by name.
        unsafe: Also run Python code that the file brings along (`Lambda` layers).

    Raises:
        ModelError: When it is no model that Keras 3 can load, with the reason and the remedy.
    """
    path = Path(path)
    _refuse(path)
    try:
        model = keras.saving.load_model(
            str(path), custom_objects=custom_objects, compile=False, safe_mode=not unsafe
        )
    except Exception as error:  # Keras raises whatever its parts raise
        raise ModelError(_why(path, error)) from error
    if not isinstance(model, keras.Model):
        raise ModelError(f"'{path}' holds a {type(model).__name__}, not a keras.Model.")
    return model


def load_weights(model: keras.Model, path: str | Path) -> None:
    """Load a file of weights into a model.

    Raises:
        ModelError: When it is no such file or of another model.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"There is no file of weights '{path}'.{_beside(path)}")
    try:
        model.load_weights(str(path))
    except Exception as error:  # Keras and h5py raise whatever they meet
        raise ModelError(
            f"The weights in '{path}' don't fit model '{model.name}': {first_line(error)}"
        ) from error


def import_object(name: str) -> tuple[str, Any]:
    """A class or function from `module:Name`, the module looked for in the working folder too.

    Returns:
        The name it has in a model file, and the object.

    Raises:
        InputError: When there is no such module or name.
    """
    module_name, colon, attribute = name.partition(":")
    if not colon or not module_name or not attribute:
        raise InputError(
            f"'{name}' given as custom object must look like module:Name (my_layers:Attention)."
        )
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # importing runs the user's code, which may raise anything
        raise InputError(
            f"Can't import '{module_name}' of '{name}': {type(error).__name__}: {error}."
        ) from error
    finally:
        sys.path.remove(here)
    if not hasattr(module, attribute):
        raise InputError(
            f"Module '{module_name}' has no '{attribute}'.{nearest(attribute, dir(module))}"
        )
    return attribute, getattr(module, attribute)


def _refuse(path: Path) -> None:
    """What can be told without loading anything."""
    if path.is_dir():
        if (path / "saved_model.pb").exists():
            raise ModelError(
                f"'{path}' is a SavedModel, which Keras 3 can run but not differentiate inside. "
                f"Convert it where it was made: "
                f"tf_keras.models.load_model('{path.name}').save('{path.name}.h5'), or save the "
                f"original as model.save('{path.name}.keras')."
            )
        raise ModelError(f"'{path}' is a folder and no model: give a .keras or .h5 file.")
    if not path.exists():
        raise ModelError(f"There is no model file '{path}'.{_beside(path)}")
    suffix = path.suffix.lower()
    if path.name.endswith(".weights.h5"):
        raise ModelError(
            f"'{path}' holds weights without a model: name its architecture and give the weights "
            f"beside it (--model MobileNetV2 --weights {path.name})."
        )
    if suffix in _OTHER_FORMATS:
        raise ModelError(f"'{path}' is {_OTHER_FORMATS[suffix]}.")
    if suffix not in KERAS_SUFFIXES:
        raise ModelError(f"'{path}' is no model file: Keras 3 reads .keras, .h5 and .hdf5.")
    if suffix == ".keras" and not zipfile.is_zipfile(path):
        raise ModelError(
            f"'{path}' is no .keras archive ({path.stat().st_size:,} bytes that are no zip file): "
            f"was it cut short, or is it an .h5 file under another name?"
        )


def _why(path: Path, error: Exception) -> str:
    text = str(error)
    if "ambda" in text and ("safe_mode" in text or "unsafe" in text or "arbitrary code" in text):
        return (
            f"'{path}' holds a Lambda layer, that is Python code which loading would run: it is "
            f"not loaded. If you trust its origin, use --unsafe (unsafe=True in Python)."
        )
    newer = _saved_by_newer_keras(path)
    if newer is not None:
        return (
            f"'{path}' was saved by Keras {newer}, and here is Keras {keras.__version__}, which "
            f"doesn't know all that is in it: python -m pip install -U keras."
        )
    unknown = re.search(r"(?:Could not locate class|Unknown (?:layer|object)[:s]*) ?'?(\w+)", text)
    if unknown:
        name = unknown.group(1)
        return (
            f"'{path}' uses the class '{name}', which Keras doesn't know: say where it is defined "
            f"(--custom-objects module:{name}; custom_objects={{'{name}': {name}}} in Python)."
        )
    if "No model config" in text or "No model found in config" in text:
        return (
            f"'{path}' holds weights without a model: name its architecture and give the weights "
            f"beside it (--model MobileNetV2 --weights {path.name})."
        )
    if isinstance(error, OSError) and ("signature" in text or "truncated" in text):
        return f"'{path}' is no HDF5 file, or was cut short: {first_line(error)}"
    return f"'{path}' can't be loaded by Keras {keras.__version__}: {first_line(error)}"


def _saved_by_newer_keras(path: Path) -> str | None:
    """The Keras version in a `.keras` file, when it is newer than the one installed."""
    try:
        with zipfile.ZipFile(path) as archive:
            version = str(json.loads(archive.read("metadata.json"))["keras_version"])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None

    def parts(text: str) -> list[int]:
        return [int(each) for each in re.findall(r"\d+", text)[:2]]

    return version if parts(version) > parts(keras.__version__) else None


def first_line(error: Exception) -> str:
    """What an error of Keras or h5py says, in one line of at most 240 characters."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    if text.endswith(":") and len(lines) > 1:
        text += f" {lines[1]}"
    return text if len(text) <= 240 else f"{text[:237]}..."


def _beside(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f" The folder '{folder}' doesn't exist either."
    return nearest(path.name, [each.name for each in folder.iterdir()])
