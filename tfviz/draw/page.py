"""A white page that is drawn on in pixels from its upper left corner."""

from __future__ import annotations

import numpy as np

from tfviz.draw.text import mask, measure

Colour = tuple[int, int, int]


class Page:
    """A white page.

    Args:
        width: In pixels.
        height: In pixels.

    Attributes:
        pixels: uint8 RGB of shape (height, width, 3).
    """

    def __init__(self, width: int, height: int) -> None:
        self.pixels = np.full((height, width, 3), 255, np.uint8)

    def text(
        self,
        x: int,
        y: int,
        text: str,
        *,
        size: int,
        colour: Colour,
        bold: bool = False,
        right: bool = False,
    ) -> int:
        """Writes one line.

        Args:
            x: Where it begins, or ends with `right`.
            y: Of its baseline.
            text: In any alphabet.
            size: Of the letters.
            colour: Of the ink.
            bold: Whether the strokes are thick.
            right: Whether `x` is its end.

        Returns:
            Where it ends.
        """
        width = measure(text, size, bold=bold)
        x = x - width if right else x
        ink, baseline, left = mask(text, size, bold)
        self._blend(x - left, y - baseline, ink, colour)
        return x + width

    def picture(self, x: int, y: int, rgb: np.ndarray) -> None:
        """Puts a picture there, pixel by pixel."""
        height, width = rgb.shape[:2]
        self.pixels[y : y + height, x : x + width] = rgb

    def box(self, x: int, y: int, width: int, height: int, colour: Colour) -> None:
        """Fills a rectangle."""
        self.pixels[y : y + height, x : x + width] = colour

    def _blend(self, x: int, y: int, ink: np.ndarray, colour: Colour) -> None:
        """Mixes a colour in, as much as `ink` says of 255; what lies off the page is left out."""
        top, left = max(0, -y), max(0, -x)
        under = self.pixels[y + top : y + ink.shape[0], x + left : x + ink.shape[1]]
        share = ink[top : top + under.shape[0], left : left + under.shape[1], np.newaxis]
        # Products of two bytes, and the half that rounds, fit into 16 bits.
        share = share.astype(np.uint16)
        under[:] = ((255 - share) * under + share * np.array(colour, np.uint16) + 127) // 255
