"""The range of an array and what in it isn't finite, in bounded time."""

from __future__ import annotations

import math

import numpy as np

from tfviz.doctor.live.description import ALL, SAMPLE, Statistics

# Each number of a file in memory may cost a disk access.
SAMPLE_OF_FILE = 2_000
FEW = 6


def statistics_of(array: np.ndarray, most: int = ALL) -> Statistics | None:
    """Look at the numbers of an array.

    Args:
        array: Of any shape and numeric or boolean dtype, those of ml_dtypes included. It is not
            changed, and not copied where a view does.
        most: Larger arrays are sampled.

    Returns:
        None when its elements are no numbers.
    """
    size = int(array.size)
    few = array.ndim == 1 and size <= FEW
    if array.dtype.kind == "O" or array.dtype.names or array.dtype.kind in "SUMmT":
        return None
    if isinstance(array, np.memmap) and size > SAMPLE_OF_FILE:
        part = _sample(array, SAMPLE_OF_FILE)
    else:
        part = _sample(array, SAMPLE) if size > most else array
    part = np.asarray(part)
    looked_at = int(part.size)
    if size == 0:
        return Statistics(0, 0)
    if part.dtype.kind == "b":
        values = tuple(bool(each) for each in part) if few else None
        return Statistics(size, looked_at, true=int(np.count_nonzero(part)), few=values)
    if part.dtype.kind in "iu":
        whole = tuple(int(each) for each in part) if few else None
        return Statistics(size, looked_at, int(part.min()), int(part.max()), few=whole)
    magnitude = part.dtype.kind == "c"
    if magnitude:
        part = np.abs(part)
    elif part.dtype.kind != "f" or part.dtype.itemsize < 4:
        part = part.astype(np.float32)  # bfloat16 and float8 count as kind V
    numbers = tuple(float(each) for each in part) if few and not magnitude else None
    return _of_floats(part, size, numbers, magnitude)


def _of_floats(
    part: np.ndarray, size: int, few: tuple[float, ...] | None, magnitude: bool
) -> Statistics:
    with np.errstate(all="ignore"):
        low, high = part.min(), part.max()
        nan = inf = 0
        if not (np.isfinite(low) and np.isfinite(high)):
            # Only now are the passes worth their time: NaN wins both comparisons.
            nan = int(np.count_nonzero(np.isnan(part)))
            inf = int(np.count_nonzero(np.isinf(part)))
            finite = np.isfinite(part)
            low = np.min(part, where=finite, initial=np.inf)
            high = np.max(part, where=finite, initial=-np.inf)
    some = nan + inf < part.size
    return Statistics(
        size,
        int(part.size),
        float(low) if some else None,
        float(high) if some else None,
        nan,
        inf,
        few=few,
        magnitude=magnitude,
    )


def _sample(array: np.ndarray, most: int) -> np.ndarray:
    """Evenly spaced elements: every k-th along the axes, the longest first."""
    steps = [1] * array.ndim
    left = list(array.shape)
    while math.prod(left) > most:
        axis = max(range(array.ndim), key=left.__getitem__)
        # An odd step doesn't keep to one column of a picture or one channel.
        need = math.ceil(math.prod(left) / most)
        steps[axis] *= min(need, left[axis]) | 1
        left[axis] = -(-array.shape[axis] // steps[axis])
    return array[tuple(slice(None, None, step) for step in steps)]
