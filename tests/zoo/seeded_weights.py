"""Weights and inputs that NumPy makes again from a name: nothing large is stored for the tests."""

from __future__ import annotations

import zlib

import numpy as np


def seeded(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """A tensor of a state dict, always the same for a name; activations stay of order one."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    if len(shape) >= 2:
        fan_in = int(np.prod(shape[1:]))
        return random.normal(0, np.sqrt(2 / fan_in), shape).astype(np.float32)
    if name.endswith("running_var"):
        return random.uniform(0.5, 1.5, shape).astype(np.float32)
    if name.endswith(".weight"):
        return random.uniform(0.3, 0.9, shape).astype(np.float32)
    return random.normal(0, 0.1, shape).astype(np.float32)


def state_dict(shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """All tensors of a state dict."""
    return {name: seeded(name, shape) for name, shape in shapes.items()}


def image(height: int, width: int, *, batch: int = 1) -> np.ndarray:
    """Input for a network, (batch, height, width, 3) float32."""
    random = np.random.default_rng(height * 10_000 + width)
    return random.normal(0, 1, (batch, height, width, 3)).astype(np.float32)
