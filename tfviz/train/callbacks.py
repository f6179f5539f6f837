"""Keras's callbacks, driven by our loop through `keras.callbacks.CallbackList`.

A callback looks at `self.model`: its optimizer, its weights, `stop_training`. So for the time of a
run `model.optimizer` is the trainer's, and afterwards everything is as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras

from tfviz.errors import InputError
from tfviz.train.callback_memory import Memory

_BATCH_METHODS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
_ABSENT = object()


@contextmanager
def borrowing(model: Any, optimizer: Any) -> Iterator[None]:
    """`model.optimizer`, `model.stop_training` and `model.history` are ours in the block."""
    before = {
        name: getattr(model, name, _ABSENT) for name in ("optimizer", "stop_training", "history")
    }
    model.optimizer = optimizer
    model.stop_training = False
    try:
        yield
    finally:
        for name, value in before.items():
            if value is not _ABSENT:
                setattr(model, name, value)
            elif hasattr(model, name):
                delattr(model, name)


class Callbacks:
    """A `CallbackList` and what it needs to know.

    Args:
        given: A callback, a list of them, a `CallbackList`, or None.
        model: What they look at.
        epochs: How many there will be.
        steps: Steps in an epoch; None when not known.

    Raises:
        InputError: When one of them is no callback.
    """

    def __init__(self, given: Any, model: Any, epochs: int, steps: int | None) -> None:
        if isinstance(given, keras.callbacks.CallbackList):
            self.list = given
        else:
            listed = [] if given is None else keras.tree.flatten(given)
            for each in listed:
                if not isinstance(each, keras.callbacks.Callback):
                    raise InputError(
                        f"callbacks= holds {each!r}, which is no keras.callbacks.Callback. A plain "
                        f"function goes into hooks=: hooks={{'epoch_end': f}}."
                    )
            self.list = keras.callbacks.CallbackList(
                listed, add_history=True, model=model, epochs=epochs, steps=steps, verbose=1
            )
        self.model = model
        self.memory = Memory(self.list.callbacks)
        self.between_steps = any(map(_looks_between_steps, self.list.callbacks))

    def go_on(self) -> None:
        """Before 'on_train_begin' of a resumed run: files are written on, not begun anew."""
        for each in self.list.callbacks:
            if isinstance(each, keras.callbacks.CSVLogger):
                each.append = True

    def first_epoch(self) -> int:
        """Where `BackupAndRestore` wants to go on; it says so when training begins.

        Private, and where `fit` looks: seen in Keras 3.12 to 3.15.
        """
        return int(getattr(self.model, "_initial_epoch", None) or 0)

    @property
    def stop(self) -> bool:
        """Whether a callback asked to end the run."""
        return bool(self.model.stop_training)

    def call(self, method: str, *arguments: Any, logs: Mapping[str, float] | None = None) -> None:
        """Tell every callback."""
        getattr(self.list, method)(*arguments, logs=dict(logs or {}))


def _looks_between_steps(callback: Any) -> bool:
    """Whether a callback does anything after a single step."""
    # These have a method for steps, and use it only when asked to save by steps.
    if getattr(callback, "save_freq", None) == "epoch":
        return False
    base = keras.callbacks.Callback
    for name in _BATCH_METHODS:
        method = getattr(callback, name)
        if getattr(method, "__func__", method) is not getattr(base, name):
            return True
    return False
