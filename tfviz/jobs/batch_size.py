"""How many photos the model should see at once: measured, where the user leaves it open."""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np

from tfviz.jobs.memory import short_of_memory
from tfviz.model.pixels import PixelPlan

SIZES = (1, 2, 4, 8, 16, 32, 64)
# A larger batch must save this share of the time of each photo to be worth its memory.
WORTH = 0.03
REPEATS = 3
LONGEST_SECONDS = 2.0
# Of what is free: reading and drawing need some too, and so do other programs.
MEMORY_SHARE = 0.25


def measured_batch_size(method: Any, pixels: PixelPlan, target: Any) -> int:
    """Time a method on blank photos of growing number; the smallest that is about the fastest.

    Args:
        method: An explainer; its `batch_size` is left as it was.
        pixels: How photos are made ready for its model.
        target: What is explained.

    Returns:
        One of `SIZES`.
    """
    before = method.batch_size
    photo = pixels.apply([np.full((*pixels.size, 3), 127, np.uint8)])
    best, fastest = SIZES[0], float("inf")
    free = _free_bytes()
    try:
        for size in SIZES:
            method.batch_size = size
            used = _used_bytes()
            try:
                took = _seconds(method, np.repeat(photo, size, axis=0), target)
            except Exception as error:
                if short_of_memory(error):
                    break
                raise
            if took / size < fastest * (1 - WORTH):
                best, fastest = size, took / size
            # The next size needs twice of what this one took.
            too_much = free is not None and 2 * (_used_bytes() - used) > MEMORY_SHARE * free
            if took > LONGEST_SECONDS or too_much:
                break
    finally:
        method.batch_size = before
    return best


def _seconds(method: Any, inputs: np.ndarray, target: Any) -> float:
    method(inputs, target)
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        method(inputs, target)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _used_bytes() -> int:
    """The most memory this process ever had; 0 where the system doesn't tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _free_bytes() -> int | None:
    """Memory that a program may still take, None where the system doesn't tell."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file if ":" in line)
        return int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None
