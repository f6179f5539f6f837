"""Non-negative matrix factorization, the same for the same numbers every time.

    X ~ W H        W, H >= 0, least squares

Started from singular vectors (NNDSVD), where other starts draw lots, and then each column of W and
each row of H in turn is set to its best value while the others stay (HALS).

Source: Boutsidis and Gallopoulos, "SVD based initialization: A head start for nonnegative matrix
factorization", Pattern Recognition 2008; Cichocki and Phan, "Fast Local Algorithms for Large Scale
Nonnegative Matrix and Tensor Factorizations", IEICE Transactions 2009.
"""

from __future__ import annotations

import numpy as np

MOST_ROUNDS = 500
# Of the squared norm of X: where a round gains less, the picture no longer changes.
SMALLEST_GAIN = 1e-7


def factorize(X: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Take a table apart into a few parts that are nowhere negative.

    Args:
        X: (rows, columns), nowhere negative.
        count: How many parts.

    Returns:
        W (rows, count) and H (count, columns) float64; each row of H has length 1, or is zero where
        fewer parts give all of X. The part with the largest column of W is first.
    """
    largest = float(X.max(initial=0.0))
    W, H = np.zeros((len(X), count)), np.zeros((count, X.shape[1]))
    if largest <= 0:
        return W, H
    scaled = np.asarray(X, np.float64) / largest
    W, H = _start(scaled, count)
    total = float((scaled**2).sum())
    before = np.inf
    for _ in range(MOST_ROUNDS):
        _improve(W, scaled @ H.T, H @ H.T)
        _improve(H.T, scaled.T @ W, W.T @ W)
        across = float((W * (scaled @ H.T)).sum())
        error = total - 2 * across + float(((W.T @ W) * (H @ H.T)).sum())
        if before - error < SMALLEST_GAIN * total:
            break
        before = error
    lengths = np.linalg.norm(H, axis=1)
    H /= np.where(lengths > 0, lengths, 1)[:, None]
    W *= lengths * largest
    order = np.argsort(-np.linalg.norm(W, axis=0), kind="stable")
    return W[:, order], H[order]


def _improve(W: np.ndarray, across: np.ndarray, gram: np.ndarray) -> None:
    """Set each column of W to its best value, in place."""
    for j in range(W.shape[1]):
        if gram[j, j] > 0:
            step = (across[:, j] - W @ gram[:, j]) / gram[j, j]
            W[:, j] = np.maximum(W[:, j] + step, 0)


def _start(X: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each singular pair the larger one of its positive and its negative part."""
    W, H = np.zeros((len(X), count)), np.zeros((count, X.shape[1]))
    for j, (u, s, v) in enumerate(_singular(X, count)):
        halves = [(np.maximum(sign * u, 0), np.maximum(sign * v, 0)) for sign in (1, -1)]
        sizes = [np.linalg.norm(a) * np.linalg.norm(b) for a, b in halves]
        # The first pair has one sign all over, whichever the algorithm gave it.
        best = int(sizes[1] > sizes[0])
        left, right = halves[best]
        if sizes[best] > 0:
            scale = np.sqrt(s * sizes[best])
            W[:, j] = scale * left / np.linalg.norm(left)
            H[j] = scale * right / np.linalg.norm(right)
    return W, H


def _singular(X: np.ndarray, count: int) -> list[tuple[np.ndarray, float, np.ndarray]]:
    """The largest singular values with their vectors, by the smaller one of the Gram matrices."""
    tall = len(X) > X.shape[1]
    squares, vectors = np.linalg.eigh(X.T @ X if tall else X @ X.T)
    found = []
    for square, vector in list(zip(squares[::-1], vectors.T[::-1], strict=True))[:count]:
        # Of what is smaller, rounding has left nothing that means anything.
        if square <= 1e-12 * squares[-1]:
            break
        s = float(np.sqrt(square))
        other = (X @ vector if tall else X.T @ vector) / s
        found.append((other, s, vector) if tall else (vector, s, other))
    return found
