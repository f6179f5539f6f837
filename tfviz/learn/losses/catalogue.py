"""The losses there are in the Keras installed, and the curves of each."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfviz.errors import InputError, nearest
from tfviz.learn.activations.parameters import read_parameters, typed

NOT_LOSSES = frozenset({"get", "serialize", "deserialize"})
SHORT = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "bce": "binary_crossentropy",
    "cce": "categorical_crossentropy",
    "scce": "sparse_categorical_crossentropy",
    "kl": "kl_divergence",
    "kld": "kl_divergence",
    "logcosh": "log_cosh",
    "nll": "log",
    "-log p": "log",
    "-log": "log",
}
WITHOUT_CURVE = {
    "ctc": "it compares sequences of labels, whose length differs from that of the input",
    "circle": "it compares all pairs of a batch of embeddings",
}
OURS = ("l2", "log")
LEAST = 1e-6
LIMITS = {
    "strength": (LEAST, 100.0, "above 0"),
    "delta": (LEAST, 100.0, "above 0"),
    "q": (LEAST, 1.0, "above 0 and at most 1"),
    "label_smoothing": (0.0, 1.0, "between 0 and 1"),
    "alpha": (0.0, 100.0, "0 or more"),
    "beta": (0.0, 100.0, "0 or more"),
    "gamma": (0.0, 100.0, "0 or more"),
}
"""Parameters outside of which a loss is none."""
SHARED = ("axis", "from_logits", "ref_labels", "ref_embeddings", "remove_diagonal", "ignore_class")


@dataclass(frozen=True)
class View:
    """A loss as a function of one number.

    Attributes:
        over: What the number is, in words for an axis.
        label: What tells this curve from its neighbours, as 'y = 1'.
        low: Left end of the axis.
        high: Right end.
        function: Tensor of x of any shape to losses of that shape, in the dtype of x.
        identity: The gradient in letters; '' where none is told.
        gradient: The gradient by that identity, in float64 NumPy.
    """

    over: str
    label: str
    low: float
    high: float
    function: Callable[[Any], Any] = field(repr=False)
    identity: str = ""
    gradient: Callable[[np.ndarray], np.ndarray] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Loss:
    """A loss of Keras with its parameters set.

    Attributes:
        name: As in Keras.
        function: keras.losses's own, or one of ours.
        given: Parameters that the user gave.
        parameters: All of them.
    """

    name: str
    function: Callable[..., Any] = field(repr=False)
    given: Mapping[str, Any]
    parameters: Mapping[str, Any]

    @property
    def spec(self) -> str:
        """The name with the parameters given, as it can be typed again."""
        told = ",".join(f"{key}={typed(value)}" for key, value in self.given.items())
        return f"{self.name}:{told}" if told else self.name

    def __call__(self, truth: Any, prediction: Any, **more: Any) -> Any:
        """Losses, one a row."""
        return self.function(truth, prediction, **self.parameters, **more)


def in_keras() -> tuple[str, ...]:
    """The functions of keras.losses, as installed."""
    import keras

    return tuple(
        name
        for name, value in sorted(vars(keras.losses).items())
        if not name.startswith("_") and inspect.isfunction(value) and name not in NOT_LOSSES
    )


def every_name() -> tuple[str, ...]:
    """All losses that have a curve, Keras's and ours."""
    return tuple(sorted({*in_keras(), *OURS} - set(WITHOUT_CURVE)))


def parse(text: str) -> Loss:
    """A loss from what a user types.

    Args:
        text: `mse`, `MeanSquaredError`, `huber:delta=2`.

    Raises:
        InputError: For a name or a parameter that doesn't exist, or a loss without a curve.
    """
    import keras

    if not isinstance(text, str):
        raise InputError(f"name {text!r} is no text: give the name of a loss, such as 'mse'.")
    name, _, told = text.partition(":")
    known = (*in_keras(), *OURS)
    letters = {_letters(each): each for each in known}
    letters |= {_letters(key): value for key, value in SHORT.items()}
    found = letters.get(_letters(name))
    if found in WITHOUT_CURVE:
        raise InputError(
            f"'{found}' has no curve over one number: {WITHOUT_CURVE[found]}. "
            "`tfviz learn loss --all` shows those that have one."
        )
    if found is None:
        raise InputError(
            f"there is no loss '{name}'.{nearest(name, [*every_name(), *SHORT])} "
            "There are mse, mae, huber, bce, cce, log, l2 and more: `tfviz learn loss --all` "
            "shows all of them."
        )
    if found in OURS:
        accepted: dict[str, Any] = {"strength": 0.1} if found == "l2" else {}
        function: Callable[..., Any] = _penalty if found == "l2" else _log
    else:
        function = getattr(keras.losses, found)
        accepted = _accepted(function)
    given = read_parameters(found, told, accepted)
    loss = Loss(found, function, given, {**accepted, **given})
    for key, (low, high, told_limits) in LIMITS.items():
        value = given.get(key)
        if isinstance(value, float) and not low <= value <= high:
            raise InputError(f"'{found}' takes a {key} {told_limits}, not {value:g}.")
    return loss


def _log(truth: Any, prediction: Any) -> Any:
    import keras

    return -keras.ops.log(prediction)[..., 0]


def _penalty(truth: Any, prediction: Any, strength: float) -> Any:
    import keras

    return strength * keras.ops.square(prediction)[..., 0]


def _letters(name: str) -> str:
    return "".join(each for each in name.lower() if each not in " _")


def _accepted(function: Callable[..., Any]) -> dict[str, Any]:
    accepted = {}
    for parameter in list(inspect.signature(function).parameters.values())[2:]:
        if parameter.name in SHARED:
            continue
        default = parameter.default
        # The only one without a default is q of the generalised cross-entropy.
        accepted[parameter.name] = 0.5 if default is inspect.Parameter.empty else default
    return accepted
