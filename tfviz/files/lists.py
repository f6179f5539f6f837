"""Lists of names: the text of `@files.txt` or of standard input."""

from __future__ import annotations

import codecs
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tfviz.errors import InputError

# What a text has in its first lines or never: enough to tell a photo from a list.
HEAD_BYTES = 65_536
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROLS = re.compile(r"[\x01-\x08\x0e-\x1f]")
_NOT_UTF8 = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class Names:
    """What a list holds.

    Attributes:
        lines: The names, none of them blank.
        exact: True when they were separated by NUL, as `find -print0` writes them: then each is
            a name to the letter, and none is a comment.
    """

    lines: list[str]
    exact: bool


def parse_names(data: bytes) -> Names:
    r"""Parts the text of a list into names.

    The text is UTF-8, with or without a byte order mark, or UTF-16 with one, as PowerShell writes
    it. Names stand one a line, with `\n` or `\r\n`, or are separated by NUL. Bytes that are no
    UTF-8 are kept as the operating system keeps them in file names.

    Args:
        data: The whole list.

    Raises:
        InputError: If that is no text, with the end of a sentence about it.

    >>> parse_names("b.jpg\r\n\r\nä.jpg\r\n".encode()).lines
    ['b.jpg', 'ä.jpg']
    >>> parse_names(b"one.jpg\0two\nlines.jpg\0").lines
    ['one.jpg', 'two\nlines.jpg']
    """
    _refuse_binary(data[:HEAD_BYTES])
    if data.startswith(_UTF16):
        try:
            text = data.decode("utf-16", "surrogatepass")
        except UnicodeDecodeError as error:
            raise InputError("is no list of names: it isn't text") from error
    else:
        text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    if "\0" in text:
        return Names([each for each in text.split("\0") if each], True)
    lines = (each.removesuffix("\r") for each in text.split("\n"))
    return Names([each for each in lines if each.strip()], False)


def read_list(path: str) -> Names:
    """The names in a file.

    Raises:
        InputError: If it can't be read or is no text, with the end of a sentence about it.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(HEAD_BYTES)
            _refuse_binary(data)
            data += file.read()
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError("doesn't exist") from error
    except (OSError, ValueError, MemoryError) as error:
        if os.path.isdir(path):
            raise InputError("is a folder, not a list: give it without the @") from error
        told = getattr(error, "strerror", None) or str(error) or "it doesn't fit into memory"
        raise InputError(f"can't be read: {told}") from error
    return parse_names(data)


def read_stream(stream: Any = None) -> Names:
    """The names on standard input.

    Args:
        stream: What to read instead, text or bytes.

    Raises:
        InputError: If a person sits there, nothing can be read or it is no text, with the end of
            a sentence about it.
    """
    stream = sys.stdin if stream is None else stream
    if stream is None:
        raise InputError("is closed: pipe names in, one a line, or give files and folders")
    try:
        terminal = stream.isatty()
        data = b"" if terminal else getattr(stream, "buffer", stream).read()
    except (OSError, ValueError, MemoryError) as error:
        raise InputError(f"can't be read: {error or 'it does not fit into memory'}") from error
    if terminal:
        raise InputError(
            "is a terminal: pipe names in, one a line "
            "(find photos -name '*.jpg' | tfviz heatmap -), or give files and folders"
        )
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogateescape")
    return parse_names(data)


def _refuse_binary(head: bytes) -> None:
    """Raises for what is a photo, a program or an archive rather than a text."""
    if head.startswith(_UTF16):
        return
    text = head.decode("utf-8", "surrogateescape")
    if len(head) == HEAD_BYTES:
        # The last letter may be cut in two.
        text = text[:-3]
    # Either alone may stand in a name.
    if _CONTROLS.search(text) and _NOT_UTF8.search(text):
        raise InputError("is no list of names: it isn't text")


def common_folder(folders: Iterable[str]) -> str:
    """The deepest folder that holds all of some folders, or is the only one; empty if none does.

    >>> common_folder(["/data/a", "/data/b/c"]) == os.path.normpath("/data")
    True
    """
    try:
        return os.path.commonpath(folders)
    except ValueError:
        # Two drives of Windows, or nothing at all.
        return ""


def below(folder: str, common: str) -> str:
    """The path from the common folder of a list to one of its folders, with `/`.

    >>> below(os.path.normpath("/data/b/c"), os.path.normpath("/data"))
    'b/c'
    """
    rest = folder[len(common) :] if common else folder.replace(":", "")
    return rest.replace(os.sep, "/").strip("/")
