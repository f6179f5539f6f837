"""What is told of one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Shape = tuple[int | None, ...]
# Ten million numbers take some 10 ms; what is larger is sampled.
ALL = 10_000_000
SAMPLE = 100_000


@dataclass(frozen=True)
class Statistics:
    """What the numbers of an array are.

    Attributes:
        size: How many there are.
        looked_at: How many of them were looked at.
        low: The least finite one; None when there is none.
        high: The greatest finite one.
        nan: How many are NaN.
        inf: How many are infinite.
        true: How many are True, None when they aren't booleans.
        few: All of them, when they are a row of at most six.
        magnitude: Whether `low` and `high` are magnitudes of complex numbers.
    """

    size: int
    looked_at: int
    low: float | int | None = None
    high: float | int | None = None
    nan: int = 0
    inf: int = 0
    true: int | None = None
    few: tuple[float | int | bool, ...] | None = None
    magnitude: bool = False

    def __str__(self) -> str:
        return ", ".join(self._parts())

    def _parts(self) -> list[str]:
        if self.size == 0:
            return ["empty"]
        parts = []
        for count, what in ((self.nan, "NaN"), (self.inf, "infinite")):
            if count == self.size:
                parts.append(f"all {what}" if self.size > 1 else what)
            elif count:
                parts.append(f"{count:,} {what} of {self.looked_at:,}")
        if self.few is not None:
            parts.append(f"[{', '.join(shown(each) for each in self.few)}]")
        elif self.true is not None:
            one = str(self.true == 1)
            parts.append(one if self.size == 1 else f"{self.true:,} of {self.looked_at:,} True")
        elif self.low is not None and self.high is not None:
            mark = "magnitude " if self.magnitude else ""
            if self.low == self.high:
                parts.append(f"{mark}all {shown(self.low)}" if self.size > 1 else shown(self.low))
            else:
                parts.append(f"{mark}{shown(self.low)} to {shown(self.high)}")
        if self.looked_at < self.size and parts:
            parts.append(f"in a sample of {self.looked_at:,}")
        return parts


@dataclass(frozen=True)
class Description:
    """A value in a few words.

    Attributes:
        kind: `ndarray`, `Tensor`, `list of 3`, `Dense 'out'`.
        shape: None where it has none, or it isn't known; an unknown axis is None.
        dtype: As its library calls it; '' where it has none.
        statistics: Of its numbers, None where they weren't or couldn't be looked at.
        device: 'CPU:0', 'cuda:0'; '' where there is only one kind.
        note: What else there is to say.
        joint: What stands between the head and what follows.
        final: Whether `kind` already says the class.
    """

    kind: str
    shape: Shape | None = None
    dtype: str = ""
    statistics: Statistics | None = None
    device: str = ""
    note: str = ""
    joint: str = ", "
    final: bool = False

    def __str__(self) -> str:
        head = self.kind
        if self.shape is not None:
            head += f" {shape_text(self.shape)}"
        if self.dtype:
            head += f" {self.dtype}"
        said = []
        if self.statistics is not None and str(self.statistics):
            said.append(str(self.statistics))
        if self.note:
            said.append(self.note)
        if self.device:
            said.append(f"on {self.device}")
        return self.joint.join([head, ", ".join(said)]) if said else head

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it; numbers are None where they aren't known."""
        numbers = self.statistics
        return {
            "kind": self.kind,
            "text": str(self),
            "shape": None if self.shape is None else list(self.shape),
            "dtype": self.dtype,
            "device": self.device,
            "size": numbers and numbers.size,
            "looked_at": numbers and numbers.looked_at,
            "low": numbers and numbers.low,
            "high": numbers and numbers.high,
            "nan": numbers and numbers.nan,
            "inf": numbers and numbers.inf,
        }


def shape_text(shape: Shape) -> str:
    """A shape as Python writes it.

    >>> shape_text((None, 3)), shape_text((5,)), shape_text(())
    ('(None, 3)', '(5,)', '()')
    """
    return str(tuple(shape))


def shown(number: Any) -> str:
    """A number in at most four digits after the first.

    >>> shown(3.14159), shown(1.0), shown(7), shown(1e-9)
    ('3.142', '1.0', '7', '1e-09')
    """
    number = number.item() if hasattr(type(number), "item") else number
    if isinstance(number, bool | int):
        if isinstance(number, int) and number.bit_length() > 80:
            return f"an int of {number.bit_length()} bits"
        return str(number)
    text = f"{number:.4g}"
    return f"{text}.0" if text.lstrip("-").isdigit() else text
