"""One part of a batch at work: the traced functions that run on it, and what they gave.

Most methods only *look*: one traced function, run once. The others look first and then run further
ones on the same inputs, as often as they like, each at most `batch_size` rows at once.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.explain.compiled import HALF_SCALE, Compiled, Facts
from tfviz.explain.target import PINNED, Parameters, Target

# What a look gives besides what the method makes of it, one row an input.
RESULTS = ("scores", "units", "others", "signs", "outputs")

# With what else the target chose, a dict of arrays.
ROWS = (*RESULTS, "kept")

# From the body, its key, the target and the arguments to a traced function.
Tracer = Callable[
    [Callable[..., Any], Hashable, Target, tuple[tf.TensorSpec, ...], Facts], Compiled
]


@dataclass(eq=False)
class Work:
    """A part of a batch, at most `batch_size` inputs.

    Attributes:
        inputs: Tensors in the structure that the model takes.
        count: How many inputs.
        copies: How many copies of each fit into `batch_size` rows at once, at least one.
        facts: What was settled: layers, their calls, the output.
        target: What is explained.
        seen: What the look gave, NumPy arrays by name; empty before it.
    """

    inputs: Any
    count: int
    copies: int
    facts: Facts
    target: Target
    seen: dict[str, Any]
    _parameters: Parameters
    _look: Compiled
    _tracer: Tracer
    # Finding one in the cache looks at every variable of the model: done once a part.
    _functions: dict[Hashable, Compiled] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        inputs: Any,
        count: int,
        batch_size: int,
        target: Target,
        parameters: Parameters,
        look: Compiled,
        tracer: Tracer,
    ) -> Work:
        """Get ready; nothing is run yet."""
        assert look.facts is not None  # tracing sets it
        copies = max(1, batch_size // count)
        return cls(inputs, count, copies, look.facts, target, {}, parameters, look, tracer)

    def look(self) -> Any:
        """Run the model and what the method's `trace` makes of it, once.

        Returns:
            What `trace` returned, as tensors.
        """
        if not self.seen:
            made = self._run(self._look, self._parameters)
            self.seen = {name: made[name].numpy() for name in RESULTS}
            self.seen["made"] = made["made"]
            self.seen["kept"] = {name: each.numpy() for name, each in made["kept"].items()}
            self.seen["gradient_peaks"] = [each.numpy() for each in made["gradient_peaks"]]
        return self.seen["made"]

    def further(
        self, body: Callable[..., Any], *arguments: Any, key: tuple[Hashable, ...] = ()
    ) -> Any:
        """Run something else on the same inputs, with what was most likely still explained.

        Args:
            body: Takes a `Scene` on the inputs, then the arguments as symbolic tensors, then what
                is in `key`; returns tensors in any structure. A static method, or one whose
                parameters are in the method's `settings`. Traced once.
            *arguments: Tensors or arrays. Their first two axes may differ from call to call:
                inputs, and copies; the others may not.
            key: Plain values for the body: another trace for other ones.

        Returns:
            What the body returned, as tensors.
        """
        self.look()
        target = self.target.pinned(*(self.seen[name] for name in PINNED))
        own = target is self.target
        parameters = self._parameters if own else target.parameters(self.count)
        tensors = tuple(tf.convert_to_tensor(each) for each in arguments)
        specs = tuple(tf.TensorSpec([None, None, *each.shape[2:]][: len(each.shape)], each.dtype)
                      for each in tensors)  # fmt: skip
        name = (getattr(body, "__qualname__", repr(body)), *key)
        if (name, specs) not in self._functions:

            def with_key(scene: Any, *given: tf.Tensor) -> Any:
                return body(scene, *given, *key)

            found = self._tracer(with_key, name, target, specs, self.facts)
            self._functions[name, specs] = found
        return self._run(self._functions[name, specs], parameters, tensors)

    def chunks(self, number: int) -> Iterator[slice]:
        """Slices of at most `copies`, up to a number: of channels, of samples."""
        for start in range(0, number, self.copies):
            yield slice(start, min(start + self.copies, number))

    def _run(
        self, function: Compiled, parameters: Parameters, arguments: Sequence[tf.Tensor] = ()
    ) -> Any:
        given = {name: tf.constant(value) for name, value in parameters.items()}

        def scaled(scale: float) -> Any:
            with _put_back(function.written):
                return function.run(self.inputs, given, tf.constant(scale), *arguments)

        made = scaled(HALF_SCALE if self.facts.half else 1.0)
        # float16 ends at 65504: large logits have no room for the scale.
        return scaled(1.0) if self.facts.half and not _finite(made) else made


def _finite(structure: Any) -> bool:
    return all(
        bool(tf.reduce_all(tf.math.is_finite(each)))
        for each in keras.tree.flatten(structure)
        if each.dtype.is_floating
    )


# Held while variables that the model writes are put back: two runs would mix them up.
_WRITING = threading.Lock()


@contextlib.contextmanager
def _put_back(written: Sequence[tuple[tf.Tensor, tf.DType]]) -> Iterator[None]:
    """Leave variables that the model writes when it is called as they were."""
    if not written:
        yield
        return
    with _WRITING:
        kept = [
            tf.identity(tf.raw_ops.ReadVariableOp(resource=handle, dtype=dtype))
            for handle, dtype in written
        ]
        try:
            yield
        finally:
            for (handle, _), value in zip(written, kept, strict=True):
                tf.raw_ops.AssignVariableOp(resource=handle, value=value)


def joined_rows(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Rows of all parts of a batch, below each other; dicts of arrays stay dicts."""
    return keras.tree.map_structure(lambda *each: np.concatenate(each), *parts)


def rows_of(parameters: Parameters, index: Any) -> Parameters:
    """The rows of all parameters that belong to a part of the batch."""
    return {name: np.asarray(value)[index] for name, value in parameters.items()}
