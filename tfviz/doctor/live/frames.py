"""The frames of an exception: the user's own lines, also where AutoGraph rewrote them."""

from __future__ import annotations

import builtins
import contextlib
import functools
import linecache
import os
import re
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType, MappingProxyType, TracebackType
from typing import Any

from tfviz.catalogue.report import Frame

# A recursion leaves thousands of frames: its ends are told, and the last own ones in between.
FIRST, LAST, LAST_OWN = 30, 100, 30
LONGEST_CHAIN = 20
LONGEST_MESSAGE, LONGEST_WORD = 20_000, 1_000
_REWRITTEN = re.compile(r"__autograph_generated_file\w*\.py$")
_TOLD = re.compile(r'File "(?P<file>[^"\n]+)", line (?P<line>\d+)(?:, in (?P<function>[^\s*]+))?')
_ENTRIES = frozenset(
    ("fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch")
)
_IN_A_WORKER = ("RemoteTraceback", "_RemoteTraceback")
_WORD = re.compile(rf"\S{{{LONGEST_WORD},}}")
_NODE = re.compile(r"Detected at node ")
_OURS = str(Path(__file__).resolve().parents[2])
_STANDARD = tuple({sysconfig.get_path(each) for each in ("stdlib", "platstdlib")})


@dataclass(frozen=True)
class LiveFrame:
    """One step of a traceback that can still be asked for its values.

    Attributes:
        frame: The frame itself; None where only a text told of the place (a graph's operation, a
            worker process, code that doesn't compile).
        line: Line in `file`.
        file: The user's file, also where a rewritten copy of it ran.
        function: `Net.call`, `<module>`, `<lambda>`; '' when unknown.
        code: The line of code without its indent, '' when it can't be read.
        installed: Whether it is installed code, not the user's.
        position: What ran, as (line, last line, column, last column); lines from 1, columns in
            UTF-8 bytes from 0. None when unknown.
    """

    frame: FrameType | None = field(repr=False)
    line: int
    file: str
    function: str
    code: str
    installed: bool
    position: tuple[int, int, int, int] | None = None

    @property
    def locals(self) -> Mapping[str, Any]:
        """The local names and what they stood for; empty without a frame."""
        return {} if self.frame is None else self.frame.f_locals

    @property
    def globals(self) -> Mapping[str, Any]:
        """The names of the module; empty without a frame."""
        return MappingProxyType({} if self.frame is None else self.frame.f_globals)

    def has(self, name: str) -> bool:
        """Whether the line can see a name that isn't a builtin."""
        return name in self.locals or name in self.globals

    def value(self, name: str) -> Any:
        """What a name stands for on this line: local, of the module, or built in.

        Raises:
            KeyError: When nothing is called so here.
        """
        for names in (self.locals, self.globals, vars(builtins)):
            if name in names:
                return names[name]
        raise KeyError(name)

    def source(self, first: int, last: int) -> list[str]:
        """Lines `first` to `last` of the file, fewer where it ends."""
        lines = _lines(self.file, self.frame)
        return [each.rstrip("\r\n") for each in lines[first - 1 : last]]


def frames_of(error: BaseException) -> list[LiveFrame]:
    """The live frames of an exception, outermost first.

    They belong to the exception of its chain that matters: what the user's own `raise ... from`
    wrapped, the first of a group, else the exception itself. Frames of code that AutoGraph rewrote
    carry the user's file and line, and the values of the rewritten copy.

    Args:
        error: As caught. Thousands of frames are thinned in the middle.
    """
    error = that_matters(error)
    steps = _thinned(list(_steps(error.__traceback__)))
    origins = _origins(error, [step for step in steps if _is_rewritten(step)])
    frames: list[LiveFrame] = []
    for step in steps:
        if not _is_rewritten(step):
            frames.append(_live(step))
        elif step in origins:
            told = origins[step]
            frames.append(
                LiveFrame(
                    step.tb_frame, told.line, told.file, told.function, told.code, told.installed
                )
            )
    return frames


def raw_frames(error: BaseException) -> list[LiveFrame]:
    """The frames of one exception as Python prints them, rewritten copies under their own name."""
    return [_live(step) for step in _thinned(list(_steps(error.__traceback__)))]


def own_frame(frames: Sequence[LiveFrame]) -> LiveFrame | None:
    """The user's innermost frame, None when there is only installed code.

    Code from a string, as `exec` and generated methods run it, stands aside for the line that
    called it: there is nothing to show of it.
    """
    own = [frame for frame in frames if not frame.installed]
    shown = [frame for frame in own if frame.code or not frame.file.startswith("<")]
    innermost = (shown or own)[-1:]
    return innermost[0] if innermost else None


def told_place(error: BaseException, frames: Sequence[LiveFrame]) -> LiveFrame | None:
    """The user's line that only the error's words know, without a live frame.

    A SyntaxError names the line that doesn't compile. A graph's error names where the operation was
    written, which isn't the line that ran the graph. An error from a worker process, or from a
    function inside a dataset, quotes the traceback of another stack.

    Args:
        error: As given to `frames_of`.
        frames: Its answer.

    Returns:
        None when the words name no line of the user's, or only one of `frames`.
    """
    error = that_matters(error)
    if isinstance(error, SyntaxError):
        return _uncompiled(error)
    known = {(frame.file, frame.line) for frame in frames}
    told = _told(error)
    own = [i for i, each in enumerate(told) if not each.installed]
    if not own:
        return None
    place, after = told[own[-1]], told[own[-1] + 1 :]
    if (place.file, place.line) in known or _is_entry(after):
        return None
    if any(_bare_name(each) == place.function for each in frames if each.file == place.file):
        return None  # where an earlier call of the same function had the graph traced
    return place


def that_matters(error: BaseException) -> BaseException:
    """The exception of a chain or group whose place is the cause of all.

    What libraries raise anew stands for itself: it says more than what it replaced. What the user
    raised in an `except` block says that something failed, and the line is where that was.
    """
    for _ in range(LONGEST_CHAIN):
        inner: BaseException | None = None
        if isinstance(error, BaseExceptionGroup):
            inner = error.exceptions[0]
        elif _raised_by_user(error):
            inner = error.__cause__
            if inner is None and not error.__suppress_context__:
                inner = error.__context__
        if inner is None or inner.__traceback__ is None:
            return error
        error = inner
    return error


@functools.cache
def is_installed(file: str) -> bool:
    """Whether a file is installed code: of Python, of a package, of tfviz, or a frozen module."""
    if Frame(file, None, "", "", 0).installed or file.startswith("<attrs generated"):
        return True
    path = Path(file)
    if path.suffix in (".pyx", ".pxi", ".pxd", ".c"):
        return not path.exists()  # a compiled extension names files of the house it was built in
    return any(path.is_relative_to(each) for each in (_OURS, *_STANDARD, *_package_folders()))


@functools.cache
def _package_folders() -> tuple[str, ...]:
    """Folders on the path that packages were installed into under another name."""
    found = []
    for folder in filter(None, dict.fromkeys(sys.path)):
        if not folder.rstrip("/\\").endswith("-packages"):
            # What isn't there, or is a zip archive, has no such folder.
            with contextlib.suppress(OSError), os.scandir(folder) as entries:
                if any(each.name.endswith(".dist-info") for each in entries):
                    found.append(folder)
    return tuple(found)


def _steps(step: TracebackType | None) -> Iterator[TracebackType]:
    while step is not None:
        yield step
        step = step.tb_next


def _thinned(steps: list[TracebackType]) -> list[TracebackType]:
    if len(steps) <= FIRST + LAST:
        return steps
    middle = steps[FIRST:-LAST]
    own = [step for step in middle if not is_installed(step.tb_frame.f_code.co_filename)]
    return [*steps[:FIRST], *own[-LAST_OWN:], *steps[-LAST:]]


def _live(step: TracebackType) -> LiveFrame:
    code = step.tb_frame.f_code
    return _with_code(
        LiveFrame(
            frame=step.tb_frame,
            line=step.tb_lineno or code.co_firstlineno,
            file=code.co_filename,
            function=_name(code),
            code="",
            installed=is_installed(code.co_filename),
            position=_position(code, step.tb_lasti),
        )
    )


def _with_code(frame: LiveFrame) -> LiveFrame:
    code = "".join(frame.source(frame.line, frame.line)).strip()
    return LiveFrame(
        frame.frame, frame.line, frame.file, frame.function, code, frame.installed, frame.position
    )


def _name(code: CodeType) -> str:
    """`Net.call` rather than `call`, without the functions around."""
    return code.co_qualname.rsplit("<locals>.", 1)[-1]


def _position(code: CodeType, instruction: int) -> tuple[int, int, int, int] | None:
    if instruction < 0:
        return None
    line, end, column, last = next(
        islice(code.co_positions(), instruction // 2, None), (None, None, None, None)
    )
    if line is None or end is None or column is None or last is None:
        return None
    return line, end, column, last


def _lines(file: str, frame: FrameType | None) -> list[str]:
    # A module's own loader may know the source of what is no file, as of a zip archive.
    return linecache.getlines(file, None if frame is None else frame.f_globals)


def _raised_by_user(error: BaseException) -> bool:
    steps = list(_steps(error.__traceback__))
    if not steps or is_installed(steps[-1].tb_frame.f_code.co_filename):
        return False
    live = _live(steps[-1])
    text = live.code
    if live.position is not None:
        # It may stand behind its `except ...:` on one line.
        line, _, column, _ = live.position
        text = "".join(live.source(line, line)).encode()[column:].decode(errors="replace")
    return bool(re.match(r"raise\b", text))


# ---- code that AutoGraph rewrote


def _is_rewritten(step: TracebackType) -> bool:
    return bool(_REWRITTEN.search(step.tb_frame.f_code.co_filename))


def _origins(
    error: BaseException, steps: Sequence[TracebackType]
) -> dict[TracebackType, LiveFrame]:
    """The user's place of each rewritten function's innermost step.

    Each function is rewritten to a file of its own, with inner functions for the bodies of its
    loops and branches; the error tells one place for all of them.
    """
    if not steps:
        return {}
    runs: list[TracebackType] = []
    for before, step in zip([None, *steps], steps, strict=False):
        if before is not None and before.tb_frame.f_code.co_filename == _file(step):
            runs.pop()
        runs.append(step)
    places = _translated(error) or _told(error)
    # From the innermost: the outermost functions may have been told by another error.
    return dict(zip(reversed(runs), reversed(places), strict=False))


def _file(step: TracebackType) -> str:
    return step.tb_frame.f_code.co_filename


def _translated(error: BaseException) -> list[LiveFrame]:
    """The places that AutoGraph notes on an error (seen in TensorFlow 2.18 to 2.21)."""
    link: BaseException | None = error
    for _ in range(LONGEST_CHAIN):
        if link is None:
            break
        notes = vars(link).get("ag_error_metadata") if hasattr(link, "__dict__") else None
        stack = getattr(notes, "translated_stack", None)
        if stack:
            return [
                _place(str(e.filename), int(e.lineno), e.function_name or "<lambda>")
                for e in reversed(stack)
                if e.is_converted
            ]
        link = link.__context__
    return []


# ---- places that stand in the words


def _uncompiled(error: SyntaxError) -> LiveFrame | None:
    file, line = error.filename, error.lineno
    if not file or not line or is_installed(file):
        return None
    if file.startswith("<") and not _lines(file, None):
        return None  # a string given to `eval`: the user's line is the one that did
    position = None
    text = "".join(_lines(file, None)[line - 1 : line])
    if error.offset and error.end_offset and error.end_lineno in (line, None):
        # Offsets count characters from 1; 0 at the end means that only a place is known.
        stop = max(error.end_offset, error.offset + 1)
        columns = (len(text[: each - 1].encode()) for each in (error.offset, stop))
        position = (line, line, *columns)
    code = (text or error.text or "").strip()
    return LiveFrame(None, line, file, "", code, False, position)  # type: ignore[arg-type]


def _is_entry(after: Sequence[LiveFrame]) -> bool:
    """Whether the user's line called `fit` or its like: it had the graph traced, maybe long ago."""
    inner = [each for each in after if each.function != "error_handler"][:1]
    return any(e.function in _ENTRIES and Path(e.file).name == "trainer.py" for e in inner)


def _bare_name(frame: LiveFrame) -> str:
    return frame.function if frame.frame is None else frame.frame.f_code.co_name


def _told(error: BaseException) -> list[LiveFrame]:
    """The places in an error's words, outermost first."""
    text = message_of(error)
    if error.__cause__ is not None and type(error.__cause__).__name__ in _IN_A_WORKER:
        text = message_of(error.__cause__)
    nodes = _NODE.split(text)
    # Of several operations that failed at once the first is told.
    text = nodes[1] if len(nodes) > 1 else text
    return [
        _place(m["file"], int(m["line"]), m["function"] or "")
        for m in _TOLD.finditer(text)
        if m["function"] or m["file"].endswith(".py")
    ]


def _place(file: str, line: int, function: str) -> LiveFrame:
    """A place without a live frame."""
    # In the words of AutoGraph a lambda's name is None.
    name = "<lambda>" if function == "None" else function
    return _with_code(LiveFrame(None, line, file, name, "", is_installed(file)))


def message_of(error: BaseException) -> str:
    """What an error says, in bounded length; '' when it can't."""
    try:
        return bounded(str(error))
    except Exception:  # a class of the user's may fail to print itself
        return ""


def bounded(text: str) -> str:
    """The first and last 10,000 characters of a text, and endless words in it cut.

    An array or a file may stand in a message; patterns take their time over such words.
    """
    if len(text) > LONGEST_MESSAGE:
        half = LONGEST_MESSAGE // 2
        text = f"{text[:half]}\n...\n{text[-half:]}"
    return _WORD.sub(lambda match: f"{match.group(0)[: LONGEST_WORD // 2]}...", text)
