"""What a layer was built for, and what it was given."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Any

from tfviz.doctor.live.clues.case import Case, Settled, says, settles
from tfviz.doctor.live.clues.fitting import fit_of, is_layer, is_model
from tfviz.doctor.live.clues.seen import (
    arrays_on_line,
    differing,
    listed,
    locals_of,
    shape_of,
)
from tfviz.doctor.live.description import Shape
from tfviz.doctor.live.safely import is_a, maybe

_INPUTS = ("shape.missing_batch_dim", "shape.sample_without_batch", "shape.wrong_image_size",
           "shape.gray_vs_rgb", "shape.dense_last_axis", "shape.extra_batch_dim",
           "shape.too_many_dims", "shape.too_few_dims", "shape.channels_first",
           "shape.flatten_size_changed", "shape.missing_channel_dim", "shape.missing_time_dim",
           "shape.not_flattened", "shape.one_dimensional_input", "shape.wrong_sequence_length",
           "shape.conv_channels", "shape.matmul_sizes", "shape.missing_return_sequences",
           "shape.output_size_zero", "shape.fixed_batch_size", "shape.last_batch_smaller",
           "shape.input_count")  # fmt: skip
_RECURRENT = re.compile(r"\b(?:LSTM|GRU|SimpleRNN|RNN|Bidirectional)\(")
_FOUND = re.compile(
    r"(?:found shape=|received input with shape |Full shape received: |incompatible shape |"
    r"input has shape |inputs?[_ ]shape=)(\([\d, None]*\))"
)


def given_to(case: Case) -> tuple[str, Any, Shape] | None:
    """(how it is called on the line, model or layer, its input shape) of what refused its input."""
    fit = fit_of(case)
    if fit is not None and is_model(fit.model):
        shape = _built_for(fit.model)
        return (fit.name, fit.model, shape) if shape else None
    for call in case.line.calls():
        layer = case.line.maybe(call.func)
        if is_layer(layer):
            shape = _built_for(layer)
            if shape:
                return ast.unparse(call.func), layer, shape
    return None


def _built_for(layer: Any) -> Shape | None:
    """The input shape a model or layer was built with; None when unknown or several."""
    shape = maybe(layer, "input_shape")
    if shape is None:
        built = maybe(layer, "_build_shapes_dict") or {}
        shapes = [each for each in built.values() if isinstance(each, tuple | list)]
        # Its first axis is the batch that happened to come first.
        shape = (None, *shapes[0][1:]) if len(shapes) == 1 and len(shapes[0]) > 1 else None
    if isinstance(shape, tuple | list) and all(n is None or isinstance(n, int) for n in shape):
        return tuple(shape)
    return None


def given(case: Case) -> list[tuple[str, Shape]]:
    """(name, shape) of what was given: of the arguments of the call."""
    fit = fit_of(case)
    if fit is not None and fit.x is not None and is_a(fit.x[1], "tensorflow", "DatasetV2"):
        spec = maybe(fit.x[1], "element_spec")
        while type(spec) in (tuple, list) and spec:
            spec = spec[0]
        dims = maybe(maybe(spec, "shape"), "as_list")
        return [(f"a batch of {fit.x[0]}", tuple(dims()))] if dims is not None else []
    if fit is not None:
        found = [(n, shape_of(v)) for n, v in fit.arrays() if fit.x and n.startswith(fit.x[0])]
        return [(n, shape) for n, shape in found if shape is not None]
    for call in case.line.calls():
        if is_layer(case.line.maybe(call.func)) and call.args:
            shape = shape_of(case.line.maybe(call.args[0]))
            if shape is not None:
                return [(ast.unparse(call.args[0]), shape)]
    match = _FOUND.search(case.message)
    if match:
        wanted = ast.literal_eval(match[1])
        same = [n for n, v in [*arrays_on_line(case), *locals_of(case)] if shape_of(v) == wanted]
        if len(set(same)) == 1:
            return [(same[0], wanted)]
    return []


@settles(*_INPUTS, "data.cardinality", "data.unrecognized_type")
def list_of_samples(case: Case) -> Settled | None:
    """A list of pictures, which Keras takes as one input each."""
    found = _several(case)
    if found is None:
        return None
    sizes = [str((shape_of(each) or ("?",))[0]) for each in found[1][:3]]
    more = ", ..." if len(found[1]) > len(sizes) else ""
    return Settled("data.cardinality.list_of_samples", {"x": ", ".join(sizes) + more})


def _several(case: Case) -> tuple[str, list[Any], int] | None:
    """(name, arrays, inputs) of a list of arrays that was given to a model of fewer inputs."""
    fit = fit_of(case)
    if fit is None or fit.x is None or type(fit.x[1]) is not list:
        return None
    inputs, items = maybe(fit.model, "inputs"), fit.x[1]
    shapes = {shape_of(each) for each in items[:1000]}
    if not isinstance(inputs, list) or len(items) <= len(inputs) or None in shapes:
        return None
    return (fit.x[0], items, len(inputs)) if len(shapes) == 1 else None


@says("data.cardinality.list_of_samples")
def how_many_inputs(case: Case) -> Iterator[str]:
    """How long the list is, and how many inputs the model has."""
    found = _several(case)
    if found is not None:
        name, items, inputs = found
        yield (
            f"`{name}` is a list of {len(items)} arrays {shape_of(items[0])}: Keras takes it as "
            f"{len(items)} inputs, and the model has {inputs}. `np.stack({name})` is one array."
        )


@settles(*_INPUTS)
def which_input_is_wrong(case: Case) -> Settled | None:
    """Both shapes tell a missing batch axis from a missing channel axis or another size."""
    target, inputs = given_to(case), given(case)
    spec = unbatched(case)
    if spec is not None and target is not None:
        name = maybe(target[1], "name")
        if len(spec[1]) == len(target[2]) - 1 and not differing(spec[1], target[2][1:]):
            return Settled("shape.missing_batch_dim", {"layer": f"`{name}`", "have": str(spec[1])})
    if target is None or not inputs:
        return None
    (_, layer, wanted), (_, have) = target, inputs[0]
    groups = {"layer": f"`{maybe(layer, 'name')}`", "have": str(have), "need": str(wanted)}
    if len(have) == len(wanted) - 1 and fit_of(case) is None and not differing(have, wanted[1:]):
        return Settled("shape.missing_batch_dim", groups)
    if len(have) == len(wanted) + 1 and not differing(have[1:], wanted) and len(wanted) > 2:
        return Settled("shape.extra_batch_dim", groups)
    if len(have) == len(wanted) == 4:
        axes = differing(have, wanted)
        if axes == [3] and {have[3], wanted[3]} <= {1, 3, 4}:
            return Settled("shape.gray_vs_rgb", groups)
        if axes and have[1] == wanted[3] in (1, 3, 4) and have[3] != wanted[3]:
            return Settled("shape.channels_first", groups)
        if axes and set(axes) <= {1, 2}:
            return Settled("shape.wrong_image_size", groups)
    if len(have) == len(wanted) in (2, 3) and differing(have, wanted) == [len(wanted) - 1]:
        value = {"value": str(wanted[-1])}
        return Settled("shape.dense_last_axis", {**groups, **value})
    if len(have) == 3 and len(wanted) == 4 and have[1:] == wanted[1:3] and wanted[3] == 1:
        return Settled("shape.missing_channel_dim", groups)
    return None


@says(*_INPUTS)
def input_against_layer(case: Case) -> Iterator[str]:
    """What was given, what is wanted, and in which axis they differ."""
    spec = unbatched(case)
    target = given_to(case)
    if spec is not None:
        dataset, shape = spec
        takes = f", and `{target[0]}` takes {target[2]}" if target else ""
        yield f"An element of `{dataset}` is {shape}, one sample without batch axis{takes}: `{dataset}.batch(32)`."
        return
    inputs = given(case)
    inner = refusing(case)
    if not inputs:
        return
    name, have = inputs[0]
    if target is None:
        yield f"`{name}` is {have}{_by(inner)}."
        return
    called, _, wanted = target
    said = f"`{name}` is {have}, and `{called}` takes {wanted}"
    yield f"{said}{_how(name, have, wanted)}."
    if inner and inner[0] != called and inner[0] not in said:
        yield f"The layer that refused it is '{inner[0]}'{_spec(inner[1])}."


def _how(name: str, have: Shape, wanted: Shape) -> str:
    if len(have) == len(wanted) - 1 and not differing(have, wanted[1:]):
        return f": the batch axis is missing, `{name}[None]`"
    if len(have) == len(wanted) - 1 and not differing(have, wanted[:-1]):
        return f": the last axis is missing, `{name}[..., None]`"
    if len(have) == len(wanted) + 1:
        extra = ": one axis too many"
        return f"{extra}, the first of size {have[0]}" if have[0] == 1 else extra
    if len(have) != len(wanted):
        return f": {len(have)} axes against {len(wanted)}"
    axes = differing(have, wanted)
    told = [f"axis {axis} is {have[axis]} where {wanted[axis]} is wanted" for axis in axes]
    if not told:
        return ""
    said = f": {listed(told)}"
    if len(have) == 4 and axes and have[1] == wanted[3] and have[3] != wanted[3]:
        said += f"; the {have[1]} channels stand on axis 1"
    elif len(have) == 4 and axes == [3]:
        said += f" ({wanted[3]} channels)"
    return said


def _by(inner: tuple[str, Any] | None) -> str:
    return f", given to the layer '{inner[0]}'{_spec(inner[1])}" if inner else ""


def _spec(layer: Any) -> str:
    shape = _built_for(layer)
    return f", which was built for {shape}" if shape else ""


def refusing(case: Case) -> tuple[str, Any] | None:
    """(name, layer) of the innermost layer that was being called."""
    for frame in case.inner:
        layer = frame.locals.get("self")
        name = frame.locals.get("layer_name")
        if isinstance(name, str) and "input_spec" in frame.locals:
            return name, None
        if is_layer(layer) and frame.function.endswith(("__call__", "call")):
            return str(maybe(layer, "name")), layer
    return None


def unbatched(case: Case) -> tuple[str, Shape] | None:
    """(name, shape) of the dataset on the line, where its elements are single samples."""
    fit = fit_of(case)
    if fit is None or fit.x is None or not is_a(fit.x[1], "tensorflow", "DatasetV2"):
        return None
    spec = maybe(fit.x[1], "element_spec")
    while type(spec) in (tuple, list) and spec:
        spec = spec[0]
    shape = maybe(spec, "shape")
    if shape is None or maybe(shape, "rank") is None:
        return None
    dims = tuple(maybe(shape, "as_list")())
    target = _built_for(fit.model)
    if target is not None:
        return (fit.x[0], dims) if len(dims) == len(target) - 1 else None
    # Where the model can't be seen: the very shape of an element was refused.
    match = _FOUND.search(case.message)
    refused = match is not None and ast.literal_eval(match[1]) == dims and None not in dims
    return (fit.x[0], dims) if refused else None


@settles("shape.missing_time_dim", "shape.too_few_dims", "shape.missing_batch_dim")
def recurrent_below(case: Case) -> Settled | None:
    """A recurrent layer that gives its last step only, and another one above it."""
    target = given_to(case)
    statement = case.line.statement
    if statement is None or not _RECURRENT.search(ast.unparse(statement)):
        return None
    if fit_of(case) is not None or (target is not None and is_model(target[1])):
        return None
    if any(_gives_last_step(*each) for each in _below(case)):
        return Settled("shape.missing_return_sequences")
    return None


@says("shape.missing_return_sequences")
def which_recurrent(case: Case) -> Iterator[str]:
    """Its name, and what it gives."""
    found = [each for each in _below(case) if _gives_last_step(*each)]
    if found:
        shape, layer = found[-1]
        yield (
            f"'{maybe(layer, 'name')}' gives {shape}, its last step only: "
            f"`{type(layer).__name__}(..., return_sequences=True)`."
        )


def _gives_last_step(shape: Any, layer: Any) -> bool:
    # The layer that refused its input stands in the model too, and has no output.
    return shape is not None and maybe(layer, "return_sequences") is False


def _below(case: Case) -> Iterator[tuple[Any, Any]]:
    """The layers whose outputs stand on the line, and those already in a model that is added to."""
    for _, value in case.line.expressions():
        if is_a(value, "keras", "KerasTensor"):
            history = maybe(value, "_keras_history")
            yield shape_of(value), maybe(history, "operation")
        elif is_a(value, "keras", "Sequential"):
            layers: Sequence[Any] = maybe(value, "layers") or ()
            for layer in layers[-2:]:
                yield maybe(maybe(layer, "output"), "shape"), layer
    for frame in case.inner:
        stack = maybe(frame.locals.get("self"), "_layers")
        if is_a(frame.locals.get("self"), "keras", "Sequential") and stack:
            for layer in stack:
                yield maybe(maybe(layer, "output"), "shape"), layer
            return
