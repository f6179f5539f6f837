"""Activations beside each other, and how many layers a gradient survives behind each.

    python samples/learn_activations.py                 # pictures and numbers in activations/
    python samples/learn_activations.py --quick         # fewer pictures

The pictures come from the Keras installed. Then the slopes are put to use: twenty layers deep, each
input's gradient is multiplied by f' twenty times, and what is left of it is measured with the tape.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

from tfviz.learn.activations.lesson import compare_activations
from tfviz.learn.activations.together import told

FAMILIES = {
    "saturating": ["sigmoid", "tanh", "softsign", "hard_sigmoid"],
    "rectifying": ["relu", "leaky_relu:0.3", "elu", "selu", "gelu", "silu"],
}


def what_is_left(name: str, depth: int) -> float:
    """The root mean square of d output / d input behind `depth` layers, in proportion to one."""
    keras.utils.set_random_seed(0)
    width = 64
    start = "lecun_normal" if name in ("selu", "tanh", "sigmoid", "softsign") else "he_normal"
    random = np.random.default_rng(0)
    x = tf.constant(random.normal(size=(256, width)).astype("float32"))
    direction = random.normal(size=width).astype("float32")
    direction /= np.linalg.norm(direction)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x
        for _ in range(depth):
            y = keras.layers.Dense(width, activation=name, kernel_initializer=start)(y)
        total = tf.reduce_sum(y * direction)
    gradient = tape.gradient(total, x)
    return float(tf.sqrt(tf.reduce_sum(gradient**2) / len(x)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="activations", help="pictures and numbers go here")
    parser.add_argument("--quick", action="store_true", help="fewer pictures")
    arguments = parser.parse_args()

    for family, names in FAMILIES.items():
        lessons = compare_activations(names[:2] if arguments.quick else names)
        print(f"{family}\n{told(lessons[:1])}\n")
        for lesson in lessons[:1] if arguments.quick else lessons:
            lesson.save(f"{arguments.out}/{family}")

    depths = (1, 5, 20)
    print("what is left of a gradient behind so many layers")
    print(f"{'activation':<14}" + "".join(f"{depth:>10}" for depth in depths))
    for name in ("sigmoid", "tanh", "softsign", "relu", "selu"):
        shares = [what_is_left(name, depth) for depth in depths]
        print(f"{name:<14}" + "".join(f"{share:>10.2g}" for share in shares))
    print(f"\nwrote {arguments.out}/")


if __name__ == "__main__":
    main()
