"""What a lesson hands out: text, a picture, a page to step through, and the numbers behind them."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfviz.errors import InputError, nearest
from tfviz.files.atomic import ensure_writable, write_bytes, write_text
from tfviz.learn.palette import slide
from tfviz.learn.twin import plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCHEMA = 1
FORMATS = ("png", "svg", "html", "json")


def check_saving(folder: str | os.PathLike[str], formats: Iterable[str]) -> None:
    """Makes sure, before a lesson is worked out, that it can be saved; creates nothing.

    Args:
        folder: Where it shall be saved; it may be absent.
        formats: Of 'png', 'svg', 'html' and 'json'.

    Raises:
        InputError: For a format that doesn't exist, or none at all.
        OutputError: If the place can't be written to.
    """
    if not _known(formats):
        raise InputError(f"no format was named; there are {', '.join(FORMATS)}.")
    place = Path(os.path.abspath(folder))
    ensure_writable(next(each for each in (place, *place.parents) if os.path.lexists(each)))


def _known(formats: Iterable[str]) -> list[str]:
    wanted = [each.strip().lower() for each in formats]
    for each in wanted:
        if each not in FORMATS:
            raise InputError(
                f"'{each}' is no format of a lesson.{nearest(each, FORMATS)} "
                f"There are {', '.join(FORMATS)}."
            )
    return wanted


class Lesson:
    """One thing to look at, with its numbers.

    Subclasses are frozen dataclasses that hold results, never models, and say what they are:

    Attributes:
        name: A short name; it becomes the names of files.
    """

    name: str

    def numbers(self) -> dict[str, Any]:
        """All that is drawn, as numbers, arrays and text; the data twin of the picture."""
        raise TypeError(f"{type(self).__name__} has no numbers of its own")

    def figure(self) -> Figure:
        """The picture, as a matplotlib figure that belongs to nobody's pyplot."""
        raise TypeError(f"{type(self).__name__} has no picture of its own")

    def page(self) -> str | None:
        """A self-contained HTML page to step through; None where there is nothing to step."""
        return None

    def svg(self) -> str:
        """The picture as SVG text, byte for byte the same every time."""
        import matplotlib

        buffer = io.BytesIO()
        # Words stay words, so that they can be searched, read aloud and compared.
        words: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": self.name}
        with slide(), matplotlib.rc_context(words):
            self.figure().savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
        return buffer.getvalue().decode("utf-8")

    def png(self) -> bytes:
        """The picture as PNG."""
        buffer = io.BytesIO()
        with slide():
            # The level that is best for photos takes twice as long over lines, for a tenth less.
            self.figure().savefig(buffer, format="png", pil_kwargs={"compress_level": 3})
        return buffer.getvalue()

    def to_dict(self) -> dict[str, Any]:
        """The data twin: `numbers` as plain JSON values, with a schema number."""
        twin = {"schema": SCHEMA, "lesson": type(self).__name__, "name": self.name}
        return {**twin, **plain(self.numbers())}

    def formats(self) -> tuple[str, ...]:
        """What this lesson can be saved as."""
        return tuple(each for each in FORMATS if each != "html" or self.page() is not None)

    def save(
        self,
        folder: str | os.PathLike[str],
        formats: Iterable[str] = ("png", "json"),
        *,
        stem: str | None = None,
    ) -> list[Path]:
        """Writes the lesson as files, each whole or not at all, the data twin last.

        Args:
            folder: Made where absent.
            formats: Of 'png', 'svg', 'html' and 'json'.
            stem: What the files are called, without an ending; by default the lesson's name.

        Returns:
            The files in the order they were written.

        Raises:
            InputError: For a format that doesn't exist, or that this lesson doesn't have.
            OutputError: If the place can't be written to.
        """
        wanted = _known(formats)
        page = self.page() if "html" in wanted else None
        if "html" in wanted and page is None:
            raise InputError(
                f"the lesson '{self.name}' has nothing to step through and so no html; "
                "give png, svg or json."
            )
        place = ensure_writable(folder)
        stem = re.sub(r"[^\w.+-]+", "-", stem or self.name).strip("-.") or "lesson"
        written = []
        for each in (each for each in FORMATS if each in wanted):
            path = place / f"{stem}.{each}"
            if each == "png":
                write_bytes(path, self.png())
            elif each == "svg":
                write_text(path, self.svg())
            elif each == "html":
                write_text(path, page or "")
            else:
                text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
                write_text(path, text + "\n")
            written.append(path)
        return written

    def _repr_png_(self) -> bytes:
        return self.png()
