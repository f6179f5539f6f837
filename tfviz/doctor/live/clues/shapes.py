"""Two or more arrays that don't fit together: which axis differs, and whose."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from tfviz.doctor.live.clues.case import Case, says
from tfviz.doctor.live.clues.seen import (
    arrays_on_line,
    differing,
    items_of,
    listed,
    named_with_shape,
    number,
    shape_of,
    with_shape,
)
from tfviz.doctor.live.clues.trees import argument, last_name
from tfviz.doctor.live.description import Shape
from tfviz.doctor.live.safely import maybe

# What joins a list of arrays, and along which axis when none is given; None makes a new one.
JOINS = {"concat": 0, "concatenate": 0, "Concatenate": -1, "vstack": 0, "hstack": 1, "dstack": 2,
         "stack": None, "array": None, "hconcat": 1, "vconcat": 0, "column_stack": 1,
         "cat": 0, "append": 0, "Add": None, "Multiply": None, "Average": None,
         "Maximum": None, "Subtract": None, "add": None, "multiply": None}  # fmt: skip
_SHAPE = re.compile(r"[\[(](\d+(?:, ?\d+)*),?[\])]")


def parts_of(case: Case) -> tuple[list[tuple[str, Any]], ast.Call | None]:
    """(name, array) of what is joined on the failing line, and the call that joins."""
    for call in case.line.calls():
        name = last_name(call.func)
        if name is None and isinstance(call.func, ast.Call):
            name = last_name(call.func.func)  # keras.layers.Concatenate(axis=1)([a, b])
        merges = name in JOINS or type(case.line.maybe(call.func)).__name__ in JOINS
        if not merges or not call.args:
            continue
        first = call.args[0]
        found: list[tuple[str, Any]] = []
        if isinstance(first, ast.List | ast.Tuple):
            found = [(ast.unparse(each), case.line.maybe(each)) for each in first.elts]
        else:
            items = items_of(case.line.maybe(first))
            if items is not None:
                found = [(f"{ast.unparse(first)}[{i}]", each) for i, each in enumerate(items)]
            elif len(call.args) > 1:
                found = [(ast.unparse(each), case.line.maybe(each)) for each in call.args[:2]]
        found = [(name, value) for name, value in found if shape_of(value) is not None]
        if len(found) > 1:
            return found, call
    return [], None


def _axis(case: Case, call: ast.Call) -> int | None:
    """Along which axis a call joins; None where it makes a new one."""
    name = last_name(call.func)
    keywords = call
    layer = None
    if isinstance(call.func, ast.Call):
        keywords, name = call.func, last_name(call.func.func)
    elif name not in JOINS:
        layer = case.line.maybe(call.func)
        name = type(layer).__name__
    default = JOINS.get(name or "")
    given = argument(keywords, 1 if keywords is call else None, "axis", "dim")
    value = case.line.maybe(given) if given is not None else maybe(layer, "axis", default)
    return value if type(value) is int else default


@says("shape.concatenate_mismatch", "numpy.concatenate_shapes", "shape.merge_mismatch",
      "torch.cat_sizes", "torch.stack_unequal", "data.batch_unequal", "viz.imshow_dtype_object")  # fmt: skip
def parts_that_do_not_join(case: Case) -> Iterator[str]:
    """Which of the joined arrays is unlike the others, and where."""
    parts, call = parts_of(case)
    if call is None:
        return
    axis = _axis(case, call)
    shapes = [shape_of(value) or () for _, value in parts]
    ranks = Counter(len(each) for each in shapes)
    if len(ranks) > 1:
        common = ranks.most_common(1)[0][0]
        odd = next(i for i, each in enumerate(shapes) if len(each) != common)
        other = next(i for i, each in enumerate(shapes) if len(each) == common)
        yield (
            f"{with_shape(*parts[odd])} and {with_shape(*parts[other])}: "
            f"{number(len(shapes[odd]), 'axis', 'axes')} against {common}."
        )
        return
    ignore = [] if axis is None else [axis % len(shapes[0])] if shapes[0] else []
    usual = Counter(shapes).most_common(1)[0][0]
    odd_ones = [i for i, each in enumerate(shapes) if differing(usual, each, ignore)]
    if not odd_ones:
        return
    at = odd_ones[0]
    other = next(i for i, each in enumerate(shapes) if each == usual)
    first, second = min(at, other), max(at, other)
    axes = differing(shapes[first], shapes[second], ignore)
    said = "" if axis is None else f"Joined along axis {axis}, "
    yield f"{said}{with_shape(*parts[first])} and {with_shape(*parts[second])}: " + _differ(
        axes, shapes[first], shapes[second]
    )
    items = len(parts)
    if items > 2:
        name = parts[at][0].rsplit("[", 1)[0]
        entries = [str(i) for i in odd_ones]
        word = "entry" if len(entries) == 1 else "entries"
        yield f"Of the {items} in `{name}`, {word} {listed(entries)} differ{'s' * (len(entries) == 1)} from the usual {usual}."
    # Of pictures and feature maps the axes have meanings, and can't be exchanged.
    table = len(shapes[first]) == 2
    if table and ignore and len(axes) == 1 and not differing(shapes[first], shapes[second], axes):
        yield f"Axis {axes[0]} is the only one that differs, so joining along it (`axis={axes[0]}`) would go."


def _differ(axes: Sequence[int], a: Shape, b: Shape) -> str:
    told = [f"axis {axis} differs ({a[axis]} against {b[axis]})" for axis in axes]
    return f"{listed(told)}."


@says("numpy.broadcast", "numpy.broadcast_pictures", "numpy.broadcast_into", "shape.broadcast",
      "loss.output_size_differs", "loss.lengths_differ", "torch.size_mismatch_dim",
      "loss.target_output_shape", "loss.mask_channels")  # fmt: skip
def operands_that_do_not_broadcast(case: Case) -> Iterator[str]:
    """From the right, which axes are neither equal nor 1."""
    pair = _pair(case)
    if pair is None:
        return
    (a, one), (b, two) = pair
    m, n = shape_of(one) or (), shape_of(two) or ()
    short = min(len(m), len(n))
    clashes = [
        -i
        for i in range(1, short + 1)
        if m[-i] != n[-i] and 1 not in (m[-i], n[-i]) and None not in (m[-i], n[-i])
    ]
    if not clashes:
        return
    told = [f"axis {axis} differs ({m[axis]} against {n[axis]})" for axis in reversed(clashes)]
    yield f"{with_shape(a, one)} and {with_shape(b, two)}: counted from the right, {listed(told)}."
    for name, long, other, small in ((a, m, b, n), (b, n, a, m)):
        if len(small) == 1 and len(long) >= 3 and long[-1] != small[0] and small[0] in long:
            at = long.index(small[0])
            yield (
                f"The {small[0]} of `{other}` stands on axis {at} of `{name}`, not on its last: "
                f"`np.moveaxis({name}, {at}, -1)`."
            )
        elif len(small) == 1 and len(long) == 2 and long[0] == small[0]:
            said = _by_rows(case, other, long)
            yield said or f"`{other}` fits the rows of `{name}`: `{other}[:, None]`."
    if len(clashes) == 1:
        yield from _one_joined(case, (a, m), (b, n), clashes[0])


_STATISTICS = ("mean", "std", "var", "min", "max", "median", "sum", "nanmean", "nanstd",
               "amin", "amax", "ptp")  # fmt: skip


def _by_rows(case: Case, name: str, table: Shape) -> str:
    """Of a statistic that was taken along the rows of a table: that it was."""
    for origin, place in case.line.origins(ast.parse(name, mode="eval").body):
        if not isinstance(origin, ast.Call) or last_name(origin.func) not in _STATISTICS:
            continue
        whole = isinstance(origin.func, ast.Attribute) and shape_of(place.maybe(origin.func.value))
        axis = place.maybe(argument(origin, 0 if whole else 1, "axis"))
        if type(axis) is not int or axis not in (1, -1):
            return ""
        said = (
            f"`{name}` is `{ast.unparse(origin):.60}` (line {origin.lineno}), one value for each of "
            f"the {table[0]} rows. Statistics of the {table[1]} columns are taken with `axis=0`"
        )
        # What an object keeps is used on other rows later.
        kept = name.startswith("self.")
        return f"{said}." if kept else f"{said}, those of the rows with `keepdims=True`."
    return ""


def _one_joined(
    case: Case, one: tuple[str, Shape], two: tuple[str, Shape], axis: int
) -> Iterator[str]:
    """A side that is longer by one entry since something was joined to it."""
    (a, m), (b, n) = one, two
    name, longer, other, shorter = (a, m, b, n) if (m[axis] or 0) > (n[axis] or 0) else (b, n, a, m)
    if (longer[axis] or 0) != (shorter[axis] or 0) + 1:
        return
    for origin, _ in case.line.origins(ast.parse(name, mode="eval").body):
        joined = last_name(origin.func) if isinstance(origin, ast.Call) else None
        if joined in ("concat", "concatenate", "cat") and isinstance(origin, ast.Call):
            along = case.line.maybe(argument(origin, 1, "axis", "dim"), 0)
            if type(along) is int and along % len(longer) == axis % len(longer):
                yield (
                    f"`{name}` is `{ast.unparse(origin):.60}` (line {origin.lineno}), one entry more "
                    f"along axis {axis} than `{other}` was made for: {longer[axis]} are needed there."
                )
            return


def _pair(case: Case) -> tuple[tuple[str, Any], tuple[str, Any]] | None:
    """The two operands: of the very operation, else the two arrays of the shapes that it names."""
    node = case.line.node
    if isinstance(node, ast.BinOp | ast.AugAssign):
        sides = (
            (node.left, node.right) if isinstance(node, ast.BinOp) else (node.target, node.value)
        )
        values = []
        for each in sides:
            plain = each
            if isinstance(each, ast.Name):
                plain = ast.Name(each.id, ast.Load())
            values.append((ast.unparse(each), case.line.maybe(plain)))
        if all(shape_of(value) is not None for _, value in values):
            return values[0], values[1]
    shapes = [tuple(int(n) for n in m[1].split(",")) for m in _SHAPE.finditer(case.message)][:2]
    arrays = arrays_on_line(case)
    if len(shapes) == 2 and shapes[0] != shapes[1]:
        found = []
        for shape in shapes:
            name = named_with_shape(case, shape)
            if name is not None:
                value = dict(arrays).get(name)
                found.append((name, case.own.locals.get(name) if value is None else value))
        if len(found) == 2:
            return found[0], found[1]
    several = {shape_of(value): (name, value) for name, value in arrays if shape_of(value)}
    if len(several) == 2:
        first, second = several.values()
        return first, second
    return None


def product(numbers: Sequence[Any]) -> int:
    """All numbers multiplied; 1 for none."""
    result = 1
    for each in numbers:
        result *= int(each)
    return result


@says("numpy.axis_out_of_bounds", "numpy.too_many_indices", "numpy.transpose_axes",
      "torch.zero_dim_index")  # fmt: skip
def how_many_axes(case: Case) -> Iterator[str]:
    """What the array is that has fewer axes."""
    match = re.search(r"axis (-?\d+) is out of bounds", case.message)
    arrays = arrays_on_line(case)
    dimension = re.search(r"array of dimension (\d+)|array is (\d+)-dim", case.message)
    if dimension:
        rank = int(dimension[1] or dimension[2])
        arrays = [(n, v) for n, v in arrays if len(shape_of(v) or ()) == rank]
    for name, value in arrays[:1]:
        shape = shape_of(value) or ()
        said = f"{with_shape(name, value)}: it has {number(len(shape), 'axis', 'axes')}"
        yield f"{said}, so there is no axis {match[1]}." if match else f"{said}."


@says("shape.conv_channels")
def channels_of_both(case: Case) -> Iterator[str]:
    """Pictures and filters, with the axes that meet."""
    found = [(n, v) for n, v in arrays_on_line(case) if len(shape_of(v) or ()) == 4]
    if len(found) == 2:
        (x, pictures), (k, filters) = found
        m, n = shape_of(pictures) or (), shape_of(filters) or ()
        yield (
            f"`{x}` is {m}, with its channels on the last axis; `{k}` is {n}, and its third axis says "
            f"how many the filters take: {m[-1]} against {n[2]}."
        )


@says("numpy.truth_value_ambiguous", "viz.axes_array", "torch.bool_ambiguous", "torch.item_many",
      "numpy.not_a_scalar")  # fmt: skip
def how_many_values(case: Case) -> Iterator[str]:
    """The array that is used as if it were one value."""
    for name, value in arrays_on_line(case):
        shape = shape_of(value) or ()
        if shape and None not in shape and product(shape) != 1:
            yield f"{with_shape(name, value)}: {product(shape)} values, where one is needed."
            return


@says("shape.einsum")
def which_letter(case: Case) -> Iterator[str]:
    """The letter whose axes differ, and whose they are."""
    for call in case.line.calls("einsum"):
        equation = case.line.maybe(call.args[0]) if call.args else None
        if not isinstance(equation, str) or "." in equation:
            continue
        names = [ast.unparse(each) for each in call.args[1:]]
        shapes = [shape_of(case.line.maybe(each)) for each in call.args[1:]]
        inputs = equation.replace(" ", "").split("->")[0].split(",")
        seen: dict[str, tuple[str, int]] = {}
        for name, letters, shape in zip(names, inputs, shapes, strict=False):
            if shape is None:
                continue
            if len(letters) != len(shape):
                yield f"`{name}` is {shape}, {len(shape)} axes, and '{letters}' names {len(letters)}."
                return
            for letter, size in zip(letters, shape, strict=True):
                before = seen.setdefault(letter, (name, size or 0))
                if size is not None and before[1] != size:
                    yield f"'{letter}' is {before[1]} in `{before[0]}` and {size} in `{name}`, which is {shape}."
                    return
