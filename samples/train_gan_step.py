"""Two networks, two optimizers, one compiled step: a GAN that learns a ring.

    python samples/train_gan_step.py            # half a minute on two cores
    python samples/train_gan_step.py --quick    # a few steps

The forge makes points of noise, the judge tells them from points on a ring. Each has a function
that returns its loss and an optimizer of its own; `updates=` makes one after the other on the same
batch, inside one compiled loop. The picture shows real and forged points before and after.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import tfviz

NOISE, BATCH = 8, 128


class Gan(keras.Model):
    """Holds both networks; called with noise it gives points."""

    def __init__(self) -> None:
        super().__init__()
        self.forge = keras.Sequential(
            [
                keras.Input((NOISE,)),
                layers.Dense(64, activation="gelu"),
                layers.Dense(64, activation="gelu"),
                layers.Dense(2),
            ]
        )
        self.judge = keras.Sequential(
            [
                keras.Input((2,)),
                layers.Dense(64, activation="leaky_relu"),
                layers.Dense(64, activation="leaky_relu"),
                layers.Dense(1),
            ]
        )

    def call(self, noise: tf.Tensor) -> tf.Tensor:
        return self.forge(noise)


def ring(count: int, random: np.random.Generator) -> np.ndarray:
    """Points around a circle of radius 1."""
    angle = random.uniform(0, 2 * np.pi, count)
    radius = random.normal(1, 0.05, count)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="gan", help="the picture goes here")
    parser.add_argument("--quick", action="store_true", help="200 steps")
    arguments = parser.parse_args()

    keras.utils.set_random_seed(7)
    random = np.random.default_rng(7)
    gan = Gan()
    says = keras.losses.BinaryCrossentropy(from_logits=True)

    def judge_step(batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        points, noise = batch
        real, forged = gan.judge(points), gan.judge(gan.forge(noise))
        return {
            "loss": says(tf.ones_like(real), real) + says(tf.zeros_like(forged), forged),
            "sees_through": tf.reduce_mean(tf.cast(forged < 0, tf.float32)),
        }

    def forge_step(batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        judged = gan.judge(gan.forge(batch[1]))
        return {"loss": says(tf.ones_like(judged), judged)}

    trainer = tfviz.Trainer(
        gan,
        updates=[
            tfviz.Update(judge_step, keras.optimizers.Adam(1e-3, beta_1=0.5), gan.judge),
            tfviz.Update(forge_step, keras.optimizers.Adam(1e-3, beta_1=0.5), gan.forge),
        ],
    )
    points = tf.data.Dataset.from_tensor_slices(ring(20 * BATCH, random)).shuffle(20 * BATCH)
    noise = tf.data.Dataset.random(seed=7, rerandomize_each_iteration=True).batch(2)
    noise = noise.map(lambda seed: tf.random.stateless_normal((NOISE,), seed))
    batches = tf.data.Dataset.zip(points.repeat(), noise).batch(BATCH).prefetch(2)

    fixed = random.normal(size=(500, NOISE)).astype(np.float32)
    before = gan(fixed).numpy()
    steps = 100 if arguments.quick else 1500
    history = trainer.fit(batches, steps_per_epoch=steps, epochs=2, progress="lines")
    after = gan(fixed).numpy()
    for name, forged in (("before", before), ("after", after)):
        radius = np.hypot(*forged.T)
        print(
            f"{name:>7}: forged points are {radius.mean():.2f} ± {radius.std():.2f} from the middle"
        )
    print(f"{len(history.steps['loss'])} steps, {history.traces} compilation(s)")

    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4), layout="constrained")
    for axis, forged, title in zip(
        figure.subplots(1, 2, sharex=True, sharey=True),
        (before, after),
        ("before", f"after {2 * steps} steps"),
        strict=True,
    ):
        axis.scatter(*ring(500, random).T, s=5, color="#bbbbbb", label="real")
        axis.scatter(*forged.T, s=5, color="#d55e00", label="forged")
        axis.set_title(title)
        axis.set_aspect("equal")
    axis.legend(loc="upper right")
    folder = Path(arguments.out)
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "gan.png", dpi=120)
    print(f"wrote {folder / 'gan.png'}")


if __name__ == "__main__":
    main()
