"""The state dict inside a checkpoint: out of its wrappings, without prefixes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfviz.zoo.checkpoints.refusal import RefusedError, shown
from tfviz.zoo.checkpoints.tensors import StoredTensor

# Names that people give it inside a checkpoint, the likeliest first.
WRAPPINGS = (
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "net",
    "network",
    "weights",
    "params",
    "module",
    "generator",
)
# What wraps a network puts its own name before all others.
PREFIXES = {
    "module.": "DataParallel",
    "_orig_mod.": "torch.compile",
    "model.": "Lightning, or a class around the network",
    "net.": "a class around the network",
    "network.": "a class around the network",
}
# Beyond this depth nobody keeps weights, and a file can fold into itself.
DEEPEST = 4
# A name can consist of nothing but prefixes, a million of them.
MOST_ROUNDS = 4


def find_state_dict(content: Any) -> tuple[dict[str, StoredTensor], tuple[str, ...]]:
    """The tensors by name, with what was unwrapped in words.

    Args:
        content: What the file holds.

    Raises:
        RefusedError: When there are no tensors by name, or more than one set of them.
    """
    notes: list[str] = []
    where: list[str] = []
    for _ in range(DEEPEST):
        if isinstance(content, StoredTensor):
            raise RefusedError(f"holds a single tensor of shape {content.shape}, not a state dict.")
        if not isinstance(content, Mapping):
            raise RefusedError(
                f"holds a {type(content).__name__} and no state dict: save model.state_dict()."
            )
        tensors = {str(k): v for k, v in content.items() if isinstance(v, StoredTensor)}
        known: dict[int, bool] = {}
        inside = [
            str(k)
            for k, v in content.items()
            if isinstance(v, Mapping) and _has_tensors(v, known, DEEPEST)
        ]
        usual = [name for name in WRAPPINGS if name in inside]
        if usual and not _is_state_dict(tensors):
            chosen = usual[0]
        elif tensors:
            break
        elif len(inside) == 1:
            chosen = inside[0]
        elif inside:
            raise RefusedError(
                f"holds several sets of tensors ({', '.join(map(shown, inside[:6]))}) and none "
                f"under a usual name: save the one you mean alone."
            )
        else:
            raise RefusedError("holds no tensors: save model.state_dict().")
        where.append(chosen)
        content = next(v for k, v in content.items() if str(k) == chosen)
    else:
        raise RefusedError(
            "wraps its tensors too deep to be a checkpoint: save model.state_dict()."
        )
    if where:
        notes.append(f"taken from {shown('.'.join(where))} of the checkpoint")
    others = len(content) - len(tensors)
    if others:
        notes.append(f"{others} values beside the tensors passed over")
    return _without_prefixes(tensors, notes), tuple(notes)


def _is_state_dict(tensors: dict[str, StoredTensor]) -> bool:
    """Names of a state dict end in the name of a parameter; a lone counter is none."""
    return any(name.endswith((".weight", ".bias")) for name in tensors)


def _has_tensors(value: Mapping[Any, Any], known: dict[int, bool], depth: int) -> bool:
    """Whether there are tensors by name in it, also further in.

    `known` holds what has been looked at: a file can fold one dict into itself a million times.
    """
    if id(value) not in known:
        known[id(value)] = False
        known[id(value)] = any(
            (isinstance(k, str) and isinstance(v, StoredTensor))
            or (depth > 1 and isinstance(v, Mapping) and _has_tensors(v, known, depth - 1))
            for k, v in value.items()
        )
    return known[id(value)]


def _without_prefixes(
    tensors: dict[str, StoredTensor], notes: list[str]
) -> dict[str, StoredTensor]:
    for _ in range(MOST_ROUNDS):
        for prefix, who in PREFIXES.items():
            if tensors and all(name.startswith(prefix) for name in tensors):
                tensors = {name.removeprefix(prefix): each for name, each in tensors.items()}
                notes.append(f"'{prefix}' before each name left off ({who})")
    return tensors
