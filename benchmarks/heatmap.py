"""What a heatmap costs, as ratios measured in one run.

    python benchmarks/heatmap.py            # about three minutes on two cores
    python benchmarks/heatmap.py --quick    # MobileNetV2 only, fewer repetitions
    python benchmarks/heatmap.py --check    # exit code 1 when a limit is passed

Grad-CAM is timed against the plain compiled forward pass of the same model on the same input, in
turns, so that a busy machine slows both; the figure is the median of the ratios of the pairs. The
input is a tensor in both, and both end with the numbers in NumPy.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# batch: limit of Grad-CAM over forward
LIMITS = {1: 1.15, 8: 1.05, 32: 1.05}
START_LIMIT = 0.25


def seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def compare(plain, ours, pairs):
    """Medians of both in ms, and the median ratio of pairs taken in turns."""
    for _ in range(3):
        plain(), ours()
    rows = []
    for i in range(pairs):
        # Who goes first alternates: the second finds warmer caches.
        first, second = (plain, ours) if i % 2 else (ours, plain)
        a, b = seconds(first), seconds(second)
        rows.append((a, b) if i % 2 else (b, a))
    ratio = statistics.median(b / a for a, b in rows)
    return (
        1e3 * statistics.median(a for a, _ in rows),
        1e3 * statistics.median(b for _, b in rows),
        ratio,
    )


def heatmaps(names, quick):
    import keras
    import tensorflow as tf

    import tfviz
    from tfviz.explain.compiled import traces_of

    passed = True
    print(f"{'model':<14}{'batch':>6}{'forward ms':>12}{'Grad-CAM ms':>13}{'ratio':>8}{'limit':>8}")
    for name in names:
        model = getattr(keras.applications, name)(weights=None)
        # With an open batch axis, as ours: a graph for one batch size alone may run otherwise.
        forward = tf.function(
            lambda x, model=model: model(x, training=False),
            input_signature=[tf.TensorSpec((None, 224, 224, 3))],
        )
        for batch, limit in LIMITS.items():
            inputs = tf.random.stateless_normal((batch, 224, 224, 3), (1, 2))
            explain = tfviz.GradCAM(model, batch_size=batch)
            pairs = {1: 60, 8: 20, 32: 8}[batch] // (2 if quick else 1)
            plain, ours, ratio = compare(
                lambda x=inputs, f=forward: f(x).numpy(), lambda x=inputs, e=explain: e(x), pairs
            )
            passed &= ratio <= limit
            mark = "" if ratio <= limit else "  <- over"
            print(
                f"{name:<14}{batch:>6}{plain:>12.1f}{ours:>13.1f}{ratio:>8.3f}{limit:>8.2f}{mark}"
            )
        for target in (1, 2, 3):
            tfviz.GradCAM(model)(inputs[: 2 * target], target)
        # One for the most likely class and one for a given class.
        print(f"{name}: {traces_of(model)} traces after 6 explainers, 4 classes, 5 batch sizes")
        passed &= traces_of(model) == 2
    return passed


def command_line(runs):
    """Whole-process times of what must answer at once."""
    passed = True
    print(f"\n{'command':<34}{'median s':>10}{'limit':>8}")
    bare = [sys.executable, "-c", "pass"]
    for label, arguments, limit in (
        ("python -c pass", bare, None),
        ("tfviz --help", [sys.executable, "-m", "tfviz_cli", "--help"], START_LIMIT),
        ("tfviz heatmap --help", [sys.executable, "-m", "tfviz_cli", "heatmap", "-h"], START_LIMIT),
        (
            "tfviz heatmap --nonsense",
            [sys.executable, "-m", "tfviz_cli", "heatmap", "--nonsense"],
            START_LIMIT,
        ),
    ):

        def run(arguments=arguments):
            subprocess.run(arguments, capture_output=True, check=False)

        run()
        took = statistics.median(seconds(run) for _ in range(runs))
        over = limit is not None and took > limit
        passed &= not over
        shown = "" if limit is None else f"{limit:.2f}"
        print(f"{label:<34}{took:>10.3f}{shown:>8}{'  <- over' if over else ''}")
    return passed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    names = ["MobileNetV2"] if arguments.quick else ["MobileNetV2", "ResNet50"]
    passed = heatmaps(names, arguments.quick)
    passed &= command_line(5 if arguments.quick else 9)
    if arguments.check and not passed:
        sys.exit(1)


if __name__ == "__main__":
    main()
