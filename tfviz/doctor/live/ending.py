"""What the failing process itself says of an error that nobody caught: the scene, then the cause.

Runs in the user's process while it ends, or in a thread of one that goes on. Whatever goes wrong in
here goes to the caller, which leaves the error to the waiting parent as text.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import textwrap
from collections.abc import Callable
from typing import TextIO

from tfviz.doctor.answer import WIDTH
from tfviz.doctor.live.examine import Examination, examine
from tfviz.doctor.live.hooks import RULE as HEADLINE
from tfviz.doctor.live.hooks import is_new
from tfviz.doctor.live.recursion import recursion_sentence

# Each of a hundred workers may fail in its own words; the first few say what is wrong.
MOST_IN_THREADS = 3
_places: set[tuple[str, str, int]] = set()


def tell(error: BaseException, note: Callable[[str, str], None], *, in_thread: bool) -> None:
    """Examine an error, print what was found, and note it for the parent.

    Args:
        error: After Python printed it.
        note: Takes a kind and a text; 'examined' with the examination as JSON, 'unsaid' with what
            could not be printed here.
        in_thread: Whether the program goes on. Errors of one kind from one place are told once.
    """
    # The script may explain errors itself, in a block or by a hook.
    if not is_new(error) or (in_thread and not _is_new_here(error)):
        return
    examination = examine(error)
    note("examined", json.dumps(examination.to_dict(), ensure_ascii=False))
    # The reader has gone (`| head`): nobody need be told. And of code that doesn't compile, Python
    # has shown the line and the place in it.
    if isinstance(error, (BrokenPipeError, SyntaxError)) and not examination.answer.recognised:
        return
    text = f"\n{HEADLINE}\n{in_words(error, examination)}"
    try:
        # In one piece: other threads print as well.
        _stream().write(f"{text}\n")
    except Exception:  # closed, or of a class that can't; ours is still open, mostly
        note("unsaid", text)
        return
    with contextlib.suppress(Exception):  # a class of the script's may have no `flush`
        _stream().flush()


def _stream() -> TextIO:
    """Standard error; of a script that collects it in memory the true one, as it ends right now."""
    stream = sys.stderr
    if stream is None or isinstance(stream, io.StringIO):
        stream = sys.__stderr__
    if stream is None:
        raise OSError("there is no standard error")
    return stream


def in_words(error: BaseException, examination: Examination) -> str:
    """The examination as text; of a recursion also the calls that repeat."""
    repeated = recursion_sentence(error)
    if not repeated:
        return str(examination)
    return f"{examination}\n\n{textwrap.fill(repeated, WIDTH, break_long_words=False)}"


def _is_new_here(error: BaseException) -> bool:
    """Whether nothing of this kind was told from this place; remembers it."""
    file, line = "", 0
    trace = error.__traceback__
    while trace is not None:
        file, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
    place = (type(error).__name__, file, line)
    if place in _places or len(_places) >= MOST_IN_THREADS:
        return False
    _places.add(place)
    return True
