"""Where a model runs."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager

import tensorflow as tf

from tfviz.errors import InputError


def on_device(name: str) -> AbstractContextManager[None]:
    """A block whose operations run on one device.

    Args:
        name: 'cpu', 'gpu', or with a number, 'gpu:1'.

    Raises:
        InputError: When TensorFlow sees no such device; those it sees are listed.
    """
    known = {each.name.removeprefix("/device:") for each in tf.config.list_logical_devices()}
    wanted = name.upper()
    if re.fullmatch(r"[A-Z]+", wanted):
        wanted += ":0"
    if wanted not in known:
        raise InputError(
            f"TensorFlow sees no device '{name}' here: there is {', '.join(sorted(known)).lower()}."
        )
    return tf.device(f"/device:{wanted}")
