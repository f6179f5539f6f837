"""What faulthandler wrote while a process crashed in native code: where Python last stood.

Source of the form: `Modules/faulthandler.c` and `Python/traceback.c` of CPython 3.11 to 3.13.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from tfviz.catalogue.report import Frame

_HEAD = re.compile(r"^(?:Fatal Python error|Windows fatal exception): (?P<what>.+)$", re.MULTILINE)
_THREAD = re.compile(r"^(?P<current>Current thread|Thread) 0x[0-9a-f]+", re.IGNORECASE)
_FRAME = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+|\?\?\?) in (?P<function>.*)$')
_ESCAPED = re.compile(r"\\x([89a-f][0-9a-f])|\\u([0-9a-f]{4})|\\U([0-9a-f]{8})")
_MODULES = re.compile(r"^Extension modules: (?P<names>.*) \(total: \d+\)$", re.MULTILINE)
# faulthandler writes this many frames of a thread and no more.
MOST_FRAMES = 100


@dataclass(frozen=True)
class Crash:
    """A crash as faulthandler saw it.

    Attributes:
        what: 'Segmentation fault', 'access violation'; '' when no dump was written.
        frames: Where Python stood, outermost first: in the thread that crashed, or in the main
            thread where that one ran no Python.
        in_python: Whether the thread that crashed ran Python.
        cut: Whether outer frames are missing.
        modules: Native modules that were loaded, without Python's own.
    """

    what: str = ""
    frames: tuple[Frame, ...] = ()
    in_python: bool = False
    cut: bool = False
    modules: tuple[str, ...] = ()

    @property
    def own_frame(self) -> Frame | None:
        """The user's innermost frame."""
        return next((each for each in reversed(self.frames) if not each.installed), None)


def read_dump(text: str) -> Crash:
    """Read what faulthandler wrote.

    Args:
        text: The whole of it; of several dumps the last counts.
    """
    heads = list(_HEAD.finditer(text))
    if not heads:
        return Crash()
    text = text[heads[-1].start() :]
    threads: list[tuple[bool, list[Frame], bool]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if thread := _THREAD.match(line):
            threads.append((thread["current"].startswith("Current"), [], False))
        elif threads and (match := _FRAME.match(line)):
            at = int(match["line"]) if match["line"].isdecimal() else None
            threads[-1][1].append(
                Frame(_spelt(match["file"]), at, _letters(match["function"]), "", number)
            )
        elif threads and line.strip() == "...":
            threads[-1] = (threads[-1][0], threads[-1][1], True)
    current = [each for each in threads if each[0] and each[1]]
    # The main thread is the oldest, which is written last.
    _, frames, cut = (current or threads or [(False, [], False)])[-1 if not current else 0]
    modules = _MODULES.search(text)
    return Crash(
        heads[-1]["what"].strip(),
        tuple(reversed(frames)),
        bool(current),
        cut,
        tuple(modules["names"].split(", ")) if modules else (),
    )


def _spelt(file: str) -> str:
    r"""A path in its own letters: faulthandler writes `\xfc` for ü.

    A folder of Windows may be called `\xfc` itself: what is there counts.
    """
    return file if os.path.exists(file) else _letters(file)


def _letters(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1] or match[2] or match[3], 16)), text)
