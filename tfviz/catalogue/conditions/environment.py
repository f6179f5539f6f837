"""Conditions on installed packages, model files and PyTorch."""

from __future__ import annotations
