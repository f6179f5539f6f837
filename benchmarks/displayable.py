"""What `tfviz.displayable` costs beyond the copy that it has to make.

    python benchmarks/displayable.py            # a few seconds
    python benchmarks/displayable.py --check    # exit code 1 when the limit is passed

A photo of 224 x 224 x 3 is timed against `np.copy` of it, in turns, so that a busy machine slows
both; the figures are medians.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

import numpy as np

from tfviz.draw.displayable import displayable

LIMIT_MS = 1.0
SHAPE = (224, 224, 3)


def milliseconds(call, x):
    start = time.perf_counter()
    call(x)
    return 1e3 * (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail when the limit is passed")
    parser.add_argument("--rounds", type=int, default=500)
    options = parser.parse_args()

    bytes_ = np.random.default_rng(0).integers(0, 256, SHAPE, dtype=np.uint8)
    floats = bytes_.astype(np.float32) / 255
    holed = floats.copy()
    holed[:9, :9] = np.nan
    cases = {
        "uint8": bytes_,
        "float32, 0..1": floats,
        "float32, -1..1": floats * 2 - 1,
        "float32, 0..255": floats * 255,
        "float32, channels first": np.ascontiguousarray(floats.transpose(2, 0, 1)),
        "float64, 0..1": floats.astype(np.float64),
        "float32 with NaN": holed,
        "float32, one channel": floats[..., 0].copy(),
    }
    passed = True
    print(
        f"{'224 x 224 x 3':<26}{'np.copy ms':>12}{'displayable ms':>16}"
        f"{'beyond ms':>11}{'limit':>7}"
    )
    for name, x in cases.items():
        pairs = [(milliseconds(np.copy, x), milliseconds(displayable, x)) for _ in range(20)]
        pairs = [
            (milliseconds(np.copy, x), milliseconds(displayable, x)) for _ in range(options.rounds)
        ]
        copy, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
        # The promise is about photos of the two usual types.
        limit = LIMIT_MS if name == "uint8" or name.startswith("float32, ") else None
        passed &= limit is None or ours - copy < limit
        told = "" if limit is None else f"{limit:.1f}"
        print(f"{name:<26}{copy:>12.3f}{ours:>16.3f}{ours - copy:>11.3f}{told:>7}")
    if options.check and not passed:
        sys.exit(1)


if __name__ == "__main__":
    main()
