"""The events of a training run, and what a hook is given.

A hook is a plain function. Those of the host get the run; those inside the compiled step are
traced into it once:

    gradients   f(gradients, variables) -> gradients      before the norm and clipping
    updated     f(scope) -> {name: scalar}                after the optimizer; adds to the logs
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tfviz.errors import InputError, nearest

HOST = (
    "fit_begin",
    "epoch_begin",
    "step_begin",
    "step_end",
    "nonfinite",
    "checkpoint",
    "validation_begin",
    "validation_end",
    "epoch_end",
    "fit_end",
)
COMPILED = ("gradients", "updated")
# Who listens to these looks in between single steps.
BETWEEN_STEPS = ("step_begin", "step_end")

Hooks = Mapping[str, Callable[..., Any] | Sequence[Callable[..., Any]]]


@dataclass(eq=False)
class Run:
    """A training run in progress, as hooks see it.

    Attributes:
        trainer: Whose run it is.
        epoch: The epoch, from 0.
        epochs: How many there will be.
        step: How many steps were made in all.
        step_in_epoch: How many of them in this epoch.
        steps: Steps in an epoch; None when not known yet.
        report: What was found about a loss or gradient that isn't finite, in 'nonfinite'.
        stopped: Why it shall end; '' while it goes on.
    """

    trainer: Any
    epochs: int
    epoch: int = 0
    step: int = 0
    step_in_epoch: int = 0
    steps: int | None = None
    report: Any = None
    stopped: str = ""
    _logs: Callable[[], dict[str, float]] | None = field(default=None, repr=False)

    @property
    def model(self) -> Any:
        """The model."""
        return self.trainer.model

    @property
    def logs(self) -> dict[str, float]:
        """Loss and metrics of this epoch so far; fetched from the device when read."""
        return self._logs() if self._logs is not None else {}

    def stop(self, reason: str = "a hook asked for it") -> None:
        """End the run after this step or epoch."""
        self.stopped = reason


class Events:
    """Functions by event.

    Args:
        given: Mappings from an event to a function or a list of them; later ones are called later.

    Raises:
        InputError: When there is no such event, or what is given is no function.
    """

    def __init__(self, *given: Hooks | None) -> None:
        self._functions: dict[str, list[Callable[..., Any]]] = {}
        for hooks in given:
            for event, functions in (hooks or {}).items():
                self.add(event, functions)

    def add(self, event: str, functions: Any) -> None:
        """Call a function, or several, at an event."""
        if event not in (*HOST, *COMPILED):
            raise InputError(
                f"hooks= names the event {event!r}, which doesn't exist."
                f"{nearest(str(event), (*HOST, *COMPILED))} Events are "
                f"{', '.join((*HOST, *COMPILED))}."
            )
        listed = list(functions) if isinstance(functions, (list, tuple)) else [functions]
        for each in listed:
            if not callable(each):
                raise InputError(f"hooks= gives {each!r} for '{event}', which is no function.")
        self._functions.setdefault(event, []).extend(listed)

    def of(self, event: str) -> list[Callable[..., Any]]:
        """The functions of an event."""
        return self._functions.get(event, [])

    def look_between_steps(self) -> bool:
        """Whether somebody wants to be called after every single step."""
        return any(self.of(each) for each in BETWEEN_STEPS)

    def call(self, event: str, run: Run) -> None:
        """Tell everybody who listens."""
        for each in self.of(event):
            each(run)
