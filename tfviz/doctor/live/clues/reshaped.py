"""A new shape that holds another number of values than there are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from tfviz.doctor.live.clues.case import Case, Mended, mends, says
from tfviz.doctor.live.clues.seen import shape_of
from tfviz.doctor.live.clues.shapes import product
from tfviz.doctor.live.description import Shape


@says("numpy.reshape_size", "numpy.reshape_colour", "shape.reshape_size", "torch.view_size")
def what_is_reshaped(case: Case) -> Iterator[str]:
    """How many numbers there are, and how many the new shape takes."""
    for call in case.line.calls("reshape", "view", "resize", "Reshape"):
        whole = call.func.value if isinstance(call.func, ast.Attribute) else None
        value, wanted = case.line.maybe(whole), call.args
        if shape_of(value) is None and call.args:
            whole, wanted = call.args[0], call.args[1:]
            value = case.line.maybe(whole)
        shape = shape_of(value)
        if shape is None or whole is None:
            continue
        new = [case.line.maybe(each) for each in wanted]
        if len(new) == 1 and isinstance(new[0], tuple | list):
            new = list(new[0])
        if not new or not all(type(each) is int for each in new) or None in shape:
            yield from _last_sizes(case, ast.unparse(whole), shape, wanted)
            continue
        have, need = product(shape), product([each for each in new if each != -1])
        told = f"`{ast.unparse(whole)}` is {shape}, {have} numbers"
        if -1 in new:
            yield (
                f"{told}; {have} / {need} = {have / need:.4g} is no whole number." if need else told
            )
        else:
            yield f"{told}, and {tuple(new)} takes {need}."
        rest = product(new[1:])
        if -1 not in new and rest and have % rest == 0:
            yield f"A first axis of {have // rest} would fit: ({have // rest}, {', '.join(map(str, new[1:]))})."
        return


def _last_sizes(case: Case, name: str, shape: Shape, wanted: Sequence[ast.expr]) -> Iterator[str]:
    """Where the first sizes are tensors: the last ones against the last axes of the array."""
    found = _split(case, shape, wanted)
    if found is None:
        return
    nodes, sizes, have = found
    names = " * ".join(f"`{ast.unparse(each)}`" for each in nodes)
    yield (
        f"`{name}` is {shape}: in the place of its last {have} there is to be {names}, "
        f"{' * '.join(map(str, sizes))} = {product(sizes)}."
    )
    whole = _not_divided(sizes, have)
    if whole:
        yield f"{have} can't be divided by {whole} without a rest: {have} // {whole} = {have // whole}."


def _split(
    case: Case, shape: Shape, wanted: Sequence[ast.expr]
) -> tuple[list[ast.expr], list[int], int] | None:
    """(expressions, sizes, size) of two or more whole numbers that stand for the last axis."""
    parts = list(wanted)
    if len(parts) == 1 and isinstance(parts[0], ast.Tuple | ast.List):
        parts = list(parts[0].elts)
    last = parts[len(shape) - 1 :] if shape else []
    sizes = [case.line.maybe(each) for each in last]
    have = shape[-1] if shape else None
    if len(last) < 2 or have is None or not all(type(each) is int and each > 0 for each in sizes):
        return None
    return (last, sizes, have) if product(sizes) != have else None


def _not_divided(sizes: Sequence[int], have: int) -> int:
    """The number that the last axis was divided by, leaving a rest; 0 where none was."""
    if len(sizes) == 2:
        for one, other in (sizes, sizes[::-1]):
            if have % one and have // one == other:
                return one
    return 0


@mends("shape.reshape_size")
def sizes_that_divide(case: Case) -> Mended | None:
    """For heads of attention: the width must be a multiple of their number."""
    for call in case.line.calls("reshape"):
        shape = shape_of(case.line.maybe(call.args[0])) if len(call.args) > 1 else None
        found = _split(case, shape, call.args[1:]) if shape else None
        if found is None:
            continue
        nodes, sizes, have = found
        heads = _not_divided(sizes, have)
        if heads:
            named = ast.unparse(next(e for e, n in zip(nodes, sizes, strict=True) if n == heads))
            low, high = have // heads * heads, (have // heads + 1) * heads
            return Mended(
                fix=f"Choose `{named}` so that it divides {have}, or a width that is a multiple of "
                f"{heads}: {low} or {high} in the place of {have}.",
                code=f"assert width % {named} == 0",
                instead="",
            )
    return None


@mends("shape.reshape_size")
def sizes_multiplied(case: Case) -> Mended | None:
    """Of a Reshape layer Keras tells two shapes; what they hold is to be compared."""
    match = re.search(
        r"input_shape ?= ?[(\[]([\d, ]+)[)\]], ?(?:target|output)_shape ?= ?[(\[]([-\d, ]+)[)\]]",
        case.message,
    )
    if match is None:
        return None
    have, want = ([int(n) for n in re.findall(r"-?\d+", each)] for each in match.groups())
    there, sizes = product(have), [n for n in want if n > 0]
    needed = product(sizes)
    shown = f"({', '.join(map(str, want))})"
    if -1 in want:
        cause = f"A sample has {there} values, and {shown} needs a multiple of {needed}."
    else:
        times = f" = {needed}" if len(sizes) > 1 else ""
        cause = (
            f"A sample has {there} values, and {shown} holds {' * '.join(map(str, sizes))}{times}."
        )
    ratio = there / needed if needed else 0
    more = ratio == int(ratio) and ratio > 1 and -1 not in want
    return Mended(
        cause=f"{cause} That is {int(ratio)} times as many." if more else cause,
        fix=f"Let the layer before give {needed} values, or give `Reshape` a shape that holds "
        f"{there}."
        if -1 not in want
        else f"Let the layer before give a multiple of {needed} values, or change the sizes.",
        code=f"keras.layers.Dense({needed})" if len(have) == 1 and -1 not in want else "",
        instead="",
    )
