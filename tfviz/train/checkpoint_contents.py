"""What goes into a checkpoint of one's own loop: models, optimizers, and things by name."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.errors import InputError
from tfviz.train import checkpoint_random as randomness
from tfviz.train.state import TrainState


def several(given: Any) -> list[Any]:
    """One thing or several, as a list."""
    if given is None:
        return []
    return list(given) if isinstance(given, Sequence) else [given]


def collected(
    models: list[Any], optimizers: list[Any], iterator: Any, others: Mapping[str, Any]
) -> TrainState:
    """The state of one's own loop."""
    _build(models, optimizers)
    more = {name: _variables_of(name, each) for name, each in others.items()}
    first = models[0] if models else None
    state = TrainState.of(model=first, optimizers=optimizers, iterator=iterator, more=more)
    variables, about = state.variables, state.about
    for i, each in enumerate(models[1:], start=1):
        own = TrainState.of(model=each)
        for name, variable in own.variables.items():
            variables[f"model{i}/{name.partition('/')[2]}"] = variable
        about |= {f"{key}{i}": value for key, value in own.about.items()}
    return TrainState(variables, about=about, stream=iterator)


def _build(models: list[Any], optimizers: list[Any]) -> None:
    """Make an optimizer's variables, which Keras does at the first step."""
    for model in models:
        if not model.built:
            raise InputError(
                f"model '{model.name}' has no variables yet: call it once on a batch, or "
                f"model.build(shape), before its checkpoint is made."
            )
    if len(models) == len(optimizers):
        for model, optimizer in zip(models, optimizers, strict=True):
            if not optimizer.built:
                optimizer.build(model.trainable_variables)
    for optimizer in optimizers:
        if not optimizer.built:
            raise InputError(
                f"optimizer {type(optimizer).__name__} has no variables yet, and which model is "
                f"its own can't be told: call optimizer.build(model.trainable_variables) first."
            )


def _variables_of(name: str, value: Any) -> list[Any]:
    """The variables of something that was given by name."""
    if isinstance(value, (tf.Variable, keras.Variable)):
        return [value]
    if isinstance(value, (keras.random.SeedGenerator, tf.random.Generator)):
        return [value.state]
    if isinstance(value, Mapping):
        value = list(value.values())
    elif not isinstance(value, (list, tuple)):
        value = getattr(value, "variables", None)
        value = value if isinstance(value, (list, tuple)) else None
    if value is None:
        raise InputError(
            f"{name}= has no variables that could be saved: give a tf.Variable, something with "
            f"`variables` (a metric, a layer), a list of those, or a random generator. Numbers "
            f"and texts go into save(counters)."
        )
    return [variable for each in value for variable in _variables_of(name, each)]


def is_generator(value: Any) -> bool:
    """Whether it draws random numbers and keeps its state outside of TensorFlow."""
    return isinstance(value, (np.random.Generator, random.Random))


def state_of(generator: Any) -> Any:
    """The state of a generator of NumPy or Python, ready for JSON."""
    if isinstance(generator, np.random.Generator):
        return randomness.plain(generator.bit_generator.state)
    return generator.getstate()


def set_state(generator: Any, state: Any) -> None:
    """Put a state in place that `state_of` gave."""
    if isinstance(generator, np.random.Generator):
        generator.bit_generator.state = randomness.arrays(state)
    else:
        version, words, gauss = state
        generator.setstate((version, tuple(words), gauss))
