"""What was taken for granted about a picture, and arrays that carry it along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np


@dataclass(frozen=True)
class Assumed:
    """What was taken for granted about a picture. `print` it to read it.

    Attributes:
        kind: What came in, e.g. `"torch.Tensor"`.
        shape: As it came in.
        dtype: As it came in, e.g. `"bfloat16"`.
        layout: What its axes mean: N pictures, H height, W width, C channels.
        layout_why: The reason for that.
        values: What its numbers stand for, one of the names that `displayable` takes.
        values_why: The reason for that.
        low: The lowest finite number; None if there is none.
        high: The highest.
        nan: How many numbers are NaN.
        inf: How many are infinite.
        shown: What of it is shown, e.g. `"the first 64 of 512 channels"`.
        notes: Whatever else is worth knowing.
        parts: For a list of unlike pictures, what was assumed about each.
    """

    kind: str
    shape: tuple[int, ...]
    dtype: str
    layout: str = ""
    layout_why: str = ""
    values: str = ""
    values_why: str = ""
    low: float | None = None
    high: float | None = None
    nan: int = 0
    inf: int = 0
    shown: str = "one picture"
    notes: tuple[str, ...] = ()
    parts: tuple[Assumed, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.kind} {self.shape} {self.dtype}".rstrip()]
        if self.layout:
            lines.append(f"layout  {self.layout} ({self.layout_why})")
            lines.append(f"values  {self.values} ({self.values_why})")
        if self.marked:
            lines.append(f"marked  {self.marked}, in magenta")
        lines.append(f"shown   {self.shown}")
        lines.extend(f"note    {each}" for each in self.notes)
        for index, part in enumerate(self.parts):
            lines.extend(f"[{index}] {line}" for line in str(part).splitlines()[:3])
        return "\n".join(lines)

    @property
    def marked(self) -> str:
        """How many numbers are shown in the marking colour, in words; empty if none is."""
        told = [f"{self.nan:,} NaN"] * bool(self.nan) + [f"{self.inf:,} Inf"] * bool(self.inf)
        return ", ".join(told)


class Noted(np.ndarray):
    """An array that knows how it came about, as do views of it; what is computed from it is plain.

    Attributes:
        assumed: What was assumed; prints as a few lines.
    """

    assumed: Assumed | None = None

    def __new__(cls, array: np.ndarray, assumed: Assumed) -> Self:
        """A view of the array, with what was assumed about it."""
        noted = array.view(cls)
        noted.assumed = assumed
        return noted

    def __array_finalize__(self, parent: object) -> None:
        self.assumed = getattr(parent, "assumed", None)

    def __array_wrap__(self, array: np.ndarray, *rest: Any) -> Any:
        plain = np.asarray(array)
        return plain if plain.ndim else plain[()]
