"""A notebook executed from its first cell to its last, and examined where it fails."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tfviz.catalogue.report import Frame
from tfviz.doctor.explain import explain_error
from tfviz.doctor.live import memory
from tfviz.doctor.live.crash import read_dump
from tfviz.doctor.live.ending import HEADLINE
from tfviz.doctor.live.process import Ended
from tfviz.doctor.live.script import Outcome, channel, watched_environment
from tfviz.doctor.live.verdict import SCHEMA, end_in_words
from tfviz.errors import InputError, MissingError, OutputError, nearest

INTERRUPTED = 130
# Older versions of ipykernel warn of a debugger in every process that imports them,
UNDEBUGGED = {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}
# and all of them of their own connection, which stays on this machine.
QUIET = ["--IPKernelApp.log_level=40"]
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class NotebookRun:
    """How a notebook ended.

    Attributes:
        exit_code: 0, 1 when a cell failed or the kernel died, 130 after Ctrl-C.
        cell: The number in the brackets of the failed cell, `[3]`; None when none failed.
        error: Its exception as the notebook shows it, without colours; '' when none.
        examination: What the kernel found, as in `tfviz.diagnose`; empty when it found nothing.
        verdict: What is said of a kernel that died; '' when it didn't.
    """

    exit_code: int
    cell: int | None = None
    error: str = ""
    examination: dict[str, Any] = field(default_factory=dict)
    verdict: str = ""

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "schema": SCHEMA,
            "exit_code": self.exit_code,
            "cell": self.cell,
            "errors": [self.examination] if self.examination else [],
            "verdict": self.verdict,
        }


def run_notebook(path: Path, *, save: Path | None = None) -> NotebookRun:
    """Execute a notebook in a kernel of its own, in the notebook's folder.

    What it prints appears as it comes. The file is left as it is.

    Args:
        path: The notebook.
        save: Where to write the executed copy, also of a run that failed.

    Raises:
        MissingError: When nbclient, ipykernel or the notebook's kernel isn't installed.
        InputError: When the file isn't there, or is no notebook.
        OutputError: When the copy can't be written.
    """
    client_class = _client_class()
    notebook = _read(path)
    with _environment(UNDEBUGGED):  # looking for kernels imports ipykernel
        name, quiet = _kernel(notebook)
    client = client_class(
        notebook,
        timeout=None,
        kernel_name=name,
        extra_arguments=quiet,
        resources={"metadata": {"path": str(path.resolve().parent)}},
    )
    before = memory.kills()
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    with (
        _environment(UNDEBUGGED),
        channel(inherited=False) as (_, notes),
        channel(inherited=False) as (dump, dump_name),
    ):
        try:
            client.execute(env=watched_environment(notes, dump_name))
            ran = NotebookRun(0)
        except CellExecutionError:
            ran = _failed(client)
        except DeadKernelError:
            ran = _died(client, before, dump.read_bytes().decode("utf-8", "replace"))
        finally:
            if save is not None:
                _save(notebook, save)
    return ran


@contextlib.contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    """Variables that are not set yet, for a while."""
    added = [name for name in more if name not in os.environ]
    os.environ.update({name: more[name] for name in added})
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _client_class() -> Any:
    try:
        from tfviz.doctor.live.notebook_client import WatchedClient

        # Not imported: it runs in the kernel, and older ones greet whoever imports them.
        if importlib.util.find_spec("ipykernel") is None:
            raise ImportError("ipykernel")
    except ImportError as error:
        raise MissingError(
            "Running a notebook needs nbclient and ipykernel: "
            "python -m pip install 'tfviz[notebook]'"
        ) from error
    return WatchedClient


def _read(path: Path) -> Any:
    import nbformat

    if not path.is_file():
        names = [str(each) for each in path.parent.glob("*.ipynb")]
        raise InputError(f"There is no notebook '{path}'.{nearest(str(path), names)}")
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:  # nbformat names no base class for what it raises
        first = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise InputError(f"'{path}' is no notebook that can be read: {first}") from error
    return notebook


def _kernel(notebook: Any) -> tuple[str, list[str]]:
    """The kernel that the notebook asks for, and what it is told so that it prints nothing.

    For a Python kernel that isn't here this Python's own steps in.
    """
    from jupyter_client.kernelspec import KernelSpecManager

    manager = KernelSpecManager()
    asked = notebook.metadata.get("kernelspec", {})
    name = str(asked.get("name") or "python3")
    known = manager.find_kernel_specs()
    if name in known:
        ours = any("ipykernel" in each for each in manager.get_kernel_spec(name).argv)
        return name, QUIET if ours else []
    language = asked.get("language") or notebook.metadata.get("language_info", {}).get("name")
    if language not in (None, "python"):
        raise MissingError(
            f"The notebook asks for the kernel '{name}' ({language}), which isn't installed here. "
            f"Installed: {', '.join(sorted(known)) or 'none'}."
        )
    print(f"The kernel '{name}' isn't here: {sys.executable} runs the notebook.", file=sys.stderr)
    return "python3", QUIET


def _failed(client: Any) -> NotebookRun:
    """Print what the cell raised as the notebook shows it, then what it means."""
    cell = client.failed
    errors = [each for each in cell.outputs if each.output_type == "error"]
    shown = "\n".join(errors[-1].traceback) if errors else ""
    plain = _COLOURS.sub("", shown)
    print(shown if sys.stderr.isatty() else plain, file=sys.stderr)
    if client.interrupted:
        return NotebookRun(INTERRUPTED, cell.execution_count, plain)
    examination = client.examined.get("examination", {})
    said = client.examined.get("text") or str(explain_error(plain))
    print(f"\n{HEADLINE}\nCell [{cell.execution_count}] failed.\n\n{said}", file=sys.stderr)
    if not examination:
        examination = explain_error(plain).to_dict()
    return NotebookRun(1, cell.execution_count, plain, examination)


def _died(client: Any, before: memory.Kills, dump: str) -> NotebookRun:
    """Say of what the kernel died."""
    number = client.failed.execution_count or client.code_cells_executed
    if client.interrupted:
        return NotebookRun(INTERRUPTED, number)
    code = client.exit_code
    peak = _peak()
    ended = Ended(code, None, peak) if code is None or code >= 0 else Ended(None, -code, peak)
    crash = read_dump(dump)
    crash = replace(crash, frames=tuple(_in_cell(each, client) for each in crash.frames))
    evidence = memory.evidence(before, memory.kills(), peak, memory.limit())
    parts = end_in_words(Outcome(("kernel",), ended, crash=crash, evidence=evidence))
    if not parts:
        told = "" if code is None else f" with exit code {code}"
        parts = [f"It ended by itself{told}, as `os._exit` or `quit` of a library does."]
    first = ((client.failed.source.strip() or "").splitlines() or [""])[0]
    verdict = "\n\n".join(
        [f"The kernel died in cell [{number}], which begins\n    {first}", *parts]
    )
    print(f"\n{HEADLINE}\n{verdict}", file=sys.stderr)
    return NotebookRun(1, number, verdict=verdict)


def _in_cell(frame: Frame, client: Any) -> Frame:
    """A frame of a cell named as the notebook names it, with its code.

    ipykernel (seen: 6.29 to 7.4) compiles a cell under a name made from its text.
    """
    if "ipykernel_" not in frame.file:
        return frame
    with contextlib.suppress(ImportError):
        from ipykernel.compiler import get_file_name

        cells = [
            each for each in client.nb.cells if each.cell_type == "code" and each.source.strip()
        ]
        for number, cell in enumerate(cells, 1):
            if Path(get_file_name(cell.source)).stem == Path(frame.file).stem:
                lines = ["", *cell.source.splitlines()]
                line = frame.line or 0
                code = lines[line].strip() if line < len(lines) else ""
                return replace(frame, file=f"Cell In[{number}]", code=code)
    return frame


def _peak() -> int | None:
    """The most memory that a child of ours held, bytes; None on Windows."""
    with contextlib.suppress(ImportError):
        import resource

        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        return most * (1 if sys.platform == "darwin" else 1024)
    return None


def _save(notebook: Any, path: Path) -> None:
    import nbformat

    try:
        nbformat.write(notebook, path)
    except OSError as error:
        raise OutputError(f"Can't write '{path}': {error.strerror or error}.") from error
