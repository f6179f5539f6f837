"""Models: layers by name, in nested models, and the weights of a file against those of a layer."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tfviz.doctor.live.clues.case import Case, Settled, says, settles
from tfviz.doctor.live.clues.fitting import is_layer, is_model
from tfviz.doctor.live.clues.seen import listed, number
from tfviz.doctor.live.safely import is_a, maybe
from tfviz.errors import nearest

MOST_LAYERS = 3000
_NO_LAYER = re.compile(r"No such layer: (.+?)\. Existing layers are")
_CLASS = re.compile(
    r"(?:Could not locate (?:class|function) |Unknown (?:layer|object|\w+): )'?(\w+)'?"
)
_ASSIGNED = re.compile(r"variable\.shape=(\([\d, ]*\)), Received: value\.shape=(\([\d, ]*\))")


def models_on(case: Case) -> Iterator[tuple[str, Any]]:
    """(name, model) of what the line asks something of."""
    for node in ast.walk(case.line.statement) if case.line.statement is not None else ():
        if isinstance(node, ast.Attribute):
            value = case.line.maybe(node.value)
            if is_model(value):
                yield ast.unparse(node.value), value
    for name, value in case.line.expressions():
        if is_model(value):
            yield name, value


def inner_layers(model: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(names of the models around it, layer) of all layers, those of nested models too."""
    if len(above) > 5:
        return
    for layer in (maybe(model, "layers") or ())[:MOST_LAYERS]:
        yield above, layer
        if is_model(layer):
            yield from inner_layers(layer, (*above, str(maybe(layer, "name"))))


@settles("keras.layer_not_found")
def in_a_nested_model(case: Case) -> Settled | None:
    """The layer exists, one model further in."""
    name, found = _wanted(case)
    for _, model in found:
        for above, layer in inner_layers(model):
            if above and maybe(layer, "name") == name:
                return Settled("keras.layer_in_nested_model", {"name": name, "model": above[-1]})
    return None


def _wanted(case: Case) -> tuple[str, list[tuple[str, Any]]]:
    match = _NO_LAYER.search(case.message)
    return (match[1] if match else ""), list(models_on(case))


@says("keras.layer_not_found", "keras.layer_in_nested_model", "tfviz.layer_unknown")
def which_layers(case: Case) -> Iterator[str]:
    """Where the layer is, or the nearest names."""
    name, found = _wanted(case)
    if not name or not found:
        return
    called, model = found[0]
    layers = list(inner_layers(model))
    for above, layer in layers:
        if above and maybe(layer, "name") == name:
            path = "".join(f'.get_layer("{each}")' for each in above)
            yield f"`{name}` is a {type(layer).__name__} inside '{above[-1]}', a layer of `{called}`: `{called}{path}.get_layer(\"{name}\")`."
            return
    names = [str(maybe(layer, "name")) for above, layer in layers if not above]
    near = nearest(name, names)
    last = [n for n in names if "conv" in n.lower()][-1:]
    said = f"`{called}` has {number(len(names), 'layer')}: {listed([repr(n) for n in names], 8)}.{near}"
    yield said if near or not last else f"{said} The last convolution is '{last[0]}'."


@settles("keras.graph_disconnected_nested", "keras.graph_disconnected_missing_input",
         "keras.graph_disconnected_shared_layer")  # fmt: skip
def output_of_another_graph(case: Case) -> Settled | None:
    """The output of a layer that a nested model holds, which is no part of the outer graph."""
    if _foreign(case):
        return Settled("keras.graph_disconnected_nested")
    return None


def _foreign(case: Case) -> tuple[str, str, str] | None:
    """(layer, nested model, outer model): an output that belongs to a nested model."""
    outer = [model for _, model in models_on(case)]
    for frame in (case.own, *case.callers[:2]):
        outer += [v for v in list(frame.locals.values())[:300] if is_model(v)]
    tensors: list[Any] = []
    for _, value in case.line.expressions():
        tensors += value if type(value) in (list, tuple) else [value]
    for tensor in tensors:
        if not is_a(tensor, "keras", "KerasTensor"):
            continue
        layer = maybe(maybe(tensor, "_keras_history"), "operation")
        for model in outer:
            for above, each in inner_layers(model):
                if each is layer and above:
                    return str(maybe(layer, "name")), above[-1], str(maybe(model, "name"))
    return None


@says("keras.graph_disconnected_nested")
def which_graph(case: Case) -> Iterator[str]:
    """Which layer's output is of which model."""
    found = _foreign(case)
    if found is not None:
        layer, inner, outer = found
        yield (
            f"'{layer}' is a layer of '{inner}', which '{outer}' holds as one layer: its output "
            f"belongs to the graph of '{inner}', and can't be reached from the inputs of '{outer}'."
        )


@settles("load.weights_shape_mismatch", "load.layer_variables_missing", "load.weight_count_mismatch",
         "load.layer_count_mismatch")  # fmt: skip
def which_weights(case: Case) -> Settled | None:
    """Only the last axis of the last layer's weights differs: another number of classes."""
    found = _loading(case)
    if found is None:
        return None
    groups = {
        "name": f"'{found.name}'",
        "model": str(found.in_model),
        "saved": str(found.in_file),
    }
    if found.in_model[:-1] != found.in_file[:-1]:
        return Settled("load.weights_shape_mismatch", groups)
    if found.layer is None:
        return None
    if _is_last(case, found.layer):
        return Settled("load.weights_shape_mismatch.classes", groups)
    return Settled("load.weights_shape_mismatch", groups)


@dataclass(frozen=True)
class _Weight:
    """A weight that doesn't fit: of which layer, and both shapes."""

    name: str
    kind: str
    layer: Any
    in_model: tuple[int, ...]
    in_file: tuple[int, ...]


def _loading(case: Case) -> _Weight | None:
    match = _ASSIGNED.search(case.message)
    if match is None:
        return None
    told = re.search(r"error message for object <(\w+) name=([\w./-]+)", case.message)
    layer = None
    for _, model in models_on(case):
        for _, each in inner_layers(model):
            if told is not None and maybe(each, "name") == told[2]:
                layer = each
    for frame in case.inner:
        own = frame.locals.get("self") or frame.locals.get("layer") or frame.locals.get("saveable")
        if layer is None and is_layer(own) and not is_model(own):
            layer = own
    if layer is None and told is None:
        return None
    name = told[2] if told else str(maybe(layer, "name"))
    kind = told[1] if told else type(layer).__name__
    shapes = [tuple(ast.literal_eval(each)) for each in match.groups()]
    return _Weight(name, kind, layer, shapes[0], shapes[1])


def _is_last(case: Case, layer: Any) -> bool:
    for _, model in models_on(case):
        weighted = [
            each for _, each in inner_layers(model) if maybe(each, "weights") and not is_model(each)
        ]
        if weighted and weighted[-1] is layer:
            return True
    return False


@says("load.weights_shape_mismatch", "load.weights_shape_mismatch.classes",
      "load.layer_variables_missing")  # fmt: skip
def both_weights(case: Case) -> Iterator[str]:
    """The layer, its shape in the model, and the shape in the file."""
    found = _loading(case)
    if found is None:
        return
    a, b = found.in_model, found.in_file
    said = f"`{found.name}` ({found.kind}) has a weight {a} in the model, and {b} in the file"
    if len(a) == len(b):
        axes = [i for i, (m, n) in enumerate(zip(a, b, strict=True)) if m != n]
        if axes == [len(a) - 1]:
            said += f": {number(a[-1], 'unit')} against {b[-1]}"
        elif axes:
            said += f": axis {axes[0]} differs"
    yield f"{said}."


@says("load.custom_class_unknown", "load.deserialize_failed", "tfviz.custom_object")
def your_class(case: Case) -> Iterator[str]:
    """The class that isn't known to Keras, when the program has one of that name."""
    match = _CLASS.search(case.message)
    if match is None:
        return
    name = match[1]
    for frame in (case.own, *case.callers):
        if frame.has(name):
            value = frame.value(name)
            if isinstance(value, type) or callable(value):
                yield f'`{name}` is defined in this program: `custom_objects={{"{name}": {name}}}` hands it over.'
                return
    if name in "".join(ast.unparse(case.line.tree)):
        yield f"`{name}` is named in this file, but not visible on this line."
