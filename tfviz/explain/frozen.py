"""A model's weights as constants of a traced function: for jobs that loaded the model themselves.

TensorFlow can prepare a constant once (lay it out for its kernels, fold it into its neighbours)
where it has to read a variable anew in every run. A MobileNetV2 on a CPU takes 0.7 of the time, a
ResNet50 0.9. What is constant doesn't follow `set_weights`, so a library must never do this to the
model of its user.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

# While TensorFlow prepares them it takes 16 times their size (1.5 GB for 100 MB, measured). The
# limit doesn't look at what is free: a job that goes on must decide as its first run did.
MOST_BYTES = 128_000_000


class Constants:
    """The weights of a model as they are now.

    Args:
        model: A built `keras.Model`.
    """

    def __init__(self, model: Any) -> None:
        self._values = [(each, np.asarray(each)) for each in model.variables]
        self._made: tuple[Any, list[tuple[Any, tf.Tensor]]] | None = None

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        """In the block, and while a function is traced, the model's variables are constants."""
        graph = tf.compat.v1.get_default_graph()
        if self._made is None or self._made[0] is not graph:
            # Several calls of the model in one graph share them.
            constants = [(variable, tf.constant(value)) for variable, value in self._values]
            self._made = graph, constants
        with keras.StatelessScope(state_mapping=self._made[1]):
            yield


def freeze(method: Any) -> bool:
    """Let an explainer take the weights for constants, from its next trace on.

    Args:
        method: An `ActivationMap` whose model nobody changes any more.

    Returns:
        Whether it does: not when the model is too large for it.
    """
    size = sum(
        np.prod(each.shape) * tf.as_dtype(each.dtype).size for each in method.model.variables
    )
    if size > MOST_BYTES:
        return False
    method.constants = Constants(method.model)
    return True
