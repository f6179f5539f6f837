"""A short name for what a model computes: equal for equal weights in equal layers."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from tfviz.model.card import card_of
from tfviz.model.tree import walk

DIGITS = 12


def fingerprint(model: Any) -> str:
    """Hash a model's layers and weights, about a second a gigabyte.

    The states of random generators are left out: they differ each time a model is loaded, and
    inference doesn't use them.

    Args:
        model: A built `keras.Model`.

    Returns:
        Hexadecimal digits; the same in every process.
    """
    digest = hashlib.sha1(usedforsecurity=False)
    # Names are left out: Keras numbers them on within one process.
    for node in walk(model):
        digest.update(f"{node.depth} {type(node.operation).__name__}\n".encode())
    for weight in model.weights:
        array = np.ascontiguousarray(np.asarray(weight))
        digest.update(f"{array.shape} {array.dtype}\n".encode())
        digest.update(array.view(np.uint8).reshape(-1).data if array.size else b"")
    digest.update("\n".join(card_of(model).class_names).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:DIGITS]
