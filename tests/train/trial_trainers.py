"""Functions that a trial in another process imports: trainers that are ordinary, or end badly."""

from __future__ import annotations

import os
import signal

import keras
import tensorflow as tf

import tfviz


def model() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(32, activation="relu", name="a"),
            keras.layers.Dense(4, name="b"),
        ]
    )


def loss(y, predicted):
    return tf.reduce_mean(tf.square(tf.cast(y, predicted.dtype) - predicted[:, 0]))


def ordinary() -> tfviz.Trainer:
    return tfviz.Trainer(model(), loss, keras.optimizers.Adam())


def _in_large_batches(act) -> tfviz.Trainer:
    """A trainer whose step does something where more than two samples are in memory."""
    own = model()

    def large(count):
        if int(count) > 2:
            act()
        return count

    def step(batch):
        x = batch[0]
        count = tf.py_function(large, [tf.shape(x)[0]], tf.int32)
        with tf.control_dependencies([count]):
            return {"loss": tf.reduce_mean(own(x, training=True) ** 2)}

    return tfviz.Trainer(own, step=step, optimizer="sgd")


def killed() -> tfviz.Trainer:
    """Ended by the signal that the kernel sends when memory runs out."""
    return _in_large_batches(lambda: os.kill(os.getpid(), signal.SIGKILL))


def full_disk() -> tfviz.Trainer:
    def fail():
        raise tf.errors.ResourceExhaustedError(None, None, "/cache/x: No space left on device")

    return _in_large_batches(fail)


def broken() -> tfviz.Trainer:
    raise RuntimeError("the weights were not there")


def no_trainer() -> str:
    return "a model"
