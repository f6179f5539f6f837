"""Layers as in the textbooks, checked number by number, and a net of them that learns.

python samples/learn_textbook.py            # files go to lessons/
python samples/learn_textbook.py --quick    # fewer pictures, less training
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from tfviz.learn.textbook.check import check_gradient
from tfviz.learn.textbook.layers import Affine, Sigmoid
from tfviz.learn.textbook.lesson import LAYERS, textbook_layer
from tfviz.learn.textbook.network import TwoLayerNet


class ForgottenSum(Affine):
    """An affine layer with the mistake that everyone makes once."""

    def gradients(self) -> dict[str, np.ndarray]:
        found = super().gradients()
        return {**found, "b": found["b"] / 3}


def spirals(count: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    labels = random.integers(0, 2, count)
    turn = random.uniform(0.5, 5, count)
    angle = turn + np.pi * labels
    points = np.stack([turn * np.cos(angle), turn * np.sin(angle)], axis=1) / 3
    return points + random.normal(0, 0.05, points.shape), labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="lessons", help="where the files go")
    parser.add_argument("--quick", action="store_true", help="fewer pictures, less training")
    arguments = parser.parse_args()

    for layer in LAYERS:
        lesson = textbook_layer(layer)
        lesson.save(arguments.out, ["html", "json"] if arguments.quick else ["png", "html", "json"])
        print(lesson.check)

    random = np.random.default_rng(0)
    x = random.normal(size=(3, 4))
    print("\nWith TensorFlow's tape beside it:")
    print(check_gradient(Sigmoid(), x, tape=True))
    print("\nAnd a layer with a mistake:")
    print(check_gradient(ForgottenSum(random.normal(size=(4, 2)), np.zeros(2)), x))

    points, labels = spirals(200)
    net = TwoLayerNet(2, 32, 2, scale=0.5)
    for step in range(200 if arguments.quick else 3000):
        loss = net.forward(points, labels)
        net.backward()
        gradients = net.gradients()
        for name, array in net.parameters().items():
            array -= 0.5 * gradients[name]
        if step % 500 == 0:
            print(f"step {step:5}: loss {loss:.4f}")
    right = (net.predict(points).argmax(axis=1) == labels).mean()
    print(f"two spirals told apart: {100 * right:.1f} %")


if __name__ == "__main__":
    main()
