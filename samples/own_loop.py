"""Three ways to write the same training loop, and the same losses from all of them.

    python samples/own_loop.py            # twenty seconds on two cores
    python samples/own_loop.py --quick    # less data

1. With a tape of one's own: `checked_gradients` says which gradient is missing and why.
2. With `train_step`: the compiled step, for a loop that stays one's own.
3. With `Trainer`: the loop as well, many steps in one compiled call.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

import tfviz

EPOCHS = 3


def data(count: int) -> tf.data.Dataset:
    """Points of two spirals, one batch 32."""
    random = np.random.default_rng(7)
    label = random.integers(0, 2, count)
    turn = random.uniform(0.3, 3 * np.pi, count)
    angle = turn + np.pi * label
    x = np.stack([turn * np.cos(angle), turn * np.sin(angle)], axis=1) / 5
    x += random.normal(0, 0.03, x.shape)
    return tf.data.Dataset.from_tensor_slices((x.astype(np.float32), label)).batch(32)


def build() -> keras.Model:
    keras.utils.set_random_seed(7)
    hidden = [keras.layers.Dense(64, activation="relu") for _ in range(3)]
    return keras.Sequential([keras.Input((2,)), *hidden, keras.layers.Dense(2)])


def with_a_tape(batches: tf.data.Dataset) -> list[float]:
    model, optimizer = build(), keras.optimizers.Adam(3e-3)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer.build(model.trainable_variables)

    @tf.function
    def step(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        gradients = tfviz.checked_gradients(tape, loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        return loss

    losses = []
    for _ in range(EPOCHS):
        for x, y in batches:
            # Tensors are kept, and turned into numbers once: float() at every step would wait.
            losses.append(step(x, y))
    return [float(each) for each in losses]


def with_a_step(batches: tf.data.Dataset) -> list[float]:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    step = tfviz.train_step(build(), loss, keras.optimizers.Adam(3e-3), ["accuracy"])
    losses = []
    for epoch in range(EPOCHS):
        for batch in batches:
            losses.append(step(batch)["loss"])
        print(f"  epoch {epoch + 1}: {step.results()}, compiled {step.traces} time(s)")
        step.reset()
    return [float(each) for each in losses]


def with_a_trainer(batches: tf.data.Dataset) -> list[float]:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    trainer = tfviz.Trainer(build(), loss, keras.optimizers.Adam(3e-3), ["accuracy"])
    history = trainer.fit(batches, epochs=EPOCHS, progress="lines")
    return history.steps["loss"].tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", help="not used: the losses are printed")
    parser.add_argument("--quick", action="store_true", help="2,000 points in place of 20,000")
    arguments = parser.parse_args()
    batches = data(2_000 if arguments.quick else 20_000)
    found = {}
    for way in (with_a_tape, with_a_step, with_a_trainer):
        print(way.__name__.replace("_", " "))
        start = time.perf_counter()
        found[way.__name__] = way(batches)
        took = time.perf_counter() - start
        steps = len(found[way.__name__])
        print(f"  {steps} steps in {took:.1f} s, last loss {found[way.__name__][-1]:.6f}")
    first = np.array(found["with_a_tape"])
    for name, losses in found.items():
        print(f"{name}: at most {np.abs(np.array(losses) - first).max():.1e} from the first")


if __name__ == "__main__":
    main()
