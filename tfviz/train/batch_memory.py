"""Memory that a training step needs: predicted from activation sizes, and read from errors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfviz.model.tap import listening
from tfviz.model.tree import walk
from tfviz.train.precision import computing_in

# So many samples are traced, which shows what grows with them and what doesn't.
TRACED = 2
# They return what they were given, under another name.
_VIEWS = ("Reshape", "Identity", "Squeeze", "ExpandDims", "Placeholder")
_DISK = re.compile(
    r"no space left|disk quota|not enough space|disk (is )?full|errno (28|122)\b|ENOSPC|EDQUOT",
    re.IGNORECASE,
)
_MEMORY = re.compile(
    r"\bOOM\b|out of memory|failed to allocate|allocat\w* .*(failed|memory)|bad_alloc|"
    r"ALLOC_FAILED|cannot allocate|dst tensor is not initialized|insufficient memory",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Need:
    """What a step needs, predicted.

    Attributes:
        fixed: Bytes, whatever the size.
        per_sample: Bytes more for each sample that is in memory at a time.
    """

    fixed: int
    per_sample: int

    def bytes_for(self, size: int) -> int:
        """Bytes for so many samples at a time."""
        return self.fixed + size * self.per_sample

    def largest(self, sizes: list[int], memory: int | None) -> int:
        """The largest of some ascending sizes that fits; the smallest where none does."""
        fitting = [each for each in sizes if memory is None or self.bytes_for(each) <= memory]
        return fitting[-1] if fitting else sizes[0]


def predicted(trainer: Any, batch: Any, *, base: int, parts: bool) -> Need:
    """Predict what a step needs, from the sizes of what the layers return.

    What is returned is kept until the way back has passed; there, the two largest gradients are in
    memory at once. Gradients of the weights come on top, twice where they are summed over parts.
    What single operations need besides (a convolution's workspace) isn't known before they run.

    Args:
        trainer: A built trainer; its model is traced and not run.
        batch: A batch of real data.
        base: Bytes that the process has already, model and optimizer in them.
        parts: Whether the batch is computed in micro-batches.
    """
    spec = tf.nest.map_structure(_few, batch)
    nodes = walk(trainer.model)
    outer = {node.path.rsplit("/", 1)[0] for node in nodes if "/" in node.path}
    leaves = [node.operation for node in nodes if node.path not in outer]
    found: dict[str, int] = {}

    def forward(*flat: Any) -> None:
        rest = iter(flat)
        given = [None if each is None else next(rest) for each in tf.nest.flatten(spec)]
        data = tf.nest.pack_sequence_as(spec, given)
        with listening(leaves) as calls:
            for part in trainer._made.parts:
                part.objective.forward(data)
        for call in calls:
            for each in call.outputs:
                if each.op.type not in _VIEWS and each.shape.is_fully_defined():
                    found[each.name] = each.shape.num_elements() * each.dtype.size

    given = [each for each in tf.nest.flatten(spec) if each is not None]
    with computing_in(trainer.model, trainer.options.precision):
        tf.function(forward, autograph=False).get_concrete_function(*given)
    sizes = list(found.values())
    weights = sum(
        int(v.shape.num_elements()) * tf.as_dtype(v.dtype).size
        for part in trainer._made.parts
        for v in part.trainable()
    )
    per_sample = (sum(sizes) + 2 * max(sizes, default=0)) // TRACED
    return Need(base + weights * (2 if parts else 1), max(per_sample, 1))


def _few(value: Any) -> Any:
    if value is None:
        return None
    tensor = tf.convert_to_tensor(value)
    return tf.TensorSpec((TRACED, *tensor.shape[1:]), tensor.dtype)


def exhausted(error: BaseException) -> str | None:
    """What ran out where an error says that something did: 'memory', 'disk', or None.

    TensorFlow says `ResourceExhaustedError` for both.
    """
    text = str(error)
    if isinstance(error, OSError):
        return "disk" if _DISK.search(f"errno {error.errno} {text}") else None
    if isinstance(error, tf.errors.OpError) and _DISK.search(text):
        return "disk"
    if isinstance(error, tf.errors.ResourceExhaustedError):
        return "memory"
    if isinstance(error, MemoryError):
        return "memory"
    if isinstance(error, (tf.errors.OpError, RuntimeError)) and _MEMORY.search(text):
        return "memory"
    return None


def line_about(error: BaseException) -> str:
    """The line of an error that says what ran out, without the stack around it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if _MEMORY.search(line) or _DISK.search(line)]
    return [*telling, *lines, type(error).__name__][0][:300]


def says_memory(text: str) -> bool:
    """Whether what a process said last is about memory."""
    return bool(_MEMORY.search(text))


def free_bytes() -> int | None:
    """Memory that can still be had by this process, None where that isn't known."""
    known: list[int] = []
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemAvailable:"):
            known.append(int(line.split()[1]) * 1024)
    # A container's own limit, below what the machine has.
    group = Path("/sys/fs/cgroup")
    try:
        limit = (group / "memory.max").read_text().strip()
        if limit.isdigit():
            known.append(int(limit) - int((group / "memory.current").read_text()))
    except OSError:
        pass
    return max(min(known), 0) if known else None


def status(name: str) -> int | None:
    """An entry of this process's memory in bytes, 'VmRSS', 'VmHWM', 'VmData'; on Linux only."""
    for line in _lines("/proc/self/status"):
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return None


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
