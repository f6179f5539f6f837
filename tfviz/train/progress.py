"""What is shown while training: a bar in a terminal, a table in a notebook, lines elsewhere."""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Mapping
from typing import Any

from tfviz.errors import InputError

# A log file wants a line now and then, not ten a second.
SECONDS_BETWEEN_LINES = 30.0
CHOICES = ("auto", "bar", "lines", "notebook", "none")


class Silent:
    """Shows nothing; the others do the same at the same times."""

    def begin(self, epochs: int, steps: int | None) -> None:
        """The run begins."""

    def epoch(self, epoch: int) -> None:
        """An epoch begins."""

    def step(self, done: int, steps: int | None, logs: Mapping[str, float]) -> None:
        """Some steps were made; `done` of this epoch."""

    def epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        """An epoch was finished."""

    def say(self, sentence: str) -> None:
        """Something happened that should be read."""

    def end(self) -> None:
        """The run is over, also by an error."""


class _Timed(Silent):
    """Knows how fast it goes and how long it will take."""

    def begin(self, epochs: int, steps: int | None) -> None:
        self.epochs, self.steps = epochs, steps
        self.current = self.first = 0
        self._since: float | None = None
        self._made = self._before = 0

    def epoch(self, epoch: int) -> None:
        self.current = epoch
        self._before = 0

    def count(self, done: int) -> None:
        """Count steps; the first ones, which are compiled, don't count for the rate."""
        new = done - self._before
        self._before = done
        if self._since is None:
            self._since = time.perf_counter()
        else:
            self._made += new

    @property
    def rate(self) -> float:
        """Steps a second; 0 when not known yet."""
        if self._since is None or self._made == 0:
            return 0.0
        return self._made / max(time.perf_counter() - self._since, 1e-9)

    def remaining(self, done: int, steps: int | None) -> float | None:
        """Seconds to the end of the run, None when not known."""
        if not self.rate or steps is None:
            return None
        return (steps - done + (self.epochs - 1 - self.current) * steps) / self.rate


class Lines(_Timed):
    """Plain lines, for logs and pipes.

    Args:
        write: Takes a line.
    """

    def __init__(self, write: Callable[[str], Any] | None = None) -> None:
        self._write = write or (lambda line: print(line, flush=True))
        self._last = 0.0

    def step(self, done: int, steps: int | None, logs: Mapping[str, float]) -> None:
        self.count(done)
        now = time.perf_counter()
        if self._last == 0.0:
            self._last = now
        if now - self._last < SECONDS_BETWEEN_LINES:
            return
        self._last = now
        of = "" if steps is None else f"/{steps}"
        left = self.remaining(done, steps)
        parts = [f"epoch {self.current + 1}/{self.epochs}, step {done}{of}", written(logs)]
        parts += [f"{self.rate:.3g} steps/s"] if self.rate else []
        parts += [f"{_clock(left)} left"] if left is not None else []
        self._write(", ".join(each for each in parts if each))

    def epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        self._last = time.perf_counter()
        self._write(f"epoch {epoch + 1}/{self.epochs}: {written(logs)}")

    def say(self, sentence: str) -> None:
        self._write(sentence)


class Bar(_Timed):
    """A bar for the epoch, finished epochs above it, by rich.

    Args:
        console: A `rich.console.Console`.
    """

    def __init__(self, console: Any) -> None:
        self._console = console
        self._bar: Any = None

    def begin(self, epochs: int, steps: int | None) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        super().begin(epochs, steps)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[said]}"),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task("", total=steps, said="")
        self._bar.start()

    def epoch(self, epoch: int) -> None:
        super().epoch(epoch)
        self._bar.reset(
            self._task, description=f"epoch {epoch + 1}/{self.epochs}", total=self.steps, said=""
        )

    def step(self, done: int, steps: int | None, logs: Mapping[str, float]) -> None:
        self.count(done)
        left = self.remaining(done, steps)
        parts = [written(logs)]
        parts += [f"{self.rate:.3g} steps/s"] if self.rate else []
        parts += [f"{_clock(left)} left"] if left is not None else []
        said = "  ".join(each for each in parts if each)
        self._bar.update(self._task, completed=done, total=steps, said=said)

    def epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        self.say(f"epoch {epoch + 1}/{self.epochs}: {written(logs)}")

    def say(self, sentence: str) -> None:
        self._console.print(sentence, markup=False, highlight=False, soft_wrap=True)

    def end(self) -> None:
        if self._bar is not None:
            self._bar.stop()


class Notebook(_Timed):
    """A table of epochs under a bar, updated in place in a notebook's output.

    Args:
        display: `IPython.display.display`; its own by default.
    """

    def __init__(self, display: Callable[..., Any] | None = None) -> None:
        self._display = display
        self._handle: Any = None
        self._rows: list[dict[str, float]] = []
        self._said: list[str] = []
        self._bar = ""

    def step(self, done: int, steps: int | None, logs: Mapping[str, float]) -> None:
        self.count(done)
        left = self.remaining(done, steps)
        parts = [f"epoch {self.current + 1}/{self.epochs}", written(logs)]
        parts += [f"{self.rate:.3g} steps/s"] if self.rate else []
        parts += [f"{_clock(left)} left"] if left is not None else []
        largest = f' max="{steps}" value="{done}"' if steps else ""
        self._bar = f"<progress{largest}></progress> {html.escape(', '.join(filter(None, parts)))}"
        self._show()

    def epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        self._rows.append({"epoch": epoch + 1, **logs})
        self._show()

    def say(self, sentence: str) -> None:
        self._said.append(sentence)
        self._show()

    def end(self) -> None:
        self._bar = ""
        self._show()

    def html(self) -> str:
        """What stands in the output cell."""
        names = list(dict.fromkeys(name for row in self._rows for name in row))
        head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
        rows = "".join(
            "<tr>" + "".join(f"<td>{_value(row.get(name))}</td>" for name in names) + "</tr>"
            for row in self._rows
        )
        table = f"<table><tr>{head}</tr>{rows}</table>" if self._rows else ""
        said = "".join(f"<p>{html.escape(each)}</p>" for each in self._said)
        return f"<div>{self._bar}{table}{said}</div>"

    def _show(self) -> None:
        if self._display is None:
            from IPython.display import display  # type: ignore[import-not-found]

            self._display = display
        shown = {"text/html": self.html(), "text/plain": self._plain()}
        if self._handle is None:
            self._handle = self._display(shown, raw=True, display_id=True)
        elif self._handle is not None:
            self._handle.update(shown, raw=True)

    def _plain(self) -> str:
        return "\n".join(written(row) for row in self._rows)


def choose(progress: Any, console: Any = None) -> Silent:
    """The way to show progress that suits where the output goes.

    Args:
        progress: 'auto', 'bar', 'lines', 'notebook', 'none'; True and False for 'auto' and 'none'.
        console: A `rich.console.Console`; the standard output by default.

    Raises:
        InputError: When it is none of these.
    """
    if isinstance(progress, Silent):
        return progress
    wanted = {True: "auto", False: "none", None: "none"}.get(progress, progress)
    if wanted not in CHOICES:
        raise InputError(f"progress={progress!r} is unknown: it is one of {', '.join(CHOICES)}.")
    if wanted == "none":
        return Silent()
    if wanted == "lines":
        return Lines()
    if wanted == "notebook":
        return Notebook()
    from rich.console import Console

    out = console or Console()
    if wanted == "auto" and out.is_jupyter:
        return Notebook()
    if wanted == "bar" or (out.is_terminal and not out.is_dumb_terminal):
        return Bar(out)
    return Lines()


def written(logs: Mapping[str, float]) -> str:
    """'loss 0.31  accuracy 0.9'."""
    return "  ".join(f"{name} {_value(value)}" for name, value in logs.items())


def _value(value: Any) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{float(value):.4g}"


def _clock(seconds: float) -> str:
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
