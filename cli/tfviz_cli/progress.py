"""What a long job tells while it runs: a bar where somebody looks, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tfviz.jobs.results import HeatmapResult

# A log wants a sign of life now and then, and none from a job that is over at once.
LINE_EVERY_SECONDS = 10.0


def watched(
    results: Iterable[HeatmapResult], total: int, *, quiet: bool
) -> Iterator[HeatmapResult]:
    """The results as they come, told on standard error.

    Args:
        results: Of a job.
        total: How many there will be.
        quiet: Tell nothing.
    """
    if quiet or total < 2:
        yield from results
    elif sys.stderr.isatty():
        yield from _with_bar(results, total)
    else:
        yield from _with_lines(results, total)


def _with_bar(results: Iterable[HeatmapResult], total: int) -> Iterator[HeatmapResult]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("Explaining"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[told]}"),
    )
    pace = _Pace(total)
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total, told="")
        for result in results:
            pace.count(result)
            progress.update(task, advance=1, told=pace.told(), refresh=False)
            yield result


def _with_lines(results: Iterable[HeatmapResult], total: int) -> Iterator[HeatmapResult]:
    pace = _Pace(total)
    last = time.monotonic()
    for result in results:
        pace.count(result)
        now = time.monotonic()
        if now - last >= LINE_EVERY_SECONDS:
            last = now
            click.echo(f"{pace.seen} of {total}, {pace.told()}", err=True)
        yield result


class _Pace:
    """How fast a job goes, without its start and what an earlier run had finished."""

    def __init__(self, total: int) -> None:
        self.total, self.seen, self.new, self.failed = total, 0, -1, 0
        self.start = 0.0

    def count(self, result: HeatmapResult) -> None:
        """One more has come."""
        self.seen += 1
        self.failed += result.reason is not None
        if not result.earlier:
            # Before the first there is the tracing of the model, which comes once.
            self.start = self.start or time.monotonic()
            self.new += 1

    def told(self) -> str:
        """Rate, remaining time and failures, in words."""
        took = time.monotonic() - self.start
        parts = []
        if self.new > 0 and took > 0:
            rate = self.new / took
            parts = [f"{rate:.1f} a second", f"{_duration((self.total - self.seen) / rate)} left"]
        if self.failed:
            parts.append(f"{self.failed} failed")
        return ", ".join(parts)


def _duration(seconds: float) -> str:
    """Seconds as people say them: `42 s`, `3 min 20 s`, `2 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
