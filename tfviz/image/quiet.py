"""Keeps Pillow's warnings about odd files away from the user's terminal."""

from __future__ import annotations

import contextlib
import logging
import threading
import warnings
from collections.abc import Iterator

_lock = threading.Lock()
_depth = 0
_entry: object = None
_home: list = []

# Where nobody has set up logging, Python prints warnings on standard error, unless a handler is
# found. The user's own handlers, which are further up, still get them.
_loggers = [logging.getLogger(each) for each in ("PIL", "tifffile")]
_silent = logging.NullHandler()


@contextlib.contextmanager
def quiet_pillow() -> Iterator[None]:
    """Ignores warnings by Pillow's modules inside the block, on any number of threads.

    `warnings.catch_warnings` restores the whole list of filters, so two threads that leave it in
    another order than they came keep each other's filters for good. Here the first one in adds
    one filter and the last one out takes that one away.
    """
    global _depth, _entry, _home
    with _lock:
        if _depth == 0:
            # The comment inside the pattern keeps it apart from a filter of the user's own.
            warnings.filterwarnings("ignore", module=r"PIL(\.|$)(?#tfviz)")
            _home, _entry = warnings.filters, warnings.filters[0]  # type: ignore[assignment]
            for logger in _loggers:
                logger.addHandler(_silent)
        _depth += 1
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0:
                for logger in _loggers:
                    logger.removeHandler(_silent)
                # Somebody's `catch_warnings` may have put a copy of the list in place meanwhile.
                for filters in {id(each): each for each in (_home, warnings.filters)}.values():
                    with contextlib.suppress(ValueError):
                        filters.remove(_entry)  # type: ignore[union-attr]
