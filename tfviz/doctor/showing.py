"""A diagnosis in long form: what is wrong, what is right, and why."""

from __future__ import annotations

import textwrap

from tfviz.catalogue.diagnosis import FAMILIES, diagnosis, fill, identifiers
from tfviz.catalogue.index import rules
from tfviz.errors import InputError, nearest

WIDTH = 88


def show(identifier: str) -> str:
    """The long form of a diagnosis.

    Args:
        identifier: As `tfviz doctor list` shows it.

    Raises:
        InputError: When there is none of that name; near ones are named.
    """
    entry = diagnosis(identifier)

    def paragraph(text: str) -> list[str]:
        plain = fill(text, {}, entry.defaults)
        return textwrap.wrap(plain, WIDTH, break_long_words=False, break_on_hyphens=False)

    lines = [f"{fill(entry.title, {}, entry.defaults)}  [{entry.id}]", ""]
    lines += paragraph(entry.cause)
    for heading, key in (("Wrong", "wrong"), ("As it is printed", "text"), ("Right", "right")):
        if entry.example.get(key):
            body = entry.example[key].strip("\n")
            lines += ["", f"{heading}:", "", textwrap.indent(body, "    ")]
    lines += ["", *paragraph(f"Fix: {entry.fix.text}")]
    if entry.fix.code and "right" not in entry.example:
        lines += ["", textwrap.indent(fill(entry.fix.code, {}, entry.defaults), "    ")]
    for command in entry.fix.commands:
        lines.append(f"    $ {fill(command, {}, entry.defaults)}")
    if entry.instead:
        lines += ["", *paragraph(f"If that is not it: {entry.instead}")]
    if entry.links:
        lines += ["", *(f"See {link}" for link in entry.links)]
    return "\n".join(lines)


def listing(family: str | None = None) -> list[tuple[str, str]]:
    """(id, title) of all diagnoses, or of one family.

    Raises:
        InputError: When there is no such family.
    """
    present = sorted({each.split(".", 1)[0] for each in identifiers()}, key=FAMILIES.index)
    if family is not None and family not in present:
        raise InputError(
            f"There is no family '{family}' of diagnoses.{nearest(family, present)} "
            f"There are {', '.join(present)}."
        )
    chosen = present if family is None else [family]
    rows = [(rule["id"], rule["title"]) for rule in rules()]
    return [
        (identifier, fill(title, {}, diagnosis(identifier).defaults if "{" in title else {}))
        for each in chosen
        for identifier, title in rows
        if identifier.split(".", 1)[0] == each
    ]
