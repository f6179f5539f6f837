"""Start TensorFlow and compute on each device: run as a process of its own, by `checks.starting`.

Each step is written to standard output as a line of JSON before it begins, so that a process that
dies natively still tells what it died of.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import numpy as np

BATCH, SIDE, CHANNELS, FILTERS, KERNEL = 2, 9, 3, 4, 3


def convolution(inputs: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """A convolution with padding 'SAME' and stride 1, in float64, one product after the other.

    Args:
        inputs: (batch, height, width, channels).
        kernel: (k, k, channels, filters), k odd.

    Returns:
        (batch, height, width, filters).
    """
    reach = kernel.shape[0] // 2
    padded = np.pad(inputs.astype(np.float64), ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    height, width = inputs.shape[1:3]
    total = np.zeros((*inputs.shape[:3], kernel.shape[3]))
    for row in range(kernel.shape[0]):
        for column in range(kernel.shape[1]):
            window = padded[:, row : row + height, column : column + width, :]
            total += window @ kernel[row, column].astype(np.float64)
    return total


def kernel_gradient(inputs: np.ndarray, weights: np.ndarray, size: int) -> np.ndarray:
    """The gradient of sum(weights * convolution(inputs, kernel)) with respect to the kernel.

    Args:
        inputs: (batch, height, width, channels).
        weights: (batch, height, width, filters).
        size: Side of the kernel, odd.

    Returns:
        (size, size, channels, filters), float64.
    """
    reach = size // 2
    padded = np.pad(inputs.astype(np.float64), ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    height, width = inputs.shape[1:3]
    total = np.zeros((size, size, inputs.shape[3], weights.shape[3]))
    for row in range(size):
        for column in range(size):
            window = padded[:, row : row + height, column : column + width, :]
            total[row, column] = np.einsum("bhwc,bhwf->cf", window, weights.astype(np.float64))
    return total


def relative_error(got: np.ndarray, wanted: np.ndarray) -> float:
    """The largest difference, in parts of the largest value wanted; infinite when not finite."""
    if not np.isfinite(got).all():
        return float("inf")
    return float(np.abs(got - wanted).max() / np.abs(wanted).max())


def _say(step: str, **more: Any) -> None:
    print(json.dumps({"step": step, **more}), flush=True)


def _compute(inputs: Any, kernel: Any, weights: Any) -> tuple[Any, Any]:
    """The convolution, and the gradient of its weighted sum with respect to the kernel."""
    import tensorflow as tf

    kernel = tf.convert_to_tensor(kernel)
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        outputs = tf.nn.conv2d(tf.convert_to_tensor(inputs), kernel, 1, "SAME")
        loss = tf.reduce_sum(outputs * weights)
    return outputs, tape.gradient(loss, kernel)


def main() -> None:
    """Start TensorFlow, name the devices, and compute on each."""
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    _say("import")
    began = time.perf_counter()
    import tensorflow as tf

    seconds = time.perf_counter() - began
    _say("imported", version=tf.__version__, seconds=seconds, file=os.path.abspath(tf.__file__))
    _say("keras")
    _say("devices", keras=tf.keras.__version__)
    devices = tf.config.list_logical_devices()
    build = {key: str(value) for key, value in tf.sysconfig.get_build_info().items()}
    _say("listed", devices=[device.name for device in devices], build=build)
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(BATCH, SIDE, SIDE, CHANNELS)).astype("float32")
    kernel = rng.normal(size=(KERNEL, KERNEL, CHANNELS, FILTERS)).astype("float32")
    weights = rng.normal(size=(BATCH, SIDE, SIDE, FILTERS)).astype("float32")
    wanted = convolution(inputs, kernel)
    wanted_gradient = kernel_gradient(inputs, weights, KERNEL)
    for device in devices:
        for step, done, failed in (
            ("device", "computed", "failed"),
            ("xla", "compiled", "uncompiled"),
        ):
            _say(step, device=device.name)
            compute = _compute if step == "device" else tf.function(_compute, jit_compile=True)
            began = time.perf_counter()
            try:
                with tf.device(device.name):
                    outputs, gradient = compute(inputs, kernel, weights)
                _say(
                    done,
                    device=device.name,
                    convolution=relative_error(outputs.numpy(), wanted),
                    gradient=relative_error(gradient.numpy(), wanted_gradient),
                    seconds=time.perf_counter() - began,
                )
            except Exception as error:
                _say(failed, device=device.name, error=f"{type(error).__name__}: {error}"[:2000])
                break
    _say("end")


if __name__ == "__main__":
    main()
