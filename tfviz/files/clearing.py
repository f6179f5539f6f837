"""Take a job's results away: what its journals list, and nothing else."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfviz.errors import OutputError
from tfviz.files.atomic import why_not_written
from tfviz.files.locks import unused


def clear(folder: Path, journals: str, *, with_them: Sequence[str] = ()) -> None:
    """Remove journals and the files that they list.

    Args:
        folder: Of the results.
        journals: Pattern for which journals.
        with_them: Patterns for what goes too, once the journals are gone.

    Raises:
        OutputError: When a process is writing one of them, and then nothing is removed; or when
            something can't be removed.
    """
    with contextlib.ExitStack() as stack:
        paths = list(folder.glob(journals))
        for path in paths:
            stack.enter_context(unused(path))
        try:
            for path in paths:
                _remove_listed(path)
                path.unlink(missing_ok=True)
            for pattern in with_them:
                for path in folder.glob(pattern):
                    path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(
                f"can't remove '{error.filename or folder}': {why_not_written(error, folder)}"
            ) from error


def _remove_listed(journal: Path) -> None:
    top = journal.parent.resolve()
    with contextlib.suppress(FileNotFoundError), journal.open("rb") as lines:
        for line in lines:
            names: Any = ()
            with contextlib.suppress(ValueError, AttributeError):
                names = json.loads(line).get("files", ())
            for name in names if isinstance(names, list) else ():
                path = (top / str(name)).resolve()
                # A journal that somebody edited must not lead out of its folder.
                if top in path.parents and path.is_file():
                    path.unlink(missing_ok=True)
