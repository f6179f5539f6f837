"""A trial step in a child process: asked, watched, and read from how it ended."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from tfviz.errors import InputError, OutputError, TrainingError
from tfviz.model.tree import walk
from tfviz.probe import replay
from tfviz.train.batch_memory import says_memory
from tfviz.train.objective import StepObjective

_CODE = (
    "import json, sys; from pathlib import Path; "
    "sys.path[:] = json.loads(Path(sys.argv[1], 'request.json').read_text('utf-8'))['sys_path']; "
    "from tfviz.train.batch_child import main; main(sys.argv[1])"
)
# How a process ends that could not have the memory it asked for, on Windows.
_WINDOWS_NO_MEMORY = (0xC0000017, 0xC000012D)
_BUILDER = (
    "pass a function in its place that makes the Trainer, defined at the top of a file that can "
    "be imported: def make(): ... return tfviz.Trainer(...), find_batch_size(make, data)"
)


@dataclass(frozen=True)
class Trial:
    """One step of one size.

    Attributes:
        size: Samples in memory at a time.
        fits: Whether the step was made within the memory there is.
        predicted: Bytes that were predicted for it.
        peak: Bytes that it needed at most; None where it didn't end or nothing tells.
        seconds: How long the step took; None where it wasn't made.
        why: Why it doesn't fit; '' where it does.
    """

    size: int
    fits: bool
    predicted: int
    peak: int | None
    seconds: float | None
    why: str


def write_request(folder: Path, trainer: Any, batch: Any, **asked: Any) -> dict[str, Any]:
    """Put into a folder what the child needs.

    Args:
        folder: A temporary one.
        trainer: A Trainer, or an importable function that makes one.
        batch: A batch of real data.
        **asked: `whole`, `sizes`, `memory`.

    Returns:
        The request, to be written with the `size` of each trial.

    Raises:
        InputError: When the child could not make the same trainer.
    """
    replay.save(folder, batch)
    request = {"sys_path": [each or os.getcwd() for each in sys.path], "builder": None, **asked}
    if hasattr(trainer, "prepare"):
        return {**request, **_described(trainer, folder)}
    if not callable(trainer):
        raise InputError(
            f"trainer= is a {type(trainer).__name__}: pass a tfviz.Trainer, or a function that "
            f"makes one."
        )
    name = _importable(trainer)
    if name is None:
        raise InputError(
            f"The function {getattr(trainer, '__qualname__', trainer)!r} can't be imported by "
            f"another process (it is defined in the script or notebook that runs, or inside a "
            f"function): put it at the top of a file of its own and import it from there."
        )
    return {**request, "builder": name}


def _described(trainer: Any, folder: Path) -> dict[str, Any]:
    parts = trainer._made.parts
    if len(parts) > 1 or isinstance(parts[0].objective, StepObjective):
        raise InputError(
            f"A trainer with a step of your own can't be handed to another process: {_BUILDER}."
        )
    modules: set[str] = set()
    for each in [trainer.model, *(node.operation for node in walk(trainer.model))]:
        module = type(each).__module__
        if module == "__main__":
            raise InputError(
                f"{type(each).__name__} is defined in the script or notebook that runs, where "
                f"another process can't find it: {_BUILDER}."
            )
        if not module.startswith("keras."):
            modules.add(module)
    try:
        trainer.model.save(folder / "model.keras", include_optimizer=False)
    except OSError as error:
        raise OutputError(
            f"The model can't be written to '{folder}' for the trial in another process: {error}."
        ) from error
    optimizer = trainer.optimizer
    if trainer.options.precision and hasattr(optimizer, "initial_scale"):
        optimizer = optimizer.inner_optimizer  # the child's trainer puts the loss scale around it
    return {
        "modules": sorted(modules),
        "loss": packed(parts[0].objective.losses),
        "optimizer": keras.saving.serialize_keras_object(optimizer),
        "options": dataclasses.asdict(trainer.options),
    }


def packed(loss: Any) -> Any:
    """A loss, or several, as JSON can hold them.

    Raises:
        InputError: When a function among them can't be imported.
    """
    if loss is None or isinstance(loss, str):
        return loss
    if isinstance(loss, (list, tuple)):
        return [packed(each) for each in loss]
    if isinstance(loss, Mapping):
        return {"several": {key: packed(each) for key, each in loss.items()}}
    if isinstance(loss, keras.losses.Loss):
        return {"keras": keras.saving.serialize_keras_object(loss)}
    name = _importable(loss)
    if name is None:
        named = getattr(loss, "__qualname__", loss)
        raise InputError(f"The loss {named!r} can't be imported by another process: {_BUILDER}.")
    return {"function": name}


def _importable(function: Any) -> str | None:
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "<")
    if module in (None, "__main__") or "<" in name:
        return None
    return f"{module}:{name}"


def attempt(folder: Path, request: dict[str, Any], size: int | None, timeout: float) -> Trial:
    """Make one step in a child process.

    Args:
        folder: As `write_request` filled it.
        request: What it returned.
        size: Samples at a time; None to leave it to the prediction.
        timeout: Seconds after which the child is ended.

    Raises:
        OutputError: When a disk is full.
        TrainingError: When the step fails for another reason than memory.
    """
    answer, errors = folder / "answer.jsonl", folder / "errors.txt"
    answer.unlink(missing_ok=True)
    (folder / "request.json").write_text(json.dumps({**request, "size": size}), encoding="utf-8")
    with errors.open("wb") as file:
        child = subprocess.Popen(
            [sys.executable, "-c", _CODE, str(folder)], stdout=file, stderr=subprocess.STDOUT
        )
        try:
            code: int | None = child.wait(timeout)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
    lines = answer.read_text(encoding="utf-8").splitlines() if answer.exists() else []
    told: dict[str, Any] = {}
    for line in lines:
        told.update(json.loads(line))
    said = errors.read_text(encoding="utf-8", errors="replace")
    return _read(told, code, said, timeout)


def _read(told: dict[str, Any], code: int | None, said: str, timeout: float) -> Trial:
    if "failed" in told:
        raise TrainingError(
            f"The trial step fails, and not for lack of memory:\n{told['failed'].strip()}"
        )
    if told.get("ran_out") == "disk":
        raise OutputError(
            f"The trial step ran out of disk, not of memory, so a smaller batch is no help: "
            f"{told['said']} Make room on the disk that is written to (caches, checkpoints)."
        )
    if "trying" not in told and told.get("ran_out") != "memory":
        end = "\n".join(said.strip().splitlines()[-5:])
        raise TrainingError(
            f"The trial process ended {_ending(code)} before its first step."
            f"{f' It said last:{chr(10)}{end}' if end else ''}"
        )
    size = told.get("trying", 0)
    need = told.get("fixed", 0) + size * told.get("per_sample", 0)
    if "fits" in told:
        why = told["said"] or ("" if told["fits"] else "its peak is above the memory given")
        return Trial(size, told["fits"], need, told.get("peak"), told.get("seconds"), why)
    if code is None:
        return Trial(size, False, need, None, None, f"the step took more than {timeout:.0f} s")
    if not (_by_system(code) or says_memory(said)):
        end = "\n".join(said.strip().splitlines()[-5:])
        raise TrainingError(
            f"The trial process ended {_ending(code)} within its step, with no sign that memory "
            f"was the reason. It said last:\n{end}"
        )
    return Trial(size, False, need, None, None, f"the process ended {_ending(code)}")


def _by_system(code: int) -> bool:
    """Whether a process ended as one does that may not have more memory.

    SIGKILL is what the kernel sends when memory runs out, also seen as 128 + 9 through a shell.
    Where an allocation is refused, libraries end by SIGABRT or read at address 0.
    """
    names = ("SIGKILL", "SIGABRT", "SIGSEGV", "SIGBUS")
    numbers = [int(getattr(signal, name)) for name in names if hasattr(signal, name)]
    return -code in numbers or code - 128 in numbers or code in _WINDOWS_NO_MEMORY


def _ending(code: int | None) -> str:
    if code is None:
        return "by its time limit"
    number = -code if code < 0 else code - 128
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"with exit status {code}"
    more = ", which the kernel sends when memory runs out" if name == "SIGKILL" else ""
    return f"by {name}{more}"


Attempt = Callable[[int | None], Trial]
