"""Outputs of a model, and the state of a recurrent cell: by which name, of which size."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tfviz.doctor.live.clues.case import Case, Mended, mends, says
from tfviz.doctor.live.clues.fitting import fit_of, is_layer
from tfviz.doctor.live.clues.seen import listed, shape_of
from tfviz.doctor.live.clues.trees import argument
from tfviz.doctor.live.safely import maybe
from tfviz.errors import nearest

_KEY = re.compile(r"The path: \(?'([^']+)',?\)? in|argument `\w+`, key '([^']+)' does not")


@says("keras.output_key_unknown")
def which_outputs_there_are(case: Case) -> Iterator[str]:
    """The names of the model's outputs, and the nearest to the one that was asked."""
    match = _KEY.search(case.message)
    fit = fit_of(case)
    if match is None or fit is None:
        return
    key = match[1] or match[2]
    # Of a model that gives a dictionary, its keys; they need not be the names of the layers.
    given = maybe(fit.model, "output")
    names = list(given) if type(given) is dict else maybe(fit.model, "output_names")
    if type(names) is list and names and all(type(each) is str for each in names):
        there = listed([f"'{each}'" for each in names], 8)
        one = len(names) == 1
        yield (
            f"`{fit.name}` has the output{'' if one else 's'} {there}, not '{key}'."
            f"{nearest(key, names)}"
        )


def _state(case: Case) -> tuple[str, str, int, int] | None:
    """(cell, state, units, size) of a recurrent cell that was given a state of another size."""
    for call in case.line.calls():
        cell = case.line.maybe(call.func)
        units = maybe(cell, "units")
        if not is_layer(cell) or type(units) is not int:
            continue
        recurrent = maybe(cell, "state_size") is not None
        node = argument(call, 1, "states", "initial_state", "state")
        shape = shape_of(case.line.maybe(node)) if recurrent and node is not None else None
        if node is not None and shape and shape[-1] not in (units, None):
            return ast.unparse(call.func), ast.unparse(node), units, int(shape[-1] or 0)
    return None


@says("shape.matmul_sizes", "shape.broadcast")
def size_of_the_state(case: Case) -> Iterator[str]:
    """The state that was given beside the units of the cell."""
    found = _state(case)
    if found is None:
        return
    cell, state, units, size = found
    said = f"`{cell}` has {units} units, so its state holds {units} values; `{state}` holds {size}"
    if size == 2 * units:
        said += f" = 2 * {units}, as the two directions of a Bidirectional layer together do"
    yield f"{said}."


@mends("shape.matmul_sizes")
def state_of_its_size(case: Case) -> Mended | None:
    """A cell as large as the state, or a state brought to the size of the cell."""
    found = _state(case)
    if found is None:
        return None
    cell, state, units, size = found
    return Mended(
        fix=f"Build `{cell}` with {size} units, or bring the state to {units} values by a Dense "
        f"layer before the first step.",
        code=f"{state} = keras.layers.Dense({units})({state})   # the layer made once, in __init__",
        instead="",
    )


@mends("data.batch_unequal")
def padded_sequences(case: Case) -> Mended | None:
    """Rows of different length are no pictures: they are padded, not resized."""
    match = re.search(r"(?:had shape|\[tensor\]:) \[(\d+)\]", case.message)
    if match is None:
        return None
    return Mended(
        fix="Pad the shorter ones of each batch by `padded_batch` in the place of `batch`, and mask "
        "the padding (`Embedding(..., mask_zero=True)`); or cut and pad all to one length in `map`.",
        code="dataset = dataset.padded_batch(32)",
    )


@mends("shape.merge_mismatch")
def the_smaller_branch(case: Case) -> Mended | None:
    """A shortcut that must shrink and widen with the other branch, by its own name."""
    for call in case.line.calls():
        for each in call.args[:1]:
            if not isinstance(each, ast.List) or len(each.elts) != 2:
                continue
            names = [ast.unparse(part) for part in each.elts]
            shapes = [shape_of(case.line.maybe(part)) or () for part in each.elts]
            if [len(shape) for shape in shapes] != [4, 4] or not all(map(str.isidentifier, names)):
                continue
            sizes = [shape[1:3] for shape in shapes]
            if None in (*sizes[0], *sizes[1]) or shapes[0][3] is None or shapes[1][3] is None:
                continue
            large = 0 if sizes[0] > sizes[1] else 1
            if sizes[0] == sizes[1]:  # only channels differ: the branch with fewer is the shortcut
                large = 0 if shapes[0][3] < shapes[1][3] else 1
            wide, narrow = sizes[large], sizes[1 - large]
            steps = tuple((m or 1) // (n or 1) for m, n in zip(wide, narrow, strict=True))
            # A stride with padding 'same' gives the size divided by it, rounded up.
            same = all(
                -((m or 1) // -step) == n for m, n, step in zip(wide, narrow, steps, strict=True)
            )
            if not same or steps[0] != steps[1]:
                continue
            keep, turn = names[1 - large], names[large]
            filters = shapes[1 - large][3]
            module = _layers_module(case)
            stride = f", strides={steps[0]}" if steps[0] > 1 else ""
            return Mended(
                fix=f"Bring `{turn}` to the shape of `{keep}` before they are joined: a 1x1 convolution "
                f"with {filters} filters{f' and stride {steps[0]}' if stride else ''}. If there is one "
                f"already, see why it wasn't reached.",
                code=f"{turn} = {module}.Conv2D({keep}.shape[-1], 1{stride}, padding='same')({turn})",
            )
    return None


def _layers_module(case: Case) -> str:
    for call in ast.walk(case.line.tree):
        called = call.func if isinstance(call, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr == "Conv2D":
            return ast.unparse(called.value)
    return "keras.layers"
