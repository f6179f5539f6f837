"""Read a file of PyTorch's weights, whatever its kind."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfviz.errors import ModelError, nearest
from tfviz.zoo.checkpoints.archive import read_archive
from tfviz.zoo.checkpoints.impostors import HEAD_BYTES, what_it_is
from tfviz.zoo.checkpoints.legacy import BEGINNING, read_legacy
from tfviz.zoo.checkpoints.refusal import RefusedError
from tfviz.zoo.checkpoints.safe import read_safe
from tfviz.zoo.checkpoints.state_dict import find_state_dict
from tfviz.zoo.checkpoints.tensors import StoredTensor

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_HEADER_BYTES = 8
# The format allows no longer header.
_LONGEST_HEADER = 100_000_000


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The weights in a file.

    Attributes:
        path: The file.
        kind: 'zip', 'legacy' or 'safetensors'.
        tensors: By PyTorch's names, without the prefixes that every name had.
        notes: What was unwrapped or left off, in words.
    """

    path: Path
    kind: str
    tensors: dict[str, StoredTensor]
    notes: tuple[str, ...] = ()

    @property
    def parameters(self) -> int:
        """How many values the tensors have together, counters left out."""
        counted = (v for k, v in self.tensors.items() if not k.endswith("num_batches_tracked"))
        return sum(each.size for each in counted)


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Open a `.pth`, `.pt`, `.th`, `.bin` or `.safetensors` file without PyTorch.

    Nothing in the file is run, and the weights are read only when they are asked for: the file is
    memory-mapped. What it holds beside tensors, storages and OrderedDict is refused by name.

    Args:
        path: The file; its kind is told by its content.

    Returns:
        The tensors by name.

    Raises:
        ModelError: When it is no such file, is damaged, or would run something.
    """
    path = Path(path)
    try:
        if "\0" in str(path):
            raise FileNotFoundError
        about = path.stat()
        if stat.S_ISDIR(about.st_mode):
            raise RefusedError("is a folder: give the file of weights inside it.")
        if not stat.S_ISREG(about.st_mode):
            raise RefusedError(
                "is a pipe or a device, which can't be memory-mapped: save it to a file first."
            )
        if about.st_size == 0:
            raise RefusedError(f"{what_it_is(b'')}.")
        data = np.memmap(path, np.uint8, mode="r")
        # The map is kept, its class is not: every slice of a memmap costs a good deal more.
        kind, content = _content(path, data.view(np.ndarray))
        tensors, notes = find_state_dict(content)
    except RefusedError as error:
        raise ModelError(f"'{path}' {error}") from error
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(f"There is no file of weights '{path}'.{_nearest_name(path)}") from None
    except OSError as error:
        raise ModelError(f"'{path}' can't be read: {error.strerror or error}.") from error
    return Checkpoint(path, kind, tensors, notes)


def _nearest_name(path: Path) -> str:
    if "\0" not in str(path) and path.is_symlink():
        return " It is a link to one that isn't there."
    try:
        return nearest(path.name, [each.name for each in path.parent.iterdir()])
    except OSError:
        return ""


def _content(path: Path, data: np.ndarray) -> tuple[str, Any]:
    head = data[:HEAD_BYTES].tobytes()
    if head.startswith(_ZIP):
        return "zip", read_archive(path, data)
    if head.startswith(BEGINNING):
        return "legacy", read_legacy(data)
    length = int.from_bytes(head[:_HEADER_BYTES], "little")
    if path.suffix.lower() == ".safetensors" and _plain(head):
        raise RefusedError(f"{what_it_is(head)}.")
    if head[_HEADER_BYTES : _HEADER_BYTES + 1] == b"{" and 2 <= length <= _LONGEST_HEADER:
        return "safetensors", read_safe(path, data)
    if BEGINNING.startswith(head):
        raise RefusedError(f"is cut short: {len(head)} bytes are all there is. Download it again.")
    if head.startswith(b"\x80") and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        raise _other_pickle(data)
    raise RefusedError(f"{what_it_is(head)}.")


def _plain(head: bytes) -> bool:
    """Whether it is text, whose letters would pass for an absurd length."""
    return head[:_HEADER_BYTES].isascii() and head[:_HEADER_BYTES].decode("ascii").isprintable()


def _other_pickle(data: np.ndarray) -> RefusedError:
    """A pickle without PyTorch's beginning: what it asks for tells more than its bytes."""
    from tfviz.zoo.checkpoints.opcodes import check

    try:
        check(data.data)
    except RefusedError as error:
        return error
    return RefusedError(
        "is a pickle that PyTorch didn't write: save the weights with "
        "torch.save(model.state_dict(), 'weights.pth')."
    )
