"""The random states that no variable of a model holds: Python, NumPy, TensorFlow, Keras.

What can't be reached: the counters that `tf.random.normal` and its like keep inside a compiled
function. `keras.random` with a `SeedGenerator`, `tf.random.Generator` and the stateless functions
draw from states that can be saved.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf


def collect() -> dict[str, Any]:
    """All random states of this process, ready for JSON; they stay as they are."""
    generator = tf.random.get_global_generator()
    shared = shared_seed()
    version, numbers, gauss = random.getstate()
    return {
        "python": [version, list(numbers), gauss],
        "numpy": plain(np.random.get_state(legacy=False)),
        "tensorflow": [int(generator.algorithm), generator.state.numpy().tolist()],
        "keras": None if shared is None else shared.numpy().tolist(),
    }


def put(states: Mapping[str, Any]) -> None:
    """Put random states in place, as `collect` gave them."""
    shared = shared_seed()
    if shared is not None and states["keras"] is not None:
        shared.assign(states["keras"])
    algorithm, numbers = states["tensorflow"]
    generator = tf.random.get_global_generator()
    if generator.algorithm == algorithm:
        # Assigned rather than replaced: compiled functions hold on to the one that they saw.
        generator.state.assign(numbers)
    else:
        tf.random.set_global_generator(tf.random.Generator.from_state(numbers, algorithm))
    np.random.set_state(arrays(states["numpy"]))
    version, words, gauss = states["python"]
    random.setstate((version, tuple(words), gauss))


def shared_seed() -> Any | None:
    """The variable from which `keras.random` draws where no seed was given.

    Keras has no public name for it. A function that draws from it, traced and never run, tells
    which variable it would use.
    """
    # Keras makes the variable when it is first used, from a number that Python draws.
    before = random.getstate()
    try:
        draw = tf.function(lambda: keras.random.uniform(()), autograph=False)
        traced = draw.get_concrete_function()
    finally:
        random.setstate(before)
    return traced.variables[0] if len(traced.variables) == 1 else None


def plain(state: Any) -> Any:
    """The state of a NumPy generator, with its arrays as lists that JSON can hold."""
    if isinstance(state, Mapping):
        return {key: plain(value) for key, value in state.items()}
    if isinstance(state, np.ndarray):
        return {"array": state.tolist(), "dtype": str(state.dtype)}
    return state.item() if isinstance(state, np.generic) else state


def arrays(state: Any) -> Any:
    """What `plain` was given."""
    if not isinstance(state, Mapping):
        return state
    if set(state) == {"array", "dtype"}:
        return np.array(state["array"], dtype=state["dtype"])
    return {key: arrays(value) for key, value in state.items()}
