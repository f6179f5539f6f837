"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from click.shell_completion import CompletionItem

from tfviz.model.architectures import ARCHITECTURES


class ModelName(click.ParamType):
    """A model file or a known name; completes both."""

    name = "model"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Known names first, then files."""
        known = ["everyday10", *ARCHITECTURES]
        hits = [each for each in known if each.lower().startswith(incomplete.lower())]
        return [CompletionItem(each) for each in hits] + [CompletionItem(incomplete, type="file")]


def loading_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--custom-objects` and `--unsafe`."""
    function = click.option(
        "--unsafe",
        is_flag=True,
        help="Also run the Python code (Lambda layers) that a model file brings along.",
    )(function)
    return click.option(
        "--custom-objects",
        "custom",
        multiple=True,
        metavar="MODULE:NAME",
        help="A class or function of your own that the model file uses. Repeatable.",
    )(function)


def custom_objects(given: tuple[str, ...]) -> dict[str, Any]:
    """The objects behind `module:Name`, by name."""
    from tfviz.model.loading import import_object

    return dict(import_object(each) for each in given)
