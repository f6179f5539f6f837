"""What can be seen of a value for a sentence: its shape, dtype, numbers; and which names hold it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from tfviz.doctor.live.clues.case import Case
from tfviz.doctor.live.description import Shape
from tfviz.doctor.live.safely import is_a, maybe, read
from tfviz.errors import nearest

MOST_NUMBERS = 10_000_000
MOST_ITEMS = 20_000
_ARRAYS = (
    ("numpy", "ndarray"),
    ("numpy", "generic"),
    ("tensorflow", "Tensor"),
    ("tensorflow", "Variable"),
    ("tensorflow", "RaggedTensor"),
    ("keras", "KerasTensor"),
    ("keras", "Variable"),
    ("keras", "KerasVariable"),
    ("torch", "Tensor"),
    ("pandas", "DataFrame"),
    ("pandas", "Series"),
)


def is_array(value: Any) -> bool:
    """Whether a value is an array, tensor or table."""
    return any(is_a(value, *each) for each in _ARRAYS)


def shape_of(value: Any) -> Shape | None:
    """The shape of an array or tensor; None for other values, or when it isn't known."""
    if not is_array(value):
        return None
    try:
        shape = tuple(None if each is None else int(each) for each in read(value, "shape"))
    except Exception:  # a tensor of unknown rank
        return None
    return shape


def dtype_of(value: Any) -> str:
    """The dtype's name, '' for what has none."""
    dtype = maybe(value, "dtype") if is_array(value) else None
    if dtype is None:
        return ""
    name = maybe(dtype, "name") or str(dtype)
    return str(name).removeprefix("torch.")


def numbers_of(value: Any) -> np.ndarray | None:
    """The values of an array as NumPy's, None when they aren't there or are too many."""
    shape = shape_of(value)
    if shape is None:
        return None
    sizes = [each for each in shape if each is not None]
    if len(sizes) < len(shape) or math.prod(sizes) > MOST_NUMBERS:
        return None
    if is_a(value, "numpy", "ndarray"):
        return np.asarray(value)
    try:
        if is_a(value, "tensorflow", "EagerTensor") or is_a(value, "tensorflow", "Variable"):
            return np.asarray(read(value, "numpy")())
        if is_a(value, "keras", "Variable", "KerasVariable"):
            return np.asarray(read(read(value, "value"), "numpy")())
        if is_a(value, "torch", "Tensor"):
            return np.asarray(read(read(read(value, "detach")(), "cpu")(), "numpy")())
        if is_a(value, "pandas", "DataFrame", "Series"):
            return np.asarray(read(value, "to_numpy")())
    except Exception:  # a symbolic or half-built tensor has no values
        return None
    return None


def items_of(value: Any) -> Sequence[Any] | None:
    """The items of a list or tuple, as far as they are few enough to look at."""
    if type(value) in (list, tuple):
        return value[:MOST_ITEMS]
    if is_a(value, "numpy", "ndarray") and value.dtype == object and value.ndim == 1:
        return list(value[:MOST_ITEMS])
    if is_a(value, "pandas", "Series") and dtype_of(value) == "object":
        return list(read(value, "to_numpy")()[:MOST_ITEMS])
    return None


def kind_of(value: Any) -> str:
    """What a value is, in a word or two.

    >>> kind_of(None), kind_of([1])
    ('None', 'a list')
    """
    if value is None:
        return "None"
    name = type(value).__name__
    known = {"EagerTensor": "a tensor", "SymbolicTensor": "a symbolic tensor",
             "KerasTensor": "a symbolic KerasTensor", "ndarray": "an array",
             "ResourceVariable": "a variable"}  # fmt: skip
    if name in known:
        return known[name]
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def with_shape(name: str, value: Any) -> str:
    """`images` is (32, 10)."""
    return f"`{name}` is {shape_of(value)}"


def arrays_on_line(case: Case) -> list[tuple[str, Any]]:
    """(name, array) of what stands on the failing line, each once."""
    found: dict[str, Any] = {}
    for name, value in case.line.expressions():
        if is_array(value):
            found.setdefault(name, value)
    return list(found.items())


def named_with_shape(case: Case, shape: Shape, *, beside: str = "") -> str | None:
    """The only name with an array of this shape: on the line, else in the function."""
    for names in (arrays_on_line(case), list(locals_of(case))):
        found = [name for name, value in names if shape_of(value) == shape and name != beside]
        if len(set(found)) == 1:
            return found[0]
        if found:
            return None
    return None


def locals_of(case: Case) -> Iterator[tuple[str, Any]]:
    """The arrays among the user's own local names."""
    for name, value in list(case.own.locals.items())[:500]:
        if is_array(value) and not name.startswith("_"):
            yield name, value


def differing(a: Shape, b: Shape, ignore: Sequence[int] = ()) -> list[int]:
    """The axes in which two shapes of the same length differ; unknown ones never do.

    >>> differing((32, 10), (32, 12)), differing((None, 3), (5, 3))
    ([1], [])
    """
    return [
        axis
        for axis, (m, n) in enumerate(zip(a, b, strict=True))
        if axis not in ignore and m is not None and n is not None and m != n
    ]


def shown(value: Any, most: int = 60) -> str:
    """A value as Python writes it; of other classes than plain ones only what it is.

    >>> shown("cat"), shown([1])
    ("'cat'", 'a list')
    """
    plain = type(value) in (str, bytes, int, float, bool, complex, type(None))
    if plain or is_a(value, "numpy", "generic"):
        text = repr(value)
        return text if len(text) <= most else f"{text[: most - 3]}..."
    return kind_of(value)


def listed(names: Sequence[str], most: int = 4) -> str:
    """'a', 'a and b', 'a, b and 3 more'.

    >>> listed(["a"]), listed(["a", "b", "c"]), listed(list("abcdef"))
    ('a', 'a, b and c', 'a, b, c and 3 more')
    """
    if len(names) > most:
        return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def number(count: int, word: str, words: str = "") -> str:
    """'1 unit', '3 units', '2 axes'.

    >>> number(1, "unit"), number(3, "unit"), number(2, "axis", "axes")
    ('1 unit', '3 units', '2 axes')
    """
    return f"{count} {word if count == 1 else words or word + 's'}"


def is_symbolic(value: Any) -> bool:
    """Whether it is a tensor of a graph that is being built, without values."""
    tensor = is_a(value, "tensorflow", "Tensor")
    # Variables are tensors too, for TensorFlow.
    return tensor and not is_a(value, "tensorflow", "EagerTensor", "Variable")


def close_to(name: str, known: Iterable[str], most: int = 2) -> str:
    """As `nearest`, for names in code.

    >>> close_to("Dens", ["Dense", "Conv2D"])
    ' Did you mean `Dense`?'
    """
    return nearest(name, known, count=most).replace("'", "`")
