"""The scene of an error: the user's failing line, and each value on it."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfviz.doctor.answer import WIDTH
from tfviz.doctor.live.description import ALL, SAMPLE, Description
from tfviz.doctor.live.expressions import on_the_line, statement_at
from tfviz.doctor.live.frames import LiveFrame, frames_of, own_frame, told_place
from tfviz.doctor.live.plain import holds_text, is_secret
from tfviz.doctor.live.safely import is_kind, name_of
from tfviz.doctor.live.values import describe, is_array

MOST_VALUES = 12
MOST_CODE = 6
WIDEST_CODE = WIDTH - 4
# Seconds after which the remaining large arrays are only sampled.
ENOUGH = 0.03
WIDEST_NAME = 28


@dataclass(frozen=True)
class Value:
    """One value on the failing line.

    Attributes:
        name: As the line writes it: `self.data["x"]`.
        description: What it is.
    """

    name: str
    description: Description

    def __str__(self) -> str:
        return f"{self.name}  {self.description}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {"name": self.name, **self.description.to_dict()}


@dataclass(frozen=True)
class Scene:
    """Where an error happened, and with what.

    Attributes:
        file: The user's file.
        line: The failing line in it.
        function: `Net.call`; '' or `<module>` outside of functions.
        code: The failing lines without their indent, and carets below what failed where it is a
            part of a line.
        values: What the names on the line stand for, first what failed.
        caller: For a line that ran out of sight, inside a graph or another process: the user's line
            that set it going, with its values.
    """

    file: str
    line: int
    function: str
    code: tuple[str, ...]
    values: tuple[Value, ...] = ()
    caller: Scene | None = None

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        lines = [_where(self), *(f"    {each}" for each in self.code)]
        width = min(max((len(each.name) for each in self.values), default=0), WIDEST_NAME)
        for value in self.values:
            head = f"  {value.name:<{width}}  "
            lines += textwrap.wrap(
                f"{head}{value.description}",
                WIDTH,
                subsequent_indent=" " * (width + 4),
                break_on_hyphens=False,
            )
        if self.caller is not None:
            lines += [f"run by {_where(self.caller)}", *self.caller._lines()[1:]]
        return lines

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            "file": self.file,
            "line": self.line,
            "function": self.function,
            "code": list(self.code),
            "values": [value.to_dict() for value in self.values],
            "caller": None if self.caller is None else self.caller.to_dict(),
        }


def scene_of(error: BaseException, frames: Sequence[LiveFrame] | None = None) -> Scene | None:
    """The user's innermost line and the values on it.

    Args:
        error: As caught.
        frames: From `frames_of`, where they are at hand.

    Returns:
        None when no line of the user's is known.
    """
    frames = frames_of(error) if frames is None else frames
    own = own_frame(frames)
    here = None if own is None else _scene(own, _values(own, frames))
    told = told_place(error, frames)
    if told is None:
        return here
    there = _scene(told, ())
    return Scene(there.file, there.line, there.function, there.code, (), here)


def _scene(frame: LiveFrame, values: tuple[Value, ...]) -> Scene:
    return Scene(frame.file, frame.line, frame.function, tuple(_code(frame)), values)


def _values(frame: LiveFrame, frames: Sequence[LiveFrame]) -> tuple[Value, ...]:
    found = on_the_line(frame, frames)
    if len(found) > MOST_VALUES:
        # Arrays are what the line is about.
        ranked = sorted(range(len(found)), key=lambda i: (not is_array(found[i][1]), i))
        found = [found[i] for i in sorted(ranked[:MOST_VALUES])]
    started = time.perf_counter()
    told = []
    for name, value in found:
        most = ALL if time.perf_counter() - started < ENOUGH else SAMPLE
        told.append(Value(name, _hidden(name, value) or describe(value, most)))
    return tuple(told)


def _hidden(name: str, value: Any) -> Description | None:
    if not is_secret(name) or not holds_text(value):
        return None
    kind = name_of(type(value))
    if is_kind(value, str, bytes):
        size = (str if is_kind(value, str) else bytes).__len__(value)
        return Description(kind, note=f"{size} characters, not shown here")
    return Description(kind, note="not shown here")


def _where(scene: Scene) -> str:
    inside = f", in {scene.function}" if scene.function not in ("", "<module>") else ""
    return f"{_shown_file(scene.file)}, line {scene.line}{inside}"


def _shown_file(file: str) -> str:
    """The path from here; the number of a notebook's cell."""
    cell = _cell(file)
    if cell:
        return cell
    try:
        return str(Path(file).relative_to(Path.cwd()))
    except (ValueError, OSError):
        return file


def _cell(file: str) -> str:
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None:
        return ""
    try:
        return " ".join(shell.compile.format_code_name(file) or ())
    except Exception:  # an older IPython
        return ""


def _code(frame: LiveFrame) -> list[str]:
    """The lines of what failed, and carets under it where that is a part of one line."""
    first, last = frame.line, frame.line
    if frame.position is not None:
        first, last = frame.position[0], frame.position[1]
    elif frame.code and (statement := statement_at(frame)) is not None:
        first, last = _rows(statement, frame.line)
    shown = frame.source(first, min(last, first + MOST_CODE - 1))
    if not "".join(shown).strip():
        return [_short(frame.code)] if frame.code else []
    if first == last:
        return _one_line(frame, shown[0])
    lines = [_short(each) for each in textwrap.dedent("\n".join(shown)).split("\n")]
    return lines if len(shown) > last - first else [*lines, "..."]


def _rows(statement: Any, line: int) -> tuple[int, int]:
    """The lines of a statement, of a compound one only its head."""
    body = getattr(statement, "body", None)
    end = statement.end_lineno or line
    if isinstance(body, list) and body:
        end = max(statement.lineno, body[0].lineno - 1)
    return (statement.lineno, end) if statement.lineno <= line <= end else (line, line)


def _one_line(frame: LiveFrame, source: str) -> list[str]:
    code = source.strip()
    if frame.position is None:
        return [_short(code)]
    _, _, start, stop = frame.position
    raw = source.encode()
    indent = len(source) - len(source.lstrip())
    begin = len(raw[:start].decode(errors="replace")) - indent
    marked = raw[start:stop].decode(errors="replace").rstrip()
    if begin < 0 or not marked:
        return [_short(code)]
    rest = code[:begin] + code[begin + len(marked) :]
    if len(code) > WIDEST_CODE:
        # The part that failed, with what fits before it.
        cut = max(0, min(begin, begin + len(marked) - WIDEST_CODE + 6))
        code, begin = (f"...{code[cut:]}", begin - cut + 3) if cut else (code, begin)
        code, marked = _short(code), marked[: WIDEST_CODE - begin]
    # Nothing is gained by marking all of a line.
    return [code, f"{' ' * begin}{'^' * len(marked)}"] if rest.strip(" \t;:") else [code]


def _short(code: str) -> str:
    return code if len(code) <= WIDEST_CODE else f"{code[: WIDEST_CODE - 3]}..."
