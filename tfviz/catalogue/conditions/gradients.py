"""Conditions on gradients, Keras layers and tf.function."""

from __future__ import annotations
