"""Mistakes that show in the loss: each loop really run, with the numbers it gives."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfviz.learn.tapes.line import POINTS, RATE, STEPS, Line, losses_of, said_by
from tfviz.learn.tapes.mistake import Mistake


def accumulated() -> Mistake:
    """Gradients that are never set to 0."""
    total = [tf.zeros(()), tf.zeros(())]
    norms: list[float] = []

    def step(line: Line) -> None:
        fresh = line.gradients()
        for i, each in enumerate(fresh):
            total[i] += each
        norms.append(float(tf.norm(tf.stack(total))))
        line.apply(list(total))

    losses = losses_of(step)
    return Mistake(
        "accumulated",
        "Gradients add up: zero-grad forgotten",
        "total = [0.0, 0.0]\nfor batch in data:\n    with tf.GradientTape() as tape:\n"
        "        loss = loss_of(batch)\n"
        "    for i, g in enumerate(tape.gradient(loss, variables)):\n        total[i] += g\n"
        "    optimizer.apply(total, variables)",
        "for batch in data:\n    with tf.GradientTape() as tape:\n        loss = loss_of(batch)\n"
        "    gradients = tape.gradient(loss, variables)\n"
        "    optimizer.apply(gradients, variables)",
        "Each step also repeats all steps before it: the line swings past the minimum and never "
        "comes to rest. A new tape starts from nothing, so that TensorFlow has no zero-grad to "
        "forget; only sums that one keeps oneself (gradient accumulation) must be set to 0.",
        losses,
        {"norm at step 1": norms[0], "norm at step 3": norms[2], "last loss": losses[-1]},
        torch="optimizer.zero_grad() forgotten: backward() adds to .grad",
    )


def not_applied() -> Mistake:
    """Gradients that nobody uses."""
    losses = losses_of(lambda line: line.gradients())
    return Mistake(
        "not-applied",
        "Gradients are computed and not applied",
        "with tf.GradientTape() as tape:\n    loss = loss_of(batch)\n"
        "gradients = tape.gradient(loss, variables)",
        "with tf.GradientTape() as tape:\n    loss = loss_of(batch)\n"
        "gradients = tape.gradient(loss, variables)\noptimizer.apply(gradients, variables)",
        "Nothing says so: the loss stands still to the last digit. On changing batches it moves "
        "with them and looks like a training that doesn't learn.",
        losses,
        {"loss before": losses[0], "loss after": losses[-1]},
        torch="optimizer.step() forgotten",
    )


def applied_twice() -> Mistake:
    """One gradient, two steps."""

    def step(line: Line) -> None:
        gradients = line.gradients()
        line.apply(gradients)
        line.apply(gradients)

    losses = losses_of(step)
    return Mistake(
        "applied-twice",
        "Gradients are applied twice",
        "gradients = tape.gradient(loss, variables)\noptimizer.apply(gradients, variables)\n"
        "optimizer.apply(gradients, variables)",
        "gradients = tape.gradient(loss, variables)\noptimizer.apply(gradients, variables)",
        f"The second step goes on from a place where this gradient is no longer that of the loss. "
        f"With plain descent it is one step at twice the rate, here {2 * RATE:g}; from 1 on this "
        f"loss is no longer stable: it grows. Momentum and Adam count two steps.",
        losses,
        {"rate": RATE, "rate it amounts to": 2 * RATE, "last loss": losses[-1]},
        torch="optimizer.step() twice for one backward()",
    )


def not_scalar() -> Mistake:
    """A loss for each sample."""
    norms: list[tuple[float, float]] = []

    def step(line: Line) -> None:
        with tf.GradientTape() as tape:
            loss = tf.square(line.residuals())
        gradients = tape.gradient(loss, [each.value for each in line.variables])
        mean = line.gradients()
        norms.append((float(tf.norm(tf.stack(gradients))), float(tf.norm(tf.stack(mean)))))
        line.apply(list(gradients))

    losses = losses_of(step)
    whole, mean = norms[0]
    return Mistake(
        "not-scalar",
        "The loss is one number a sample, not one number",
        "with tf.GradientTape() as tape:\n    loss = tf.square(y - predicted)   # (16,)\n"
        "gradients = tape.gradient(loss, variables)",
        "with tf.GradientTape() as tape:\n"
        "    loss = tf.reduce_mean(tf.square(y - predicted))   # ()\n"
        "gradients = tape.gradient(loss, variables)",
        f"TensorFlow silently takes the gradient of the sum: {POINTS} times that of the mean for "
        f"{POINTS} samples, a learning rate {POINTS} times too large. PyTorch refuses.",
        losses,
        {"norm of the sum's": whole, "norm of the mean's": mean, "ratio": whole / mean},
        torch="an error: grad can be implicitly created only for scalar outputs",
    )


def outside() -> Mistake:
    """A loss that the tape doesn't see."""
    said = ""
    gradients: list[Any] = []

    def step(line: Line) -> None:
        nonlocal said, gradients
        with tf.GradientTape() as tape:
            residuals = line.residuals()
        loss = tf.reduce_mean(tf.square(residuals))
        gradients = list(tape.gradient(loss, [each.value for each in line.variables]))
        said = said or said_by(lambda: line.apply(gradients))

    losses = losses_of(step)
    return Mistake(
        "outside",
        "The loss is computed outside of the tape",
        "with tf.GradientTape() as tape:\n    predicted = model(x)\n"
        "loss = tf.reduce_mean(tf.square(y - predicted))\n"
        "gradients = tape.gradient(loss, variables)",
        "with tf.GradientTape() as tape:\n    predicted = model(x)\n"
        "    loss = tf.reduce_mean(tf.square(y - predicted))\n"
        "gradients = tape.gradient(loss, variables)",
        "The tape saw the predictions and not the loss: it knows no way back from it, and every "
        "gradient is None. Only Keras's optimizer complains; a loop that skips None stands still.",
        losses,
        {"gradients that are None": f"{sum(each is None for each in gradients)} of 2"},
        said,
        torch="with torch.no_grad(), or loss.item(), around the loss",
    )


def replaced() -> Mistake:
    """A variable that becomes a tensor."""
    line = Line()
    holder = [each.value for each in line.variables]

    def loss_of(w: Any, b: Any) -> tf.Tensor:
        return tf.reduce_mean(tf.square(w * line.x + b - line.y))

    found = [float(loss_of(*holder))]
    seen: list[list[Any]] = []
    for _ in range(STEPS):
        with tf.GradientTape() as tape:
            loss = loss_of(*holder)
        gradients = tape.gradient(loss, holder)
        seen.append(list(gradients))
        if all(each is not None for each in gradients):
            holder = [each - RATE * g for each, g in zip(holder, gradients, strict=True)]
        found.append(float(loss_of(*holder)))
    said = said_by(lambda: holder[0].assign_sub(0.1))
    return Mistake(
        "replaced",
        "A variable is replaced by a tensor",
        "w = w - rate * gradient",
        "w.assign_sub(rate * gradient)",
        "After the first step w is a tensor. A tape watches variables by itself and tensors only "
        "when asked: from the second step on the gradient is None, and nothing moves any more.",
        tuple(found),
        {
            "gradient at step 1": float(seen[0][0]),
            "gradient at step 2": None if seen[1][0] is None else float(seen[1][0]),
        },
        said,
        torch="w = w - rate * w.grad: the new w is no leaf, its .grad is None",
    )
