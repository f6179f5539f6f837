"""Everything that changes while training, by name: what a checkpoint holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf

from tfviz.train.gradients import raw


class TrainState:
    """The variables of a training run under unique and stable names, and its data iterator.

    Attributes:
        variables: `{"model/dense/kernel": tf.Variable, ...}`; random seeds of layers too.
        about: What tells this run from another: JSON.
    """

    def __init__(
        self, variables: Mapping[str, Any], *, about: Mapping[str, Any], stream: Any = None
    ) -> None:
        self.variables = dict(variables)
        self.about = dict(about)
        self._stream = stream

    @property
    def iterator(self) -> Any:
        """The `tf.data` iterator of now, None where there is none."""
        return getattr(self._stream, "iterator", self._stream)

    @property
    def dataset(self) -> Any:
        """What it iterates over, None where that isn't known."""
        return getattr(self._stream, "dataset", None)

    @classmethod
    def of(
        cls,
        *,
        model: Any = None,
        optimizers: Iterable[Any] = (),
        metrics: Iterable[Any] = (),
        iterator: Any = None,
        more: Mapping[str, Any] | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> TrainState:
        """The state of these objects.

        Args:
            model: A Keras model; its random seeds count as its variables.
            optimizers: Keras optimizers; built ones.
            metrics: Keras metrics.
            iterator: A `tf.data` iterator, or a `Stream` that makes a new one for each epoch.
            more: Other variables by name: one, or a list of them.
            about: Added to what tells this run from another.
        """
        found: dict[str, Any] = {}
        said: dict[str, Any] = {}
        if model is not None:
            _add(found, "model", [(each.path, each) for each in model.variables])
            said |= {"model": type(model).__name__, "name": model.name}
        for i, each in enumerate(optimizers):
            prefix = f"optimizer{i or ''}"
            # The names that Keras gives count upward within a process: 'adam_3'.
            named = [(_within(v.path, each.name), v) for v in each.variables]
            _add(found, prefix, named)
            said[prefix] = type(each).__name__
        for i, metric in enumerate(metrics):
            _add(found, f"metrics/{i}", [(v.name, v) for v in metric.variables])
        for name, value in (more or {}).items():
            listed = value if isinstance(value, (list, tuple)) else [value]
            _add(found, name, [(str(i), v) for i, v in enumerate(listed)])
        return cls(found, about={**said, **(about or {})}, stream=iterator)

    def read(self) -> dict[str, tf.Tensor]:
        """A copy of every variable's value."""
        return {name: tf.identity(each) for name, each in self.variables.items()}

    def write(self, values: Mapping[str, Any]) -> None:
        """Put values back that `read` gave."""
        for name, value in values.items():
            self.variables[name].assign(value)


def _within(path: str, name: str) -> str:
    return path.removeprefix(f"{name}/")


def _add(found: dict[str, Any], prefix: str, named: Iterable[tuple[str, Any]]) -> None:
    for name, each in named:
        whole = f"{prefix}/{name}"
        number = 2
        while whole in found:
            whole, number = f"{prefix}/{name}#{number}", number + 1
        found[whole] = raw(each)
