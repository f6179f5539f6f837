"""Any number made of the outputs, by a function of the user's own."""

from __future__ import annotations

import types
import weakref
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from tfviz.errors import TargetError
from tfviz.explain.target import Parameters, Score, Target, no_unit

if TYPE_CHECKING:
    from tfviz.explain.outputs import Outputs


class Same:
    """A function as part of a key, without keeping it, or the model it closes over, alive."""

    def __init__(self, function: Callable[..., Any]) -> None:
        # A bound method is a new object at each access; its parts are not.
        parts: tuple[Any, ...] = (function,)
        self.reference: Any = None
        if isinstance(function, types.MethodType):
            self.reference = weakref.WeakMethod(function)
            parts = (function.__self__, function.__func__)
        else:
            self.reference = weakref.ref(function)
        self.hash = hash(tuple(id(each) for each in parts))

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Same) or self.hash != other.hash:
            return False
        # Of equal ids, both alive: the same function. A dead one's id may be another's by now.
        return self.reference() is not None and other.reference() is not None


class Function(Target):
    """Any differentiable function of the outputs.

    Args:
        function: Takes what the model puts out, in its structure and with logits in place of
            probabilities, as tensors with a leading batch axis; returns one number per input,
            (batch,), or one for the whole batch that is a sum over inputs. It is traced once,
            so it must be made of TensorFlow or `keras.ops` operations.
    """

    reads_all = True
    no_class = "the target is a function of the outputs"

    def __init__(self, function: Callable[[Any], tf.Tensor]) -> None:
        self.function = function

    @property
    def kind(self) -> Hashable:
        """One for each function."""
        return ("function", Same(self.function))

    @property
    def signature(self) -> dict[str, Any]:
        """None of use: it tells how many inputs there are."""
        return {"any": np.int32}

    def parameters(self, count: int) -> Parameters:
        """One row an input."""
        return {"any": np.zeros(count, np.int32)}

    def score_of(self, outputs: Outputs, parameters: dict[str, tf.Tensor]) -> Score:
        """What the function returns."""
        value = self.function(outputs.structure)
        if not tf.is_tensor(value) or not value.dtype.is_floating:
            raise TargetError(
                f"The target function returned {value!r}: it must return a floating-point tensor "
                f"of one number per input, made with TensorFlow or keras.ops operations."
            )
        count = tf.shape(parameters["any"])[0]
        if value.shape.rank == 0:
            value = tf.fill([count], value / tf.cast(count, value.dtype))
        if value.shape.rank != 1:
            raise TargetError(
                f"The target function returned shape {tuple(value.shape)}: it must return one "
                f"number per input, (batch,). Sum or pick over the other axes."
            )
        return no_unit(value)
