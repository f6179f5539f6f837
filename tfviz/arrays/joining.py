"""`concatenate` and `stack`: the same kind of array comes out that went in.

    items of the iterable -> arrays -> one kind -> shapes that fit -> one dtype -> joined

Each step either does what was meant or says which part is the odd one out.
"""

from __future__ import annotations

import operator
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from tfviz.arrays import promotion, shapes
from tfviz.arrays.callers import caller, globs_without_hits, stack_level
from tfviz.arrays.kinds import (
    NUMPY,
    Kind,
    dtype_name,
    framework_errors,
    is_array,
    kind_of,
    numpy_dtype,
)
from tfviz.arrays.origin import trace, why_empty
from tfviz.arrays.reading import arrays_of, common_kind, items_of
from tfviz.errors import InputError, nearest


def concatenate(
    parts: Iterable[Any],
    axis: int | None = 0,
    *,
    like: Any = None,
    shape: int | Sequence[int | None] | None = None,
    dtype: Any = None,
) -> Any:
    """Joins arrays along an axis that they have.

    What comes out is of the kind that went in: NumPy arrays, TensorFlow tensors (also inside a
    `tf.function`), KerasTensors and Keras variables (through `keras.ops`), PyTorch and JAX arrays.
    NumPy arrays, lists and numbers among tensors become tensors; two frameworks don't mix.

    Dtypes: NumPy's rule for NumPy arrays. Among tensors integers take the dtype of floats, and
    NumPy arrays and lists that of the tensors. Integers that became floats are a `UserWarning`.

    Args:
        parts: Any iterable of arrays: a list, a generator, the values of a dict (or the dict), a
            `tf.data` dataset, an array (its items along axis 0). Lists and iterators within it
            become arrays. It is walked through once.
        axis: Along which to join, negative from the end. None flattens the parts first.
        like: When there are no parts: a part as it would have been, whose kind, shape and dtype
            the empty result gets; an array, a tensor or a `tf.TensorSpec`.
        shape: When there are no parts: the shape of a part; its length along `axis` is of no
            account and may be None.
        dtype: The dtype of the result, with parts and without.

    Returns:
        The joined array; without parts and with `like`, `shape` or `dtype` an empty one (float64
        if nothing tells the dtype, shape (0,) if nothing tells the shape).

    Raises:
        InputError: If there are no parts, saying where they most likely got lost; naming each part
            that doesn't fit, by index and shape.

    >>> concatenate(np.full((n, 2), n) for n in (1, 2)).tolist()
    [[1, 1], [2, 2], [2, 2]]
    >>> concatenate([], shape=(None, 32, 32, 3), dtype="uint8").shape
    (0, 32, 32, 3)
    """
    return _outside_autograph(_join)("concatenate", parts, axis, like, shape, dtype)


def stack(
    parts: Iterable[Any],
    axis: int = 0,
    *,
    like: Any = None,
    shape: int | Sequence[int | None] | None = None,
    dtype: Any = None,
) -> Any:
    """Joins arrays of one shape along a new axis.

    Kinds, dtypes and iterables are those of `concatenate`.

    Args:
        parts: Any iterable of arrays or numbers.
        axis: Where the new axis comes, negative from the end.
        like: When there are no parts: a part as it would have been.
        shape: When there are no parts: the shape of a part.
        dtype: The dtype of the result, with parts and without.

    Returns:
        The stacked array, of shape (number of parts, *shape of a part) for axis 0.

    Raises:
        InputError: As `concatenate`.

    >>> stack([[1, 2], [3, 4], [5, 6]], axis=-1).tolist()
    [[1, 3, 5], [2, 4, 6]]
    >>> stack([], shape=(64, 64, 3)).shape
    (0, 64, 64, 3)
    """
    return _outside_autograph(_join)("stack", parts, axis, like, shape, dtype)


def _outside_autograph(function: Callable[..., Any]) -> Callable[..., Any]:
    """AutoGraph would rewrite our loops over Python lists into graph operations."""
    module = sys.modules.get("tensorflow")
    if module is None or not hasattr(module, "executing_eagerly") or module.executing_eagerly():
        return function
    wrapped: Callable[..., Any] = module.autograph.experimental.do_not_convert(function)
    return wrapped


def _join(verb: str, parts: Any, axis: Any, like: Any, shape: Any, dtype: Any) -> Any:
    new = verb == "stack"
    flat = axis is None and not new
    axis = 0 if flat else shapes.integer_axis(axis, verb=verb)
    if dtype is not None:
        _require_dtype(dtype)
    origin = trace(parts)
    items = items_of(parts, origin, verb)
    if not items:
        if like is None and shape is None and dtype is None:
            raise InputError(_nothing(verb, *why_empty(origin)))
        return _empty(verb, axis, flat, like, shape, dtype)
    arrays = arrays_of(items, verb, lambda inner: _join("stack", inner, 0, None, None, None))
    kind = common_kind(arrays)
    if flat:
        arrays = [kind_of(each).flatten(each) for each in arrays]
    axis = shapes.require_fit(
        [kind_of(each).shape(each) for each in arrays], axis, new=new, kind=kind
    )
    arrays = _of_one_dtype(arrays, items, kind, dtype)
    try:
        return kind.stack(arrays, axis) if new else kind.concatenate(arrays, axis)
    except InputError:
        raise
    except framework_errors() as error:
        raise InputError(f"{verb} can't join the {len(arrays)} parts: {error}") from error


def _nothing(verb: str, why: str, certain: bool) -> str:
    said = [f"There is nothing to {verb}. {why}"]
    if not certain:
        said += globs_without_hits(caller())
    said.append(
        "Where nothing is a right answer, say what an empty one looks like: like=, or shape= and "
        "dtype=. (tfviz doctor show data.empty_list_concatenate)"
    )
    return "\n".join(said)


def _empty(verb: str, axis: int, flat: bool, like: Any, shape: Any, dtype: Any) -> Any:
    """The empty array of the kind, shape and dtype that were asked for."""
    spec = hasattr(like, "shape") and hasattr(like, "dtype") and not is_array(like)
    if like is not None and not spec and not is_array(like):
        like = np.asarray(like)
    kind = kind_of(like)
    if spec and type(like).__module__.startswith("tensorflow"):
        kind = kind_of(sys.modules["tensorflow"].zeros([]))
    if shape is None:
        shape = () if like is None else _known_shape(like, kind, spec)
        shape = (0,) if shape == () and verb == "concatenate" else shape
    lengths = _lengths(shape)
    if flat:
        lengths, axis = (0,), 0
    place = shapes.positive_axis(axis, len(lengths), lengths, new=verb == "stack")
    if verb == "stack":
        lengths = (*lengths[:place], 0, *lengths[place:])
    else:
        lengths = (*lengths[:place], 0, *lengths[place + 1 :])
    known = tuple(n for n in lengths if n is not None)
    if len(known) < len(lengths):
        raise InputError(
            f"An empty result of shape {shapes.shape_text(lengths)} can't be made: give shape= "
            f"with numbers for all axes but the joined one."
        )
    return kind.empty(known, like.dtype if dtype is None and like is not None else dtype, like)


def _lengths(shape: Any) -> tuple[int | None, ...]:
    try:
        found = tuple(shape) if isinstance(shape, Iterable) else (shape,)
        lengths = tuple(None if n is None else operator.index(n) for n in found)
        if all(n is None or n >= 0 for n in lengths):
            return lengths
    except TypeError:
        pass
    raise InputError(f"shape={shape!r} is no shape: give lengths, such as (None, 64, 64, 3).")


def _known_shape(like: Any, kind: Kind, spec: bool) -> tuple[int | None, ...]:
    found = tuple(like.shape) if spec else kind.shape(like)
    return found if found is not None else ()


def _require_dtype(dtype: Any) -> None:
    try:
        numpy_dtype(dtype)
    except (TypeError, AttributeError) as error:
        known = ["float32", "float64", "float16", "int32", "int64", "uint8", "bool", "bfloat16"]
        raise InputError(f"dtype={dtype!r} is unknown.{nearest(str(dtype), known)}") from error


def _of_one_dtype(arrays: list[Any], items: list[Any], kind: Kind, dtype: Any) -> list[Any]:
    """All parts with the dtype that the result shall have."""
    if dtype is not None:
        _require_castable(arrays, dtype)
        return _cast(arrays, kind, dtype)
    names = [_dtype(each) for each in arrays]
    own = [name for name, item in zip(names, items, strict=True) if is_array(item)]
    if kind is NUMPY:
        return _of_numpy(arrays, own)
    result = _tensor_dtype(arrays, items, kind)
    if len(own) > 1:
        tensors = [n for n, each in zip(names, arrays, strict=True) if kind_of(each) is not NUMPY]
        _note(tensors, result)
    return _cast(arrays, kind, result)


def _dtype(x: Any) -> str:
    return kind_of(x).dtype(x)


def _of_numpy(arrays: list[Any], own: list[str]) -> list[Any]:
    dtypes = list(dict.fromkeys(each.dtype for each in arrays))
    if len(dtypes) == 1:
        return arrays
    try:
        result = np.result_type(*dtypes)
    except TypeError as error:
        # bfloat16 of ml_dtypes, of which NumPy knows no promotion.
        name = promotion.promoted([_dtype(each) for each in arrays])
        if name is None:
            raise InputError(_no_common([str(each.dtype) for each in arrays])) from error
        arrays = _cast(arrays, NUMPY, name)
        result = arrays[0].dtype
    _note(own, dtype_name(result))
    return arrays


def _tensor_dtype(arrays: list[Any], items: list[Any], kind: Kind) -> str:
    names = [_dtype(each) for each in arrays]
    strong = [n for n, each in zip(names, arrays, strict=True) if kind_of(each) is not NUMPY]
    result = promotion.promoted(strong)
    if result is None:
        raise InputError(_no_common(names))
    for array, item in zip(arrays, items, strict=True):
        if kind_of(array) is not NUMPY:
            continue
        name = _dtype(array)
        mine, theirs = promotion.sort_of(name), promotion.sort_of(result)
        if mine is None or theirs is None:
            if name != result and not (result == "string" and name == "object"):
                raise InputError(_no_common(names))
        elif mine > theirs:
            result = name if is_array(item) else _plain_default(name, kind)
    return result


def _plain_default(name: str, kind: Kind) -> str:
    """What Python's own numbers are in this framework."""
    integer, floating = kind.plain_defaults
    return {1: integer, 2: floating, 3: "complex64"}.get(promotion.sort_of(name) or 0, name)


def _cast(arrays: list[Any], kind: Kind, dtype: Any) -> list[Any]:
    name = dtype_name(dtype)
    for i, each in enumerate(arrays):
        if isinstance(each, np.ndarray) and not promotion.holds(each, name):
            raise InputError(
                f"part {i} has values from {each.min()} to {each.max()}, which {name} can't hold: "
                f"pass a wider dtype=, such as 'int64', or 'float32'."
            )
    like = next((each for each in arrays if kind_of(each) is not NUMPY), None)
    return [kind.cast(each, dtype, like) for each in arrays]


def _require_castable(arrays: list[Any], dtype: Any) -> None:
    wanted = dtype_name(dtype)
    names = [_dtype(each) for each in arrays]
    odd = [
        i
        for i, (each, name) in enumerate(zip(arrays, names, strict=True))
        if not (promotion.castable(name, wanted) or _numpy_casts(each, dtype))
    ]
    if odd:
        i = odd[0]
        raise InputError(
            f"dtype={wanted!r} would lose what part {i} holds, which is {names[i]} ({len(odd)} of "
            f"{len(names)} parts): convert them yourself first, x.astype({wanted!r}) of an array "
            f"or tf.cast(x, {wanted!r}) of a tensor."
        )


def _numpy_casts(x: Any, dtype: Any) -> bool:
    return isinstance(x, np.ndarray) and np.can_cast(x.dtype, numpy_dtype(dtype), "same_kind")


def _no_common(names: Sequence[str]) -> str:
    """Which parts have a dtype of another sort than most."""
    sorts = [promotion.sort_name(each) for each in names]
    numbers = [each if each in ("string", "object") else "number" for each in sorts]
    usual = max(dict.fromkeys(numbers), key=numbers.count)
    odd = [i for i, each in enumerate(numbers) if each != usual]
    if not odd:
        listed = ", ".join(dict.fromkeys(names))
        return f"No dtype holds all of {listed}: convert the parts to one, or pass dtype=."
    first = names[numbers.index(usual)]
    said = ", ".join(f"part {i} is {names[i]}" for i in odd[: shapes.MOST_LISTED])
    doctor = " (tfviz doctor show data.object_dtype)" if "object" in names else ""
    many = f"{numbers.count(usual)} of {len(names)}"
    return f"No dtype holds all parts: {many} are {first}, but {said}.{doctor}"


def _note(names: Sequence[str], result: str) -> None:
    text = promotion.note(names, result)
    if text:
        frame = caller()
        warnings.warn(text, UserWarning, stacklevel=stack_level(frame))
