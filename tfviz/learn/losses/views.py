"""Each loss as a function of one number: of the prediction, the probability, or the logit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tfviz.learn.losses.catalogue import Loss, View

CLASSES = 3
"""In the views of one class of many: the right one, and two that share the rest."""
PROBABILITY = (0.02, 0.98)
LOGIT = (-6.0, 6.0)

BINARY = frozenset({"binary_crossentropy", "binary_focal_crossentropy"})
CATEGORICAL = frozenset(
    {
        "categorical_crossentropy",
        "categorical_focal_crossentropy",
        "categorical_generalized_cross_entropy",
        "sparse_categorical_crossentropy",
        "kl_divergence",
    }
)
BY_INDEX = frozenset({"sparse_categorical_crossentropy", "categorical_generalized_cross_entropy"})
POSITIVE = frozenset({"poisson", "mean_squared_logarithmic_error"})


def views_of(loss: Loss) -> tuple[View, ...]:
    """The curves that show a loss.

    Args:
        loss: With a curve; not one of ours.
    """
    name = loss.name
    if name in BINARY:
        return _binary(loss)
    if name == "log":
        return (
            _over("probability p", "", *PROBABILITY, _rows(loss, 1.0), "-1 / p", lambda p: -1 / p),
        )
    if name in CATEGORICAL:
        return _categorical(loss)
    if name in ("hinge", "squared_hinge"):
        return tuple(
            _over(
                f"prediction x, y = {y:+d}",
                f"y = {y:+d}",
                -3,
                3,
                _rows(loss, float(y)),
                *_hinge(name, y),
            )
            for y in (1, -1)
        )
    if name == "categorical_hinge":
        return (_over("score of the right class; the other has 0", "", -3, 3, _two_scores(loss)),)
    if name == "cosine_similarity":
        return (
            _over(
                "angle between y and x, radians",
                "",
                -np.pi,
                np.pi,
                _angle(loss),
                "sin(angle)",
                np.sin,
            ),
        )
    if name in ("dice", "tversky"):
        return (_over("p of one pixel, y = 1", "", *PROBABILITY, _rows(loss, 1.0, axis=-1)),)
    y = 1.0 if name in POSITIVE or "percentage" in name else 0.0
    low, high = (0.02, 4.0) if name in POSITIVE else (-2.0, 4.0) if y else (-3.0, 3.0)
    identity = _REGRESSION.get(name)
    text, gradient = ("", None) if identity is None else identity(loss, y)
    return (_over(f"prediction x, y = {y:g}", "", low, high, _rows(loss, y), text, gradient),)


def logit_function(loss: Loss, y: int) -> Callable[[Any], Any]:
    """A cross-entropy over the logit of the right class (or of 'yes'), by its stable form."""
    return _binary_logits(loss, y) if loss.name in BINARY else _categorical_logits(loss)


def _over(
    over: str,
    label: str,
    low: float,
    high: float,
    rows: Callable[[Any], Any],
    identity: str = "",
    gradient: Callable[[np.ndarray], np.ndarray] | None = None,
) -> View:
    import tensorflow as tf

    def function(x: Any) -> Any:
        # Losses take the mean over the last axis: a row holds one prediction.
        return tf.reshape(rows(tf.reshape(x, (-1,))), tf.shape(x))

    return View(over, label, float(low), float(high), function, identity, gradient)


def _rows(loss: Loss, y: float, **more: Any) -> Callable[[Any], Any]:
    import tensorflow as tf

    def rows(x: Any) -> Any:
        truth = tf.fill((x.shape[0], 1), tf.cast(y, x.dtype))
        return loss(truth, x[:, tf.newaxis], **more)

    return rows


def _binary(loss: Loss) -> tuple[View, ...]:
    plain = loss.name == "binary_crossentropy" and not loss.parameters["label_smoothing"]
    views = []
    for y in (1, 0):

        def by_p(p: np.ndarray, y: int = y) -> np.ndarray:
            return (p - y) / (p * (1 - p))

        def by_z(z: np.ndarray, y: int = y) -> np.ndarray:
            return 1 / (1 + np.exp(-z)) - y

        views.append(
            _over(
                "probability p",
                f"y = {y}",
                *PROBABILITY,
                _rows(loss, float(y)),
                "(p - y) / (p (1 - p))" if plain else "",
                by_p if plain else None,
            )
        )
        views.append(
            _over(
                "logit z",
                f"y = {y}",
                *LOGIT,
                _binary_logits(loss, y),
                "a - y, a = sigmoid(z)" if plain else "",
                by_z if plain else None,
            )
        )
    return tuple(views)


def _binary_logits(loss: Loss, y: int) -> Callable[[Any], Any]:
    import tensorflow as tf

    def rows(z: Any) -> Any:
        truth = tf.fill((z.shape[0], 1), tf.cast(y, z.dtype))
        return loss(truth, z[:, tf.newaxis], from_logits=True)

    return rows


def _truth(loss: Loss, count: int, dtype: Any) -> Any:
    import tensorflow as tf

    if loss.name in BY_INDEX:
        return tf.zeros((count,), tf.int32)
    return tf.one_hot(tf.zeros((count,), tf.int32), CLASSES, dtype=dtype)


def _categorical(loss: Loss) -> tuple[View, ...]:
    import tensorflow as tf

    def by_probability(p: Any) -> Any:
        rest = (1 - p) / (CLASSES - 1)
        columns = [p, *[rest] * (CLASSES - 1)]
        return loss(_truth(loss, p.shape[0], p.dtype), tf.stack(columns, axis=1))

    plain = "crossentropy" in loss.name and "focal" not in loss.name
    plain = plain and not loss.parameters.get("label_smoothing", 0)

    def by_p(p: np.ndarray) -> np.ndarray:
        return -1 / p

    def by_z(z: np.ndarray) -> np.ndarray:
        return 1 / (1 + (CLASSES - 1) * np.exp(-z)) - 1

    known = plain or loss.name == "kl_divergence"
    generalised = loss.name == "categorical_generalized_cross_entropy"
    text, gradient = ("-1 / p", by_p) if known else ("", None)
    if generalised:
        q = float(loss.parameters["q"])
        text, gradient = "-p^(q - 1)", lambda p: -(p ** (q - 1))
    return (
        _over("probability p of the right class", "", *PROBABILITY, by_probability, text, gradient),
        _over(
            "logit z of the right class, others 0",
            "",
            *LOGIT,
            _categorical_logits(loss),
            "p - 1, p = softmax(z)" if known else "",
            by_z if known else None,
        ),
    )


def _categorical_logits(loss: Loss) -> Callable[[Any], Any]:
    import tensorflow as tf

    takes_logits = "crossentropy" in loss.name

    def rows(z: Any) -> Any:
        logits = tf.stack([z, *[tf.zeros_like(z)] * (CLASSES - 1)], axis=1)
        truth = _truth(loss, z.shape[0], z.dtype)
        if takes_logits:
            return loss(truth, logits, from_logits=True)
        return loss(truth, tf.nn.softmax(logits))

    return rows


def _two_scores(loss: Loss) -> Callable[[Any], Any]:
    import tensorflow as tf

    def rows(x: Any) -> Any:
        truth = tf.one_hot(tf.zeros((x.shape[0],), tf.int32), 2, dtype=x.dtype)
        return loss(truth, tf.stack([x, tf.zeros_like(x)], axis=1))

    return rows


def _angle(loss: Loss) -> Callable[[Any], Any]:
    import tensorflow as tf

    def rows(angle: Any) -> Any:
        truth = tf.one_hot(tf.zeros((angle.shape[0],), tf.int32), 2, dtype=angle.dtype)
        return loss(truth, tf.stack([tf.cos(angle), tf.sin(angle)], axis=1))

    return rows


def _hinge(name: str, y: int) -> tuple[str, Callable[[np.ndarray], np.ndarray]]:
    if name == "hinge":
        return "-y while y x < 1, else 0", lambda x: np.where(y * x < 1, -y, 0.0)
    return "-2 y (1 - y x) while y x < 1, else 0", lambda x: -2 * y * np.maximum(1 - y * x, 0)


def _huber(loss: Loss, y: float) -> tuple[str, Callable[[np.ndarray], np.ndarray]]:
    delta = float(loss.parameters["delta"])
    return "x - y, cut off at -delta and delta", lambda x: np.clip(x - y, -delta, delta)


_REGRESSION: dict[str, Callable[[Loss, float], tuple[str, Callable[[np.ndarray], np.ndarray]]]] = {
    "mean_squared_error": lambda _, y: ("2 (x - y)", lambda x: 2 * (x - y)),
    "mean_absolute_error": lambda _, y: ("sign(x - y)", lambda x: np.sign(x - y)),
    "mean_absolute_percentage_error": lambda _, y: (
        "100 sign(x - y) / |y|",
        lambda x: 100 * np.sign(x - y) / abs(y),
    ),
    "mean_squared_logarithmic_error": lambda _, y: (
        "2 (log(1 + x) - log(1 + y)) / (1 + x)",
        lambda x: 2 * (np.log1p(x) - np.log1p(y)) / (1 + x),
    ),
    "huber": _huber,
    "log_cosh": lambda _, y: ("tanh(x - y)", lambda x: np.tanh(x - y)),
    "poisson": lambda _, y: ("1 - y / x", lambda x: 1 - y / x),
}
