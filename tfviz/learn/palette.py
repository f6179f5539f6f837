"""Colours and sizes that all lessons share, safe for colour-blind eyes.

Source of the colours: Okabe and Ito, "Color Universal Design", 2008.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

BLUE = "#0072B2"
ORANGE = "#D55E00"
GREEN = "#009E73"
PINK = "#CC79A7"
SKY = "#56B4E9"
AMBER = "#E69F00"
INK = "#222222"
FAINT = "#6b7280"
HAIR = "#d4d7dc"
CYCLE = (BLUE, ORANGE, GREEN, PINK, AMBER, SKY, INK)
"""Lines in their order; from the seventh on also told apart by their dashes."""
DASHES = ("-", "--", ":", "-.")

VALUE, GRADIENT = BLUE, "#C15500"
"""What flows forward, and what flows back: an orange a shade darker, because small numbers are
written in it, which have to stand out from white by 4.5 to 1."""


@contextlib.contextmanager
def slide() -> Iterator[None]:
    """Set matplotlib up for a figure that is read from the back of a room; put it back at the end.

    Figures are made, and drawn, inside. A style sheet of the user's has no say here, because a
    picture and what is told about its colours must agree.
    """
    import matplotlib
    from cycler import cycler

    base: dict[Any, Any] = {
        key: value for key, value in matplotlib.rcParamsDefault.items() if key in _BASE
    }
    ours: dict[Any, Any] = {
        "font.size": 13,
        "axes.titlesize": 15,
        "axes.labelsize": 13,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": FAINT,
        "axes.labelcolor": INK,
        "axes.titlelocation": "left",
        # Looking for what a title might collide with takes a tenth of the drawing, and finds
        # nothing: no axes here have both a title and labels at the top.
        "axes.titley": 1.0,
        "text.color": INK,
        "xtick.color": FAINT,
        "ytick.color": FAINT,
        "axes.grid": False,
        "lines.linewidth": 2.2,
        "legend.frameon": False,
        "figure.facecolor": "white",
        "axes.facecolor": "white",
        "savefig.facecolor": "white",
        "axes.prop_cycle": cycler(color=CYCLE),
    }
    with matplotlib.rc_context({**base, **ours}):
        yield


_BASE = frozenset(
    {
        "font.family",
        "font.sans-serif",
        "mathtext.fontset",
        "lines.linestyle",
        "lines.marker",
        "axes.linewidth",
        "axes.axisbelow",
        "image.cmap",
        "image.interpolation",
        "text.usetex",
        "figure.dpi",
        "savefig.bbox",
        "savefig.dpi",
    }
)
