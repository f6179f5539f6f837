"""What a training step costs, as ratios measured in one run.

    python benchmarks/train.py            # about ten minutes on two cores
    python benchmarks/train.py --quick    # without MobileNetV2, fewer repetitions
    python benchmarks/train.py --check    # exit code 1 when a limit is passed

The trainer is timed against `model.fit` of the same model on the same data, in turns, so that a
busy machine slows both; the figure is the median of the ratios of the pairs. Both have been
compiled and warmed up before, and both make the same number of steps in one call. The eager tape
loop is the one that tutorials write, without tf.function; it is there for the record.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# model: the most that a step may cost of one of fit with steps_per_execution=1
LIMITS = {"MLP": 0.4, "CNN": 0.9, "MobileNetV2": 1.0}
EQUAL_LIMIT = 1.0
GUARD_LIMIT = 1.05
EQUAL_STEPS = 10
MEMORY_STEPS = 10_000
# What an allocator keeps for itself may differ by this much, in MB.
MEMORY_LIMIT = 20.0
SHAPES = {"MLP": (20,), "CNN": (32, 32, 3), "MobileNetV2": (96, 96, 3)}
STEPS = {"MLP": 1000, "CNN": 60, "MobileNetV2": 8}
BATCH = 32


def build(name):
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    if name == "MobileNetV2":
        return keras.applications.MobileNetV2((96, 96, 3), weights=None, classes=10)
    if name == "MLP":
        body = [layers.Dense(32, activation="relu")]
    else:
        body = [
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
        ]
    return keras.Sequential(
        [keras.Input(SHAPES[name]), *body, layers.Dense(10, activation="softmax")]
    )


def data(name):
    import numpy as np
    import tensorflow as tf

    random = np.random.default_rng(0)
    x = random.random((8 * BATCH, *SHAPES[name]), np.float32)
    y = random.integers(0, 10, 8 * BATCH)
    batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(BATCH, drop_remainder=True)
    return batches.cache().repeat().prefetch(tf.data.AUTOTUNE)


def fitting(name, per_execution=1):
    """A function that makes so many steps by `fit`."""
    model = build(name)
    model.compile(
        "adam",
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=per_execution,
    )
    batches = data(name)
    return lambda steps: model.fit(batches, steps_per_epoch=steps, verbose=0)


def training(name, **options):
    """A function that makes so many steps by the trainer."""
    import tfviz

    trainer = tfviz.Trainer(
        build(name), "sparse_categorical_crossentropy", "adam", ["accuracy"], **options
    )
    batches = data(name)
    return lambda steps: trainer.fit(batches, steps_per_epoch=steps, progress="none")


def seconds(call, steps):
    gc.collect()
    start = time.perf_counter()
    call(steps)
    return (time.perf_counter() - start) / steps


def compare(plain, ours, steps, pairs):
    """Medians of both in ms a step, and the median ratio of pairs taken in turns."""
    for _ in range(2):
        plain(steps), ours(steps)
    rows = []
    for i in range(pairs):
        # Who goes first alternates: the second finds warmer caches.
        first, second = (plain, ours) if i % 2 else (ours, plain)
        a, b = seconds(first, steps), seconds(second, steps)
        rows.append((a, b) if i % 2 else (b, a))
    ratio = statistics.median(b / a for a, b in rows)
    return (
        1e3 * statistics.median(a for a, _ in rows),
        1e3 * statistics.median(b for _, b in rows),
        ratio,
    )


def show(label, plain, ours, ratio, limit):
    over = limit is not None and ratio > limit
    shown = "" if limit is None else f"{limit:.2f}"
    print(
        f"{label:<44}{plain:>10.3f}{ours:>10.3f}{ratio:>8.3f}{shown:>8}"
        f"{'  <- over' if over else ''}",
        flush=True,
    )
    return not over


def against_fit(names, pairs):
    passed = True
    print(f"{'ms a step':<44}{'fit':>10}{'ours':>10}{'ratio':>8}{'limit':>8}")
    for name in names:
        steps = STEPS[name]
        found = compare(fitting(name), training(name), steps, pairs)
        passed &= show(f"{name}, as both come", *found, LIMITS[name])
        found = compare(
            fitting(name, EQUAL_STEPS), training(name, steps_per_call=EQUAL_STEPS), steps, pairs
        )
        passed &= show(f"{name}, {EQUAL_STEPS} steps a call in both", *found, EQUAL_LIMIT)
    return passed


def stepping(name, guard):
    """A function that makes so many steps in the trainer's loop, with or without its guard."""
    import tensorflow as tf

    import tfviz
    from tfviz.train.step import Step

    class Bare(Step):
        """Forward pass, gradients, optimizer and metrics; no norm, nothing put back or kept."""

        def _step(self, batch):
            updating = self.updates[""]
            raws = [each.value for each in updating.variables]
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(raws)
                forward = updating.objective.forward(batch)
            gradients = tape.gradient(forward.loss, raws)
            updating.optimizer.apply(gradients, updating.variables)
            updating.objective.measure(batch, forward)
            return {"loss": forward.loss, "finite": tf.constant(True)}

    batches = data(name)
    trainer = tfviz.Trainer(build(name), "sparse_categorical_crossentropy", "adam", ["accuracy"])
    step = trainer.prepare(batches, steps_per_epoch=1).step
    if not guard:
        step = Bare(trainer.model, step.updates)
    iterator = iter(batches)
    return lambda steps: step.run(iterator, steps)


def eager(name):
    import keras
    import tensorflow as tf

    model, batches = build(name), iter(data(name))
    optimizer = keras.optimizers.Adam()
    loss_of = keras.losses.SparseCategoricalCrossentropy()

    def loop(steps):
        for _ in range(steps):
            x, y = next(batches)
            with tf.GradientTape() as tape:
                loss = loss_of(y, model(x, training=True))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply(gradients, model.trainable_variables)
        return float(loss)

    return loop


def memory(steps):
    """MB by which the process grew over many steps, after as many had warmed it up."""
    import resource

    run = training("MLP")
    run(steps // 5)
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    run(steps)
    gc.collect()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    over = grown > MEMORY_LIMIT
    print(
        f"\npeak memory over {steps} steps grew by {grown:.1f} MB (limit {MEMORY_LIMIT:.0f})"
        f"{'  <- over' if over else ''}"
    )
    return not over


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    pairs = 5 if arguments.quick else 11
    passed = against_fit(["MLP", "CNN"] if arguments.quick else list(LIMITS), pairs)
    print(f"\n{'ms a step':<44}{'without':>10}{'with':>10}{'ratio':>8}{'limit':>8}")
    found = compare(stepping("CNN", False), stepping("CNN", True), STEPS["CNN"], 2 * pairs)
    passed &= show("CNN, guard and norms", *found, GUARD_LIMIT)
    print(f"\n{'ms a step':<44}{'ours':>10}{'eager':>10}{'ratio':>8}")
    for name in ("MLP", "CNN"):
        found = compare(training(name), eager(name), 40, 3 if arguments.quick else 7)
        show(f"{name}, an eager tape, for the record", *found, None)
    if sys.platform != "win32":
        passed &= memory(MEMORY_STEPS // (5 if arguments.quick else 1))
    if arguments.check and not passed:
        sys.exit(1)


if __name__ == "__main__":
    main()
