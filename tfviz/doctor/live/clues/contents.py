"""What is wrong inside the data: NaN, text, unequal entries, nothing at all."""

from __future__ import annotations

import ast
import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from tfviz.doctor.live.clues.case import Case, Settled, says, settles
from tfviz.doctor.live.clues.fitting import Fit, fit_of
from tfviz.doctor.live.clues.seen import (
    MOST_ITEMS,
    arrays_on_line,
    dtype_of,
    items_of,
    listed,
    number,
    numbers_of,
    shape_of,
    shown,
)
from tfviz.doctor.live.clues.trees import bound_by
from tfviz.doctor.live.safely import is_a, maybe

# Some tenths of a second.
MOST_LOOKED_AT = 50_000_000
_NAN = ("train.loss_nan", "train.val_loss_nan", "train.loss_inf", "train.check_numerics",
        "data.contains_nan", "loss.label_out_of_range.negative")  # fmt: skip
_OBJECTS = ("data.object_dtype", "data.ragged_array", "data.unrecognized_type",
            "numpy.array_element_sequence", "data.inhomogeneous_array", "numpy.ufunc_strings",
            "numpy.string_to_float", "data.arguments_for_arrays", "viz.non_numeric_data",
            "torch.from_numpy_type")  # fmt: skip


@says(*_NAN)
def nan_in_the_data(case: Case) -> Iterator[str]:
    """Which array holds NaN or infinity, how many and in which columns."""
    seen: set[int] = set()
    left = MOST_LOOKED_AT
    for name, value in data_of(case):
        if id(value) in seen or left < 0:
            continue
        seen.add(id(value))
        numbers = numbers_of(value)
        left -= 0 if numbers is None else numbers.size
        if numbers is None or numbers.dtype.kind not in "fc" or not numbers.size:
            continue
        nan, infinite = np.isnan(numbers), np.isinf(numbers)
        for mask, word in ((nan, "NaN"), (infinite, "infinite")):
            count = int(np.count_nonzero(mask))
            if count:
                yield f"`{name}` {numbers.shape} holds {count} {word} of {mask.size}{_where(mask)}."


def _where(mask: np.ndarray) -> str:
    if mask.ndim == 2:
        columns = np.flatnonzero(mask.any(axis=0))
        rows = np.flatnonzero(mask.any(axis=1))
        word = "column" if len(columns) == 1 else "columns"
        if len(columns) <= 4 and len(columns) < mask.shape[1]:
            return f", in {word} {listed([str(each) for each in columns])}, first in row {rows[0]}"
        return f", first in row {rows[0]}"
    first = tuple(int(each) for each in np.argwhere(mask)[0])
    return f", first at [{', '.join(map(str, first))}]"


def data_of(case: Case) -> Iterator[tuple[str, Any]]:
    """The arrays that training works on: of `fit`, on the line, then in the function and around."""
    fit = fit_of(case)
    if fit is not None:
        yield from fit.arrays()
    yield from arrays_on_line(case)
    for frame in (case.own, *case.callers):
        for name, value in list(frame.locals.items())[:300]:
            if shape_of(value) is not None and not name.startswith("_"):
                yield name, value


@settles("data.object_dtype", "data.ragged_array", "numpy.array_element_sequence",
         "tf.none_to_tensor", "autodiff.tape_gradient_none", errors=["ValueError", "TypeError"])  # fmt: skip
def ragged_or_mixed(case: Case) -> Settled | None:
    """An object array of unequal rows is another matter than one with text in it."""
    if case.ids and not case.is_about(["data.object_dtype", "data.ragged_array"]):
        return None
    for _, value in _suspects(case):
        if not is_a(value, "numpy", "ndarray") or value.dtype != object:
            continue
        cells = list(value.ravel()[:MOST_ITEMS])
        if cells and all(_size(each) is not None for each in cells):
            return Settled("data.ragged_array", {"what": type(cells[0]).__name__})
        if cells and "Unsupported object type" in case.message + str(case.ids):
            return Settled("data.object_dtype", {"what": "mixed"})
    return None


def _suspects(case: Case) -> Iterator[tuple[str, Any]]:
    fit = fit_of(case)
    if fit is not None:
        yield from fit.parts()
    for name, value in case.line.expressions():
        if (
            is_a(value, "numpy", "ndarray")
            or is_a(value, "pandas", "DataFrame", "Series")
            or type(value) in (list, tuple)
        ):
            yield name, value


@says(*_OBJECTS)
def entries_that_differ(case: Case) -> Iterator[str]:
    """Which entries are unlike the others: longer, of another shape, text among numbers."""
    told = set()
    for name, value in _suspects(case):
        if name in told:
            continue
        said = _of_table(name, value) or _of_items(name, value) or _of_objects(name, value)
        if said:
            told.add(name)
            yield said
        if len(told) == 2:
            return


def _of_table(name: str, value: Any) -> str:
    if not is_a(value, "pandas", "DataFrame"):
        return ""
    columns, dtypes = list(maybe(value, "columns")), list(maybe(value, "dtypes"))
    bad = [
        c
        for c, d in zip(columns, dtypes, strict=True)
        if str(d) in ("object", "str", "string", "category")
    ]
    if not bad:
        return ""
    cells = maybe(value, "to_numpy")()[:MOST_ITEMS, columns.index(bad[0])]
    odd = [i for i, cell in enumerate(cells) if not isinstance(cell, int | float)]
    first = f": row {odd[0]} holds {shown(cells[odd[0]])}" if odd else ""
    told = "column" if len(bad) == 1 else "columns"
    are = "holds" if len(bad) == 1 else "hold"
    return (
        f"`{name}`: {told} {listed([shown(each) for each in bad])} {are} no plain numbers{first}."
    )


def _of_items(name: str, value: Any) -> str:
    items = items_of(value)
    if not items:
        return ""
    shapes = [shape_of(each) for each in items]
    if all(each is not None for each in shapes) and len(set(shapes)) > 1:
        usual = Counter(shapes).most_common(1)[0][0]
        odd = [i for i, each in enumerate(shapes) if each != usual]
        return (
            f"The entries of `{name}` differ in shape: entry {odd[0]} is {shapes[odd[0]]}, most are "
            f"{usual} ({len(odd)} of {len(shapes)} differ)."
        )
    sizes = [_size(each) for each in items]
    if None not in sizes and len(set(sizes)) > 1:
        usual_size = Counter(sizes).most_common(1)[0][0]
        at = next(i for i, each in enumerate(sizes) if each != usual_size)
        return (
            f"The entries of `{name}` differ in length: entry {at} has length {sizes[at]}, others "
            f"have length {usual_size} (from {min(s for s in sizes if s is not None)} to "
            f"{max(s for s in sizes if s is not None)})."
        )
    mixed = [i for i, size in enumerate(sizes) if size is not None]
    if mixed and len(mixed) < len(sizes):
        plain = next(i for i, size in enumerate(sizes) if size is None)
        return (
            f"The entries of `{name}` are of two kinds: entry {mixed[0]} is a sequence of length "
            f"{sizes[mixed[0]]}, entry {plain} is a single {type(items[plain]).__name__}."
        )
    return _odd_kind(name, items)


def _odd_kind(name: str, items: Any) -> str:
    shapes = {shape_of(each) for each in items}
    if len(shapes) == 1 and None not in shapes:
        return f"`{name}` is a list of {len(items)} arrays {shapes.pop()}, no array: `np.array({name})`."
    texts = [i for i, each in enumerate(items) if isinstance(each, str)]
    if texts:
        word = (
            "all are text" if len(texts) == len(items) else f"{len(texts)} of {len(items)} are text"
        )
        return f"`{name}`: {word}; entry {texts[0]} is {shown(items[texts[0]])}."
    nothing = [i for i, each in enumerate(items) if each is None]
    if nothing:
        return f"`{name}`: {len(nothing)} of {len(items)} entries are None; the first is entry {nothing[0]}."
    if type(items) in (list, tuple) and all(type(each) in (int, float, list) for each in items):
        return (
            f"`{name}` is a {type(items).__name__} of {len(items)}, no array: `np.array({name})`."
        )
    return ""


def _of_objects(name: str, value: Any) -> str:
    if not is_a(value, "numpy", "ndarray"):
        return ""
    if value.dtype.kind in "US":
        texts = itertools.islice(value.flat, MOST_ITEMS)
        for place, cell in zip(np.ndindex(value.shape), texts, strict=False):
            if not _reads_as_number(cell):
                return f"`{name}` holds text ({value.dtype}): {_cell(place)} is {shown(str(cell))}."
        return f"`{name}` holds text ({value.dtype})."
    if value.dtype != object:
        return ""
    cells = itertools.islice(value.flat, MOST_ITEMS)
    for place, cell in zip(np.ndindex(value.shape), cells, strict=False):
        if isinstance(cell, int | float | np.number) and not isinstance(cell, np.str_):
            continue
        said = f"`{name}` {value.shape} is of dtype object: {_cell(place)} holds {shown(cell)}"
        return f"{said}."
    return f"`{name}` {value.shape} is of dtype object, though all in it are numbers."


def _reads_as_number(text: str | bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _cell(place: tuple[int, ...]) -> str:
    if len(place) == 2:
        return f"row {place[0]}, column {place[1]}"
    return f"entry {', '.join(map(str, place))}"


def _size(value: Any) -> int | None:
    """The length of a list or array, None for what is one value."""
    if type(value) in (list, tuple):
        return len(value)
    shape = shape_of(value)
    return shape[0] if shape and shape[0] is not None else None


def first_place(value: Any, text: str) -> str:
    """Where a text stands in an array, table or list; '' when it doesn't."""
    if is_a(value, "pandas", "DataFrame"):
        cells = maybe(value, "to_numpy")()
        columns = list(maybe(value, "columns"))
        for row, column in np.ndindex(cells[:MOST_ITEMS].shape):
            cell = cells[row, column]
            if type(cell) is str and cell == text:
                return f"column {columns[column]!r}, row {row}"
        return ""
    if is_a(value, "numpy", "ndarray") and value.dtype.kind in "OUS":
        cells = itertools.islice(value.flat, MOST_ITEMS)
        for place, cell in zip(np.ndindex(value.shape), cells, strict=False):
            if type(cell) in (str, np.str_) and cell == text:
                return _cell(place)
    items = items_of(value)
    for i, each in enumerate(items or ()):
        if type(each) in (list, tuple):
            inner = [j for j, c in enumerate(each) if type(c) is str and c == text]
            if inner:
                return f"row {i}, column {inner[0]}"
        elif type(each) is str and each == text:
            return f"entry {i}"
    return ""


@says("data.empty_list_concatenate", "numpy.empty_array", "data.empty_batch", "data.zero_batches",
      "data.no_images_found", "python.index_out_of_range", "data.too_few_to_split",
      "torch.empty_dataset")  # fmt: skip
def what_is_empty(case: Case) -> Iterator[str]:
    """Which list, array or dataset is empty, and where it was made."""
    for name, value in case.line.expressions():
        empty = type(value) in (list, tuple, dict) and not value
        shape = shape_of(value)
        if not empty and not (shape is not None and 0 in shape):
            continue
        said = f"`{name}` is empty" if empty else f"`{name}` is {shape}: empty"
        yield f"{said}{_made(case, name)}."
        return
    fit = fit_of(case)
    if fit is not None and fit.x is not None:
        yield from _without_batches(fit)


def _made(case: Case, name: str) -> str:
    statement = case.line.assigned(name)
    if statement is None:
        return ""
    said = f", made on line {statement.lineno}: `{ast.unparse(statement).splitlines()[0]:.80}`"
    loop = next(
        (
            each
            for each in ast.walk(case.line.scope)
            if isinstance(each, ast.For) and statement.lineno < each.lineno <= case.line.line
            and f"{name}.append" in ast.unparse(each)
        ),
        None,
    )  # fmt: skip
    if loop is not None:
        ran = all(case.own.has(each) for each in bound_by(loop))
        kept = "appended nothing" if ran else "had nothing to go over"
        said += f"; the loop on line {loop.lineno} over `{ast.unparse(loop.iter):.60}` {kept}"
    return said


def _without_batches(fit: Fit) -> Iterator[str]:
    name, value = fit.x or ("", None)
    cardinality = maybe(value, "cardinality")
    if is_a(value, "tensorflow", "DatasetV2") and cardinality is not None:
        count = int(cardinality())
        if count == 0:
            yield f"`{name}` has 0 batches: fewer samples than one batch, or none were left over."
        elif count > 0:
            yield f"`{name}` has {number(count, 'batch', 'batches')}."
        return
    shape = shape_of(value)
    if shape and shape[0] == 0:
        yield f"`{name}` is {shape}: no sample, dtype {dtype_of(value)}."
