"""matplotlib figures that belong to nobody's pyplot."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 100
FEW_PIXELS = 100
INK = "#222222"
FAINT = "#888888"


def new_figure(width: float, height: float) -> Figure:
    """An empty figure that takes part in no global state, and that a notebook displays.

    Args:
        width: In inches of `DPI` pixels.
        height: In inches of `DPI` pixels.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Said outright, because a style sheet of the user's may ask for a dark page.
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    # Notebooks know how to show a figure only once pyplot has been imported.
    figure._repr_png_ = lambda: _png(figure)  # type: ignore[attr-defined]
    return figure


def show(axes: Axes, picture: np.ndarray) -> None:
    """Puts an RGB picture into axes that have its proportions, without frame or ticks."""
    # Pictures with few pixels keep them visible: they are what the model saw.
    few = max(picture.shape[:2]) < FEW_PIXELS
    axes.imshow(picture, interpolation="nearest" if few else "antialiased", aspect="auto")
    axes.set_axis_off()


def plain(text: str) -> str:
    """Text in which matplotlib sees no formula, and no letter that its own font lacks."""
    import matplotlib

    # With fonts of the user's choice it is for these to have the letters.
    own = matplotlib.rcParamsDefault["font.family"], matplotlib.rcParamsDefault["font.sans-serif"]
    if not text.isascii() and own == (
        matplotlib.rcParams["font.family"],
        matplotlib.rcParams["font.sans-serif"],
    ):
        from tfviz.draw.text import printable

        text = "\n".join(printable(line) for line in text.split("\n"))
    return text.replace("$", r"\$")


def shorten(text: str, most: int) -> str:
    """At most so many characters: the beginning and the end, which tells siblings apart.

    >>> shorten("European fire salamander", 12)
    'Europe…ander'
    """
    if len(text) <= most:
        return text
    tail = (most - 1) // 2
    return f"{text[: most - 1 - tail]}…{text[len(text) - tail :]}"


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
