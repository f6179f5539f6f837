"""Conditions on shapes, labels, data, training and memory."""

from __future__ import annotations
