"""From any iterable to a list of arrays of one kind, or a sentence about what isn't one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, KeysView, Mapping, Sequence, ValuesView
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np

from tfviz.arrays.kinds import KERAS, NUMPY, Kind, is_array, kind_of, shape_text
from tfviz.arrays.origin import Origin
from tfviz.errors import InputError
from tfviz.files.kinds import IMAGE_SUFFIXES

MOST_LISTED = 8
_RAGGED = "(tfviz doctor show data.ragged_array)"


def items_of(parts: Any, origin: Origin, verb: str) -> list[Any]:
    """Walks through the iterable once.

    Args:
        parts: What was given.
        origin: What `trace` saw of it.
        verb: 'concatenate' or 'stack'.

    Raises:
        InputError: If it can't be walked through, or would never end.
    """
    _require_iterable(parts, verb)
    if origin.through("dataset") and not sys.modules["tensorflow"].executing_eagerly():
        raise InputError(
            f"A dataset can't be walked through inside a tf.function: {verb} it outside, or let "
            f"the dataset do it, dataset.batch(n)."
        )
    endless = origin.through("endless")
    if endless:
        what = endless.what[0].upper() + endless.what[1:]
        raise InputError(
            f"{what} never ends (repeat(), cycle, count): {verb} only so many of it, "
            f"dataset.take(n) or itertools.islice(parts, n)."
        )
    if origin.dataset and isinstance(getattr(parts, "element_spec", None), (tuple, list, Mapping)):
        raise InputError(_pairs(parts.element_spec, "Each element of the dataset", verb))
    if isinstance(parts, Mapping):
        return list(parts.values())
    if is_array(parts):
        return _rows(parts, verb)
    if hasattr(parts, "__array__") and not isinstance(parts, (list, tuple)):
        return _rows(np.asarray(parts), verb)
    if not hasattr(parts, "__iter__"):
        # Keras's PyDataset and the old sequences: an index and a length.
        return [parts[i] for i in range(len(parts))]
    return list(parts)


def _require_iterable(parts: Any, verb: str) -> None:
    if parts is None:
        raise InputError(
            f"parts= is None: what should have given the list has no return, or found nothing. "
            f"Give {verb} a list of arrays."
        )
    if isinstance(parts, (str, bytes, os.PathLike)):
        raise InputError(
            f"parts={parts!r} is a name, not arrays: read the files first, "
            f"tfviz.{verb}([tfviz.read_rgb(p) for p in tfviz.image_files(folder, pattern)])."
        )
    if isinstance(parts, AbstractSet):
        raise InputError("parts= is a set, which has no order: give a list, such as sorted(parts).")
    if isinstance(parts, Iterable) or is_array(parts):
        return
    if not (hasattr(parts, "__getitem__") and hasattr(parts, "__len__")):
        raise InputError(
            f"parts={parts!r} ({type(parts).__name__}) is nothing to walk through: give {verb} a "
            f"list of arrays, also for a single one, [x]."
        )


def _rows(x: Any, verb: str) -> list[Any]:
    kind = kind_of(x)
    shape = kind.shape(x)
    if shape is not None and len(shape) == 0:
        raise InputError(f"parts= is a single number (shape ()): give {verb} a list, [x].")
    if shape is None or shape[0] is None:
        raise InputError(
            f"parts= is one {kind.noun} of shape {shape_text(shape)}, and how many items its first "
            f"axis has isn't known yet: give a list of tensors, also for a single one, [x]."
        )
    return kind.rows(x) if shape[0] else []


def arrays_of(items: Sequence[Any], verb: str, stack: Callable[[list[Any]], Any]) -> list[Any]:
    """Every item as an array or tensor; lists and numbers become NumPy arrays.

    Args:
        items: What the iterable gave.
        verb: 'concatenate' or 'stack'.
        stack: Joins the items of a list in which there are tensors.

    Raises:
        InputError: For None, dicts, ragged lists, sparse matrices, names of files.
    """
    missing = [i for i, each in enumerate(items) if each is None]
    if missing:
        raise InputError(
            f"{_listed(missing)} of {len(items)} {'is' if len(missing) == 1 else 'are'} None: an "
            f"image that cv2.imread couldn't read, or a function without return. Mend that, or "
            f"leave them out: [x for x in parts if x is not None]. "
            f"(tfviz doctor show cv2.imread_none)"
        )
    return [_array(each, i, verb, stack) for i, each in enumerate(items)]


def _array(item: Any, index: int, verb: str, stack: Callable[[list[Any]], Any]) -> Any:
    name = f"Part {index}"
    if is_array(item):
        if hasattr(item, "to_dense") and bool(getattr(item, "is_sparse", False)):
            raise InputError(f"{name} is a sparse tensor: x.to_dense() makes it an ordinary one.")
        if type(item).__name__ == "SparseTensor":
            raise InputError(f"{name} is a SparseTensor: tf.sparse.to_dense(x) makes it ordinary.")
        return item if not isinstance(item, np.generic) else np.asarray(item)
    if isinstance(item, Mapping):
        raise InputError(_pairs(item, name, verb))
    if isinstance(item, os.PathLike) or (
        isinstance(item, str) and verb == "concatenate" and item.lower().endswith(IMAGE_SUFFIXES)
    ):
        raise InputError(f"{name} is the name {str(item)!r}: read it first, tfviz.read_rgb(path).")
    if hasattr(item, "toarray"):
        raise InputError(f"{name} is a sparse matrix: x.toarray() makes it an ordinary one.")
    item = _settled(item)
    if isinstance(item, (list, tuple)) and _has_tensors(item):
        try:
            return stack(list(item))
        except InputError as error:
            raise InputError(f"{name} is itself a {type(item).__name__}. {error}") from error
    return _plain(item, name, verb)


def _settled(item: Any) -> Any:
    """Iterators, also those in lists and iterators, as lists."""
    if isinstance(item, (Iterator, KeysView, ValuesView)):
        return [_settled(each) for each in item]
    if isinstance(item, (list, tuple)) and any(isinstance(each, Iterator) for each in item):
        return [_settled(each) for each in item]
    return item


def _has_tensors(item: Sequence[Any]) -> bool:
    return any(
        _has_tensors(each) if isinstance(each, (list, tuple)) else kind_of(each) is not NUMPY
        for each in item
    )


def _plain(item: Any, name: str, verb: str) -> Any:
    try:
        made = np.asanyarray(item)
    except (ValueError, TypeError) as error:
        if isinstance(item, (list, tuple)):
            raise InputError(_ragged(item, name, verb)) from error
        raise InputError(
            f"{name} ({type(item).__name__}) can't be made an array: {error}."
        ) from error
    if made.dtype == object and isinstance(item, (list, tuple)):
        at = _none_at(item)
        if at is not None:
            raise InputError(f"{name} has None at {at}: fill it in (np.nan) or leave it out.")
    if made.dtype == object and made.ndim == 0 and not hasattr(item, "__array__"):
        raise InputError(
            f"{name} is {item!r} ({type(item).__name__}), which is no array, tensor, number or "
            f"list of those."
        )
    return made


def _none_at(item: Sequence[Any]) -> str | None:
    for i, each in enumerate(item):
        if each is None:
            return f"[{i}]"
        if isinstance(each, (list, tuple)):
            below = _none_at(each)
            if below is not None:
                return f"[{i}]{below}"
    return None


def _ragged(item: Sequence[Any], name: str, verb: str) -> str:
    at = _none_at(item)
    if at is not None:
        return f"{name} has None at {at}: fill it in (np.nan) or leave it out."
    shapes = [_shape(each) for each in item]
    listed = ", ".join(shapes[:MOST_LISTED]) + (", ..." if len(shapes) > MOST_LISTED else "")
    said = f"{name} is a ragged {type(item).__name__}: its items have the shapes {listed}"
    if len(item) == 2 and all(map(is_array, item)):
        return (
            f"{said}. If it is a pair of images and labels, take one of the two: "
            f"tfviz.{verb}([x for x, y in parts]). {_RAGGED}"
        )
    return (
        f"{said}. Pad them to one length: keras.utils.pad_sequences(x, padding='post'). {_RAGGED}"
    )


def _shape(each: Any) -> str:
    try:
        return shape_text(np.shape(each))
    except ValueError:
        return "ragged"


def _pairs(spec: Any, what: str, verb: str) -> str:
    if isinstance(spec, Mapping):
        keys = ", ".join(repr(each) for each in spec)
        first = repr(next(iter(spec), "name"))
        return (
            f"{what} is a dict ({keys}): take one, tfviz.{verb}([each[{first}] for each in parts])."
        )
    names = ["x", "y", "weights", *"abcdefgh"][: len(spec)]
    take = ", ".join(names) + ("," if len(names) == 1 else "")
    return (
        f"{what} is a {type(spec).__name__} of {len(spec)} (images and labels, perhaps): take one "
        f"of them, tfviz.{verb}([x for {take} in parts])."
    )


def _listed(indices: list[int]) -> str:
    """`Part 3`, `Parts 1 and 4`, or the first few."""
    if len(indices) == 1:
        return f"Part {indices[0]}"
    if len(indices) > MOST_LISTED:
        shown = ", ".join(map(str, indices[:MOST_LISTED]))
        return f"Parts {shown} and {len(indices) - MOST_LISTED} more, {len(indices)} in all,"
    return f"Parts {', '.join(map(str, indices[:-1]))} and {indices[-1]}"


def common_kind(arrays: Sequence[Any]) -> Kind:
    """The kind that the result has.

    Raises:
        InputError: If tensors of two frameworks are among them.
    """
    first: dict[Kind, int] = {}
    for i, each in enumerate(arrays):
        first.setdefault(kind_of(each), i)
    kinds = [each for each in first if each is not NUMPY]
    if not kinds:
        return NUMPY
    if KERAS in kinds:
        kinds = [KERAS, *(each for each in kinds if each is not KERAS and not KERAS.takes(each))]
    if len(kinds) == 1:
        return kinds[0]
    one, other = sorted(kinds[:2], key=lambda each: first[each])
    raise InputError(
        f"Part {first[one]} is a {one.noun}, part {first[other]} a {other.noun}: tensors of two "
        f"frameworks don't mix. Make all of one kind first, or NumPy arrays: {one.to_numpy} and "
        f"{other.to_numpy}."
    )
