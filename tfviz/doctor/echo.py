"""A stream that shows what is read from it, as it is read."""

from __future__ import annotations

import io
from typing import BinaryIO

CHUNK = 65536


class Echo(io.RawIOBase):
    """Reads lines from one stream and writes every byte to another at once.

    A progress bar that never ends its line is still seen moving: bytes are passed on as they come,
    and only the reader waits for the end of the line.

    Args:
        source: What to read.
        screen: Where to show it.
    """

    def __init__(self, source: BinaryIO, screen: BinaryIO) -> None:
        self._source, self._screen = source, screen
        self._waiting = bytearray()
        self._ended = False

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def _more(self) -> None:
        read = getattr(self._source, "read1", self._source.read)
        try:
            chunk = read(CHUNK)
        except KeyboardInterrupt:
            # Ctrl-C ends the program that is watched, and what it said is worth explaining.
            chunk = b""
        if not chunk:
            self._ended = True
            return
        self._screen.write(chunk)
        self._screen.flush()
        self._waiting += chunk

    def readline(self, size: int | None = -1) -> bytes:  # type: ignore[override]
        """The next line with its end, b'' at the end of the stream."""
        while b"\n" not in self._waiting and not self._ended:
            self._more()
        end = self._waiting.find(b"\n") + 1 or len(self._waiting)
        line = bytes(self._waiting[:end])
        del self._waiting[:end]
        return line

    def read(self, size: int | None = -1) -> bytes:  # type: ignore[override]
        """Up to `size` bytes, or all."""
        limit = -1 if size is None else size
        while not self._ended and (limit < 0 or len(self._waiting) < limit):
            self._more()
        end = len(self._waiting) if limit < 0 else limit
        data = bytes(self._waiting[:end])
        del self._waiting[:end]
        return data
