"""What all lessons share: where to write, and as what."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from tfviz.learn.lesson import Lesson

OUT = "lessons"
FILES = ("model", "data", "image", "images", "checkpoints")
PLAIN = (bool, int, float, str)
# They change where and how, and nothing that is shown.
NOT_IN_NAMES = ("out", "save", "gif", "custom", "unsafe", "every")


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


def write(lessons: Iterable[Lesson], out: str, save: str, *, each_by_name: bool = False) -> None:
    """Save lessons and say where they are.

    Args:
        lessons: What the command made.
        out: The folder.
        save: The formats.
        each_by_name: Whether the arguments are a list, of which each lesson's name is one.
    """
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
        spared = paged or source == ParameterSource.DEFAULT
        without = [each for each in formats if each != "html"]
        stem = _stem(lesson if each_by_name else None)
        wanted = without if spared and lesson not in paged else formats
        written += lesson.save(out, wanted, stem=stem)
    if written:
        names = [str(path) for path in written]
        most = 8
        more = f" and {len(names) - most} more" if len(names) > most else ""
        click.echo(f"\nWrote {', '.join(names[:most])}{more}")


def _stem(named: Lesson | None) -> str:
    """A name that says what was asked: the command, its arguments, and options unlike default."""
    from tfviz.learn.naming import file_stem

    context = click.get_current_context()
    words: list[object] = [context.command.name if named is None else named.name]
    settings: dict[str, object] = {}
    for each in context.command.params:
        value = context.params.get(each.name or "")
        if each.name in NOT_IN_NAMES or value is None:
            continue
        if each.name in FILES:
            value = [Path(one) for one in value] if isinstance(value, tuple) else Path(value)
        if isinstance(each, click.Argument):
            words += [value] if named is None else []
        elif context.get_parameter_source(each.name or "") != ParameterSource.DEFAULT:
            option = max(each.opts, key=len).lstrip("-")
            # A default that was typed out asks for the same.
            settings[option] = None if value == _default(each, context) else value
    return file_stem(words, settings)


def _default(option: click.Parameter, context: click.Context) -> object:
    default = option.default
    return option.type_cast_value(context, default) if isinstance(default, PLAIN) else None
