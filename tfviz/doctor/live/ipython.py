"""`%doctor` in IPython and in notebooks: the last error explained, or each as it comes.

%load_ext tfviz
%doctor            # the last error: the values on its line, the cause, the fix
%doctor on         # from now on each error by itself
%doctor off
"""

from __future__ import annotations

import json
import sys
from typing import Any

from tfviz.doctor.live.ending import in_words
from tfviz.doctor.live.examine import examine

USAGE = "`%doctor` explains the last error, `%doctor on` each as it comes, `%doctor off` ends that."
_SILENT = (KeyboardInterrupt, SystemExit)


class Doctor:
    """The magic of one shell, and whether it explains errors unasked.

    Args:
        shell: IPython's `InteractiveShell`.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._on = False

    def magic(self, line: str) -> None:
        """Explain the last error; `on` and `off`: whether to explain each error by itself.

        What is said is printed, so that it can be read in a terminal and in a notebook alike.
        """
        asked = line.strip().lower()
        if asked == "on":
            self._switch(True)
            print("Each error from now on is explained; `%doctor off` ends it.")
        elif asked == "off":
            self._switch(False)
            print("Errors are explained when you ask: `%doctor`.")
        elif asked:
            print(f"`%doctor {line.strip()}` is no command of it. {USAGE}")
        else:
            error = last_error()
            print("There was no error so far." if error is None else told(error))

    def after_cell(self, result: Any) -> None:
        """Explain the error that a cell ended with; IPython has shown it already."""
        error = result.error_before_exec or result.error_in_exec
        if error is not None and not isinstance(error, _SILENT):
            print(f"\n{told(error)}")

    def leave(self) -> None:
        """Take back all that was registered."""
        self._switch(False)
        self._shell.magics_manager.magics["line"].pop("doctor", None)

    def _switch(self, on: bool) -> None:
        if on and not self._on:
            self._shell.events.register("post_run_cell", self.after_cell)
        elif self._on and not on:
            self._shell.events.unregister("post_run_cell", self.after_cell)
        self._on = on


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext tfviz`: register `%doctor`, and nothing else."""
    doctor = Doctor(shell)
    shell.register_magic_function(doctor.magic, "line", "doctor")
    # Where `unload_ipython_extension`, which is given the shell alone, finds it again.
    shell.tfviz_doctor = doctor


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext tfviz`: take `%doctor` back."""
    doctor = vars(shell).pop("tfviz_doctor", None)
    if doctor is not None:
        doctor.leave()


def last_error() -> BaseException | None:
    """The error that the shell showed last; None when there was none."""
    error = getattr(sys, "last_value", None)
    return error if isinstance(error, BaseException) else None


def told(error: BaseException) -> str:
    """An error examined, as text."""
    return in_words(error, examine(error))


def examined_in_kernel() -> str:
    """The last error of this kernel as JSON: `text`, and `examination` with all values."""
    error = last_error()
    if error is None:
        return "{}"
    examination = examine(error)
    words = in_words(error, examination)
    return json.dumps({"text": words, "examination": examination.to_dict()})
