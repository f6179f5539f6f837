"""The kinds of arrays that people hold, recognised without importing anyone's framework.

Whoever has a tensor has imported its framework: `sys.modules` knows it. The rule for parts of
several kinds: NumPy arrays, lists and numbers join the framework that is among them; a KerasTensor
or Keras variable takes also the tensors of Keras's own backend; two frameworks never mix.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfviz.errors import InputError

Shape = tuple[int | None, ...]


def classes(module: str, *names: str) -> tuple[type, ...]:
    """Those of a module's classes that exist, none when nobody has imported it."""
    found = sys.modules.get(module)
    kinds = (getattr(found, name, None) for name in names)
    return tuple(each for each in kinds if isinstance(each, type))


def shape_text(shape: Shape | None) -> str:
    """A shape as NumPy prints it, also when nothing is known of it."""
    return "unknown" if shape is None else str(tuple(shape))


def dtype_name(dtype: Any) -> str:
    """The name of a dtype of NumPy, TensorFlow, PyTorch or Python: 'float32', 'string'."""
    module = type(dtype).__module__.split(".")[0]
    if module == "torch":
        return str(dtype).removeprefix("torch.")
    if module == "tensorflow":
        return str(dtype.name)
    if isinstance(dtype, str) and dtype in ("string", "bfloat16"):
        return dtype
    found = np.dtype(dtype)
    return "string" if found.kind in "US" else found.name


def numpy_dtype(dtype: Any) -> np.dtype[Any]:
    """The same dtype for NumPy.

    Raises:
        TypeError: If NumPy has none.
    """
    module = type(dtype).__module__.split(".")[0]
    if module == "tensorflow":
        return np.dtype(dtype.as_numpy_dtype)
    if module == "torch":
        dtype = dtype_name(dtype)
    return np.dtype("U" if isinstance(dtype, str) and dtype == "string" else dtype)


class Kind:
    """NumPy, and what every other kind does in its own way."""

    noun = "NumPy array"
    to_numpy = "x"
    move_channels_last = "np.moveaxis(x, 0, -1)"
    plain_defaults = ("int64", "float64")

    def owns(self, x: Any) -> bool:
        """Whether `x` is one of these."""
        return isinstance(x, (np.ndarray, np.generic))

    def shape(self, x: Any) -> Shape | None:
        """The shape as far as it is known, None where not even the number of axes is."""
        return tuple(x.shape)

    def dtype(self, x: Any) -> str:
        """The name of the dtype."""
        return dtype_name(x.dtype)

    def rows(self, x: Any) -> list[Any]:
        """The items along the first axis, whose length is known."""
        return list(x)

    def cast(self, x: Any, dtype: Any, like: Any = None) -> Any:
        """`x` or a NumPy array as an array of this kind and dtype, on the device of `like`."""
        return x.astype(numpy_dtype(dtype), copy=False)

    def flatten(self, x: Any) -> Any:
        """All values in one axis."""
        return x.reshape(-1)

    def concatenate(self, parts: Sequence[Any], axis: int) -> Any:
        """Joins along an axis that is there."""
        module = np.ma if any(isinstance(each, np.ma.MaskedArray) for each in parts) else np
        return module.concatenate(parts, axis=axis)

    def stack(self, parts: Sequence[Any], axis: int) -> Any:
        """Joins along an axis that is new."""
        module = np.ma if any(isinstance(each, np.ma.MaskedArray) for each in parts) else np
        return module.stack(parts, axis=axis)

    def empty(self, shape: tuple[int, ...], dtype: Any, like: Any) -> Any:
        """An array without values."""
        return np.zeros(shape, numpy_dtype(dtype))


class _TensorFlow(Kind):
    noun = "TensorFlow tensor"
    to_numpy = "x.numpy()"
    move_channels_last = "tf.transpose(x, [1, 2, 0])"
    plain_defaults = ("int32", "float32")

    @property
    def tf(self) -> Any:
        return sys.modules["tensorflow"]

    def owns(self, x: Any) -> bool:
        return isinstance(
            x, classes("tensorflow", "Tensor", "Variable", "RaggedTensor", "SparseTensor")
        )

    def shape(self, x: Any) -> Shape | None:
        if x.shape.rank is None:
            return None
        # Rows of a ragged tensor may differ, so only their number of axes must agree.
        ragged = isinstance(x, self.tf.RaggedTensor)
        return (None,) * x.shape.rank if ragged else tuple(x.shape.as_list())

    def rows(self, x: Any) -> list[Any]:
        return list(x) if isinstance(x, self.tf.RaggedTensor) else self.tf.unstack(x)

    def cast(self, x: Any, dtype: Any, like: Any = None) -> Any:
        name = dtype_name(dtype)
        if isinstance(x, np.ndarray):
            return self.tf.convert_to_tensor(x if name == "string" else x.astype(name), name)
        return x if dtype_name(x.dtype) == name else self.tf.cast(x, name)

    def flatten(self, x: Any) -> Any:
        ragged = isinstance(x, self.tf.RaggedTensor)
        return x.flat_values if ragged else self.tf.reshape(x, [-1])

    def concatenate(self, parts: Sequence[Any], axis: int) -> Any:
        return self.tf.concat(parts, axis)

    def stack(self, parts: Sequence[Any], axis: int) -> Any:
        return self.tf.stack(parts, axis)

    def empty(self, shape: tuple[int, ...], dtype: Any, like: Any) -> Any:
        return self.tf.zeros(shape, dtype_name(dtype))


class _Keras(Kind):
    noun = "Keras tensor"
    to_numpy = "keras.ops.convert_to_numpy(x)"
    move_channels_last = "keras.ops.moveaxis(x, 0, -1)"
    plain_defaults = ("int32", "float32")

    @property
    def ops(self) -> Any:
        return sys.modules["keras"].ops

    def owns(self, x: Any) -> bool:
        return isinstance(x, classes("keras", "KerasTensor", "Variable"))

    def takes(self, other: Kind) -> bool:
        """Whether tensors of another framework are those of Keras's backend."""
        mine = {"tensorflow": TENSORFLOW, "torch": TORCH, "jax": JAX}
        return mine.get(sys.modules["keras"].backend.backend()) is other

    def rows(self, x: Any) -> list[Any]:
        return list(self.ops.unstack(x, axis=0))

    def cast(self, x: Any, dtype: Any, like: Any = None) -> Any:
        name = dtype_name(dtype)
        if isinstance(x, np.ndarray):
            return x.astype(name)
        return x if dtype_name(x.dtype) == name else self.ops.cast(x, name)

    def flatten(self, x: Any) -> Any:
        return self.ops.reshape(x, (-1,))

    def concatenate(self, parts: Sequence[Any], axis: int) -> Any:
        return self.ops.concatenate(list(parts), axis=axis)

    def stack(self, parts: Sequence[Any], axis: int) -> Any:
        return self.ops.stack(list(parts), axis=axis)

    def empty(self, shape: tuple[int, ...], dtype: Any, like: Any) -> Any:
        return self.ops.zeros(shape, dtype_name(dtype))


class _Torch(Kind):
    noun = "PyTorch tensor"
    to_numpy = "x.detach().cpu().numpy()"
    move_channels_last = "x.permute(1, 2, 0)"
    plain_defaults = ("int64", "float32")

    @property
    def torch(self) -> Any:
        return sys.modules["torch"]

    def owns(self, x: Any) -> bool:
        return isinstance(x, classes("torch", "Tensor"))

    def rows(self, x: Any) -> list[Any]:
        return list(x.unbind(0))

    def cast(self, x: Any, dtype: Any, like: Any = None) -> Any:
        wanted = getattr(self.torch, dtype_name(dtype))
        if not isinstance(x, np.ndarray):
            return x.to(wanted)
        if x.dtype.name == "bfloat16":
            x = x.astype(np.float32)
        # A copy: PyTorch refuses negative strides and warns of arrays that are read-only.
        return self.torch.from_numpy(x.copy()).to(wanted).to(None if like is None else like.device)

    def concatenate(self, parts: Sequence[Any], axis: int) -> Any:
        return self.torch.cat(self._together(parts), dim=axis)

    def stack(self, parts: Sequence[Any], axis: int) -> Any:
        return self.torch.stack(self._together(parts), dim=axis)

    def empty(self, shape: tuple[int, ...], dtype: Any, like: Any) -> Any:
        wanted = getattr(self.torch, dtype_name(dtype))
        return self.torch.zeros(shape, dtype=wanted, device=like.device)

    def _together(self, parts: Sequence[Any]) -> list[Any]:
        devices = [str(each.device) for each in parts]
        if len(set(devices)) > 1:
            here = max(set(devices), key=lambda each: (devices.count(each), each == devices[0]))
            odd = next(i for i, each in enumerate(devices) if each != here)
            raise InputError(
                f"part {odd} is on the device '{devices[odd]}', {devices.count(here)} of "
                f"{len(devices)} are on '{here}': move it there first, x.to('{here}')."
            )
        return list(parts)


class _Jax(Kind):
    noun = "JAX array"
    to_numpy = "np.asarray(x)"
    move_channels_last = "jnp.moveaxis(x, 0, -1)"
    plain_defaults = ("int32", "float32")

    @property
    def jnp(self) -> Any:
        return sys.modules["jax"].numpy

    def owns(self, x: Any) -> bool:
        return isinstance(x, classes("jax", "Array"))

    def cast(self, x: Any, dtype: Any, like: Any = None) -> Any:
        return self.jnp.asarray(x, dtype_name(dtype))

    def concatenate(self, parts: Sequence[Any], axis: int) -> Any:
        return self.jnp.concatenate(parts, axis=axis)

    def stack(self, parts: Sequence[Any], axis: int) -> Any:
        return self.jnp.stack(parts, axis=axis)

    def empty(self, shape: tuple[int, ...], dtype: Any, like: Any) -> Any:
        return self.jnp.zeros(shape, dtype_name(dtype))


NUMPY = Kind()
TENSORFLOW = _TensorFlow()
KERAS = _Keras()
TORCH = _Torch()
JAX = _Jax()

_FRAMEWORKS: tuple[Kind, ...] = (KERAS, TENSORFLOW, TORCH, JAX)


def kind_of(x: Any) -> Kind:
    """The kind of a tensor; NumPy for whatever isn't a framework's own."""
    if isinstance(x, (np.ndarray, np.generic, list, tuple, str, bytes, int, float)):
        return NUMPY
    return next((each for each in _FRAMEWORKS if each.owns(x)), NUMPY)


def is_array(x: Any) -> bool:
    """Whether `x` is an array or a tensor of any kind."""
    return isinstance(x, (np.ndarray, np.generic)) or kind_of(x) is not NUMPY


def framework_errors() -> tuple[type[Exception], ...]:
    """What NumPy and the frameworks raise for arguments that don't fit."""
    own: tuple[type[Exception], ...] = (ValueError, TypeError, RuntimeError)
    errors = getattr(sys.modules.get("tensorflow"), "errors", None)
    return own if errors is None else (*own, errors.InvalidArgumentError)
