"""A page to step through: one self-contained HTML file, for eyes, keyboard and screen reader.

It works offline and from `file://`. Without JavaScript, and on paper, all steps stand one below
the other.
"""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATE = Path(__file__).parent / "data" / "stepping.html"


@dataclass(frozen=True)
class Step:
    """What one step shows.

    Attributes:
        title: A few words.
        picture: SVG text beginning with `<svg`, or the bytes of a PNG; '' for none.
        description: What is to be seen in the picture, in words, for who can't see it.
        text: Paragraphs of plain text.
        table: Rows of text, the first is the head; empty for none.
        code: Lines of code or numbers in a fixed width; '' for none.
        level: 0 for a step of the walk; 1 for one that refines the step before it.
    """

    title: str
    picture: str | bytes = ""
    description: str = ""
    text: Sequence[str] = ()
    table: Sequence[Sequence[str]] = ()
    code: str = ""
    level: int = 0


def stepping_page(
    title: str,
    steps: Sequence[Step],
    *,
    intro: Sequence[str] = (),
    notes: Sequence[str] = (),
    data: Any = None,
) -> str:
    """The page as text.

    Keys: right and left (or space and backspace) go on and back, Home and End to the ends; d leaves
    the steps of level 1 out, or takes them in again (the button 'Details'). What is wider than the
    page can be focused, and the arrows scroll it then. Each step's title and paragraphs are
    announced to screen readers; its picture, whose text is the description, its code and its table
    (the first cell of a row is its head) are there to be read at leisure. The address ends in the
    number of the step (`#3`), so that one can link to it.

    Args:
        title: Of the page.
        steps: At least one.
        intro: Paragraphs above the steps.
        notes: What to keep in mind, below them: limits, conventions.
        data: Numbers to carry along, as JSON can hold them.

    Returns:
        HTML, all assets inside.
    """
    if not steps:
        raise ValueError("a page needs at least one step")
    # In a script element a browser would take `</` for its end, and `<!--` for a comment.
    carried = json.dumps(data, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    return _template().render(
        title=title,
        steps=[(step, _picture(step)) for step in steps],
        intro=list(intro),
        notes=list(notes),
        data=None if data is None else carried,
    )


def _picture(step: Step) -> dict[str, str]:
    if not step.picture:
        return {}
    if isinstance(step.picture, bytes):
        return {"png": base64.b64encode(step.picture).decode("ascii")}
    # What stands before the element (declaration, document type) has no place within HTML.
    return {"svg": step.picture[step.picture.index("<svg") :]}


@functools.cache
def _template() -> Template:
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
