"""Layers as in the textbooks: NumPy, forward and backward by hand, checked."""

from __future__ import annotations
