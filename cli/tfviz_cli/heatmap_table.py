"""What `tfviz heatmap` prints of its results."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tfviz.jobs.heatmap import HeatmapJob
    from tfviz.jobs.results import HeatmapResult

MOST_ROWS = 40
MOST_REASONS = 40


class Shown:
    """Keeps of a job's results what will be printed: a hundred thousand don't fit on a screen.

    Args:
        job: Whose results they are.
        as_json: Print each at once as a JSON object, and nothing else on standard output.
    """

    def __init__(self, job: HeatmapJob, *, as_json: bool) -> None:
        self.job, self.as_json = job, as_json
        self.rows: list[HeatmapResult] = []
        self.failures: list[HeatmapResult] = []
        self.files: list[str] = []
        self.seen = self.done = self.failed = self.earlier = self.written = 0

    def add(self, result: HeatmapResult) -> None:
        """Take one result."""
        self.seen += 1
        if self.as_json:
            files = tuple(str(self.job.out / each) for each in result.files)
            # ASCII: a file's name must pass through a pipe of any encoding.
            click.echo(json.dumps(replace(result, files=files).to_dict()))
        if result.reason is not None:
            self.failed += 1
            if self.failed <= MOST_REASONS:
                self.failures.append(result)
            return
        self.done += 1
        self.earlier += result.earlier
        if self.done <= MOST_ROWS:
            self.rows.append(result)
        if not result.earlier:
            self.written += len(result.files)
            self.files += result.files[: 2 - len(self.files)]

    def print_table(self) -> None:
        """One row a photo, without columns that say nothing."""
        if not self.rows:
            return
        from rich.console import Console
        from rich.table import Table

        rows = [_row(each) for each in self.rows]
        table = Table(box=None, pad_edge=False)
        used = [heading for heading in rows[0] if any(row[heading] for row in rows)]
        for heading in used:
            number = heading in ("sure", "output")
            table.add_column(heading, justify="right" if number else "left", overflow="fold")
        for row in rows:
            table.add_row(*(row[heading] for heading in used))
        width = None if sys.stdout.isatty() else 200
        Console(highlight=False, markup=False, width=width).print(table)
        if self.done > MOST_ROWS:
            click.echo(f"and {self.done - MOST_ROWS} more ({self.job.out / 'results.jsonl'})")

    def print_footer(self, knows: str) -> None:
        """What was written where, and what was assumed."""
        lines: list[Any] = []
        if self.written > 2:
            lines.append(f"Wrote {self.written} files to {self.job.out}")
        elif self.files:
            lines.append(f"Wrote {' and '.join(str(self.job.out / each) for each in self.files)}")
        if self.failed:
            lines.append(f"{self.done} of {self.seen} done, {self.failed} failed.")
        if self.earlier:
            new = "" if self.earlier < self.done else "; --overwrite makes them anew"
            what = "It was" if self.done == 1 else f"{self.earlier} of {self.done} were"
            lines.append(f"{what} finished by an earlier run, in {self.job.out}{new}.")
        pixels = self.job.pixels
        line = f"Pixel values: {pixels.in_words}"
        if pixels.assumed:
            line += "; if the model was trained on others, say so with --preprocess"
        lines.append(f"{line}.")
        if knows:
            lines.append(knows)
        click.echo()
        click.echo("\n".join(lines))

    def print_failures(self) -> None:
        """One line for each that failed, on standard error."""
        for result in self.failures:
            click.echo(failure(result.input, result.reason or ""), err=True)
        if self.failed > MOST_REASONS:
            more = f"and {self.failed - MOST_REASONS} more failed"
            click.echo(f"{more} ({self.job.out / 'results.jsonl'})", err=True)


def failure(name: str, reason: str) -> str:
    """One line for what failed; most reasons name the file themselves."""
    said = f"{reason[:1].upper()}{reason[1:]}" if name in reason else f"{name}: {reason}"
    return f"Error: {said}"


def _row(result: HeatmapResult) -> dict[str, str]:
    return {
        "file": result.input,
        "sees": result.sees,
        "sure": "" if result.confidence is None else f"{result.confidence:.1%}",
        "output": "" if result.output is None else f"{result.output:.4g}",
        "explains": "" if result.target == result.sees else result.target,
        "layer": result.layer,
        "note": result.note,
    }
