"""What the user sees while TensorFlow loads, and what they are spared."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def loading(what: str, *, quiet: bool = False) -> Iterator[None]:
    """A spinner on standard error, where somebody can see it turn, and nothing else there.

    TensorFlow greets every process with notes on CPU features and missing GPU drivers. They are
    held back, and shown only when loading fails for a reason that is not the user's.
    """
    from tfviz.model.backend import require_backend_setting

    require_backend_setting()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    terminal = sys.stderr.isatty() and not quiet
    with _held_back() as screen:
        if not terminal:
            yield
            return
        from rich.console import Console

        with Console(file=screen, force_terminal=True).status(f"{what} ..."):
            yield


@contextmanager
def _held_back() -> Iterator[TextIO]:
    """Send the process's standard error to a file meanwhile; yields a stream to the screen."""
    try:
        sys.stderr.flush()
        screen_descriptor = os.dup(2)
    except OSError:  # there is no standard error (pythonw, a closed descriptor)
        yield sys.stderr
        return
    with tempfile.TemporaryFile() as sink, os.fdopen(screen_descriptor, "w") as screen:
        os.dup2(sink.fileno(), 2)
        try:
            yield screen
        except Exception as error:
            from tfviz.errors import TfvizError

            if not isinstance(error, TfvizError):
                _replay(sink.fileno(), screen.fileno())
            raise
        finally:
            # What Python has buffered for its standard error belongs to the meanwhile.
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.flush()
            os.dup2(screen.fileno(), 2)


def _replay(source: int, screen: int) -> None:
    os.lseek(source, 0, os.SEEK_SET)
    while block := os.read(source, 65536):
        os.write(screen, block)
