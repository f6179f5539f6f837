"""Arrays, tables and pictures of NumPy, pandas and Pillow in a few words."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from tfviz.doctor.live.description import Description, Statistics
from tfviz.doctor.live.plain import LOOK, elements, shortened
from tfviz.doctor.live.safely import maybe, read
from tfviz.doctor.live.statistics import statistics_of


def ndarray(value: Any, most: int) -> Description:
    """Any ndarray: masked, in a file, structured, of objects."""
    # By the class itself: a subclass of the user's may answer otherwise, or count.
    bare = value if type(value) is np.ndarray else np.ndarray.view(value, np.ndarray)
    shape, dtype = tuple(bare.shape), bare.dtype
    notes = []
    numbers = None
    if isinstance(value, np.ma.MaskedArray):
        numbers, note = _masked(value, bare, most)
        notes.append(note)
    elif dtype.names:
        notes.append(f"fields {', '.join(dtype.names[:6])}")
    elif dtype.kind == "O":
        notes.append(_objects(bare))
    elif dtype.kind in "SU":
        notes.append(_words(bare))
    elif dtype.kind in "mM" and bare.size:
        notes.append(f"{bare.min()} to {bare.max()}" if bare.size <= most else "")
    else:
        numbers = statistics_of(value if isinstance(value, np.memmap) else bare, most)
    if isinstance(value, np.memmap):
        notes.append("in a file")
    name = "structured" if dtype.names else str(dtype)
    kind = {"memmap": "memmap", "MaskedArray": "MaskedArray"}.get(type(value).__name__, "ndarray")
    return Description(kind, shape, name, numbers, note=", ".join(n for n in notes if n))


def _masked(value: Any, bare: np.ndarray, most: int) -> tuple[Statistics | None, str]:
    mask = maybe(value, "_mask")
    if not isinstance(mask, np.ndarray) or mask.shape != bare.shape or bare.size > most:
        return statistics_of(bare, most), ""
    hidden = int(np.count_nonzero(mask))
    rest = bare[~mask]
    return statistics_of(rest, most) if rest.size else None, f"{hidden:,} of {bare.size:,} masked"


def _objects(bare: np.ndarray) -> str:
    if not bare.size:
        return "empty"
    return elements([bare.flat[i] for i in range(min(bare.size, LOOK))], bare.size)


def _words(bare: np.ndarray) -> str:
    if not bare.size:
        return "empty"
    return f"e.g. {shortened(str(bare.flat[0]))!r}"


def scalar(value: Any, most: int) -> Description:
    """One number of NumPy."""
    array = np.asarray(value)
    if array.dtype.kind in "SUOmM":
        return Description(type(value).__name__, note=shortened(str(array)), joint=" ", final=True)
    return Description(type(value).__name__, None, "", statistics_of(array), joint=" ", final=True)


def picture(value: Any, most: int) -> Description:
    """An image of Pillow, which isn't loaded for this."""
    width, height = read(value, "size")
    mode = read(value, "mode")
    return Description("PIL image", note=f"{width} wide, {height} high, mode {mode}", final=True)


def frame(value: Any, most: int) -> Description:
    """A table of pandas: how many columns of each dtype, and which are objects."""
    shape = tuple(int(each) for each in read(value, "shape"))
    dtypes = [str(each) for each in read(value, "dtypes").to_numpy()]
    names = [str(each)[:30] for each in read(value, "columns").tolist()[:LOOK]]
    notes = []
    for dtype, count in Counter(dtypes).most_common(4):
        note = f"{count} {dtype}"
        if dtype in ("object", "str", "string", "category"):
            which = [name for name, each in zip(names, dtypes, strict=False) if each == dtype]
            note += f" ({', '.join(which[:4])}{', ...' if len(which) > 4 else ''})"
        notes.append(note)
    if shape[0] * shape[1] <= most // 10:
        missing = int(read(value, "isna")().to_numpy().sum())
        if missing:
            notes.append(f"{missing:,} missing of {shape[0] * shape[1]:,}")
    return Description("DataFrame", shape, note="; ".join(notes) or "empty")


def series(value: Any, most: int) -> Description:
    """A column of pandas."""
    shape, dtype = tuple(read(value, "shape")), read(value, "dtype")
    numbers, note = None, ""
    if isinstance(dtype, np.dtype) and dtype.kind in "iufbc":
        numbers = statistics_of(read(value, "to_numpy")(), most)
    elif isinstance(dtype, np.dtype) and dtype.kind == "O":
        note = _objects(read(value, "to_numpy")())
    name = maybe(value, "name")
    note = ", ".join(
        each for each in (note, f"column {name[:30]!r}" if type(name) is str else "") if each
    )
    kind = "Series" if "Series" in (each.__name__ for each in type(value).__mro__) else "Index"
    return Description(kind, shape, str(dtype), numbers, note=note)
