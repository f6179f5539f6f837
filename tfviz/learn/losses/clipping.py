"""What Keras's clipping of probabilities does to loss and gradient, measured."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfviz.learn.losses.catalogue import Loss

AT = (1.0, 0.5, 0.1, 1e-3, 1e-6, 1e-7, 5e-8, 1e-9, 0.0)


def at_small_probabilities(loss: Loss) -> tuple[tuple[str, ...], dict[str, Any]]:
    """A loss in float32 as the probability of the right answer goes to 0.

    Args:
        loss: A cross-entropy, KL divergence, or -log p.

    Returns:
        Sentences, and the numbers.
    """
    import keras
    import tensorflow as tf

    p = tf.constant(AT, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(p)
        value = _loss_of(loss, p)
    gradient = np.asarray(tape.gradient(value, p))
    value = np.asarray(value)
    epsilon = keras.config.epsilon()
    more = {"p": AT, "loss": value, "gradient": gradient, "epsilon": epsilon}
    below = np.array(AT) < 0.999 * epsilon
    if loss.name == "log":
        sentence = (
            f"Nothing is clipped here: at p = 0 the loss is {value[-1]:g} and the gradient "
            f"{gradient[-1]:g}, and one such row turns the mean of a batch into {value[-1]:g}. "
            f"Keras's losses clip p at {epsilon:g}."
        )
    elif np.abs(gradient[below]).max() <= 1e-6:
        takes_logits = "crossentropy" in loss.name
        remedy = " Give logits, with from_logits=True." if takes_logits else ""
        sentence = (
            f"Keras clips probabilities at {epsilon:g}: below it the loss stays at "
            f"{value[-1]:.4g} and the gradient is {_dead(gradient[below])}, "
            "so what is most wrong learns nothing." + remedy
        )
    else:
        sentence = f"At p = 0 the loss is {value[-1]:.4g} and the gradient {gradient[-1]:.3g}."
    return (sentence,), {"clipping": more}


def rows_of(numbers: dict[str, Any]) -> tuple[tuple[str, ...], ...]:
    """The numbers as rows of text."""
    found = numbers["clipping"]
    return (
        ("p of the right answer", "loss", "gradient"),
        *(
            (f"{p:g}", f"{value + 0.0:.4g}", f"{gradient + 0.0:.4g}")
            for p, value, gradient in zip(found["p"], found["loss"], found["gradient"], strict=True)
        ),
    )


def _dead(gradient: np.ndarray) -> str:
    largest = float(np.abs(gradient).max())
    return "0" if largest == 0 else f"{largest:.0e}"


def _loss_of(loss: Loss, p: Any) -> Any:
    import tensorflow as tf

    if loss.name in ("log", "binary_crossentropy"):
        return loss(tf.ones_like(p)[:, tf.newaxis], p[:, tf.newaxis])
    two = tf.stack([p, 1 - p], axis=1)
    if loss.name == "sparse_categorical_crossentropy":
        return loss(tf.zeros((p.shape[0],), tf.int32), two)
    return loss(tf.one_hot(tf.zeros((p.shape[0],), tf.int32), 2), two)
