"""Whether a checkpoint belongs to this model: each of its variables has one to go to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf

# What a message lists before it counts.
SHOWN = 4
# Keras numbers its automatic names through a process: dense_3 here was dense in a fresh one.
_NUMBER = re.compile(r"_\d+(?=[_/]|$)")


def pair(
    table: Iterable[Mapping[str, Any]], variables: Mapping[str, Any], *, partly: bool
) -> tuple[dict[str, str], list[str]]:
    """Find the variable of each kept value.

    By name; and where only the numbers of automatic names differ, in order.

    Args:
        table: Name, dtype and shape of each kept value.
        variables: `tf.Variable`s by name, whose part before the first slash is their group.
        partly: Whether groups that nobody has now (the optimizer, say) may stay where they are.

    Returns:
        The name here by the name there; and what differs, in words, empty when nothing does.
    """
    kept = {entry["name"]: entry for entry in table}
    names: dict[str, str] = {}
    different: list[str] = []
    groups = dict.fromkeys([*map(_group, kept), *map(_group, variables)])
    for group in groups:
        theirs = [name for name in kept if _group(name) == group]
        ours = [name for name in variables if _group(name) == group]
        if partly and not ours:
            continue
        found = _in_group(theirs, ours, kept, variables)
        names.update(found)
        missing = [name for name in theirs if name not in found]
        new = sorted(set(ours) - set(found.values()))
        different += _listed(missing, "only in the checkpoint")
        different += _listed(new, "only in what is trained now")
        different += [
            f"'{there}' is {_told(kept[there])}, now {_told(_as_entry(variables[here]))}"
            for there, here in found.items()
            if not _fits(kept[there], variables[here])
        ]
    return names, different


def other_facts(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> list[str]:
    """What is said differently about two models; names that Keras numbers don't count."""
    return [
        f"{key}: {theirs[key]}, now {ours[key]}"
        for key in theirs
        if key in ours and _plain(str(theirs[key])) != _plain(str(ours[key]))
    ]


def summary(different: list[str]) -> str:
    """Differences as one clause."""
    more = len(different) - SHOWN
    return "; ".join(different[:SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _in_group(
    theirs: list[str],
    ours: list[str],
    kept: Mapping[str, Mapping[str, Any]],
    variables: Mapping[str, Any],
) -> dict[str, str]:
    known = set(ours)
    if known != set(theirs) and [*map(_plain, theirs)] == [*map(_plain, ours)]:
        in_order = dict(zip(theirs, ours, strict=True))
        if all(_fits(kept[there], variables[here]) for there, here in in_order.items()):
            return in_order
    return {name: name for name in theirs if name in known}


def _group(name: str) -> str:
    return name.partition("/")[0]


def _plain(name: str) -> str:
    return _NUMBER.sub("", name)


def _as_entry(variable: Any) -> dict[str, Any]:
    shape = variable.shape
    return {
        "dtype": tf.as_dtype(variable.dtype).name,
        "shape": None if shape.rank is None else list(shape),
    }


def _fits(entry: Mapping[str, Any], variable: Any) -> bool:
    same = entry["dtype"] == tf.as_dtype(variable.dtype).name
    return same and variable.shape.is_compatible_with(entry["shape"])


def _told(entry: Mapping[str, Any]) -> str:
    return f"{entry['dtype']} {tuple(entry['shape']) if entry['shape'] is not None else '(any)'}"


def _listed(names: list[str], where: str) -> list[str]:
    if not names:
        return []
    shown = ", ".join(f"'{name}'" for name in names[:3])
    return [f"{where}: {shown}" + (f" and {len(names) - 3} more" if len(names) > 3 else "")]
