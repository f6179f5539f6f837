"""What all lessons share: where to write, and as what."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tfviz.learn.lesson import Lesson

OUT = "lessons"


def saving_options(save: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--out` and `--save`, whose default differs by lesson."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        function = click.option(
            "--save",
            default=save,
            show_default=True,
            metavar="FORMATS",
            help="Of png, svg, html and json, with commas between; none writes nothing.",
        )(function)
        return click.option(
            "--out",
            default=OUT,
            show_default=True,
            metavar="FOLDER",
            type=click.Path(file_okay=False),
            help="Where the files go.",
        )(function)

    return decorate


def write(lessons: Iterable[Lesson], out: str, save: str) -> None:
    """Save lessons and say where they are."""
    formats = [each.strip() for each in save.split(",") if each.strip()]
    if formats == ["none"]:
        return
    written = [path for lesson in lessons for path in lesson.save(out, formats)]
    if written:
        names = [str(path) for path in written]
        most = 8
        more = f" and {len(names) - most} more" if len(names) > most else ""
        click.echo(f"\nWrote {', '.join(names[:most])}{more}")
