"""Small nets worked out by hand: every step with its formula, its numbers and its result."""

from __future__ import annotations
