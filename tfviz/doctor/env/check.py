"""A check, and a round of them: run side by side, told in order.

A check is a function from a machine to a result. It never fails: what it can't find out is an
answer, and so is that it took too long.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import queue
import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from tfviz.doctor.env.machine import Machine
from tfviz.doctor.env.result import Result

SECONDS = 5.0
NAP = 0.25


@dataclass(frozen=True)
class Check:
    """One question to a machine.

    Attributes:
        name: As typed: `tfviz doctor env NAME`.
        title: Its heading.
        about: What it looks at, for the list.
        look: Finds out.
        seconds: Its time limit.
        deep: Whether it is only run when asked for, because it starts TensorFlow.
    """

    name: str
    title: str
    about: str
    look: Callable[[Machine], Result]
    seconds: float = SECONDS
    deep: bool = False

    def __call__(self, machine: Machine) -> Result:
        """The result. Never raises."""
        try:
            return self._named(self.look(machine))
        except Exception as error:
            # Whatever an odd machine does to a check, the other checks still count.
            result = Result(
                f"could not find out: {type(error).__name__} in the check itself",
                rows=(("error", f"{type(error).__name__} at {_where(error)}"),),
                known=False,
            )
            return self._named(result)

    def late(self) -> Result:
        """What is said when its time is up."""
        return self._named(
            Result(f"could not find out: no answer within {self.seconds:g} s", known=False)
        )

    def _named(self, result: Result) -> Result:
        return dataclasses.replace(result, check=self.name, title=self.title)


def examine(checks: Sequence[Check], machine: Machine) -> Generator[Result, None, None]:
    """Run checks side by side and hand on each result as soon as all before it are there.

    Args:
        checks: In the order of the results.
        machine: What they look at.

    Yields:
        One result a check. Children of a check that was not waited for are ended.
    """
    # Read once here, not once in every thread.
    _ = machine.installed, machine.shell
    answers: list[queue.SimpleQueue[Result]] = [queue.SimpleQueue() for _ in checks]
    began = time.monotonic()
    for check, answer in zip(checks, answers, strict=True):
        run = functools.partial(_put, check, machine, answer)
        # Daemons: a check that hangs doesn't keep the process alive.
        threading.Thread(target=run, name=f"tfviz-{check.name}", daemon=True).start()
    try:
        for check, answer in zip(checks, answers, strict=True):
            result = _awaited(answer, began + check.seconds)
            yield check.late() if result is None else result
    finally:
        machine.children.stop()


def _awaited(answer: queue.SimpleQueue[Result], until: float) -> Result | None:
    while True:
        left = until - time.monotonic()
        with contextlib.suppress(queue.Empty):
            # In short naps: on Windows, Ctrl-C is only heard between them.
            return answer.get(timeout=min(max(left, 0.0), NAP))
        if left <= 0:
            return None


def _put(check: Check, machine: Machine, answer: queue.SimpleQueue[Result]) -> None:
    answer.put(check(machine))


def _where(error: BaseException) -> str:
    """The line of a check that failed, for a report: it names no file of the user's."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    if at is None:
        return "an unknown line"
    file = at.tb_frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
    return f"{file}:{at.tb_lineno}"
