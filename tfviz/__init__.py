"""See why a Keras model says what it says.

    >>> import tfviz
    >>> model = tfviz.load_model("everyday10")                     # doctest: +SKIP
    >>> inputs = tfviz.preprocess(model, [photo])                  # doctest: +SKIP
    >>> tfviz.GradCAM(model)(inputs, images=[photo]).plot()        # doctest: +SKIP

The names below are loaded on first use: importing tfviz imports no TensorFlow.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tfviz.errors import (
    GradientError,
    InputError,
    LayerError,
    MissingError,
    ModelError,
    OutputError,
    TargetError,
    TfvizError,
)
from tfviz.version import __version__

if TYPE_CHECKING:
    from tfviz.arrays.joining import concatenate, stack
    from tfviz.autodiff.function import function
    from tfviz.autodiff.gradients import gradients
    from tfviz.doctor.explain import explain_error
    from tfviz.draw.displayable import displayable
    from tfviz.draw.imshow import imshow
    from tfviz.draw.overlay import overlay
    from tfviz.explain.cam import GradCAM, HiResCAM
    from tfviz.explain.explanation import Explanation
    from tfviz.explain.method import ActivationMap
    from tfviz.explain.survey import layers_of
    from tfviz.explain.targets import Class, Contrast, Function, Side, Target, Top
    from tfviz.files.listing import image_files
    from tfviz.image.reading import read_rgb
    from tfviz.image.samples import sample_path
    from tfviz.model.card import Card, card_of, remember, write_card
    from tfviz.model.pixels import preprocess
    from tfviz.zoo.loading import load_model

_LAZY = {
    "ActivationMap": "tfviz.explain.method",
    "Card": "tfviz.model.card",
    "Class": "tfviz.explain.targets",
    "Contrast": "tfviz.explain.targets",
    "Explanation": "tfviz.explain.explanation",
    "Function": "tfviz.explain.targets",
    "GradCAM": "tfviz.explain.cam",
    "HiResCAM": "tfviz.explain.cam",
    "Side": "tfviz.explain.targets",
    "Target": "tfviz.explain.targets",
    "Top": "tfviz.explain.targets",
    "card_of": "tfviz.model.card",
    "concatenate": "tfviz.arrays.joining",
    "displayable": "tfviz.draw.displayable",
    "explain_error": "tfviz.doctor.explain",
    "function": "tfviz.autodiff.function",
    "gradients": "tfviz.autodiff.gradients",
    "image_files": "tfviz.files.listing",
    "imshow": "tfviz.draw.imshow",
    "layers_of": "tfviz.explain.survey",
    "load_model": "tfviz.zoo.loading",
    "overlay": "tfviz.draw.overlay",
    "preprocess": "tfviz.model.pixels",
    "read_rgb": "tfviz.image.reading",
    "remember": "tfviz.model.card",
    "sample_path": "tfviz.image.samples",
    "stack": "tfviz.arrays.joining",
    "write_card": "tfviz.model.card",
}

__all__ = [
    "ActivationMap",
    "Card",
    "Class",
    "Contrast",
    "Explanation",
    "Function",
    "GradCAM",
    "GradientError",
    "HiResCAM",
    "InputError",
    "LayerError",
    "MissingError",
    "ModelError",
    "OutputError",
    "Side",
    "Target",
    "TargetError",
    "TfvizError",
    "Top",
    "__version__",
    "card_of",
    "concatenate",
    "displayable",
    "explain_error",
    "function",
    "gradients",
    "image_files",
    "imshow",
    "layers_of",
    "load_model",
    "overlay",
    "preprocess",
    "read_rgb",
    "remember",
    "sample_path",
    "stack",
    "write_card",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'tfviz' has no attribute '{name}'")
    value = getattr(importlib.import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
