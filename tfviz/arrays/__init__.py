"""Join whatever kind of array comes, or say why it can't be joined."""

from __future__ import annotations

from tfviz.arrays.joining import concatenate, stack

__all__ = ["concatenate", "stack"]
