"""Whatever holds a picture, as a NumPy array; or why it holds none.

Nothing is imported to find out what an object is: whoever holds a tensor of TensorFlow has
already imported TensorFlow, so a look into `sys.modules` is enough.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfviz.errors import InputError

NO_IMREAD = "(tfviz doctor show viz.imshow_dtype_object)"
TEXT = "(tfviz doctor show viz.imshow_path)"

# Pillow's modes whose samples are the picture; all others need a look-up, a profile or a page.
PLAIN_MODES = ("1", "L", "I", "F", "I;16", "I;16L", "I;16B", "I;16N")
ORIENTATION = 0x0112


@dataclass(frozen=True)
class Arrival:
    """What came in, as NumPy.

    Attributes:
        array: Of a bool, integer or floating dtype that NumPy computes with, native byte order.
        kind: What it was, e.g. `"torch.Tensor"`.
        dtype: Its dtype in its own words, e.g. `"bfloat16"`.
        shape: As it came.
        first: Whether channels come first where it comes from, as in PyTorch.
        notes: What had to be done to it.
        title: The file's name, where it has one.
    """

    array: np.ndarray
    kind: str
    dtype: str
    shape: tuple[int, ...]
    first: bool = False
    notes: tuple[str, ...] = ()
    title: str = ""


def arrive(x: object, name: str = "x") -> Arrival:
    """Brings anything that holds one array of numbers to NumPy.

    Args:
        x: An array or tensor of any framework, a PIL image, a path or nested lists of numbers.
        name: What to call it in a message.

    Raises:
        InputError: If it holds no numbers, or none that a picture can be made of.
    """
    if x is None:
        raise InputError(
            f"{name} is None, not a picture: cv2.imread returns None, without an error, for a file "
            f"it can't find or read. Check the path; tfviz.imshow(path) says what is wrong with "
            f"it. {NO_IMREAD}"
        )
    notes: tuple[str, ...]
    if isinstance(x, (str, os.PathLike)):
        from tfviz.image.reading import read_rgb

        rgb = read_rgb(x)
        notes = (f"read from '{x}'",)
        title = os.path.basename(os.fspath(x))
        return Arrival(rgb, "image file", "uint8", rgb.shape, notes=notes, title=title)
    for convert in (_tensorflow, _keras, _torch, _jax, _pillow):
        found = convert(x, name)
        if found is not None:
            return found
    _refuse_containers(x, name)
    kind = f"{type(x).__module__.partition('.')[0]}.{type(x).__name__}"
    if isinstance(x, (list, tuple)):
        kind = f"{type(x).__name__} of numbers"
    elif isinstance(x, (bool, int, float, complex)):
        kind = type(x).__name__
    notes = ()
    try:
        if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
            notes = (f"{int(np.ma.count_masked(x))} masked values count as NaN",)
            wide = np.result_type(x.dtype, np.float32) if x.dtype.kind in "biuf" else None
            array = np.ma.filled(x.astype(wide), np.nan) if wide else np.asarray(x)
        else:
            array = np.asarray(x)
    except Exception as error:  # what np.asarray calls is somebody else's code
        raise InputError(_unconverted(x, name, error)) from error
    return _finish(array, kind, name, notes=notes)


def _finish(
    array: np.ndarray,
    kind: str,
    name: str,
    *,
    dtype: str | None = None,
    first: bool = False,
    notes: tuple[str, ...] = (),
) -> Arrival:
    """An arrival whose dtype NumPy can compute with, or a sentence on why there is none."""
    told = dtype or str(array.dtype)
    shape = array.shape
    letter = array.dtype.kind
    if letter == "O":
        raise InputError(_object(array, name))
    if letter in "USaT":
        raise InputError(
            f"{name} holds text (dtype {told}), not a picture: give a path as a str, or the list "
            f"of paths as a list. {TEXT}"
        )
    if letter == "c":
        raise InputError(
            f"{name} is complex ({told}), and a picture isn't: show np.abs(x), np.angle(x) or "
            "x.real; for a spectrum np.log1p(np.abs(x))."
        )
    if letter == "V" and array.dtype.names is None and np.can_cast(array.dtype, np.float32):
        # bfloat16, float8 and int4 of ml_dtypes, of which NumPy knows little more than the size.
        array = array.astype(np.float32)
    elif letter not in "biuf":
        raise InputError(
            f"{name} has the dtype {told}, which is no number: convert it, or choose a field of "
            'it, e.g. x.astype("float32").'
        )
    elif array.dtype.itemsize > 8:
        with np.errstate(over="ignore"):
            array = array.astype(np.float64)
    elif not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    return Arrival(array, kind, told, shape, first, notes)


def _is(x: object, module: str, *names: str) -> bool:
    """Whether x is of one of a module's classes, if that module has been imported at all."""
    found = sys.modules.get(module)
    classes = (getattr(found, name, None) for name in names)
    return any(isinstance(each, type) and isinstance(x, each) for each in classes)


def _numpy(x: Any, name: str, call: Callable[[], Any]) -> np.ndarray:
    try:
        return np.asarray(call())
    except Exception as error:  # each framework has exceptions of its own for this
        if "ymbolic" in str(error) or isinstance(error, (AttributeError, NotImplementedError)):
            raise InputError(symbolic(x, name, "inside tf.function")) from error
        raise InputError(_unconverted(x, name, error)) from error


def symbolic(x: Any, name: str, where: str) -> str:
    """A sentence on a tensor without values."""
    shape = getattr(x, "shape", "")
    return (
        f"{name} is a symbolic {type(x).__name__} {shape} {where}: a placeholder that holds no "
        "values. Call the model up to it, e.g. keras.Model(model.inputs, tensor)(images), or "
        "return it from the function, and show the result. "
        "(tfviz doctor show viz.kerastensor_plotted)"
    )


def _tensorflow(x: Any, name: str) -> Arrival | None:
    if _is(x, "tensorflow", "RaggedTensor"):
        raise InputError(
            f"{name} is a RaggedTensor {x.shape}: its rows have unequal lengths, so it is no "
            "picture. Show one of its parts, x[0], or pad them with x.to_tensor()."
        )
    if _is(x, "tensorflow", "SparseTensor", "IndexedSlices"):
        raise InputError(
            f"{name} is a {type(x).__name__}: show the dense tensor, tf.sparse.to_dense(x) or "
            "tf.convert_to_tensor(x)."
        )
    if _is(x, "tensorflow", "Tensor", "Variable"):
        if x.dtype.name == "string":
            raise InputError(
                f"{name} is a string tensor {tuple(x.shape)}, an encoded file or a path: decode "
                f"it first with tf.io.decode_image(tf.io.read_file(path)). {TEXT}"
            )
        array = _numpy(x, name, lambda: x.numpy())
        kind = "tf.Variable" if _is(x, "tensorflow", "Variable") else "tf.Tensor"
        return _finish(array, kind, name, dtype=x.dtype.name)
    return None


def _keras(x: Any, name: str) -> Arrival | None:
    if _is(x, "keras", "KerasTensor"):
        raise InputError(symbolic(x, name, "of a Keras model"))
    if _is(x, "keras", "Variable"):
        inner = arrive(x.value, name)
        return Arrival(inner.array, "keras.Variable", inner.dtype, inner.shape)
    return None


def _torch(x: Any, name: str) -> Arrival | None:
    if not _is(x, "torch", "Tensor"):
        return None
    dtype = str(x.dtype).removeprefix("torch.")
    if x.device.type == "meta":
        raise InputError(symbolic(x, name, "on the device 'meta'"))

    def read() -> Any:
        tensor = x.detach()
        if tensor.is_quantized:
            tensor = tensor.dequantize()
        if tensor.layout is not sys.modules["torch"].strided:
            tensor = tensor.to_dense()
        tensor = tensor.cpu().resolve_conj().resolve_neg()
        narrow = dtype == "bfloat16" or dtype.startswith("float8")
        return (tensor.float() if narrow else tensor).numpy()

    return _finish(_numpy(x, name, read), "torch.Tensor", name, dtype=dtype, first=True)


def _jax(x: Any, name: str) -> Arrival | None:
    if not _is(x, "jax", "Array"):
        return None
    if _is(x, "jax.core", "Tracer"):
        raise InputError(symbolic(x, name, "inside a traced function of JAX"))
    return _finish(_numpy(x, name, lambda: x), "jax.Array", name, dtype=str(x.dtype))


def _pillow(x: Any, name: str) -> Arrival | None:
    if not _is(x, "PIL.Image", "Image"):
        return None
    from PIL import ImageOps

    from tfviz.image.pixels import rgb8

    notes: list[str] = []
    try:
        x.load()
        mode = x.mode
        if x.getexif().get(ORIENTATION, 1) not in (0, 1):
            notes.append(f"turned upright (EXIF orientation {x.getexif()[ORIENTATION]})")
            x = ImageOps.exif_transpose(x)
        if mode in PLAIN_MODES and not x.info.get("icc_profile"):
            array = np.array(x)
        else:
            array = rgb8(x, format_name=x.format, name=name)
            if mode != "RGB":
                notes.append(f"converted from Pillow's mode {mode} to RGB, on white")
    except InputError:
        raise
    except Exception as error:  # decoders raise whatever they stumble over
        raise InputError(
            f"{name} is a PIL image whose pixels can't be read ({error}): open the file again, "
            "or give its path."
        ) from error
    return _finish(array, "PIL image", name, dtype=f"mode {mode}", notes=tuple(notes))


def _refuse_containers(x: Any, name: str) -> None:
    """Raises InputError for what holds pictures somewhere inside."""
    if isinstance(x, (bytes, bytearray)):
        raise InputError(
            f"{name} is {len(x)} encoded bytes: decode them first, e.g. "
            f"PIL.Image.open(io.BytesIO(x)). {TEXT}"
        )
    if isinstance(x, Mapping):
        keys = ", ".join(repr(each) for each in list(x)[:5])
        raise InputError(
            f"{name} is a {type(x).__name__} with the keys {keys}: show one of its values, x[key]."
        )
    if isinstance(x, (set, frozenset)):
        raise InputError(f"{name} is a set, which has no order: give a list.")
    if isinstance(x, Iterator) or (hasattr(x, "element_spec") and hasattr(x, "take")):
        raise InputError(
            f"{name} is a {type(x).__name__}, which yields pictures but is none: take one out, "
            "next(iter(x)); of a pair (images, labels) show the first, next(iter(x))[0]."
        )


def _object(array: np.ndarray, name: str) -> str:
    """A sentence on an array of Python objects."""
    flat = array.ravel()
    for index, each in enumerate(flat):
        if each is None:
            of = f"element {index} of {flat.size}" if array.ndim else "its only element"
            return (
                f"{name} is an object array {array.shape}, and {of} is None: cv2.imread returns "
                "None, without an error, for a file it can't find or read. Check each path. "
                f"{NO_IMREAD}"
            )
    shapes = list(dict.fromkeys(str(np.shape(each)) for each in flat[:50] if _sized(each)))
    if shapes:
        told = ", ".join(shapes[:4]) + (", ..." if len(shapes) > 4 else "")
        return (
            f"{name} is an object array {array.shape} that holds arrays of the shapes {told}: "
            "show them in a grid with tfviz.imshow(list(x)), or give all one size and use "
            f"np.stack. {NO_IMREAD}"
        )
    kinds = ", ".join(sorted({type(each).__name__ for each in flat[:50]})) or "nothing"
    return (
        f"{name} is an object array {array.shape} that holds {kinds}: if these are numbers, "
        f'x.astype("float32") makes it a picture. {NO_IMREAD}'
    )


def _sized(x: object) -> bool:
    return hasattr(x, "shape")


def _unconverted(x: object, name: str, error: Exception) -> str:
    told = (str(error) or type(error).__name__).splitlines()[0]
    if isinstance(x, (list, tuple)):
        lengths = [str(len(each)) if hasattr(each, "__len__") else "a number" for each in x]
        shown = ", ".join(lengths[:8]) + (", ..." if len(lengths) > 8 else "")
        return (
            f"{name} is a {type(x).__name__} whose {len(x)} elements don't make one array "
            f"(lengths {shown}): give rows of equal length, or a list of arrays. {NO_IMREAD}"
        )
    return (
        f"{name} is a {type(x).__name__}, which NumPy can't read ({told}): convert it to a NumPy "
        "array on the CPU first."
    )
