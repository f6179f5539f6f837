"""Who takes part: every optimizer that the installed Keras has, and some of their variants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from tfviz.errors import InputError, nearest
from tfviz.train.lookahead import Lookahead

# They hold other optimizers and have no rule of their own.
AROUND_OTHERS = ("LossScaleOptimizer", "MultiOptimizer")

# A rate at which each gets somewhere on these surfaces within a few hundred steps. Keras's own
# default, mostly 0.001, is meant for millions of weights, not for two that are far from home.
RATES = {
    "Adadelta": 1.0,  # the paper has no rate at all
    "Adagrad": 0.5,
    "Ftrl": 0.5,
    "Lion": 0.02,  # each step of these two is about as long as the rate, to the very end
    "RMSprop": 0.02,
    "Lamb": 0.05,
    "Adafactor": 0.1,
}
OTHER_RATE = 0.1


@dataclass(frozen=True)
class Entrant:
    """One that can take part.

    Attributes:
        name: What to ask for it by, and what it is called on the picture.
        make: `f(learning_rate)`, the optimizer.
        by_slope: Whether its steps are as long as the slope is steep, so that the largest rate it
            bears depends on the surface.
        rate: Its rate where none is asked for and `by_slope` doesn't say.
    """

    name: str
    make: Callable[[float], Any]
    by_slope: bool
    rate: float


def everybody() -> dict[str, Entrant]:
    """All optimizers of the installed Keras by name, then the variants."""
    found = {}
    for name in sorted(dir(keras.optimizers)):
        kind = getattr(keras.optimizers, name)
        if not (isinstance(kind, type) and issubclass(kind, keras.optimizers.Optimizer)):
            continue
        if kind is keras.optimizers.Optimizer or name in AROUND_OTHERS:
            continue
        found[name] = Entrant(name, _maker(kind), name == "SGD", RATES.get(name, OTHER_RATE))
    return {**found, **_variants()}


def _maker(kind: Any, **settings: Any) -> Callable[[float], Any]:
    return lambda rate: kind(learning_rate=rate, **settings)


def _variants() -> dict[str, Entrant]:
    known = keras.optimizers
    listed = (
        Entrant("Momentum", _maker(known.SGD, momentum=0.9), True, OTHER_RATE),
        Entrant("Nesterov", _maker(known.SGD, momentum=0.9, nesterov=True), True, OTHER_RATE),
        Entrant("AMSGrad", _maker(known.Adam, amsgrad=True), False, OTHER_RATE),
        Entrant("Lookahead", lambda rate: Lookahead(known.Adam(rate)), False, OTHER_RATE),
    )
    return {each.name: each for each in listed}


def main_field() -> tuple[str, ...]:
    """Who takes part when nobody is named: all of Keras's, momentum, and Lookahead."""
    return (*(each for each in everybody() if each not in _variants()), "Momentum", "Lookahead")


def find_entrants(names: Sequence[str]) -> list[Entrant]:
    """Entrants by name, in any case of letters; all where there are no names.

    Raises:
        InputError: When one isn't known, or named twice.
    """
    known = everybody()
    spelled = {each.lower(): each for each in known}
    chosen = []
    for name in names or main_field():
        short = name.strip().lower()
        if short in ("all", "*"):
            chosen += [known[each] for each in known]
            continue
        if short not in spelled:
            around = {each.lower() for each in AROUND_OTHERS}
            why = " It is put around another and has no path of its own." if short in around else ""
            raise InputError(
                f"'{name}' is no optimizer of Keras {keras.__version__}."
                f"{why or nearest(name, known)} There are {', '.join(known)}."
            )
        chosen.append(known[spelled[short]])
    twice = {each.name for each in chosen if chosen.count(each) > 1}
    if twice:
        raise InputError(f"'{min(twice)}' is named twice: name each optimizer once.")
    return chosen


def unable(entrants: Sequence[Entrant]) -> dict[str, str]:
    """Those that can't make a single step with the installed Keras and TensorFlow, and why.

    Muon of Keras 3.12 asks a TensorFlow variable for a path, which only Keras's own have.
    """
    found = {}
    for each in entrants:
        point = keras.Variable([1.0, 1.0], dtype="float64")
        optimizer = each.make(each.rate)
        optimizer.build([point])
        try:
            optimizer.apply([tf.constant([0.5, 0.5], tf.float64)], [point])
        except Exception as error:  # whatever an optimizer of another version trips over
            found[each.name] = f"{type(error).__name__}: {error}"
    return found
