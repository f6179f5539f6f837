"""What the derivative of an activation is in terms of the activation itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Derivative = Callable[[np.ndarray, np.ndarray, Mapping[str, Any]], np.ndarray]


@dataclass(frozen=True)
class Identity:
    """A formula for f'.

    Attributes:
        text: In plain letters; f is the activation, s the sigmoid.
        derivative: From x, f(x) and the parameters, in NumPy and float64.
        only: Parameters with which alone it holds.
    """

    text: str
    derivative: Derivative
    only: Mapping[str, Any]


def identity_of(name: str, parameters: Mapping[str, Any]) -> Identity | None:
    """The identity of an activation with these parameters; None where we know none."""
    for each in _IDENTITIES.get(name, ()):
        if all(parameters.get(key) == value for key, value in each.only.items()):
            return each
    return None


def sigmoid(x: np.ndarray) -> np.ndarray:
    """In NumPy and float64, for any x."""
    # Both branches stay small, so that none overflows.
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def _gelu(x: np.ndarray, _: np.ndarray, __: Mapping[str, Any]) -> np.ndarray:
    from math import erf, pi, sqrt

    below = np.array([0.5 * (1 + erf(each / sqrt(2))) for each in x])
    return below + x * np.exp(-x * x / 2) / sqrt(2 * pi)


def _gelu_tanh(x: np.ndarray, _: np.ndarray, __: Mapping[str, Any]) -> np.ndarray:
    inner = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
    t = np.tanh(inner)
    turned = np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x * x)
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * turned


def _mish(x: np.ndarray, f: np.ndarray, _: Mapping[str, Any]) -> np.ndarray:
    t = np.tanh(np.logaddexp(0, x))
    return t + x * sigmoid(x) * (1 - t * t)


def _hard_silu(x: np.ndarray, _: np.ndarray, __: Mapping[str, Any]) -> np.ndarray:
    return np.where(x <= -3, 0, np.where(x >= 3, 1, (2 * x + 3) / 6))


def _relu(x: np.ndarray, _: np.ndarray, p: Mapping[str, Any]) -> np.ndarray:
    from_, to = float(p["threshold"]), p["max_value"]
    inside = np.where(x > from_, 1.0, float(p["negative_slope"]))
    return inside if to is None else np.where(x > to, 0.0, inside)


SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
_DEFAULT: Mapping[str, Any] = {}


def _one(text: str, derivative: Derivative, **only: Any) -> Identity:
    return Identity(text, derivative, only)


_IDENTITIES: dict[str, tuple[Identity, ...]] = {
    "celu": (
        _one(
            "f' = 1 (x > 0), f / alpha + 1 (x < 0)",
            lambda x, f, p: np.where(x > 0, 1, f / p["alpha"] + 1),
        ),
    ),
    "elu": (
        _one(
            "f' = 1 (x > 0), f + alpha (x < 0)", lambda x, f, p: np.where(x > 0, 1, f + p["alpha"])
        ),
    ),
    "exponential": (_one("f' = f", lambda x, f, p: f),),
    "gelu": (
        _one("f' = Phi(x) + x phi(x)", _gelu, approximate=False),
        _one("f' = (1 + t) / 2 + x (1 - t^2) g' / 2, t = tanh(g(x))", _gelu_tanh, approximate=True),
    ),
    "hard_shrink": (
        _one(
            "f' = 1 (|x| > threshold), else 0", lambda x, f, p: 1.0 * (np.abs(x) > p["threshold"])
        ),
    ),
    "hard_sigmoid": (_one("f' = 1/6 (-3 < x < 3), else 0", lambda x, f, p: (np.abs(x) < 3) / 6),),
    "hard_silu": (_one("f' = 0, (2x + 3) / 6, 1, joined at -3 and 3", _hard_silu),),
    "hard_tanh": (_one("f' = 1 (-1 < x < 1), else 0", lambda x, f, p: 1.0 * (np.abs(x) < 1)),),
    "leaky_relu": (
        _one(
            "f' = 1 (x > 0), negative_slope (x < 0)",
            lambda x, f, p: np.where(x > 0, 1, p["negative_slope"]),
        ),
    ),
    "linear": (_one("f' = 1", lambda x, f, p: np.ones_like(x)),),
    "log_sigmoid": (_one("f' = 1 - s(x) = 1 - exp(f)", lambda x, f, p: -np.expm1(f)),),
    "mish": (_one("f' = t + x s(x) (1 - t^2), t = tanh(softplus(x))", _mish),),
    "prelu": (
        _one("f' = 1 (x > 0), alpha (x < 0)", lambda x, f, p: np.where(x > 0, 1, p["alpha"])),
    ),
    "relu": (
        _one("f' = 1 (x > 0), 0 (x < 0)", _relu, negative_slope=0.0, max_value=None, threshold=0.0),
        _one("f' = negative_slope, 1, 0, joined at threshold and max_value", _relu),
    ),
    "relu6": (_one("f' = 1 (0 < x < 6), else 0", lambda x, f, p: 1.0 * ((x > 0) & (x < 6))),),
    "selu": (
        _one(
            "f' = 1.0507 (x > 0), f + 1.7581 (x < 0)",
            lambda x, f, p: np.where(x > 0, SELU_SCALE, f + SELU_SCALE * SELU_ALPHA),
        ),
    ),
    "sigmoid": (_one("f' = f (1 - f)", lambda x, f, p: f * (1 - f)),),
    "silu": (_one("f' = f + s(x) (1 - f)", lambda x, f, p: f + sigmoid(x) * (1 - f)),),
    "soft_shrink": (
        _one(
            "f' = 1 (|x| > threshold), else 0", lambda x, f, p: 1.0 * (np.abs(x) > p["threshold"])
        ),
    ),
    "softplus": (_one("f' = s(x) = 1 - exp(-f)", lambda x, f, p: -np.expm1(-f)),),
    "softsign": (_one("f' = (1 - |f|)^2", lambda x, f, p: (1 - np.abs(f)) ** 2),),
    "sparse_plus": (_one("f' = sparse_sigmoid(x)", lambda x, f, p: np.clip((x + 1) / 2, 0, 1)),),
    "sparse_sigmoid": (_one("f' = 1/2 (-1 < x < 1), else 0", lambda x, f, p: (np.abs(x) < 1) / 2),),
    "squareplus": (_one("f' = f / sqrt(x^2 + b)", lambda x, f, p: f / np.sqrt(x * x + p["b"])),),
    "step": (_one("f' = 0 wherever there is one", lambda x, f, p: np.zeros_like(x)),),
    "tanh": (_one("f' = 1 - f^2", lambda x, f, p: 1 - f * f),),
    "tanh_shrink": (_one("f' = (x - f)^2 = tanh(x)^2", lambda x, f, p: (x - f) ** 2),),
    "threshold": (
        _one("f' = 1 (x > threshold), else 0", lambda x, f, p: 1.0 * (x > p["threshold"])),
    ),
}
