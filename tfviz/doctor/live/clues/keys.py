"""Keys that a dictionary hasn't, indexes past the end of a list."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Any

from tfviz.doctor.live.clues.case import Case, Settled, says, settles
from tfviz.doctor.live.clues.counting import counted
from tfviz.doctor.live.clues.seen import (
    arrays_on_line,
    kind_of,
    locals_of,
    number,
    numbers_of,
    shape_of,
    shown,
)
from tfviz.doctor.live.safely import is_a, maybe
from tfviz.errors import nearest

MOST_NAMES = 5000


@settles(errors=["KeyError", "IndexError", "InvalidArgumentError"])
def key_or_index(case: Case) -> Settled | None:
    """A plain dictionary or list of the user's."""
    if case.ids or any(each.frame is not None for each in case.inner):
        return None
    found = asked_of(case)
    if found is None:
        return None
    _, owner, key = found
    if isinstance(case.error, KeyError) and type(owner) is not type(None):
        return Settled("python.key_missing", {"key": f"{shown(key)}"})
    if isinstance(case.error, IndexError) and shape_of(owner) is None:
        return Settled("python.index_out_of_range", {"index": f"{shown(key)}"})
    return None


@settles("python.index_out_of_range.array")
def index_of_an_array(case: Case) -> Settled | None:
    """The array, its axis and the index are at hand."""
    found = asked_of(case)
    beyond = _beyond(found[1], found[2]) if found else None
    if beyond is None:
        return None
    axis, index, size = map(str, beyond)
    return Settled("python.index_out_of_range.array", {"axis": axis, "index": index, "size": size})


def asked_of(case: Case) -> tuple[ast.Subscript, Any, Any] | None:
    """The subscript that failed: its source, what was asked, and for what."""
    missing = object()
    for top in (case.line.node, case.line.statement):
        for node in ast.walk(top) if top is not None else ():
            if not isinstance(node, ast.Subscript):
                continue
            owner = case.line.maybe(node.value, missing)
            key = case.line.maybe(node.slice, missing)
            if owner is missing or key is missing or not _is_plain(key):
                continue
            if isinstance(case.error, KeyError):
                if case.error.args[:1] == (key,):
                    return node, owner, key
            elif _out_of_range(owner, key):
                return node, owner, key
    return None


def _is_plain(key: Any) -> bool:
    parts = key if type(key) is tuple else (key,)
    return all(type(each) in (str, int, float, bool, bytes) or _is_index(each) for each in parts)


def _out_of_range(owner: Any, key: Any) -> bool:
    return _beyond(owner, key) is not None


def _beyond(owner: Any, key: Any) -> tuple[int, int, int] | None:
    """(axis, index, size) of the index that is out of range, None when none is."""
    shape = shape_of(owner)
    sizes = (len(owner),) if type(owner) in (list, tuple, str, range) else shape or ()
    for axis, (each, size) in enumerate(zip(key if type(key) is tuple else (key,), sizes)):  # noqa: B905
        if size is not None and _is_index(each) and not -size <= int(each) < size:
            return axis, int(each), size
    return None


def _is_index(key: Any) -> bool:
    return type(key) is int or is_a(key, "numpy", "integer")


@says("python.key_missing", "keras.history_key_acc", "keras.history_no_validation",
      errors=["KeyError"])  # fmt: skip
def which_keys_there_are(case: Case) -> Iterator[str]:
    """The keys that exist, and the nearest."""
    found = asked_of(case)
    if found is None:
        return
    node, owner, key = found
    if type(owner) is dict or is_a(owner, "collections", "OrderedDict", "defaultdict"):
        keys = list(owner)[:MOST_NAMES]
    elif is_a(owner, "pandas", "DataFrame"):
        keys = list(maybe(owner, "columns"))
    else:
        return
    name = ast.unparse(node.value)
    names = [each for each in keys if isinstance(each, str)]
    # A value on validation data is another matter than the one without 'val_'.
    near = nearest(key, names) if isinstance(key, str) and not key.startswith("val_") else ""
    what = "columns" if is_a(owner, "pandas", "DataFrame") else "keys"
    there = ", ".join(_as_written(each, case) for each in keys[:8]) or "none"
    more = len(keys if what == "columns" else owner) - 8
    there += f" and {more} more" if more > 0 else ""
    yield f"`{name}` has no {shown(key)}; its {what} are {there}.{near}"
    if isinstance(key, str) and key.isdigit() and int(key) in keys:
        yield f"The key {key} is there as a number, not as text."
    elif _is_index(key) and str(key) in keys:
        yield f"The key '{key}' is there as text, not as a number."


def _as_written(key: Any, case: Case) -> str:
    if type(key) is str and key.isidentifier() and case.is_about(["keras."]):
        return f"`{key}`"
    return shown(key)


@says("python.index_out_of_range", "env.no_gpu_listed", errors=["IndexError"])
def which_index(case: Case) -> Iterator[str]:
    """The index, its name, and how long what it was asked of is."""
    found = asked_of(case)
    if found is None:
        return
    node, owner, key = found
    shape = shape_of(owner)
    beyond = _beyond(owner, key)
    if shape and beyond is not None:
        yield from _of_axis(case, node, shape, beyond)
        return
    size = len(owner)
    what = f"{kind_of(owner)} of {number(int(size or 0), 'entry', 'entries')}"
    index = ast.unparse(node.slice)
    named = (
        f"`{index}` is {key}"
        if not isinstance(node.slice, ast.Constant)
        else f"Entry {key} was asked for"
    )
    last = "it is empty" if not size else f"they are numbered 0 to {int(size) - 1}"
    yield f"{named}, and `{ast.unparse(node.value)}` is {what}: {last}."
    # A constant index is no count that went too far: `sys.argv[1]`.
    if size and key == size and counted(node.slice, case.line):
        yield ONE_TOO_FAR


@says("python.index_out_of_range.array")
def which_of_the_indices(case: Case) -> Iterator[str]:
    """The array of indices that holds the one beyond the end, and how many are."""
    match = re.search(
        r"index (-?\d+) is out of bounds for axis (\d+) with size (\d+)", case.message
    )
    if match is None:
        return
    axis, size = int(match[2]), int(match[3])
    for node in ast.walk(case.line.statement) if case.line.statement is not None else ():
        if not isinstance(node, ast.Subscript):
            continue
        shape = shape_of(case.line.maybe(node.value)) or ()
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if len(shape) <= axis or shape[axis] != size or len(parts) <= axis:
            continue
        indices = numbers_of(case.line.maybe(parts[axis]))
        if indices is None or not indices.ndim or indices.dtype.kind not in "iu":
            continue
        beyond = int(((indices < -size) | (indices >= size)).sum())
        if beyond:
            yield (
                f"`{ast.unparse(parts[axis])}` goes from {indices.min()} to {indices.max()}, and axis "
                f"{axis} of `{ast.unparse(node.value)}` {shape} has {number(size, 'entry', 'entries')}: "
                f"{beyond} of {indices.size} {'lies' if beyond == 1 else 'lie'} beyond."
            )
            return


ONE_TOO_FAR = (
    "That is exactly one past the end: what counts, a `range` or a `__len__`, goes one too far, or "
    "the entry after the last was asked for."
)


def _of_axis(
    case: Case, node: ast.Subscript, shape: Sequence[int | None], beyond: tuple[int, int, int]
) -> Iterator[str]:
    axis, index, size = beyond
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    each = parts[axis]
    asked = (
        f"`{ast.unparse(each)}` is {index}"
        if not isinstance(each, ast.Constant)
        else f"{index} was asked for"
    )
    yield (
        f"{asked}, and axis {axis} of `{ast.unparse(node.value)}` {tuple(shape)} has "
        f"{number(size, 'entry', 'entries')}{f': 0 to {size - 1}' if size else ''}."
    )
    if size and index == size and counted(each, case.line):
        yield ONE_TOO_FAR


@says("tf.index_out_of_range", "torch.embedding_index")
def which_number(case: Case) -> Iterator[str]:
    """Which array holds the index that is too large, and from where to where it runs."""
    match = re.search(r"= (-?\d+) is not in \[0, (\d+)\)", case.message)
    if match is None:
        return
    index, size = int(match[1]), int(match[2])
    for name, value in [*arrays_on_line(case), *locals_of(case)]:
        values = numbers_of(value)
        if values is None or values.dtype.kind not in "iuf" or not (values == index).any():
            continue
        low, high = values.min(), values.max()
        yield (
            f"`{name}` {values.shape} runs from {low:.6g} to {high:.6g}, and the table has "
            f"{number(size, 'row')}: 0 to {size - 1}."
        )
        return


@settles(errors=["ValueError"])
def values_to_unpack(case: Case) -> Settled | None:
    """A row of names on the left that takes another number of values."""
    match = _UNPACK.search(case.message)
    if match is None or case.ids or any(each.frame is not None for each in case.inner):
        return None
    return Settled("python.unpack", {"expected": match[1], "got": match[2] or "more"})


_UNPACK = re.compile(r"values to unpack \(expected (?:at least )?(\d+)(?:, got (\d+))?\)")


@says("python.unpack")
def what_is_unpacked(case: Case) -> Iterator[str]:
    """How many values the right side gives."""
    statement = case.line.statement
    right = getattr(statement, "value", None) or getattr(statement, "iter", None)
    if right is None:
        return
    for node, place in case.line.origins(right):
        if isinstance(node, ast.Tuple) and place is not case.line:
            yield f"`{ast.unparse(right):.60}` gives {len(node.elts)} values (line {node.lineno}): {ast.unparse(node):.80}."
            return
        value = place.maybe(node)
        if type(value) in (list, tuple, dict, str):
            yield f"`{ast.unparse(node):.60}` is {kind_of(value)} of {len(value)}."
            return
        shape = shape_of(value)
        if shape:
            yield f"`{ast.unparse(node):.60}` is {shape}: it is taken apart along its first axis, into {shape[0]}."
            return


@settles(errors=["StopIteration"])
def at_its_end(case: Case) -> Settled | None:
    """Of an iterator that has no more items."""
    return None if case.ids else Settled("python.stop_iteration")


@says("python.stop_iteration")
def which_iterator(case: Case) -> Iterator[str]:
    """Its name, and where it was made."""
    for call in case.line.calls("next"):
        if call.args:
            name = ast.unparse(call.args[0])
            made = case.line.assigned(name)
            where = f", made on line {made.lineno}: `{ast.unparse(made):.80}`" if made else ""
            yield f"`{name}` has no more items{where}."
            return
