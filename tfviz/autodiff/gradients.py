"""`gradients(ys, xs)`: what `tf.gradients` and `K.gradients` were, wherever it is called.

    gradients(output, layer.output)      KerasTensors: KerasTensors, for keras.ops and function
    gradients(f, x)                      a function and values: values
    gradients(y, x)                      inside a tf.function: tensors of the same graph

A gradient that doesn't exist is an error that says why, not a None that fails later.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfviz.autodiff.keras_graph import is_keras_tensor
from tfviz.autodiff.missing import why_not_by, why_possibly_none
from tfviz.autodiff.symbolic import symbolic_gradients
from tfviz.errors import GradientError
from tfviz.model.backend import require_backend

_NONE = ("raise", "zero", "keep")


def gradients(ys: Any, xs: Any, *, jacobian: bool = False, none: str = "raise") -> list[Any]:
    """Differentiate.

    Args:
        ys: What is differentiated: KerasTensors; a function of `xs` (of no argument when `xs` are
            variables); or, inside a `tf.function`, tensors. Several, or one with several elements,
            count as their sum.
        xs: What is differentiated by: one or a list of KerasTensors, arrays, tensors or variables.
        jacobian: Differentiate each element of `ys` by itself: (*ys.shape, *x.shape). For a
            function and values.
        none: What to do where there is no gradient: 'raise' says why, 'zero' gives zeros, 'keep'
            gives None, as TensorFlow does.

    Returns:
        A list, one for each of `xs`, of their shapes.

    Raises:
        GradientError: When there is no gradient, naming which and the reason; when values are given
            whose history is gone.

    Second derivatives are nested calls:

        gradients(lambda x: gradients(f, x)[0], x)[0]
    """
    require_backend()
    if none not in _NONE:
        raise GradientError(f"none={none!r} is unknown: it is one of {', '.join(_NONE)}.")
    several = isinstance(xs, (list, tuple))
    by = list(xs) if several else [xs]
    if not by:
        raise GradientError("xs= is empty: give what to differentiate by.")
    if callable(ys) and not is_keras_tensor(ys) and not tf.is_tensor(ys):
        return _of_function(ys, by, several, jacobian, none)
    of = list(ys) if isinstance(ys, (list, tuple)) else [ys]
    if any(map(is_keras_tensor, of)):
        if jacobian:
            raise GradientError(
                "jacobian=True needs a function and values: gradients(f, x, jacobian=True)."
            )
        _require(all(map(is_keras_tensor, [*of, *by])), of, by)
        return symbolic_gradients(of, by, none)
    return _of_graph(of, by, none)


def _require(holds: bool, of: Sequence[Any], by: Sequence[Any]) -> None:
    if not holds:
        kinds = sorted({type(each).__name__ for each in [*of, *by]})
        raise GradientError(
            f"ys= and xs= mix {' and '.join(kinds)}: either all are KerasTensors of one model, or "
            f"ys= is a function and xs= are values."
        )


# ---- a function and values


def _of_function(
    function: Callable[..., Any], by: list[Any], several: bool, jacobian: bool, none: str
) -> list[Any]:
    values = [_value(each, i, len(by)) for i, each in enumerate(by)]
    with tf.GradientTape(persistent=jacobian) as tape:
        tape.watch(values)
        result = _call(function, values, several)
        target = _floating_result(result, function)
    if jacobian:
        found = [tape.jacobian(target, each) for each in values]
    else:
        found = tape.gradient(target, values)
    for i, each in enumerate(found):
        if each is None:
            if none == "raise":
                raise GradientError(_why_none(function, values, several, i))
            if none == "zero":
                shape = tf.shape(values[i])
                if jacobian:
                    shape = tf.concat([tf.shape(target), shape], axis=0)
                found[i] = tf.zeros(shape, values[i].dtype)
        elif isinstance(each, tf.IndexedSlices):
            found[i] = tf.convert_to_tensor(each)
    return list(found)


def _value(given: Any, index: int, count: int) -> Any:
    name = f"xs[{index}]" if count > 1 else "xs"
    if isinstance(given, keras.Variable):
        given = given.value
    if is_keras_tensor(given):
        raise GradientError(
            f"{name} is a KerasTensor, a placeholder without values, and ys= a function: give "
            f"values, or KerasTensors for both."
        )
    # A copy, so that the same tensor given twice is two arguments.
    value = given if isinstance(given, tf.Variable) else tf.identity(tf.convert_to_tensor(given))
    if not (value.dtype.is_floating or value.dtype.is_complex):
        raise GradientError(
            f"{name} is {value.dtype.name}: only floating-point values can be differentiated by. "
            f"Pass tf.cast(x, tf.float32)."
        )
    return value


def _call(function: Callable[..., Any], values: list[Any], several: bool) -> Any:
    variables = all(isinstance(each, tf.Variable) for each in values)
    if variables and not _takes_arguments(function):
        return function()
    return function(*values) if several else function(values[0])


def _takes_arguments(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind()
    except TypeError:
        return True
    except ValueError:  # a builtin without a signature
        return True
    return False


def _floating_result(result: Any, function: Callable[..., Any]) -> tf.Tensor:
    name = getattr(function, "__name__", type(function).__name__)
    if isinstance(result, (list, tuple)):
        parts = [tf.reduce_sum(_floating_result(each, function)) for each in result]
        return tf.add_n(parts)
    if isinstance(result, keras.Variable):
        result = result.value
    if not tf.is_tensor(result) and not isinstance(result, tf.Variable):
        raise GradientError(
            f"'{name}' returned {type(result).__name__}, not a tensor: on the way its value left "
            f"TensorFlow, by NumPy, .numpy(), float() or model.predict(), which no gradient "
            f"follows. Use tf or keras.ops operations, and model(x) in place of model.predict(x)."
        )
    if not (result.dtype.is_floating or result.dtype.is_complex):
        raise GradientError(
            f"'{name}' returned {result.dtype.name}, which has no derivative: return the "
            f"floating-point value before it was rounded, compared or made an index."
        )
    return tf.convert_to_tensor(result)


def _why_none(function: Callable[..., Any], values: list[Any], several: bool, index: int) -> str:
    """Trace the function into a graph, where the way can be walked."""
    name = f"xs[{index}]" if len(values) > 1 else "xs"
    said: list[str] = []

    def trace(*inputs: tf.Tensor) -> tf.Tensor:
        result = _floating_result(_call(function, list(inputs), several), function)
        said.append(why_not_by(name, inputs[index], result))
        return tf.zeros(())

    if any(isinstance(each, tf.Variable) for each in values):
        return why_possibly_none(name)
    specs = [tf.TensorSpec(each.shape, each.dtype) for each in values]
    try:
        tf.function(trace, autograph=False).get_concrete_function(*specs)
    except GradientError as error:
        return str(error)
    except Exception as error:  # whatever the function does with values that aren't there
        if "numpy" in str(error).lower() or isinstance(error, (TypeError, NotImplementedError)):
            return (
                f"There is no gradient by {name}: on the way a value leaves TensorFlow (by NumPy, "
                f".numpy(), float() or model.predict()), which no gradient follows. Use tf or "
                f"keras.ops operations, and model(x) in place of model.predict(x)."
            )
        return why_possibly_none(name)
    return said[0]


# ---- tensors of a graph that is being traced


def _of_graph(of: list[Any], by: list[Any], none: str) -> list[Any]:
    ys = [each.value if isinstance(each, keras.Variable) else each for each in of]
    xs = [each.value if isinstance(each, keras.Variable) else each for each in by]
    if tf.executing_eagerly():
        raise GradientError(
            "ys= holds values that are computed already, and how they came about is gone (this is "
            "where tf.gradients says that it is not supported when eager execution is enabled). "
            "Pass the function that computes them: gradients(f, x) (tfviz doctor show "
            "autodiff.gradients_eager)."
        )
    for i, each in enumerate(xs):
        if not (each.dtype.is_floating or each.dtype.is_complex) and none == "raise":
            raise GradientError(
                f"xs[{i}] is {each.dtype.name}: only floating-point tensors can be differentiated "
                f"by. Cast it to float32 first, and compute from that."
            )
    found = tf.gradients(ys, xs)
    for i, each in enumerate(found):
        if each is None:
            if none == "raise":
                raise GradientError(why_not_by(f"xs[{i}]", xs[i], ys[0]))
            if none == "zero":
                found[i] = tf.zeros_like(xs[i])
    return list(found)
