"""Gradients under other rules, biases, attention and factors in float64 NumPy, by loops.

Straight from the papers' equations, slow and obviously right. A network is a list of steps, each a
tuple of its kind and its numbers, so nothing of TensorFlow or of tfviz is in here.
"""

from __future__ import annotations

import numpy as np
from cam import conv_valid

# A step: ("conv", kernel, bias), ("affine", scale, shift), ("relu", ceiling, threshold),
# ("maxpool", size), ("mean",), ("dense", kernel, bias).


def forward(steps, image):
    """What goes into each step, and at the end what comes out of the last."""
    values = [np.asarray(image, np.float64)]
    for step in steps:
        values.append(_forward(step, values[-1]))
    return values


def _forward(step, x):
    kind = step[0]
    if kind == "conv":
        return conv_valid(x, step[1], step[2])
    if kind == "affine":
        return x * step[1] + step[2]
    if kind == "relu":
        return np.where(x > step[2], np.minimum(x, step[1]), 0.0)
    if kind == "maxpool":
        n = step[1]
        rows, columns = x.shape[0] // n, x.shape[1] // n
        out = np.zeros((rows, columns, x.shape[2]))
        for i in range(rows):
            for j in range(columns):
                out[i, j] = x[i * n : i * n + n, j * n : j * n + n].max(axis=(0, 1))
        return out
    if kind == "mean":
        return x.mean(axis=(0, 1))
    return x @ step[1] + step[2]


def backward(steps, values, unit, rule="plain"):
    """Gradients of one output by what goes into each step, and by the output itself at the end."""
    last = np.zeros_like(values[-1])
    last[unit] = 1.0
    found = [last]
    for step, x in zip(steps[::-1], values[-2::-1], strict=True):
        found.append(_backward(step, x, found[-1], rule))
    return found[::-1]


def _backward(step, x, g, rule):
    kind = step[0]
    if kind == "conv":
        back = np.zeros_like(x)
        kernel = step[1]
        for i in range(g.shape[0]):
            for j in range(g.shape[1]):
                for f in range(g.shape[2]):
                    window = back[i : i + kernel.shape[0], j : j + kernel.shape[1]]
                    window += kernel[..., f] * g[i, j, f]
        return back
    if kind == "affine":
        return g * step[1]
    if kind == "relu":
        back = np.zeros_like(x)
        for index in np.ndindex(x.shape):
            below = x[index] > step[2]
            under = x[index] < step[1]
            if rule == "plain":
                passes = below
            elif rule == "guided":
                passes = below and g[index] > 0
            else:
                passes = g[index] > 0
            back[index] = g[index] if passes and under else 0.0
        return back
    if kind == "maxpool":
        back = np.zeros_like(x)
        n = step[1]
        for i, j, c in np.ndindex(g.shape):
            window = x[i * n : i * n + n, j * n : j * n + n, c]
            a, b = np.unravel_index(window.argmax(), window.shape)
            back[i * n + a, j * n + b, c] += g[i, j, c]
        return back
    if kind == "mean":
        return np.broadcast_to(g / (x.shape[0] * x.shape[1]), x.shape).copy()
    return step[1] @ g


def full_gradient(steps, image, unit):
    """The input's term, and that of each bias, explicit or implicit, at its own places."""
    values = forward(steps, image)
    gradients = backward(steps, values, unit)
    terms = []
    for step, x, after, g in zip(steps, values, values[1:], gradients[1:], strict=False):
        if step[0] in ("conv", "dense", "affine"):
            terms.append(g * step[2])
        elif step[0] == "relu":
            # What its tangent leaves over: the ceiling, where it is reached.
            slope = np.where((x > step[2]) & (x < step[1]), 1.0, 0.0)
            terms.append(g * (after - slope * x))
    return values[0] * gradients[0], terms, values[-1][unit]


def psi(term, rows, columns):
    """Absolute values brought to 0 to 1, enlarged, summed over channels."""
    size = np.abs(term)
    if size.max() > size.min():
        size = (size - size.min()) / (size.max() - size.min())
    else:
        size = np.zeros_like(size)
    return sum(enlarge(size[..., c], rows, columns) for c in range(size.shape[-1]))


def enlarge(values, rows, columns):
    """Linear interpolation between the middles of places, constant beyond the outermost."""
    found = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            y = min(max((i + 0.5) * values.shape[0] / rows - 0.5, 0), values.shape[0] - 1)
            x = min(max((j + 0.5) * values.shape[1] / columns - 0.5, 0), values.shape[1] - 1)
            a, b = int(y), int(x)
            c, d = min(a + 1, values.shape[0] - 1), min(b + 1, values.shape[1] - 1)
            v, u = y - a, x - b
            found[i, j] = (
                (1 - v) * (1 - u) * values[a, b]
                + (1 - v) * u * values[a, d]
                + v * (1 - u) * values[c, b]
                + v * u * values[c, d]
            )
    return found


def full_grad_map(steps, image, unit):
    """Srinivas and Fleuret 2019, equation 5; terms without places stay out."""
    rows, columns = image.shape[:2]
    own, terms, _ = full_gradient(steps, image, unit)
    heat = psi(own, rows, columns)
    for term in terms:
        if term.ndim == 3:
            heat = heat + psi(term, rows, columns)
    return heat


def rollout(attentions, front):
    """Abnar and Zuidema 2020, equation 1; each of (heads, tokens, tokens), the first one first."""
    tokens = attentions[0].shape[-1]
    rolled = np.eye(tokens)
    for A in attentions:
        mixed = np.zeros((tokens, tokens))
        for head in A:
            mixed += head / len(A)
        mixed = 0.5 * mixed + 0.5 * np.eye(tokens)
        product = np.zeros((tokens, tokens))
        for i in range(tokens):
            for j in range(tokens):
                product[i, j] = sum(mixed[i, k] * rolled[k, j] for k in range(tokens))
        rolled = product
    return rolled[:front].mean(axis=0) if front else rolled.mean(axis=0)


def softmax(x):
    """Along the last axis."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def layer_norm(x, gamma, beta, epsilon):
    """Of each token by itself."""
    mean = x.mean(axis=-1, keepdims=True)
    return (x - mean) / np.sqrt(x.var(axis=-1, keepdims=True) + epsilon) * gamma + beta


class Block:
    """One block of a transformer: attention and two dense layers, each added to what it was given.

    `w` holds float64 arrays: gamma1, beta1, wq, bq, wk, bk, wv, bv (features, heads, size), wo
    (heads, size, features), bo, gamma2, beta2, w1, b1, w2, b2.
    """

    def __init__(self, w, epsilon=1e-3):
        self.w, self.epsilon = w, epsilon

    def values(self, x):
        """Attention weights and values of each head."""
        w = self.w
        y = layer_norm(x, w["gamma1"], w["beta1"], self.epsilon)
        q = np.einsum("td,dhs->hts", y, w["wq"]) + w["bq"][:, None]
        k = np.einsum("td,dhs->hts", y, w["wk"]) + w["bk"][:, None]
        v = np.einsum("td,dhs->hts", y, w["wv"]) + w["bv"][:, None]
        return softmax(q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])), v

    def after(self, x, A, v):
        """What the block hands on, given its attention weights."""
        w = self.w
        x = x + np.einsum("hts,hsd,hdf->tf", A, v, w["wo"]) + w["bo"]
        y = layer_norm(x, w["gamma2"], w["beta2"], self.epsilon)
        return x + np.maximum(y @ w["w1"] + w["b1"], 0) @ w["w2"] + w["b2"]


def legrad(blocks, head, x, step=1e-5):
    """Bousselham et al. 2024: `head` makes the score of any block's tokens. (tokens,) float64."""
    found = 0.0
    for block in blocks:
        A, v = block.values(x)
        gradient = np.zeros_like(A)
        for index in np.ndindex(A.shape):
            up, down = A.copy(), A.copy()
            up[index] += step
            down[index] -= step
            high, low = head(block.after(x, up, v)), head(block.after(x, down, v))
            gradient[index] = (high - low) / (2 * step)
        found = found + np.maximum(gradient, 0).mean(axis=(0, 1)) / len(blocks)
        x = block.after(x, A, v)
    return found


def multiplicative_updates(X, count, seed, rounds=3000):
    """Lee and Seung 2001, from a random start: the error of another, slower factorization."""
    random = np.random.default_rng(seed)
    W, H = random.random((len(X), count)), random.random((count, X.shape[1]))
    for _ in range(rounds):
        H *= (W.T @ X) / (W.T @ W @ H + 1e-12)
        W *= (X @ H.T) / (W @ H @ H.T + 1e-12)
    return np.linalg.norm(X - W @ H)
