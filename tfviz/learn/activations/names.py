"""The activations there are in the Keras installed, and one of them by its name and parameters."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tfviz.errors import InputError, nearest
from tfviz.learn.activations.facts import FACTS
from tfviz.learn.activations.parameters import read_parameters, typed

NOT_ACTIVATIONS = frozenset({"get", "serialize", "deserialize"})
VECTORS = ("softmax", "log_softmax", "sparsemax")
GATED = ("glu",)
OURS: dict[str, dict[str, float]] = {"prelu": {"alpha": 0.25}, "step": {}}
"""A layer and a textbook function that keras.activations does not hold."""

# Parameters without a default in Keras.
CHOSEN = {"threshold": {"threshold": 1.0, "default_value": 0.0}}


@dataclass(frozen=True)
class Activation:
    """A function of Keras with its parameters set.

    Attributes:
        name: As in Keras.
        function: Tensor to tensor; a scalar one works on each element.
        given: Parameters that the user gave.
        parameters: All of them, defaults included.
        aliases: Other names of the same function.
    """

    name: str
    function: Callable[[Any], Any] = field(repr=False)
    given: Mapping[str, Any]
    parameters: Mapping[str, Any]
    aliases: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """'scalar', 'vector' or 'gated'."""
        return "vector" if self.name in VECTORS else "gated" if self.name in GATED else "scalar"

    @property
    def spec(self) -> str:
        """The name with the parameters given, as it can be typed again."""
        told = ",".join(f"{key}={typed(value)}" for key, value in self.given.items())
        return f"{self.name}:{told}" if told else self.name

    @property
    def brief(self) -> str:
        """As `spec`, without the parameters' names where their order tells them."""
        if list(self.given) != list(self.parameters)[: len(self.given)]:
            return self.spec
        told = ",".join(typed(value) for value in self.given.values())
        return f"{self.name}:{told}" if told else self.name

    @property
    def formula(self) -> str:
        """In plain letters; '' for one we have no words for."""
        fact = FACTS.get(self.name)
        return fact.formula if fact else ""

    @property
    def told(self) -> str:
        """One sentence; '' for one we have no words for."""
        fact = FACTS.get(self.name)
        return fact.told if fact else ""


def in_keras() -> tuple[str, ...]:
    """The public names of keras.activations, as installed."""
    import keras

    return tuple(
        name
        for name, value in sorted(vars(keras.activations).items())
        if not name.startswith("_") and callable(value) and name not in NOT_ACTIVATIONS
    )


def every_name() -> tuple[str, ...]:
    """All of Keras's, PReLU and the step function, each function once."""
    seen, kept = set(), []
    # Of two names for the same function the first in the alphabet stays (hard_silu, silu).
    for name in in_keras():
        function = _of_keras(name)
        if function not in seen:
            seen.add(function)
            kept.append(name)
    return tuple(sorted({*kept, *OURS}))


def parse(text: str) -> Activation:
    """An activation from what a user types.

    Args:
        text: `relu`, `leaky_relu:0.3`, `elu:alpha=2` or `threshold:threshold=1,default_value=0`;
            capital letters and underscores make no difference.

    Raises:
        InputError: For a name or a parameter that doesn't exist, or a value that can't be.
    """
    if not isinstance(text, str):
        raise InputError(
            f"name {text!r} is no text: give the name of an activation, such as 'relu'."
        )
    name, _, told = text.partition(":")
    known = (*in_keras(), *OURS)
    by_letters = {_letters(each): each for each in known}
    found = by_letters.get(_letters(name))
    if found is None:
        raise InputError(
            f"there is no activation '{name}'.{nearest(name, known)} "
            "There are relu, gelu, silu, tanh, softmax and more: `tfviz learn activation --all` "
            "shows all of them."
        )
    if found in OURS:
        accepted = dict(OURS[found])
        aliases: tuple[str, ...] = ()
    else:
        function = _of_keras(found)
        accepted = _accepted(found, function)
        same = [each for each in in_keras() if _of_keras(each) is function]
        aliases = tuple(each for each in same if each != found)
    given = read_parameters(found, told, accepted)
    parameters = {**accepted, **given}
    return Activation(found, _bound(found, parameters), given, parameters, aliases)


def _of_keras(name: str) -> Callable[..., Any]:
    import keras

    function: Callable[..., Any] = getattr(keras.activations, name)
    return function


def _letters(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).lower()


def _accepted(name: str, function: Callable[..., Any]) -> dict[str, Any]:
    accepted = {}
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.name == "axis":  # ours to choose
            continue
        default = parameter.default
        if default is inspect.Parameter.empty:
            default = CHOSEN.get(name, {}).get(parameter.name, 1.0)
        accepted[parameter.name] = default
    return accepted


def _bound(name: str, parameters: Mapping[str, Any]) -> Callable[[Any], Any]:
    import numpy as np

    function = _ours(name, parameters) if name in OURS else None
    if function is None:
        plain = _of_keras(name)

        def function(x: Any) -> Any:
            return plain(x, **parameters)

    try:
        answered = np.asarray(function(_tensor([[0.5, -0.5]])))
    except (ValueError, TypeError, ArithmeticError) as error:
        told = ", ".join(f"{key}={typed(value)}" for key, value in parameters.items())
        said = str(error).strip().splitlines()[0].rstrip(".")
        raise InputError(f"Keras refuses {name} with {told}: {said}.") from error
    if not np.isfinite(answered).all():
        told = ", ".join(f"{key}={typed(value)}" for key, value in parameters.items())
        raise InputError(
            f"{name} with {told} gives {answered.ravel()[0]:g} at 0.5; give other parameters."
        )
    return function


def _ours(name: str, parameters: Mapping[str, Any]) -> Callable[[Any], Any]:
    import keras

    if name == "step":

        def step(x: Any) -> Any:
            return keras.ops.where(x >= 0, keras.ops.ones_like(x), keras.ops.zeros_like(x))

        return step

    layers: dict[str, Any] = {}

    def prelu(x: Any) -> Any:
        kind = keras.backend.standardize_dtype(x.dtype)
        if kind not in layers:
            start = keras.initializers.Constant(parameters["alpha"])
            layers[kind] = keras.layers.PReLU(alpha_initializer=start, dtype=kind)
            layers[kind].build((None, 1))
        return keras.ops.reshape(layers[kind](keras.ops.reshape(x, (-1, 1))), x.shape)

    return prelu


def _tensor(values: Any) -> Any:
    import tensorflow as tf

    return tf.constant(values, tf.float64)
