"""Affine, ReLU, affine, softmax with loss: a net made of the textbook's layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tfviz.learn.textbook.layers import Affine, ReLU, SoftmaxWithLoss

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class TwoLayerNet:
    """x -> Affine -> ReLU -> Affine -> softmax with loss.

    Args:
        inputs: Numbers a sample.
        hidden: Units between.
        outputs: Classes.
        scale: Standard deviation of the first weights; the biases begin at 0.
        seed: Of the first weights.

    Source:
        Saitoh, "Deep Learning from Scratch", 2016, section 5.7.
    """

    def __init__(
        self, inputs: int, hidden: int, outputs: int, *, scale: float = 0.1, seed: int = 0
    ) -> None:
        random = np.random.default_rng(seed)
        self.first = Affine(scale * random.normal(size=(inputs, hidden)), np.zeros(hidden))
        self.relu = ReLU()
        self.second = Affine(scale * random.normal(size=(hidden, outputs)), np.zeros(outputs))
        self.last = SoftmaxWithLoss()

    def predict(self, x: ArrayLike) -> np.ndarray:
        """The logits, (batch, classes), of x: (batch, inputs)."""
        return self.second.forward(self.relu.forward(self.first.forward(x)))

    def forward(self, x: ArrayLike, t: ArrayLike) -> float:
        """The loss; t as of `SoftmaxWithLoss`."""
        return self.last.forward(self.predict(x), t)

    def backward(self, dout: float = 1.0) -> np.ndarray:
        """The gradient of x; afterwards `gradients` has those of the parameters."""
        gradient = self.last.backward(dout)
        for layer in (self.second, self.relu, self.first):
            gradient = layer.backward(gradient)
        return gradient

    def parameters(self) -> dict[str, np.ndarray]:
        """W1, b1, W2, b2."""
        return self._numbered("parameters")

    def gradients(self) -> dict[str, np.ndarray]:
        """Those of the last `backward`, under the names of the parameters."""
        return self._numbered("gradients")

    def _numbered(self, what: str) -> dict[str, np.ndarray]:
        return {
            f"{name}{number}": array
            for number, layer in enumerate((self.first, self.second), 1)
            for name, array in getattr(layer, what)().items()
        }
