"""What a race of all of Keras's optimizers costs, in one compiled loop.

    python benchmarks/learn_optimizers.py            # a minute on two cores
    python benchmarks/learn_optimizers.py --quick
    python benchmarks/learn_optimizers.py --check    # exit code 1 when a limit is passed

All optimizers of the installed Keras, 500 steps each on the ravine: making, tracing and running
them, after the import; the same again once traced; and beside it Adam alone in a Python loop with
an eager tape, as tutorials write it, as a ratio a step and optimizer, timed in turns.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

from tfviz.learn.optimizers.field import everybody, unable
from tfviz.learn.optimizers.lesson import optimizer
from tfviz.learn.optimizers.race import Track
from tfviz.learn.optimizers.surfaces import surface

STEPS = 500
LIMIT_S = 5.0
LEAST_RATIO = 5.0


def eager(steps: int) -> float:
    """Seconds a step of Adam in a Python loop."""
    ground = surface("ravine")
    point = keras.Variable(ground.start, dtype="float64")
    adam = keras.optimizers.Adam(0.1)
    adam.build([point])
    start = time.perf_counter()
    for _ in range(steps):
        with tf.GradientTape() as tape:
            height = ground.function(point.value)
        adam.apply([tape.gradient(height, point.value)], [point])
    return (time.perf_counter() - start) / steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--check", action="store_true", help="fail when a limit is passed")
    options = parser.parse_args()

    names = [
        name
        for name, each in everybody().items()
        if hasattr(keras.optimizers, name) and not unable([each])
    ]
    start = time.perf_counter()
    race = optimizer(names, steps=STEPS)
    first = time.perf_counter() - start
    count = len(race.runs)
    print(f"{count} optimizers x {STEPS} steps, made, traced and run: {first:.2f} s")

    track = Track([everybody()[each] for each in names], surface("ravine"), STEPS)
    rates = [each.rate for each in race.runs]
    track.run(rates)
    ratios, again = [], []
    for _ in range(3 if options.quick else 9):
        start = time.perf_counter()
        track.run(rates)
        again.append(time.perf_counter() - start)
        ratios.append(eager(50) / (again[-1] / (STEPS * count)))
    print(f"once traced: {statistics.median(again):.3f} s")
    ratio = statistics.median(ratios)
    print(f"a step of an optimizer takes 1/{ratio:.0f} of one in an eager loop")
    if options.check and (first > LIMIT_S or ratio < LEAST_RATIO):
        sys.exit(f"limits: {LIMIT_S} s and a ratio of {LEAST_RATIO}")


if __name__ == "__main__":
    main()
