"""A batch that was kept: written, read, and run again.

A folder holds `batch.npz`, the arrays, and `batch.json`, how they are nested and what was found.
Nothing in it is executed when it is read.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfviz.errors import InputError
from tfviz.files.atomic import ensure_writable, write_text, writing

ARRAYS, STRUCTURE = "batch.npz", "batch.json"
_PLACES = ("x", "y", "sample_weight")


@dataclass(frozen=True, eq=False)
class Kept:
    """A batch from a folder.

    Attributes:
        batch: As it was given to the model, its parts as tensors.
        about: The report that was saved with it.
    """

    batch: Any = field(repr=False)
    about: dict[str, Any]

    def again(self, model: Any, forward: Any) -> Any:
        """Run the batch again, with the random seeds that it met, and look for the first layer.

        Args:
            model: The model, with the weights that it had.
            forward: `f(batch) -> {"loss": scalar}`.

        Returns:
            A `NonFinite`.
        """
        from tfviz.probe.nonfinite import first_nonfinite

        seeds = self.about.get("seeds", {})
        restore = [(v, seeds[v.path]) for v in model.variables if v.path in seeds]
        return first_nonfinite(model, forward, self.batch, restore=restore)


def save(folder: str | Path, batch: Any, about: Mapping[str, Any] | None = None) -> Path:
    """Write a batch, each file whole or not at all.

    Args:
        folder: Made where absent.
        batch: Tensors and arrays, nested in tuples, lists and dictionaries.
        about: Anything that JSON can hold.

    Returns:
        The folder.

    Raises:
        OutputError: When it can't be written.
        InputError: When the batch holds something that is no array.
    """
    arrays: dict[str, np.ndarray] = {}
    structure = _described(batch, arrays)
    place = ensure_writable(folder)
    with writing(place / ARRAYS) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # it means allow_pickle
    text = json.dumps({"batch": structure, "about": dict(about or {})}, indent=1)
    write_text(place / STRUCTURE, text)
    return place


def load(folder: str | Path) -> Kept:
    """Read what `save` wrote.

    Args:
        folder: The folder.

    Raises:
        InputError: When it isn't there or isn't whole.
    """
    place = Path(folder)
    try:
        found = json.loads((place / STRUCTURE).read_text(encoding="utf-8"))
        with np.load(place / ARRAYS, allow_pickle=False) as arrays:
            batch = _made(found["batch"], arrays)
        return Kept(batch, found["about"])
    except FileNotFoundError as error:
        raise InputError(
            f"'{place}' holds no kept batch ({Path(error.filename).name} is missing): pass the "
            f"folder that report.save(folder) wrote."
        ) from error
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(
            f"The batch kept in '{place}' can't be read ({error}): one of its files was changed or "
            f"cut off."
        ) from error


def parts(batch: Any) -> Iterator[tuple[str, Any]]:
    """The leaves of a batch with names that a person would use: x, x['image'], y, sample_weight."""
    if isinstance(batch, tuple) and 1 <= len(batch) <= len(_PLACES):
        for name, each in zip(_PLACES, batch, strict=False):
            yield from _named(name, each)
    else:
        yield from _named("x", batch)


def _named(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _named(f"{name}[{key!r}]", each)
    elif isinstance(value, (tuple, list)):
        for i, each in enumerate(value):
            yield from _named(f"{name}[{i}]", each)
    elif value is not None:
        yield name, value


def _described(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if value is None:
        return {"none": True}
    if isinstance(value, Mapping):
        return {"dict": [[str(key), _described(each, arrays)] for key, each in value.items()]}
    if isinstance(value, (tuple, list)):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [_described(each, arrays) for each in value]}
    if isinstance(value, tf.RaggedTensor):
        rows = [_described(each, arrays) for each in value.nested_row_splits]
        return {"ragged": rows, "values": _described(value.flat_values, arrays)}
    if isinstance(value, tf.SparseTensor):
        inner = (value.indices, value.values, value.dense_shape)
        return {"sparse": [_described(each, arrays) for each in inner]}
    tensor = tf.convert_to_tensor(value)
    number = str(len(arrays))
    if tensor.dtype == tf.string:
        # Strings may hold any bytes, also zeros at the end, which an array of strings would lose.
        texts = [bytes(each) for each in tensor.numpy().ravel()] if tensor.shape.rank else None
        texts = [tensor.numpy()] if texts is None else texts
        arrays[number] = np.frombuffer(b"".join(texts), np.uint8)
        return {
            "strings": number,
            "lengths": [len(each) for each in texts],
            "shape": list(tensor.shape),
        }
    try:
        array = np.asarray(tensor.numpy())
    except Exception as error:
        raise InputError(f"A batch with a {type(value).__name__} can't be kept: {error}") from error
    # bfloat16 and the 8-bit kinds are none of NumPy's own: kept as the bytes they are.
    arrays[number] = array if array.dtype.kind in "?biufc" else array.view(f"u{array.itemsize}")
    return {"array": number, "dtype": tensor.dtype.name}


def _made(found: Any, arrays: Any) -> Any:
    if "none" in found:
        return None
    if "dict" in found:
        return {key: _made(each, arrays) for key, each in found["dict"]}
    if "tuple" in found:
        return tuple(_made(each, arrays) for each in found["tuple"])
    if "list" in found:
        return [_made(each, arrays) for each in found["list"]]
    if "ragged" in found:
        rows = [_made(each, arrays) for each in found["ragged"]]
        return tf.RaggedTensor.from_nested_row_splits(_made(found["values"], arrays), rows)
    if "sparse" in found:
        return tf.SparseTensor(*[_made(each, arrays) for each in found["sparse"]])
    if "strings" in found:
        whole, start, texts = arrays[found["strings"]].tobytes(), 0, []
        for length in found["lengths"]:
            texts.append(whole[start : start + length])
            start += length
        return tf.reshape(tf.constant(texts, tf.string), found["shape"])
    array = arrays[found["array"]]
    kind = tf.as_dtype(found["dtype"])
    own = array.dtype.kind in "?biufc" and array.dtype == kind.as_numpy_dtype
    return tf.constant(array if own else array.view(kind.as_numpy_dtype))
