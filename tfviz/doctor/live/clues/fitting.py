"""The call of `fit`, `predict` and their kin on the failing line: its model and its data."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tfviz.doctor.live.clues.case import Case
from tfviz.doctor.live.clues.seen import shape_of, shown
from tfviz.doctor.live.clues.trees import argument
from tfviz.doctor.live.safely import classes, is_a, maybe

METHODS = ("fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch")


@dataclass(frozen=True)
class Fit:
    """One call that works on data.

    Attributes:
        method: `fit`.
        name: How the model is called on the line.
        model: The model itself, None when it can't be read.
        x: (name, value) of the data, None when it can't be read.
        y: (name, value) of the labels.
        call: The call in the source.
        others: The further arguments that can be read.
    """

    method: str
    name: str
    model: Any
    x: tuple[str, Any] | None
    y: tuple[str, Any] | None
    call: ast.Call
    others: dict[str, Any]

    def parts(self) -> Iterator[tuple[str, Any]]:
        """X and y, as far as they are given."""
        yield from (each for each in (self.x, self.y) if each is not None)

    def arrays(self) -> Iterator[tuple[str, Any]]:
        """The arrays among them, of several inputs each."""
        for name, value in self.parts():
            if shape_of(value) is not None:
                yield name, value
            items: list[tuple[Any, Any]] = []
            if type(value) in (list, tuple):
                items = list(enumerate(value))
            elif type(value) is dict:
                items = list(value.items())
            for key, each in items:
                if shape_of(each) is not None:
                    yield f"{name}[{shown(key)}]", each


def fit_of(case: Case) -> Fit | None:
    """The call on the user's line, or on a line of his further out that led there."""
    call = _call(case)
    if call is None:
        return None
    assert isinstance(call.func, ast.Attribute)
    line = case.line

    def read(place: int | None, name: str) -> tuple[str, Any] | None:
        node = argument(call, place, name)
        missing = object()
        value = missing if node is None else line.maybe(node, missing)
        if node is None or value is missing:
            return None
        written = isinstance(node, ast.List | ast.Tuple | ast.Dict | ast.Constant)
        return (name if written else ast.unparse(node)), value

    others = {}
    for each in call.keywords:
        value = line.maybe(each.value)
        if each.arg and value is not None:
            others[each.arg] = value
    return Fit(
        method=call.func.attr,
        name=ast.unparse(call.func.value),
        model=line.maybe(call.func.value),
        x=read(0, "x"),
        y=read(1, "y") if "predict" not in call.func.attr else None,
        call=call,
        others=others,
    )


def _call(case: Case) -> ast.Call | None:
    for each in case.line.calls(*METHODS):
        if isinstance(each.func, ast.Attribute):
            model = case.line.maybe(each.func.value)
            if model is None or is_model(model):
                return each
    return None


def is_model(value: Any) -> bool:
    """Whether a value is a Keras model."""
    return is_a(value, "keras", "Model") or is_a(value, "tf_keras", "Model")


def is_layer(value: Any) -> bool:
    """Whether a value is a Keras layer; a model is one too."""
    return any(root in ("keras", "tf_keras") and name == "Layer" for root, name in classes(value))


def last_layer(model: Any) -> Any:
    """The last layer of a model that has an order, looked for inside nested models."""
    for _ in range(5):
        layers = maybe(model, "layers")
        if not is_model(model) or not layers:
            return model
        model = layers[-1]
    return model


@functools.lru_cache(maxsize=1)
def _softening() -> frozenset[str]:
    return frozenset(("Activation", "Softmax", "Dropout", "Reshape", "Rescaling", "Flatten"))


def units_of(model: Any) -> tuple[str, int] | None:
    """The name of the layer that makes the output and how many units it has."""
    shape = maybe(model, "output_shape")
    if not (isinstance(shape, tuple) and shape and isinstance(shape[-1], int)):
        return None
    layers = maybe(model, "layers") or []
    for layer in reversed(layers):
        if type(layer).__name__ not in _softening():
            return str(maybe(last_layer(layer), "name")), shape[-1]
    return str(maybe(model, "name")), shape[-1]
