"""Inputs as people have them, checked and made ready for the traced function."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.errors import InputError
from tfviz.model.shapes import in_words


@dataclass(frozen=True, eq=False)
class Batch:
    """A structure of arrays with one leading batch axis in common.

    Attributes:
        arrays: NumPy arrays or eager tensors in the structure that the model takes.
        count: How many inputs.
        specs: `tf.TensorSpec`s of the same structure, the batch axis open.
    """

    arrays: Any
    count: int
    specs: Any

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shape of each array, flat, without its batch axis."""
        return tuple(tuple(each.shape[1:]) for each in keras.tree.flatten(self.arrays))

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal for batches that the same traced function takes."""
        flat = keras.tree.flatten(self.specs)
        structure = str(keras.tree.map_structure(lambda _: 0, self.specs))
        return structure, tuple((tuple(spec.shape), spec.dtype.name) for spec in flat)

    def chunks(self, size: int, *, padded: bool = False) -> Iterator[tuple[slice, Any]]:
        """The batch in parts of at most `size`, as tensors, with their rows.

        Args:
            size: Of a part.
            padded: Fill the last part up to `size` with its last input.
        """
        for start in range(0, self.count, size):
            rows = slice(start, min(start + size, self.count))
            # Slicing a tensor copies it, also when the slice is all of it.
            whole = start == 0 and self.count <= size

            def part(
                spec: tf.TensorSpec, array: Any, rows: slice = rows, whole: bool = whole
            ) -> Any:
                values = tf.cast(array if whole else array[rows], spec.dtype)
                short = size - (rows.stop - rows.start)
                if padded and short:
                    values = tf.concat([values, tf.repeat(values[-1:], short, axis=0)], axis=0)
                return values

            yield rows, keras.tree.map_structure(part, self.specs, self.arrays)


def as_batch(model: Any, inputs: Any) -> Batch:
    """Check inputs against a model and find their batch size and types.

    Floating-point and integer arrays take the type of the model's input, as `model.predict` does;
    values are not touched.

    Args:
        model: A `keras.Model`.
        inputs: An array, or a list, tuple or dict of arrays, each (batch, ...).

    Raises:
        InputError: When they don't fit the model.
    """
    expected = _expected(model)
    if isinstance(inputs, (list, tuple)) and inputs and np.isscalar(inputs[0]):
        inputs = np.asarray(inputs)
    arrays = keras.tree.map_structure(_as_array, inputs)
    flat = keras.tree.flatten(arrays)
    if not flat:
        raise InputError("inputs= is empty: give an array of shape (batch, ...).")
    paired = _pair(arrays, flat, expected)
    for i, (array, symbolic) in enumerate(zip(flat, paired, strict=True)):
        _check_shape(array, symbolic, i, len(flat), model)
    count = int(flat[0].shape[0])
    if any(int(each.shape[0]) != count for each in flat):
        sizes = ", ".join(str(int(each.shape[0])) for each in flat)
        raise InputError(f"The inputs differ in number along their first axis: {sizes}.")
    if count == 0:
        raise InputError(f"inputs= holds no input: its shape is {tuple(flat[0].shape)}.")
    specs = [_spec(array, symbolic) for array, symbolic in zip(flat, paired, strict=True)]
    return Batch(arrays, count, keras.tree.pack_sequence_as(arrays, specs))


def input_names(model: Any, arrays: Any) -> tuple[str, ...]:
    """Names of the inputs, flat: the keys of a dict, the model's own names, or numbers.

    Args:
        model: A `keras.Model`.
        arrays: In the structure that was given to it.
    """
    count = len(keras.tree.flatten(arrays))
    if isinstance(arrays, dict) and len(arrays) == count:
        return tuple(str(key) for key in sorted(arrays))
    expected = _expected(model) or []
    names = [each.name for each in expected] if len(expected) == count else [""] * count
    # A name that Keras made up by counting says nothing.
    return tuple(
        f"input-{i + 1}" if not name or name.startswith("keras_tensor") else name
        for i, name in enumerate(names)
    )


def _as_array(value: Any) -> Any:
    if tf.is_tensor(value):
        return value
    if isinstance(value, keras.Variable):
        return value.value
    array = np.asarray(value)
    if array.dtype == object:
        raise InputError(
            f"inputs= holds {type(value).__name__} that make no array of numbers (images of "
            f"different sizes?). tfviz.preprocess(model, images) brings images to one size."
        )
    return array


def _expected(model: Any) -> list[Any] | None:
    """The model's symbolic inputs, flat, or None for a subclass that declares none."""
    try:
        found = model.inputs
    except (AttributeError, ValueError):
        return None
    return list(found) if found else None


def _pair(arrays: Any, flat: list[Any], expected: list[Any] | None) -> list[Any]:
    """The symbolic input for each array, by name in a dict and by place otherwise."""
    if expected is None:
        return [None] * len(flat)
    if len(flat) != len(expected):
        names = ", ".join(f"'{each.name}' {in_words(each.shape)}" for each in expected)
        raise InputError(
            f"The model takes {len(expected)} inputs ({names}); {len(flat)} were given. Pass them "
            f"as a list in this order or as a dict by name."
        )
    if isinstance(arrays, dict):
        by_name = {each.name: each for each in expected}
        # Structures are flattened in the order of their sorted keys.
        if set(arrays) == set(by_name):
            return [by_name[name] for name in sorted(arrays)]
    return expected


def _check_shape(array: Any, symbolic: Any, index: int, count: int, model: Any) -> None:
    which = f"inputs[{index}]" if count > 1 else "inputs="
    shape = tuple(array.shape)
    if not shape:
        raise InputError(f"{which} is a single number: give an array of shape (batch, ...).")
    if symbolic is None:
        return
    wanted = tuple(symbolic.shape)
    if _fits(shape, wanted):
        return
    message = f"{which} has shape {shape}, but model '{model.name}' takes {in_words(wanted)}."
    if _fits((1, *shape), wanted):
        message += " The batch axis is missing: pass x[None]."
    elif len(shape) == len(wanted) == 4 and shape[-1] == wanted[-1]:
        message += " tfviz.preprocess(model, images) resizes and scales images for it."
    elif len(shape) == len(wanted) == 4 and shape[1] == wanted[-1]:
        message += " The channels stand first: pass numpy.moveaxis(x, 1, -1)."
    raise InputError(message)


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    # The batch axis is left out: a Sequential without an Input keeps the batch size of its first
    # call there, and takes any other.
    return len(shape) == len(wanted) and all(
        b is None or a == b for a, b in zip(shape[1:], wanted[1:], strict=True)
    )


def _spec(array: Any, symbolic: Any) -> tf.TensorSpec:
    dtype = tf.as_dtype(array.dtype)
    if symbolic is not None:
        dtype = tf.as_dtype(keras.backend.standardize_dtype(symbolic.dtype))
    elif dtype == tf.float64:
        dtype = tf.as_dtype(keras.config.floatx())
    return tf.TensorSpec((None, *array.shape[1:]), dtype)
