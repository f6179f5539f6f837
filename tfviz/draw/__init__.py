"""Arrays to pictures: overlays, panels, grids and figures."""

from __future__ import annotations

from tfviz.draw.colormaps import COLORMAPS, DEFAULT, DIVERGING, colorize
from tfviz.draw.grid import grid
from tfviz.draw.overlay import ALPHA, normalize, overlay
from tfviz.draw.panel import panel
from tfviz.draw.profile import profile
from tfviz.draw.slices import slices

__all__ = [
    "ALPHA",
    "COLORMAPS",
    "DEFAULT",
    "DIVERGING",
    "colorize",
    "grid",
    "normalize",
    "overlay",
    "panel",
    "profile",
    "slices",
]
