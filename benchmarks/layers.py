"""What deformable convolution costs, as ratios to a plain convolution measured in one run.

    python benchmarks/layers.py            # a minute on two cores
    python benchmarks/layers.py --quick    # fewer repetitions
    python benchmarks/layers.py --check    # exit code 1 when a limit is passed

4 images of 56 x 56 with 64 channels, a 3 x 3 kernel, 64 filters, float32. Both are compiled by
`tf.function` and timed in turns, so that a busy machine slows both; the figure is the median of the
ratios of the pairs. Forward is `deform_conv2d` with a mask against `tf.nn.conv2d`; backward is by
everything that goes in. Beside the clock stands the processor time of the whole process.

Memory is measured in processes of their own: how far the peak of resident memory rises over that
of a plain convolution when four layers of 16 images are trained, in columns: one column tensor has
batch * pixels * taps * channels * 4 bytes.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

FORWARD_LIMIT, BACKWARD_LIMIT = 3.2, 10.0
BATCH, SIZE, CHANNELS, TAPS = 4, 56, 64, 9
MEMORY_BATCH, MEMORY_LAYERS = 16, 4


def seconds(call):
    start, used = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - start, time.process_time() - used


def compare(plain, ours, pairs):
    """Medians of both in ms, the median ratio of pairs by the clock, and by processor time."""
    for _ in range(3):
        plain(), ours()
    rows = []
    for i in range(pairs):
        # Who goes first alternates: the second finds warmer caches.
        first, second = (plain, ours) if i % 2 else (ours, plain)
        a, b = seconds(first), seconds(second)
        rows.append((a, b) if i % 2 else (b, a))
    return (
        1e3 * statistics.median(a[0] for a, _ in rows),
        1e3 * statistics.median(b[0] for _, b in rows),
        statistics.median(b[0] / a[0] for a, b in rows),
        statistics.median(b[1] / max(a[1], 1e-9) for a, b in rows),
    )


def speed(pairs):
    import numpy as np
    import tensorflow as tf

    from tfviz.layers import deform_conv2d

    random = np.random.default_rng(0)

    def normal(*shape, by=1.0):
        return tf.constant(random.normal(0, by, shape), tf.float32)

    x, kernel = normal(BATCH, SIZE, SIZE, CHANNELS), normal(3, 3, CHANNELS, CHANNELS, by=0.05)
    offset = normal(BATCH, SIZE, SIZE, 2 * TAPS, by=1.5)
    mask = tf.sigmoid(normal(BATCH, SIZE, SIZE, TAPS))

    def plain(x, kernel):
        return tf.nn.conv2d(x, kernel, 1, "SAME")

    def ours(x, kernel, offset, mask, recompute=False):
        return deform_conv2d(x, offset, kernel, mask, padding="same", recompute=recompute)

    def leaner(*given):
        return ours(*given, recompute=True)

    def first_version(x, kernel, offset, mask):
        return deform_conv2d(x, offset, kernel, padding="same")

    def forward(function, given):
        compiled = tf.function(function)
        return lambda: compiled(*given).numpy()

    def backward(function, given):
        @tf.function
        def compiled(*given):
            with tf.GradientTape() as tape:
                tape.watch(given)
                total = tf.reduce_sum(function(*given))
            return tape.gradient(total, given)

        return lambda: [each.numpy() for each in compiled(*given) if each is not None]

    passed = True
    both = (x, kernel, offset, mask)
    print(f"{'':<36}{'plain ms':>9}{'ours ms':>9}{'ratio':>8}{'of CPU':>8}{'limit':>7}")
    for label, way, function, limit in (
        ("v2 forward", forward, ours, FORWARD_LIMIT),
        ("v1 forward", forward, first_version, FORWARD_LIMIT),
        ("v2 forward + backward", backward, ours, BACKWARD_LIMIT),
        ("v1 forward + backward", backward, first_version, BACKWARD_LIMIT),
        ("v2 forward + backward, recompute", backward, leaner, BACKWARD_LIMIT),
    ):
        a, b, ratio, used = compare(way(plain, (x, kernel)), way(function, both), pairs)
        passed &= ratio <= limit
        mark = "" if ratio <= limit else "  <- over"
        print(f"{label:<36}{a:>9.1f}{b:>9.1f}{ratio:>8.2f}{used:>8.2f}{limit:>7.1f}{mark}")
    return passed


def peak(kind):
    """Train four layers for a few steps and print the peak of resident memory in bytes."""
    import resource

    import numpy as np
    import tensorflow as tf

    from tfviz.layers import deform_conv2d

    random = np.random.default_rng(0)
    x = tf.constant(random.normal(size=(MEMORY_BATCH, SIZE, SIZE, CHANNELS)), tf.float32)
    offset = tf.constant(random.normal(size=(MEMORY_BATCH, SIZE, SIZE, 2 * TAPS)), tf.float32)
    kernel = tf.constant(random.normal(size=(3, 3, CHANNELS, CHANNELS)) * 0.05, tf.float32)

    @tf.function
    def step(x, offset, kernel):
        with tf.GradientTape() as tape:
            tape.watch((x, offset, kernel))
            y = x
            for _ in range(MEMORY_LAYERS):
                if kind == "plain":
                    y = tf.nn.conv2d(y, kernel, 1, "SAME")
                else:
                    y = deform_conv2d(
                        y, offset, kernel, padding="same", recompute=kind == "recompute"
                    )
            total = tf.reduce_sum(y)
        return [each for each in tape.gradient(total, (x, offset, kernel)) if each is not None]

    for _ in range(2):
        step(x, offset, kernel)
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def memory():
    column = MEMORY_BATCH * SIZE * SIZE * TAPS * CHANNELS * 4
    print(
        f"\n{MEMORY_LAYERS} layers, {MEMORY_BATCH} images; "
        f"a column tensor has {column / 1e6:.0f} MB"
    )
    peaks = {}
    for kind in ("plain", "deformable", "recompute"):
        said = subprocess.run(
            [sys.executable, __file__, "--peak", kind], capture_output=True, text=True, check=True
        )
        peaks[kind] = int(said.stdout.split()[-1])
        more = (peaks[kind] - peaks["plain"]) / column
        print(f"{kind:<12} peak {peaks[kind] / 1e9:>6.2f} GB {more:>+8.1f} columns over plain")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--peak", choices=("plain", "deformable", "recompute"))
    arguments = parser.parse_args()
    if arguments.peak:
        peak(arguments.peak)
        return
    passed = speed(10 if arguments.quick else 40)
    if sys.platform != "win32":
        memory()
    if arguments.check and not passed:
        sys.exit(1)


if __name__ == "__main__":
    main()
