"""The errors that a user of tfviz can cause.

    TfvizError
    ├── InputError        an image, a folder or an array that can't be explained
    ├── OutputError       a place that can't be written to
    ├── ModelError        a file that is no model, or a model that can't be explained
    │   ├── LayerError    a layer that doesn't exist or that can't give a map
    │   └── MethodError   a method that this model can't be explained by
    ├── TargetError       a class, unit or function that the model's output doesn't have
    ├── GradientError     a gradient that doesn't exist, or can't be asked for like this
    ├── TrainingError     a training run that can't go on
    └── MissingError      something this needs that isn't installed, cached or reachable

Each message says what happened with the value received, why, and what to type instead. All of
them are also `ValueError`s, so code that knows nothing of tfviz can catch them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class TfvizError(ValueError):
    """Anything tfviz refuses, with the remedy in the message."""

    # So that an error inside a tf.function keeps its type: autograph makes it again with the place
    # in the user's code, and only types with this very constructor are trusted to take a message.
    __init__ = Exception.__init__


class InputError(TfvizError):
    """An image, a folder or an array that can't be explained."""


class OutputError(TfvizError):
    """A place that can't be written to."""


class ModelError(TfvizError):
    """A file that is no model, or a model that can't be explained."""


class LayerError(ModelError):
    """A layer that doesn't exist or that can't give a map."""


class MethodError(ModelError):
    """A method that this model, layer or target can't be explained by."""


class TargetError(TfvizError):
    """A class, unit or function that the model's output doesn't have."""


class GradientError(TfvizError):
    """A gradient that doesn't exist, or that can't be asked for like this."""


class TrainingError(TfvizError):
    """A training run that can't go on: a loss that isn't finite, a checkpoint of another model.

    Attributes:
        report: What was found about a loss or gradient that isn't finite; None otherwise.
    """

    report: Any = None


class MissingError(TfvizError):
    """Something this needs that isn't installed, cached or reachable."""


def nearest(name: str, known: Iterable[str], *, count: int = 3) -> str:
    """A clause that names what the user may have meant, for the end of an error message.

    Args:
        name: What was typed.
        known: All names that would have been right.
        count: How many to offer at most.

    Returns:
        `" Did you mean 'conv5' or 'conv4'?"`, or an empty string when nothing is near.

    >>> nearest("conv_5", ["conv5", "pool"])
    " Did you mean 'conv5'?"
    """
    spelling = {each.lower(): each for each in known}
    close = difflib.get_close_matches(name.lower(), spelling, n=count, cutoff=0.6)
    if not close:
        return ""
    quoted = [f"'{spelling[each]}'" for each in close]
    listed = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
    return f" Did you mean {listed}?"
