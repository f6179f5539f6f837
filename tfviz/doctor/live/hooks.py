"""Saying what was found where errors surface: at the end of a program, of a thread, of a block."""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, TextIO, TypeVar

RULE = f"{'-' * 20} tfviz doctor {'-' * 20}"
_F = TypeVar("_F", bound=Callable[..., Any])


class _Said:
    """What was explained last: an error that passes two hooks is explained once."""

    last: tuple[object, ...] = ()


def say(error: BaseException, file: TextIO | None = None) -> None:
    """Print the examination of an error, once, and never fail.

    Ctrl-C, `sys.exit` and their like aren't errors: of them nothing is said.

    Args:
        error: As caught.
        file: Where to; None for what `sys.stderr` is now.
    """
    if not isinstance(error, Exception):
        return
    # A failing doctor would hide the error it was called to. Ctrl-C here means: enough of it.
    with contextlib.suppress(Exception, KeyboardInterrupt):
        from tfviz.doctor.live.examine import examine

        if not is_new(error):
            return
        examination = examine(error)
        if examination.scene is None and not examination.answer.recognised:
            return
        _write(f"\n{RULE}\n{examination}\n", sys.stderr if file is None else file)


def is_new(error: BaseException) -> bool:
    """Whether this error is another than the one explained last; from now on it is that one."""
    mark = _mark(error)
    if mark == _Said.last:
        return False
    _Said.last = mark
    return True


def _mark(error: BaseException) -> tuple[object, ...]:
    """Tells two errors apart without keeping either: an address alone is soon used again."""
    from tfviz.doctor.live.frames import message_of

    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    place = None if step is None else (step.tb_frame.f_code.co_filename, step.tb_lineno)
    return id(error), type(error).__qualname__, hash(message_of(error)), place


def _write(text: str, file: TextIO | None) -> None:
    if file is None:  # a program without a console
        return
    try:
        file.write(text)
    except UnicodeEncodeError:
        file.write(text.encode("ascii", "backslashreplace").decode("ascii"))
    file.flush()


# ---- the end of a program and of a thread


class _Hook:
    """Both hooks of one installation, and what was there before."""

    def __init__(self, file: TextIO | None) -> None:
        self.file = file
        self.active = True
        self.before = sys.excepthook
        self.before_in_threads = threading.excepthook
        # Bound once: a bound method is a new object each time it is looked up.
        self.of_program = self._program_ended
        self.of_threads = self._thread_ended

    def _program_ended(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        self.before(kind, error, trace)
        if self.active and error is not None:
            say(error, self.file)

    def _thread_ended(self, ended: Any) -> None:
        self.before_in_threads(ended)
        if self.active and ended.exc_value is not None:
            say(ended.exc_value, self.file)

    def undo(self) -> None:
        """Put back what was there, as far as nobody has put another hook on top."""
        self.active = False
        if sys.excepthook == self.of_program:
            sys.excepthook = self.before
        if threading.excepthook == self.of_threads:
            threading.excepthook = self.before_in_threads


class _Installed:
    hook: _Hook | None = None


def install_excepthook(*, file: TextIO | None = None) -> Callable[[], None]:
    """Explain every uncaught exception of this program, after its traceback.

    The traceback is printed first, as it would be without this, by whatever hook was there before.
    Then follow the failing line with the values on it, and the diagnosis. The same for errors that
    end a thread. Ctrl-C and `sys.exit` say nothing.

    Calling it again changes nothing. Processes that the program starts with `multiprocessing` print
    their own tracebacks without asking any hook; what a pool or an executor raises again in this
    process is explained here, with the line of the worker.

    Args:
        file: Where to print; `sys.stderr` by default.

    Returns:
        A function that undoes it.
    """
    hook = _Installed.hook
    if hook is not None and hook.active and sys.excepthook == hook.of_program:
        return hook.undo
    if hook is not None:
        hook.undo()
    hook = _Installed.hook = _Hook(file)
    sys.excepthook = hook.of_program
    threading.excepthook = hook.of_threads
    return hook.undo


# ---- the end of a block


class Diagnosing:
    """A block or function whose errors are explained on their way out; see `diagnose`."""

    def __init__(self, file: TextIO | None = None) -> None:
        self._file = file

    def __enter__(self) -> Diagnosing:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            say(error, self._file)

    def __call__(self, function: _F) -> _F:
        """As a decorator, also of coroutines and generators."""
        wrapped: Callable[..., Any]
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def wrapped(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await function(*args, **kwargs)

        elif inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def wrapped(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return (yield from function(*args, **kwargs))

        else:

            @functools.wraps(function)
            def wrapped(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]


def diagnose(*, file: TextIO | None = None) -> Diagnosing:
    """Explain an error that leaves a block, and let it go on unchanged.

        with tfviz.diagnose():
            model.fit(images, labels)

    The failing line with the shape, dtype, range and NaN count of each array on it is printed, then
    the diagnosis. As a decorator, `@tfviz.diagnose()`, it watches a function.

    Args:
        file: Where to print; `sys.stderr` by default.
    """
    return Diagnosing(file)
