"""One value of the running program in a few words: an array of any framework, or a plain object.

No framework is imported, none of the user's code runs, and the time is bounded. NumPy, which may be
the very thing that is broken, is only needed for arrays.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tfviz.doctor.live.description import ALL, Description
from tfviz.doctor.live.safely import classes, is_a, is_kind, name_of


@dataclass(frozen=True)
class Kind:
    """Which objects are described how."""

    package: str
    names: tuple[str, ...]
    by: str

    def describe(self, value: Any, most: int) -> Description:
        """By the function that `by` names, whose module imports NumPy where it needs it."""
        module, name = self.by.split(".")
        function: Callable[[Any, int], Description]
        function = getattr(importlib.import_module(f"tfviz.doctor.live.{module}"), name)
        return function(value, most)


# The first that fits speaks: a masked array is also an ndarray.
KINDS = (
    Kind("numpy", ("ndarray",), "arrays.ndarray"),
    Kind("numpy", ("generic",), "arrays.scalar"),
    Kind("tensorflow", ("EagerTensor",), "tensors.eager"),
    Kind("tensorflow", ("RaggedTensor",), "tensors.ragged"),
    Kind("tensorflow", ("SparseTensor",), "tensors.sparse"),
    Kind("tensorflow", ("Variable",), "tensors.variable"),
    Kind("tensorflow", ("Tensor",), "tensors.symbolic"),
    Kind("tensorflow", ("DatasetV2",), "tensors.dataset"),
    Kind("tensorflow", ("TensorSpec", "RaggedTensorSpec"), "tensors.symbolic"),
    Kind("keras", ("KerasTensor",), "tensors.keras_tensor"),
    Kind("keras", ("Variable", "KerasVariable"), "tensors.keras_variable"),
    Kind("keras", ("Model",), "layers.model"),
    Kind("keras", ("Layer",), "layers.layer"),
    Kind("keras", ("BaseOptimizer", "Optimizer"), "layers.optimizer"),
    Kind("keras", ("Loss", "Metric"), "layers.loss"),
    Kind("torch", ("Tensor",), "tensors.torch_tensor"),
    Kind("torch", ("Module",), "layers.torch_module"),
    Kind("jaxlib", ("ArrayImpl", "Array"), "tensors.jax_array"),
    Kind("jax", ("Array", "ArrayImpl"), "tensors.jax_array"),
    Kind("jax", ("Tracer",), "tensors.jax_tracer"),
    Kind("PIL", ("Image",), "arrays.picture"),
    Kind("pandas", ("DataFrame",), "arrays.frame"),
    Kind("pandas", ("Series", "Index"), "arrays.series"),
    Kind("builtins", ("str", "bytes"), "plain.text"),
    Kind("pathlib", ("PurePath",), "plain.path"),
    Kind("builtins", ("bool", "int", "float", "complex"), "plain.number"),
    Kind("builtins", ("list", "tuple"), "plain.sequence"),
    Kind("builtins", ("dict",), "plain.mapping"),
    Kind("builtins", ("set", "frozenset"), "plain.collection"),
    Kind("builtins", ("range", "slice"), "plain.span"),
    Kind("builtins", ("generator",), "plain.generator"),
    Kind("builtins", ("NoneType",), "plain.nothing"),
)  # fmt: skip
ARRAYS = frozenset(
    ("ndarray", "EagerTensor", "RaggedTensor", "SparseTensor", "Tensor", "KerasTensor",
     "ArrayImpl", "Array", "Tracer", "DataFrame", "Series", "Variable", "KerasVariable")
)  # fmt: skip
_CODE = ("module", "function", "type", "builtin_function_or_method", "method", "ufunc",
         "method-wrapper", "_ArrayFunctionDispatcher", "PyCapsule", "Function",
         "DType", "dtype", "GradientTape", "PjitFunction", "_Feature")  # fmt: skip


def describe(value: Any, most: int = ALL) -> Description:
    """What a value is, in a few words.

    Args:
        value: Any object of the running program. It is not changed.
        most: Arrays with more elements are sampled.

    Returns:
        Its kind at least, also of an object that is half built or broken.
    """
    for kind in KINDS:
        if is_a(value, kind.package, *kind.names):
            try:
                return _named(value, kind.describe(value, most))
            except Exception:  # an object that was left half built by the very error
                return Description(name_of(type(value)), note="can't be read")
    return Description(name_of(type(value)), note="an object")


def is_array(value: Any) -> bool:
    """Whether a value is an array, a tensor or a table, of any framework."""
    return any(
        name in ARRAYS and package in ("numpy", "tensorflow", "keras", "torch", "jax", "jaxlib",
                                       "pandas")
        for package, name in classes(value)
    )  # fmt: skip


def is_code(value: Any) -> bool:
    """Whether a value is a function, a class or a module: its name says all."""
    if is_a(value, "keras", "Layer"):
        return False  # Keras's functional models are also of a class called Function
    return is_kind(value, type) or any(name in _CODE for _, name in classes(value))


def is_plain_object(value: Any) -> bool:
    """Whether nothing but its class can be told of a value."""
    return not any(is_a(value, kind.package, *kind.names) for kind in KINDS)


def _named(value: Any, description: Description) -> Description:
    """With the name of the user's own class, where it is one."""
    own = name_of(type(value))
    if description.kind == own or description.final or own == "Parameter":
        return description
    return replace(description, kind=f"{own} ({description.kind})")
