"""How long a training step takes to be told, op by op.

    python benchmarks/learn_step.py
    python benchmarks/learn_step.py --check    # exit code 1 when a limit is passed

Tracing is done once a model and told apart. What comes after it is everything else: the run with
all values and gradients, the formulas, the finite differences of every op and of the weights.
The limit is for 50 ops that the gradient goes through; larger models are held to it in proportion.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

LIMIT_SECONDS = 1.0
LIMIT_OPS = 50


def models():
    import keras
    import numpy as np
    from keras import layers

    import tfviz

    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    blocks = [
        each
        for filters in (16, 32)
        for each in (
            layers.Conv2D(filters, 3, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(),
        )
    ]
    head = [layers.Flatten(), layers.Dropout(0.5), layers.Dense(10, activation="softmax")]
    cnn = keras.Sequential([keras.Input((28, 28, 1)), *blocks, *head], name="cnn")
    yield cnn, random.random((8, 28, 28, 1)).astype("float32"), random.integers(0, 10, 8)
    photo = tfviz.read_rgb(tfviz.sample_path("cat"))
    everyday = tfviz.load_model("everyday10")
    yield everyday, tfviz.preprocess(everyday, [photo]), np.array([3])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail when a limit is passed")
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()

    from tfviz.learn.steps import making, tracing

    loss, too_slow = "sparse_categorical_crossentropy", False
    print(f"{'model':<14}{'ops':>6}{'tracing':>10}{'rest':>10}{'50 ops':>10}")
    for model, x, y in models():
        rests, traces = [], []
        # The first round also loads what TensorFlow loads on first use.
        for _ in range(arguments.repeat + 1):
            objective, batch = making.ready(model, x, y, loss, None)
            start = time.perf_counter()
            tracing.trace(model, objective, batch)
            traced = time.perf_counter() - start
            start = time.perf_counter()
            lesson = making.step(model, x, y, loss)
            traces.append(traced)
            rests.append(time.perf_counter() - start - traced)
        ops, rest = len(lesson.ops), min(rests[1:])
        share = rest * LIMIT_OPS / ops
        too_slow |= share > LIMIT_SECONDS
        print(f"{model.name:<14}{ops:>6}{min(traces):>9.2f}s{rest:>9.2f}s{share:>9.2f}s")
    return int(arguments.check and too_slow)


if __name__ == "__main__":
    sys.exit(main())
