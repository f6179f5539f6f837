"""Which dtype parts of different dtypes get together, and when that deserves a note.

NumPy arrays: NumPy's own rule. Tensors: the same, except that integers and booleans beside floats
take the dtype of the floats (int64 and float32 give float32, where NumPy gives float64), as in
Keras, PyTorch and JAX. NumPy arrays, lists and numbers beside tensors take the dtype of the
tensors unless theirs is of a higher sort: boolean < integer < float < complex.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_SORTS = ("bool", "int", "float", "complex")
# Integers up to two to this power are exact in a float.
_EXACT_BITS = {"bfloat16": 8, "float16": 11, "float32": 24, "float64": 53}


def sort_of(name: str) -> int | None:
    """0 to 3 for booleans, integers, floats and complex numbers; None for anything else."""
    if name == "bfloat16" or name.startswith("float"):
        return 2
    if name.startswith("complex"):
        return 3
    if name == "bool":
        return 0
    return 1 if name.startswith(("int", "uint")) else None


def sort_name(name: str) -> str:
    """What to call it: 'int' for 'uint8', the name itself where it isn't a number."""
    sort = sort_of(name)
    return name if sort is None else _SORTS[sort]


def promoted(names: Sequence[str]) -> str | None:
    """The dtype that tensors of these dtypes get together, None where there is none.

    >>> promoted(["int64", "float32"]), promoted(["float16", "bfloat16"])
    ('float32', 'float32')
    >>> promoted(["uint8", "int8"]), promoted(["string", "int8"])
    ('int16', None)
    """
    different = list(dict.fromkeys(names))
    if len(different) == 1:
        return different[0]
    sorts = [sort_of(each) for each in different]
    known = [each for each in sorts if each is not None]
    if len(known) < len(sorts):
        return None
    highest = max(known)
    # Floats count beside complex numbers: complex64 and float64 are complex128.
    least = 2 if highest == 3 else highest
    taken = [n for n, sort in zip(different, known, strict=True) if sort >= least]
    if len(taken) == 1:
        return taken[0]
    if any(each.startswith(("float8", "float4")) for each in taken):
        return None
    # bfloat16 and float16 have no dtype in common but float32; NumPy knows nothing of bfloat16.
    plain = ["float32" if each == "bfloat16" else each for each in taken]
    return str(np.result_type(*map(np.dtype, plain)).name)


def holds(value: Any, dtype: str) -> bool:
    """Whether all values of an integer array lie in the range of an integer dtype."""
    if value.size == 0 or sort_of(dtype) != 1 or value.dtype.kind not in "iu":
        return True
    info = np.iinfo(dtype)
    return int(value.min()) >= info.min and int(value.max()) <= info.max


def castable(name: str, wanted: str) -> bool:
    """NumPy's rule of the same kind: float64 to float32 yes, float to integer no."""
    if name == wanted:
        return True
    was, will = sort_of(name), sort_of(wanted)
    if was is None or will is None:
        return "string" not in (name, wanted) and wanted == "object"
    return will >= was


def note(names: Sequence[str], result: str) -> str | None:
    """What is worth knowing about a join of arrays of different dtypes, else None.

    Args:
        names: The dtypes of the parts that have one of their own (arrays, not lists).
        result: What they became.
    """
    different = list(dict.fromkeys(names))
    if len(different) < 2:
        return None
    listed = _counted(names)
    if result == "string" and any(each != "string" for each in different):
        return f"Numbers became text: the parts are {listed}. Pass numbers only, or text only."
    if result == "object":
        return (
            f"The parts are {listed} and became an array of objects, which TensorFlow refuses "
            f"(tfviz doctor show data.object_dtype)."
        )
    integers = [each for each in different if sort_of(each) == 1]
    if not integers or sort_of(result) not in (2, 3):
        return None
    said = f"Integers became floats: the parts are {listed}, the result is {result}."
    bits = _EXACT_BITS.get(result)
    if bits and any(np.iinfo(each).bits - each.startswith("int") > bits for each in integers):
        said += f" Integers beyond {2**bits:,} are rounded."
    if "uint8" in integers and any(sort_of(each) == 2 for each in different):
        said += " Images in uint8 count 0..255, those in floats often 0..1: do yours agree?"
    return f"{said} Pass dtype={result!r} if that is right, or convert the parts first."


def _counted(names: Sequence[str]) -> str:
    """`int64 (2 of 3) and float32 (1)`."""
    counts = {each: list(names).count(each) for each in dict.fromkeys(names)}
    each = [f"{name} ({count})" for name, count in counts.items()]
    return f"{', '.join(each[:-1])} and {each[-1]}"
