"""A model by name or by file, with what is known of it."""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

import tfviz.layers.deformable  # noqa: F401 - registers the class, which model files name
from tfviz.errors import InputError, MissingError, ModelError, TfvizError, nearest
from tfviz.model.architectures import ARCHITECTURES, Architecture
from tfviz.model.backend import require_backend
from tfviz.model.card import Card, read_card, remember
from tfviz.model.labels import imagenet_names, read_labels
from tfviz.model.loading import first_line, load_file, load_weights
from tfviz.zoo.embedded import EMBEDDED

IMAGENET_CLASSES = 1000


def load_model(
    model: str | os.PathLike[str] = "everyday10",
    *,
    weights: str | os.PathLike[str] | None = None,
    labels: str | os.PathLike[str] | Sequence[str] | None = None,
    custom_objects: dict[str, Any] | None = None,
    unsafe: bool = False,
) -> keras.Model:
    """Load a model by name or from a file.

    Args:
        model: `everyday10` (comes with tfviz), a name in `keras.applications` (ImageNet weights,
            from Keras's cache or downloaded), or a `.keras`, `.h5` or `.hdf5` file.
        weights: A file of weights for a named architecture.
        labels: Class names, or a file or folder of them (`tfviz.model.labels.read_labels`).
        custom_objects: Classes and functions of your own that the file uses, by name.
        unsafe: Also run Python code that the file brings along (`Lambda` layers).

    Returns:
        An ordinary `keras.Model`. tfviz remembers its class names and what it expects of photos.

    Raises:
        ModelError: When there is no such model or it can't be loaded.
        InputError: When labels can't be read or aren't as many as the model's output units.
        MissingError: When weights must be downloaded and can't be.
    """
    require_backend()
    name = os.fspath(model)
    names = _class_names(labels)
    spelled = {each.lower(): each for each in ARCHITECTURES}
    if name in EMBEDDED and not Path(name).exists():
        if weights is not None:
            raise ModelError(
                f"weights='{os.fspath(weights)}' were given without the architecture they belong "
                f"to: name it (--model MobileNetV2; load_model('MobileNetV2', weights=...))."
            )
        loaded = load_file(EMBEDDED[name])
        card = read_card(EMBEDDED[name]) or Card()
    elif name.lower() in spelled and not Path(name).is_file():
        architecture = ARCHITECTURES[spelled[name.lower()]]
        loaded, card = _named(architecture, weights, names)
        weights = None
    elif _looks_like_a_file(name):
        loaded = load_file(name, custom_objects=custom_objects, unsafe=unsafe)
        card = read_card(name) or _guess(loaded)
    else:
        known = [*EMBEDDED, *ARCHITECTURES]
        raise ModelError(
            f"'{name}' is neither a file nor a model known by name.{nearest(name, known)} "
            f"Known are {', '.join(EMBEDDED)}, the names in keras.applications (MobileNetV2, "
            f"ResNet50, ...), and .keras or .h5 files."
        )
    if weights is not None:
        load_weights(loaded, Path(weights))
    if names:
        _check_names(loaded, names)
        card = replace(card, class_names=names)
    remember(loaded, card)
    return loaded


def load_structure(
    model: str | os.PathLike[str],
    *,
    custom_objects: dict[str, Any] | None = None,
    unsafe: bool = False,
) -> keras.Model:
    """Like `load_model`, for looking at layers: a named architecture comes without its weights.

    Args:
        model: A name or a file.
        custom_objects: As for `load_model`.
        unsafe: As for `load_model`.
    """
    require_backend()
    name = os.fspath(model)
    spelled = {each.lower(): each for each in ARCHITECTURES}
    if name.lower() in spelled and not Path(name).is_file():
        architecture = ARCHITECTURES[spelled[name.lower()]]
        built = getattr(keras.applications, architecture.name)(weights=None)
        remember(built, _card(architecture))
        return built
    return load_model(name, custom_objects=custom_objects, unsafe=unsafe)


def _card(architecture: Architecture) -> Card:
    return Card(
        input_size=(architecture.size, architecture.size),
        value_range=architecture.value_range,
        source=f"keras.applications.{architecture.name}",
    )


def _class_names(labels: Any) -> tuple[str, ...]:
    if labels is None:
        return ()
    if isinstance(labels, (str, os.PathLike)):
        return read_labels(Path(labels))
    return tuple(str(each) for each in labels)


def _check_names(model: keras.Model, names: tuple[str, ...]) -> None:
    """Names that don't fit would be silently left out, or stand for other classes."""
    shape = getattr(model, "output_shape", None)
    if not isinstance(shape, tuple) or not isinstance(shape[-1], int):
        return  # several outputs, or a subclass that doesn't tell
    units = shape[-1]
    # A single unit tells two classes apart.
    if len(names) not in ((1, 2) if units == 1 else (units,)):
        raise InputError(
            f"The labels are {len(names)} names ({', '.join(names[:3])}, ...) and model "
            f"'{model.name}' has {units} output units: give one name for each, in their order."
        )


def _looks_like_a_file(name: str) -> bool:
    return Path(name).exists() or Path(name).suffix != "" or "/" in name or os.sep in name


def _named(
    architecture: Architecture, weights: Any, names: tuple[str, ...]
) -> tuple[keras.Model, Card]:
    build = getattr(keras.applications, architecture.name)
    card = _card(architecture)
    if weights is not None:
        model = build(weights=None, classes=len(names) or IMAGENET_CLASSES)
        load_weights(model, weights)
    else:
        model = _with_imagenet_weights(architecture, build)
    if not names or len(names) == IMAGENET_CLASSES:
        card = replace(card, class_names=names or imagenet_names())
    return model, card


def _keras_cache() -> Path:
    """Where Keras keeps downloaded weights: in /tmp where the home folder can't be written to."""
    given = os.environ.get("KERAS_HOME")
    home = Path.home()
    base = Path(given) if given else (home if os.access(home, os.W_OK) else Path("/tmp")) / ".keras"
    return base / "models"


def _with_imagenet_weights(architecture: Architecture, build: Any) -> keras.Model:
    try:
        # Keras draws its own progress bar on standard output, which belongs to the results.
        with contextlib.redirect_stdout(io.StringIO()):
            return build(weights="imagenet")
    except TfvizError:
        raise
    except Exception as error:  # a download fails in as many ways as there are networks
        folder = _keras_cache()
        found = re.search(r"https?://\S+/([^/\s:]+)", str(error))
        if found is None:
            raise ModelError(
                f"The ImageNet weights of {architecture.name} in '{folder}' can't be loaded: "
                f"{first_line(error).rstrip('.')}. Remove the file there, so that it is "
                f"downloaded again."
            ) from error
        raise MissingError(
            f"The ImageNet weights of {architecture.name} are not in Keras's cache and can't be "
            f"downloaded: put '{found.group(1)}' into '{folder}', or give a file with --weights "
            f"(weights= in Python)."
        ) from error


def _guess(model: keras.Model) -> Card:
    """What a file without a card tells by itself: a thousand classes are those of ImageNet."""
    shape = getattr(model, "output_shape", None)
    if isinstance(shape, tuple) and shape[-1] == IMAGENET_CLASSES and len(shape) == 2:
        return Card(class_names=imagenet_names())
    return Card()
