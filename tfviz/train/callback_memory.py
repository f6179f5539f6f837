"""What Keras callbacks remember, kept in checkpoints.

`EarlyStopping` counts epochs without progress, `ReduceLROnPlateau` too, `ModelCheckpoint` knows the
best value so far. All of it stands in attributes, and begins anew with each run: so a resumed run
would stop later than one that was never interrupted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfviz.errors import InputError

# Who is looked at, and not what it remembers.
_SURROUNDINGS = ("model", "_model", "params")
_PLAIN = (bool, int, float, str, type(None))


class Memory:
    """The attributes that change in callbacks while they are called.

    Args:
        callbacks: Keras callbacks. Those of Keras are remembered with all their attributes, others
            with those that have no underscore in front.
    """

    def __init__(self, callbacks: Sequence[Any]) -> None:
        self._callbacks: dict[str, Any] = {}
        for each in callbacks:
            name, number = type(each).__name__, 2
            while name in self._callbacks:
                name, number = f"{type(each).__name__}#{number}", number + 1
            self._callbacks[name] = each
        self._before: dict[str, dict[str, Any]] = {}
        self.begin()

    def begin(self) -> None:
        """Take what is there now as the beginning; only what changes from it is kept."""
        self._before = {
            name: {
                attribute: _encoded_or_itself(value)
                for attribute, value in _attributes(each).items()
            }
            for name, each in self._callbacks.items()
        }

    def read(self) -> tuple[dict[str, Any], list[np.ndarray]]:
        """What changed since the beginning: JSON, and the arrays that it names by number.

        What can't be written down (an open file, an object) is named under 'lost', for callbacks
        that aren't Keras's.
        """
        kept: dict[str, Any] = {}
        lost: list[str] = []
        arrays: list[np.ndarray] = []
        for name, each in self._callbacks.items():
            before = self._before[name]
            changed: dict[str, Any] = {}
            for attribute, value in _attributes(each).items():
                own: list[np.ndarray] = []
                try:
                    encoded = _encoded(value, own, len(arrays))
                except InputError:
                    if not _is_of_keras(each) and before.get(attribute) is not value:
                        lost.append(f"{name}.{attribute}")
                    continue
                if own or attribute not in before or before[attribute] != encoded:
                    changed[attribute] = encoded
                    arrays += own
            if changed:
                kept[name] = changed
        return {"kept": kept, "lost": lost}, arrays

    def write(self, found: Mapping[str, Any], arrays: Sequence[np.ndarray]) -> list[str]:
        """Put back what `read` gave; callbacks that aren't there any more are passed over.

        Args:
            found: The JSON.
            arrays: The arrays.

        Returns:
            What was lost, as 'Callback.attribute'.
        """
        for name, attributes in found.get("kept", {}).items():
            if name in self._callbacks:
                for attribute, value in attributes.items():
                    setattr(self._callbacks[name], attribute, _decoded(value, arrays))
        lost = found.get("lost", [])
        return [each for each in lost if each.partition(".")[0] in self._callbacks]


def _is_of_keras(callback: Any) -> bool:
    return type(callback).__module__.split(".")[0] == "keras"


def _attributes(callback: Any) -> dict[str, Any]:
    private = _is_of_keras(callback)
    return {
        name: value
        for name, value in vars(callback).items()
        if name not in _SURROUNDINGS and (private or not name.startswith("_"))
    }


def _encoded_or_itself(value: Any) -> Any:
    try:
        return _encoded(value, [], 0)
    except InputError:
        return value


def _encoded(value: Any, arrays: list[np.ndarray], first: int) -> Any:
    """A value as JSON; its arrays go into a list and are named by number, from `first` on."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        arrays.append(value)
        return {"array": first + len(arrays) - 1}
    if type(value) in (list, tuple):
        return {type(value).__name__: [_encoded(each, arrays, first) for each in value]}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"dict": {key: _encoded(each, arrays, first) for key, each in value.items()}}
    raise InputError(f"{type(value).__name__} can't be written as JSON.")


def _decoded(value: Any, arrays: Sequence[np.ndarray]) -> Any:
    if not isinstance(value, Mapping):
        return value
    [(kind, held)] = value.items()
    if kind == "array":
        return arrays[held]
    if kind == "dict":
        return {key: _decoded(each, arrays) for key, each in held.items()}
    listed = [_decoded(each, arrays) for each in held]
    return tuple(listed) if kind == "tuple" else listed
