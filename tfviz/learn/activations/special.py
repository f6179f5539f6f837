"""What is to be said of the step function, and of PReLU, beside their curves."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfviz.learn.activations.names import Activation
from tfviz.learn.activations.study import Study

RATE, UPDATES = 0.5, 100


def about_step(activation: Activation) -> tuple[tuple[str, ...], dict[str, Any]]:
    """A neuron with a step, and one with a sigmoid, both really trained on the logical AND.

    Returns:
        Sentences, and the numbers behind them.
    """
    import keras
    import tensorflow as tf

    x = tf.constant([0.7])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        chosen = activation.function(x)
        compared = tf.cast(x >= 0, tf.float32)
        signed = (tf.sign(x) + 1) / 2
    asked = {
        "where(x >= 0, 1, 0)": tape.gradient(chosen, x),
        "cast(x >= 0)": tape.gradient(compared, x),
        "(sign(x) + 1) / 2": tape.gradient(signed, x),
    }
    del tape
    gave = {name: None if g is None else float(np.asarray(g)[0]) for name, g in asked.items()}
    trained = {
        "step": _train(activation.function),
        "sigmoid": _train(keras.activations.sigmoid),
    }
    step, sigmoid = trained["step"], trained["sigmoid"]
    told = ", ".join(f"{'None' if g is None else f'{g:g}'} for {name}" for name, g in gave.items())
    return (
        (
            f"Why it can't be trained: one neuron on the logical AND, {UPDATES} updates. With the "
            f"step its weights move by {step['moved']:.3g}, and the loss stays "
            f"{step['loss'][0]:.3g}; with a sigmoid they move by {sigmoid['moved']:.3g}, and the "
            f"loss falls from {sigmoid['loss'][0]:.3g} to {sigmoid['loss'][1]:.3g}.",
            f"The tape gives {told}.",
        ),
        {"tape": gave, "trained": {"rate": RATE, "updates": UPDATES, **trained}},
    )


def _train(function: Any) -> dict[str, Any]:
    import tensorflow as tf

    inputs = tf.constant([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    labels = tf.constant([[0.0], [0.0], [0.0], [1.0]])
    start = np.array([[0.3], [-0.2]], np.float32)
    kernel, bias = tf.Variable(start), tf.Variable([0.1])

    @tf.function
    def update() -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((function(inputs @ kernel + bias) - labels) ** 2)
        gradients = tape.gradient(loss, [kernel, bias], unconnected_gradients="zero")
        for weight, gradient in zip((kernel, bias), gradients, strict=True):
            weight.assign_sub(RATE * gradient)
        return loss

    losses = [float(update()) for _ in range(UPDATES + 1)]
    moved = np.linalg.norm(
        np.append(np.asarray(kernel) - start, np.asarray(bias) - np.float32(0.1))
    )
    return {"loss": (losses[0], losses[-1]), "moved": float(moved)}


def about_prelu(
    activation: Activation, found: Study
) -> tuple[tuple[str, ...], dict[str, np.ndarray]]:
    """The derivative by the learned slope, by the tape, where the curve is drawn.

    Returns:
        Sentences, and the curve by its name.
    """
    import keras
    import tensorflow as tf

    x = np.concatenate([piece.x for piece in found.pieces])
    start = keras.initializers.Constant(activation.parameters["alpha"])
    # One alpha for all would sum over x; one for each x keeps them apart.
    layer = keras.layers.PReLU(alpha_initializer=start, dtype="float64")
    layer.build((None, len(x)))
    with tf.GradientTape() as tape:
        value = layer(tf.constant(x[np.newaxis]))
    (by_alpha,) = tape.gradient(value, layer.trainable_variables)
    alpha = np.asarray(by_alpha).ravel()
    return (
        (
            "alpha is a weight, learned like any other: df/dalpha = x where x < 0, and 0 where "
            "x > 0 (dashed).",
        ),
        {"df/dalpha": alpha},
    )
