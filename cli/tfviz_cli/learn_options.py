"""What all lessons share: where to write, and as what."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tfviz.learn.lesson import Lesson

OUT = "lessons"


def saving_options(save: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--out` and `--save`, whose default differs by lesson; what can't be fails at once."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def function(*args: Any, **options: Any) -> Any:
            if (formats := _formats(options["save"])) != ["none"]:
                from tfviz.learn.lesson import check_saving

                check_saving(options["out"], formats)
            return command(*args, **options)

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


def _formats(save: str) -> list[str]:
    return [each.strip().lower() for each in save.split(",") if each.strip()]


def say(text: str) -> None:
    """Print, with `inf` where the terminal has no sign for infinity."""
    try:
        "∞".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        text = text.replace("∞", "inf")
    click.echo(text)


def write(lessons: Iterable[Lesson], out: str, save: str) -> None:
    """Save lessons and say where they are."""
    formats = _formats(save)
    if formats == ["none"]:
        return
    lessons = list(lessons)
    paged = [lesson for lesson in lessons if "html" in formats and "html" in lesson.formats()]
    source = click.get_current_context().get_parameter_source("save")
    written = []
    for lesson in lessons:
        # A page that was asked for, and that none of them has, is an error; one that only goes
        # without saying, or that another of them has, is not.
        spared = paged or source == click.core.ParameterSource.DEFAULT
        without = [each for each in formats if each != "html"]
        written += lesson.save(out, without if spared and lesson not in paged else formats)
    if written:
        names = [str(path) for path in written]
        most = 8
        more = f" and {len(names) - most} more" if len(names) > most else ""
        click.echo(f"\nWrote {', '.join(names[:most])}{more}")
