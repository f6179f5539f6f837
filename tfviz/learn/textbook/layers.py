"""Affine, sigmoid, ReLU and softmax with loss, in NumPy, forward and backward by hand.

A layer keeps from `forward` what its `backward` needs. `backward` takes the gradient of a loss with
respect to what came out and gives that with respect to what went in; those of the parameters stand
in attributes (`dW`, `db`) then. All is float64.

Source: Saitoh, "Deep Learning from Scratch", 2016, chapter 5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tfviz.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

SUM_TOLERANCE = 1e-6


class Affine:
    """y = x W + b, for one vector or a batch.

    Args:
        W: (inputs, outputs).
        b: (outputs,).

    Attributes:
        dW: The gradient of W, as large as W; None before `backward`.
        db: The gradient of b: that of the output, summed over the batch.

    >>> affine = Affine([[1, 2, 3], [4, 5, 6]], [0, 0, 1])
    >>> affine.forward([1, 1]).tolist()
    [5.0, 7.0, 10.0]
    >>> affine.backward([1, 0, 0]).tolist()
    [1.0, 4.0]
    """

    def __init__(self, W: ArrayLike, b: ArrayLike) -> None:
        self.W, self.b = as_array(W, "W"), as_array(b, "b")
        if self.W.ndim != 2 or self.b.shape != self.W.shape[1:]:
            raise InputError(
                f"W must be (inputs, outputs) and b (outputs,); they came as {self.W.shape} and "
                f"{self.b.shape}."
            )
        self.dW: np.ndarray | None = None
        self.db: np.ndarray | None = None
        self._x: np.ndarray | None = None
        self._shape: tuple[int, ...] = ()

    def forward(self, x: ArrayLike) -> np.ndarray:
        """The output.

        Args:
            x: One vector (inputs,), a batch (batch, inputs), or a batch of anything larger, such
                as (batch, height, width, channels), which is flattened.

        Returns:
            (outputs,) for one vector, (batch, outputs) for a batch.

        Raises:
            InputError: If the sizes don't fit W.
        """
        given = as_array(x, "x")
        self._shape = given.shape
        flat = given if given.ndim <= 1 else given.reshape(len(given), -1)
        if flat.ndim == 0 or flat.shape[-1] != len(self.W):
            raise InputError(
                f"x of shape {given.shape} has {flat.shape[-1] if flat.ndim else 'no'} inputs a "
                f"sample, and W of shape {self.W.shape} takes {len(self.W)}."
            )
        self._x = flat
        return flat @ self.W + self.b

    def backward(self, dout: ArrayLike) -> np.ndarray:
        """The gradient of x, in the shape that x had: dout W^T; dW = x^T dout, db = sum of dout.

        Args:
            dout: As large as the output.
        """
        if self._x is None:
            raise forward_first(self)
        out = (*self._x.shape[:-1], len(self.b))
        dout = like(dout, out, "dout")
        rows, drows = np.atleast_2d(self._x), np.atleast_2d(dout)
        self.dW = rows.T @ drows
        self.db = drows.sum(axis=0)
        return (dout @ self.W.T).reshape(self._shape)

    def parameters(self) -> dict[str, np.ndarray]:
        """W and b."""
        return {"W": self.W, "b": self.b}

    def gradients(self) -> dict[str, np.ndarray]:
        """Those of W and b, under their names."""
        if self.dW is None or self.db is None:
            raise InputError("Affine has no gradients yet; call forward and backward first.")
        return {"W": self.dW, "b": self.db}


class Sigmoid:
    """y = 1 / (1 + exp(-x)); back goes dout y (1 - y)."""

    def __init__(self) -> None:
        self._y: np.ndarray | None = None

    def forward(self, x: ArrayLike) -> np.ndarray:
        """The output, in the shape of x."""
        # 1 / (1 + exp(-x)) in a form that can't overflow.
        self._y = np.exp(-np.logaddexp(0.0, -as_array(x, "x")))
        return self._y

    def backward(self, dout: ArrayLike) -> np.ndarray:
        """The gradient of x: dout y (1 - y)."""
        if self._y is None:
            raise forward_first(self)
        return like(dout, self._y.shape, "dout") * self._y * (1 - self._y)


class ReLU:
    """y = max(x, 0); back goes dout where x was above 0, and 0 elsewhere, as in TensorFlow."""

    def __init__(self) -> None:
        self._open: np.ndarray | None = None

    def forward(self, x: ArrayLike) -> np.ndarray:
        """The output, in the shape of x."""
        given = as_array(x, "x")
        self._open = given > 0
        return np.where(self._open, given, 0.0)

    def backward(self, dout: ArrayLike) -> np.ndarray:
        """The gradient of x: dout where x > 0."""
        if self._open is None:
            raise forward_first(self)
        return np.where(self._open, like(dout, self._open.shape, "dout"), 0.0)


class SoftmaxWithLoss:
    """Softmax, then cross-entropy, the mean over the batch; back goes (y - t) / batch."""

    def __init__(self) -> None:
        self._t: np.ndarray | None = None
        self._y: np.ndarray | None = None

    @property
    def y(self) -> np.ndarray:
        """The probabilities of the last `forward`, in the shape of its x."""
        if self._y is None:
            raise forward_first(self)
        return self._y

    def forward(self, x: ArrayLike, t: ArrayLike) -> float:
        """The loss.

        Args:
            x: Logits, (classes,) or (batch, classes).
            t: Targets: one-hot (or probabilities) in the shape of x, or labels, a whole number a
                sample.

        Raises:
            InputError: If they don't go together.
        """
        logits = as_array(x, "x")
        if logits.ndim not in (1, 2) or not logits.size:
            raise InputError(
                f"x must be logits (classes,) or (batch, classes); it came as {logits.shape}."
            )
        self._t = _one_hot(t, logits.shape)
        shifted = logits - logits.max(axis=-1, keepdims=True)
        log_y = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        self._y = np.exp(log_y)
        return float(-(self._t * log_y).sum() / self._batch)

    def backward(self, dout: float = 1.0) -> np.ndarray:
        """The gradient of x: dout (y - t) / batch.

        Args:
            dout: That of the loss.
        """
        if self._y is None or self._t is None:
            raise forward_first(self)
        return float(dout) * (self._y - self._t) / self._batch

    @property
    def _batch(self) -> int:
        assert self._t is not None
        return 1 if self._t.ndim == 1 else len(self._t)


def as_array(numbers: ArrayLike, what: str) -> np.ndarray:
    """Numbers as a float64 array of their own.

    Raises:
        InputError: If they are none.
    """
    try:
        return np.array(numbers, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what} must be an array of numbers, all rows of one length.") from error


def like(numbers: ArrayLike, shape: tuple[int, ...], what: str) -> np.ndarray:
    """Numbers as an array of this shape, and no other that would be broadcast to it.

    Raises:
        InputError: If they have another.
    """
    found = as_array(numbers, what)
    if found.shape != shape:
        raise InputError(f"{what} must be as large as the output, {shape}, not {found.shape}.")
    return found


def forward_first(layer: object) -> InputError:
    """The error of a layer that is asked for gradients before it saw anything."""
    return InputError(f"{type(layer).__name__}.backward needs a forward pass first: call forward.")


def _one_hot(t: ArrayLike, shape: tuple[int, ...]) -> np.ndarray:
    given = as_array(t, "t")
    classes = shape[-1]
    if given.shape == shape:
        if (given < 0).any() or (abs(given.sum(axis=-1) - 1) > SUM_TOLERANCE).any():
            raise InputError(
                "t in the shape of x must be one-hot or probabilities: none below 0, and each row "
                "adding up to 1. For labels give a whole number a sample."
            )
        return given
    if given.shape != shape[:-1]:
        raise InputError(
            f"t of shape {given.shape} fits neither as one-hot, {shape}, nor as labels, "
            f"{shape[:-1]}."
        )
    if (given != np.floor(given)).any() or (given < 0).any() or (given >= classes).any():
        raise InputError(
            f"labels must be whole numbers from 0 to {classes - 1}; they reach from "
            f"{given.min():g} to {given.max():g}."
        )
    one_hot: np.ndarray = np.eye(classes)[given.astype(int)]
    return one_hot
