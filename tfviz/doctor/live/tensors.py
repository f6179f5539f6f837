"""Tensors of TensorFlow, Keras, torch and JAX in a few words: eager, symbolic, on any device."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

import numpy as np

from tfviz.doctor.live.description import Description, Shape, Statistics, shape_text
from tfviz.doctor.live.safely import maybe, own_code, read
from tfviz.doctor.live.statistics import statistics_of

# What lies on another device is copied to be looked at: four megabytes of float32.
MOST_COPIED = 1_000_000
WHEN_IT_RUNS = "its values are known when it runs"
MOST_PARTS = 4


def eager(value: Any, most: int) -> Description:
    """A tensor of TensorFlow that has values."""
    shape, dtype, device = _shape(value), _dtype(value), _device(read(value, "device"))
    if dtype == "string":
        words = _numpy(value, device) if _size(shape) <= MOST_COPIED else None
        first = None if words is None or not words.size else words.flat[0]
        return Description(
            "Tensor",
            shape,
            dtype,
            device=device,
            note="" if first is None else f"e.g. {first[:20]!r}",
            final=True,
        )
    if dtype in ("resource", "variant"):
        return Description("Tensor", shape, dtype, device=device, final=True)
    numbers = _looked_at(value, most)
    note = "values not looked at" if numbers is None else ""
    return Description("Tensor", shape, dtype, numbers, device, note, final=True)


def _numpy(value: Any, device: str) -> np.ndarray:
    if device.startswith("CPU"):
        try:
            return np.asarray(memoryview(value))  # the tensor's own memory
        except (TypeError, ValueError, BufferError, NotImplementedError):
            pass  # bfloat16 and its like, which buffers don't know
    return np.asarray(read(value, "numpy")())


def _looked_at(value: Any, most: int) -> Statistics | None:
    """The statistics of an eager tensor, None for one that is large and elsewhere."""
    device, dtype = _device(read(value, "device")), _dtype(value)
    if dtype in ("string", "resource", "variant"):
        return None
    if "CPU" not in device and _size(_shape(value)) > MOST_COPIED:
        return None
    return statistics_of(_numpy(value, device), most)


def _runs_eagerly() -> bool:
    """Whether operations run at once: inside a function that is traced they would become its."""
    eagerly = maybe(sys.modules.get("tensorflow"), "executing_eagerly")
    return eagerly is not None and bool(eagerly())


def symbolic(value: Any, most: int) -> Description:
    """A tensor inside a `tf.function`, or a spec of one."""
    kind = "Tensor" if type(value).__name__.endswith("Tensor") else type(value).__name__
    note = WHEN_IT_RUNS if kind == "Tensor" else ""
    return Description(kind, _shape(value), _dtype(value), note=note, final=True)


def variable(value: Any, most: int) -> Description:
    """A `tf.Variable`."""
    shape, dtype = _shape(value), _dtype(value)
    device = _device(maybe(value, "device", ""))
    note = "" if maybe(value, "trainable", True) else "not trainable"
    numbers = None
    try:
        if _runs_eagerly():
            numbers = _looked_at(read(value, "read_value")(), most)
    except Exception:  # not initialised
        note = note or WHEN_IT_RUNS
    return Description("Variable", shape, dtype, numbers, device, note, final=True)


def ragged(value: Any, most: int) -> Description:
    """A tensor with rows of different lengths."""
    shape, dtype = _shape(value), _dtype(value)
    flat, splits = read(value, "flat_values"), read(value, "row_splits")
    if not hasattr(type(flat), "numpy") or not hasattr(type(splits), "numpy"):
        return Description("RaggedTensor", shape, dtype, note=WHEN_IT_RUNS)
    lengths = np.diff(splits.numpy())
    note = f"rows of {lengths.min()} to {lengths.max()}" if lengths.size else "empty"
    numbers = _looked_at(flat, most)
    return Description("RaggedTensor", shape, dtype, numbers, note=note)


def sparse(value: Any, most: int) -> Description:
    """A sparse tensor: how much of it is there, and the range of that."""
    dtype, kept = _dtype(value), read(value, "values")
    shape = _shape(value)
    if not hasattr(type(kept), "numpy"):
        return Description("SparseTensor", shape, dtype, note=WHEN_IT_RUNS)
    count = _size(_shape(kept))
    numbers = _looked_at(kept, most)
    return Description(
        "SparseTensor", shape, dtype, numbers, note=f"{count:,} of {_size(shape):,} present"
    )


def dataset(value: Any, most: int) -> Description:
    """A `tf.data.Dataset`: what an element is, and how many there are."""
    note = f"elements {spec_text(read(value, 'element_spec'))}"
    if _runs_eagerly():
        with contextlib.suppress(Exception):  # an iterator that is broken itself
            count = int(read(value, "cardinality")().numpy())
            note += {-1: ", endless", -2: ""}.get(count, f", {count:,} of them")
    return Description("Dataset", note=note, final=True)


def spec_text(spec: Any) -> str:
    """The structure of an element: shapes and dtypes."""
    if isinstance(spec, tuple | list):
        more = ", ..." if len(spec) > MOST_PARTS else ""
        return f"({', '.join(spec_text(each) for each in spec[:MOST_PARTS])}{more})"
    if isinstance(spec, dict):
        some = list(spec.items())[:MOST_PARTS]
        more = ", ..." if len(spec) > MOST_PARTS else ""
        return f"{{{', '.join(f'{key!r}: {spec_text(each)}' for key, each in some)}{more}}}"
    shape = maybe(spec, "shape")
    if shape is None:
        return type(spec).__name__
    known = _shape(spec)
    return f"{'(unknown shape)' if known is None else shape_text(known)} {_dtype(spec)}"


def keras_tensor(value: Any, most: int) -> Description:
    """The placeholder that `keras.Input` and layers give."""
    note = "symbolic, it has no values"
    return Description(
        "KerasTensor", tuple(read(value, "shape")), str(read(value, "dtype")), note=note, final=True
    )


def keras_variable(value: Any, most: int) -> Description:
    """A weight of Keras."""
    shape = tuple(read(value, "shape"))
    dtype = str(read(value, "dtype"))
    inner = maybe(value, "_value")
    note = "" if maybe(value, "trainable", True) else "not trainable"
    if inner is None:
        return Description("Variable", shape, dtype, note="not built yet", final=True)
    if type(inner).__module__.startswith("tensorflow"):
        told = variable(inner, most)
        return Description("Variable", shape, dtype, told.statistics, told.device, note, final=True)
    return Description("Variable", shape, dtype, note=note, final=True)


def torch_tensor(value: Any, most: int) -> Description:
    """A tensor of torch, wherever it is."""
    if any(own_code(value, each) for each in ("__torch_function__", "__torch_dispatch__")):
        return Description("Tensor", note="of a class with its own operations")
    shape = tuple(int(each) for each in read(value, "shape"))
    dtype = str(read(value, "dtype")).removeprefix("torch.")
    device = str(read(value, "device"))
    notes = ["requires grad"] if read(value, "requires_grad") else []
    if device == "meta":
        return Description(
            "Tensor", shape, dtype, device=device, note=", ".join(["no values", *notes])
        )
    if str(read(value, "layout")) != "torch.strided" or read(value, "is_quantized"):
        return Description(
            "Tensor", shape, dtype, device=device, note=", ".join(["sparse or quantised", *notes])
        )
    if device != "cpu" and _size(shape) > MOST_COPIED:
        return Description(
            "Tensor", shape, dtype, device=device, note=", ".join(["values not looked at", *notes])
        )
    bare = read(value, "detach")()
    if dtype == "bfloat16" or dtype.startswith("float8"):
        bare = bare.float() if _size(shape) <= most else bare[:1].float()
    bare = bare if device == "cpu" else bare.cpu()
    numbers = statistics_of(bare.resolve_conj().resolve_neg().numpy(), most)
    return Description("Tensor", shape, dtype, numbers, device, ", ".join(notes))


def jax_array(value: Any, most: int) -> Description:
    """An array of JAX."""
    shape, dtype = tuple(read(value, "shape")), str(read(value, "dtype"))
    if read(value, "is_deleted")():
        return Description("Array", shape, dtype, note="its memory was given away", final=True)
    device = str(maybe(value, "device", ""))
    on_cpu = "cpu" in device.lower()
    if not on_cpu and _size(shape) > MOST_COPIED:
        return Description(
            "Array", shape, dtype, device=device, note="values not looked at", final=True
        )
    return Description(
        "Array", shape, dtype, statistics_of(np.asarray(value), most), device, final=True
    )


def jax_tracer(value: Any, most: int) -> Description:
    """An array inside a function that JAX traces."""
    aval = read(value, "aval")
    return Description("Tracer", tuple(aval.shape), str(aval.dtype), note=WHEN_IT_RUNS, final=True)


def _shape(value: Any) -> Shape | None:
    shape = read(value, "shape")
    if getattr(shape, "rank", 0) is None:
        return None
    return tuple(None if each is None else int(each) for each in shape)


def _dtype(value: Any) -> str:
    dtype = read(value, "dtype")
    return str(getattr(dtype, "name", dtype))


def _size(shape: Shape | None) -> int:
    product = 1
    for each in shape or ():
        product *= each or 0
    return product


def _device(name: str) -> str:
    """'/job:localhost/replica:0/task:0/device:CPU:0' is 'CPU:0'."""
    return name.rsplit("device:", 1)[-1]
