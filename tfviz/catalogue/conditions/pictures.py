"""Conditions on pictures: plots, OpenCV, Pillow, visdom."""

from __future__ import annotations
