"""An expression as a graph: its value forward, its gradients backward, every number shown."""

from __future__ import annotations
