"""A short name for what a model computes: equal for equal weights in layers of equal options."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from tfviz.model.card import card_of
from tfviz.model.tree import walk

DIGITS = 12
# Of these what is computed doesn't depend. Keras numbers names on within one process.
_NO_MATTER = ("name", "trainable", "seed", "module", "registered_name", "build_config")


def fingerprint(model: Any) -> str:
    """Hash a model's layers, their options and weights, about a second a gigabyte.

    The states of random generators are left out: they differ each time a model is loaded, and
    inference doesn't use them.

    Args:
        model: A built `keras.Model`.

    Returns:
        Hexadecimal digits; the same in every process.
    """
    digest = hashlib.sha1(usedforsecurity=False)
    for node in walk(model):
        digest.update(f"{node.depth} {type(node.operation).__name__}\n".encode())
        digest.update(_options(node.operation).encode("utf-8", "surrogatepass"))
    for weight in model.weights:
        array = np.ascontiguousarray(np.asarray(weight))
        digest.update(f"{array.shape} {array.dtype}\n".encode())
        digest.update(array.view(np.uint8).reshape(-1).data if array.size else b"")
    digest.update("\n".join(card_of(model).class_names).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:DIGITS]


def _options(operation: Any) -> str:
    """What a layer was made with, such as its activation and strides, as text."""
    # What a model holds is listed by itself.
    if hasattr(operation, "layers"):
        return ""
    try:
        return json.dumps(_plain(operation.get_config()), sort_keys=True)
    except Exception:
        return ""


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        # A policy's name is what it is.
        if str(value.get("class_name")).endswith("DTypePolicy"):
            return repr(value.get("config"))
        return {str(k): _plain(v) for k, v in value.items() if k not in _NO_MATTER}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, np.ndarray):
        return [value.shape, hashlib.sha1(value.tobytes(), usedforsecurity=False).hexdigest()]
    # The text of anything else may hold its place in memory.
    known = isinstance(value, (str, int, float, type(None)))
    return value if known else type(value).__name__
