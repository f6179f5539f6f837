"""Lines of text as pixels, in any alphabet that a font on this machine can write.

matplotlib ships DejaVu Sans, which writes Latin, Greek, Cyrillic, Arabic and Hebrew. Other letters
are taken from the fonts that are installed; what none of them can write stands in ASCII, and never
as an empty box. Pillow draws, far quicker than a matplotlib figure.
"""

from __future__ import annotations

import functools
import itertools
import threading
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tfviz.draw.figure import shorten

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

# FreeType's faces must not be used by two threads at once.
LOCK = threading.RLock()

# Tried in this order before all others: they have the letters of many languages in one style.
PREFERRED = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Source Han Sans",
    "PingFang HK",
    "Hiragino Sans",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
    "Noto Sans",
    "Nirmala UI",
    "Leelawadee UI",
    "Segoe UI",
    "Segoe UI Symbol",
    "Segoe UI Emoji",
    "Noto Emoji",
    "Symbola",
    "Arial Unicode MS",
)
# From here on letters join, stack or run to the left, which needs a layout engine.
FIRST_COMPLEX = 0x0590


def measure(text: str, size: int, *, bold: bool = False) -> int:
    """The width of a line in pixels."""
    with LOCK:
        return int(np.ceil(sum(_length(run, path, size) for run, path in _runs(_line(text), bold))))


def fit(text: str, width: int, size: int, *, bold: bool = False) -> str:
    """The text, its middle left out where it is wider than so many pixels."""
    text = _line(text)
    fewest, most = 1, len(text)
    if measure(text, size, bold=bold) <= width:
        return text
    while fewest < most:
        middle = (fewest + most + 1) // 2
        if measure(shorten(text, middle), size, bold=bold) <= width:
            fewest = middle
        else:
            most = middle - 1
    return shorten(text, fewest)


def wrap(text: str, width: int, size: int, *, lines: int) -> list[str]:
    """The text in lines of at most so many pixels; the last one is cut where there are too many."""
    words = _line(text).split()
    wrapped: list[str] = []
    while words and len(wrapped) < lines - 1:
        line = words.pop(0)
        while words and measure(f"{line} {words[0]}", size) <= width:
            line += f" {words.pop(0)}"
        wrapped.append(fit(line, width, size))
    if words:
        rest = " ".join(words)
        if measure(rest, size) > width:
            while words and measure(f"{rest}…", size) > width:
                words.pop()
                rest = " ".join(words)
            rest = f"{rest}…" if words else fit(_line(text).split()[-1], width, size)
        wrapped.append(rest)
    return wrapped


@functools.lru_cache(maxsize=1024)
def mask(text: str, size: int, bold: bool = False) -> tuple[np.ndarray, int, int]:
    """How much ink each pixel of a line gets.

    Args:
        text: One line.
        size: Of the letters, in pixels.
        bold: Whether the strokes are thick.

    Returns:
        uint8 of shape (height, width), read-only, and the row and the column in it where the
        baseline begins.
    """
    from PIL import Image, ImageDraw

    with LOCK:
        runs = _runs(_line(text), bold)
        lengths = [_length(run, path, size) for run, path in runs]
        # Room for accents above, tails below and strokes that lean out at the ends.
        baseline, left = round(1.3 * size), size // 2
        image = Image.new("L", (int(np.ceil(sum(lengths))) + 2 * left, round(1.9 * size)))
        draw = ImageDraw.Draw(image)
        x = float(left)
        for (run, path), length in zip(runs, lengths, strict=True):
            font = _font(path, size, _is_complex(run))
            draw.text((x, baseline), _in_order(run), font=font, fill=255, anchor="ls")
            x += length
    ink = np.array(image)
    ink.flags.writeable = False
    return ink, baseline, left


def printable(text: str) -> str:
    r"""The text with ASCII in place of what DejaVu Sans can't write.

    A symbol becomes its name, a letter its code.

    >>> print(printable("🐶 猫 ± été"))
    [dog face] \u732b ± été
    """
    known = _letters(_dejavu(False))
    return "".join(char if ord(char) in known else _ascii(char) for char in _line(text))


def _line(text: str) -> str:
    """Without line breaks and other things that have no width, but for joiners between letters."""
    kept = []
    for before, char in zip(" " + text, text, strict=False):
        if unicodedata.category(char) == "Cf":
            kept.append(char if before.isalpha() or unicodedata.combining(before) else "")
        else:
            kept.append(char if char.isprintable() else " ")
    return " ".join("".join(kept).split())


def _runs(text: str, bold: bool) -> list[tuple[str, str]]:
    """Pieces of a text with the file of the font that writes them."""
    main = _dejavu(bold)
    pieces: list[tuple[str, str]] = []
    for char in text:
        if ord(char) in _letters(main):
            pieces.append((char, main))
        elif (other := _font_of(char)) is not None:
            pieces.append((char, other))
        else:
            pieces.append((_ascii(char), main))
    grouped = itertools.groupby(pieces, key=lambda piece: piece[1])
    return [("".join(char for char, _ in group), path) for path, group in grouped]


def _ascii(char: str) -> str:
    """What stands for a character that can't be written; nothing for a mere sign on another."""
    if unicodedata.category(char) in ("Mn", "Cf", "Sk"):
        return ""
    if unicodedata.category(char).startswith("S"):
        name = unicodedata.name(char, "")
        if name:
            return f"[{name.lower()}]"
    simpler = unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode()
    return simpler or char.encode("ascii", "backslashreplace").decode()


def _length(run: str, path: str, size: int) -> float:
    return float(_font(path, size, _is_complex(run)).getlength(_in_order(run)))


def _is_complex(run: str) -> bool:
    return _has_layout() and any(ord(char) >= FIRST_COMPLEX for char in run)


def _in_order(run: str) -> str:
    """From left to right, where no layout engine sees to that."""
    if _has_layout():
        return run
    parts = itertools.groupby(run, key=lambda c: unicodedata.bidirectional(c) in ("R", "AL", "NSM"))
    return "".join(
        "".join(reversed(list(g))) if leftwards else "".join(g) for leftwards, g in parts
    )


@functools.cache
def _has_layout() -> bool:
    from PIL import features

    return bool(features.check("raqm"))


@functools.lru_cache(maxsize=256)
def _font(path: str, size: int, is_complex: bool) -> FreeTypeFont:
    from PIL import ImageFont

    # The plain engine where it is enough: its pictures are the same on every machine.
    layout = ImageFont.Layout.RAQM if is_complex else ImageFont.Layout.BASIC
    return ImageFont.truetype(path, size, layout_engine=layout)


@functools.cache
def _dejavu(bold: bool) -> str:
    import matplotlib

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name)


@functools.lru_cache(maxsize=64)
def _letters(path: str) -> frozenset[int]:
    """The characters that a font can write at any size; none if it can't be read."""
    from matplotlib.ft2font import FT2Font

    try:
        font = FT2Font(path)
        # Fonts of coloured bitmaps exist in a single size.
        _font(path, 16, False)
        return frozenset(font.get_charmap())
    except (OSError, RuntimeError, ValueError):
        return frozenset()


@functools.lru_cache(maxsize=4096)
def _font_of(char: str) -> str | None:
    """The file of an installed font that can write a character."""
    return next((path for path in _installed() if ord(char) in _letters(path)), None)


@functools.cache
def _installed() -> tuple[str, ...]:
    """Upright fonts of normal weight, the preferred ones first."""
    import matplotlib
    from matplotlib.font_manager import fontManager

    # matplotlib's own are for formulas, or draw a box for everything.
    own = matplotlib.get_data_path()
    found = {
        font.fname: font.name
        for font in fontManager.ttflist
        if font.style == "normal"
        and font.weight in (400, "normal", "regular")
        and not font.fname.startswith(own)
        and "lastresort" not in font.name.replace(" ", "").lower()
        and Path(font.fname).suffix.lower() in (".ttf", ".ttc", ".otf", ".otc")
    }

    def rank(path: str) -> tuple[int, str]:
        name = found[path]
        return PREFERRED.index(name) if name in PREFERRED else len(PREFERRED), path

    return tuple(sorted(found, key=rank))
