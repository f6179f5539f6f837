"""A diagnosis, read from its TOML file.

    id = "viz.imshow_shape.batch_dim"        # family first; the file is data/viz/imshow_shape.batch_dim.toml
    title = "imshow was given a batch"
    cause = "`imshow` draws one picture; {shape} is a batch of {n}."   # named groups of the pattern
    instead = "If the first axis is channels, ..."      # the check that separates it from its neighbours
    links = ["https://..."]
    beats = ["viz.imshow_shape"]             # neighbours that are less exact about the same words
    severity = "error"                       # or "harmless"

    [defaults]                               # for groups that a match may lack
    shape = "the array"

    [fix]
    text = "Draw one picture of the batch."
    code = "plt.imshow(x[0])"
    commands = ["python -m pip install ..."]

    [[match]]                                # any of them; within one, all that is given must hold
    types = ["TypeError"]                    # last part of the exception type; unknown types pass
    message = '''Invalid shape (?P<shape>\\((?P<n>1), \\d+, \\d+, [134]\\)) for image data'''
    confidence = "certain"                   # or "likely"

    [shapes]                                 # drawn as two lines, a caret under the group 'n'
    have = "{shape}"
    need = "(height, width, 3)"
    culprit = "n"

    [example]                                # tests run both on the installed versions
    wrong = "..."
    right = "..."
    text = "..."                             # instead of wrong, for what can't be provoked here

Source of the form: `rustc --explain`.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfviz.errors import InputError, nearest

DATA = Path(__file__).parent / "data"
FAMILIES = (
    "viz", "cv2", "pil", "numpy", "data", "shape", "loss", "autodiff", "keras", "keras2",
    "keras3", "load", "tf1", "tf", "memory", "env", "fs", "net", "train", "visdom", "torch",
    "python", "tfviz",
)  # fmt: skip


@dataclass(frozen=True)
class Fix:
    """What to do: in words, as code, as commands for a shell."""

    text: str
    code: str = ""
    commands: tuple[str, ...] = ()


@dataclass(frozen=True)
class Diagnosis:
    """One entry of the catalogue; see the head of this file for the form."""

    id: str
    title: str
    cause: str
    fix: Fix
    instead: str = ""
    links: tuple[str, ...] = ()
    beats: tuple[str, ...] = ()
    severity: str = "error"
    defaults: Mapping[str, str] = field(default_factory=dict)
    match: tuple[Mapping[str, Any], ...] = ()
    shapes: Mapping[str, str] = field(default_factory=dict)
    example: Mapping[str, str] = field(default_factory=dict)

    @property
    def family(self) -> str:
        """The first part of the id."""
        return self.id.split(".", 1)[0]


_GROUP = re.compile(r"(['`]?)\{([a-z_]\w*)\}(['`]?)")
_BEGINNINGS = ("The ", "A ", "An ", "One ", "What ", "Some ", "Another ", "Class ", "This ")


def fill(
    template: str,
    groups: Mapping[str, str | None],
    defaults: Mapping[str, str],
    *,
    code: bool = False,
) -> str:
    """Put what a pattern found into a sentence; a name nothing is known of stays as it is.

    A default is often a description, and reads as one: it loses the quotes that a found name has,
    and is capital only where a sentence starts.

    Args:
        template: With names in braces.
        groups: What is known.
        defaults: What is said instead.
        code: Whether it is program text, where quotes stay.

    >>> fill("{shape} is a batch", {"shape": "(1, 2)"}, {})
    '(1, 2) is a batch'
    >>> fill("'{layer}' has none", {}, {"layer": "the layer"})
    'The layer has none'
    """

    def value(match: re.Match[str]) -> str:
        before, name, after = match.groups()
        found = groups.get(name)
        quoted = before and before == after
        if found:
            double = quoted and len(found) > 2 and found[0] == found[-1] == before
            return found if double and not code else f"{before}{found}{after}"
        default = defaults.get(name)
        if not default:
            return f"{before}{'' if name in groups or name in defaults else f'{{{name}}}'}{after}"
        if code or " " not in default:
            return f"{before}{default}{after}"
        text = _in_sentence(default, template[: match.start()])
        return text if quoted else f"{before}{text}{after}"

    text = _GROUP.sub(value, template)
    # An empty default leaves a gap.
    return text if code else re.sub(r"(?<=\w)  +(?=\w)", " ", text)


def _in_sentence(description: str, before: str) -> str:
    """With a capital where a sentence starts, and without one elsewhere."""
    start = not before.strip() or before.rstrip().endswith((".", "!", "?"))
    if start:
        return description[0].upper() + description[1:]
    if description.startswith(_BEGINNINGS):
        return description[0].lower() + description[1:]
    return description


def read(path: Path) -> Diagnosis:
    """Read one file.

    Raises:
        ValueError: When something is missing or unknown; the file is named.
    """
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    known = {"id", "title", "cause", "instead", "links", "beats", "severity", "defaults", "fix",
             "match", "shapes", "example"}  # fmt: skip
    missing = {"id", "title", "cause", "fix", "match", "example"} - set(data)
    unknown = set(data) - known
    if missing or unknown:
        raise ValueError(f"{path.name}: missing {sorted(missing)}, unknown {sorted(unknown)}")
    fix = data.pop("fix")
    return Diagnosis(
        **{
            **data,
            "cause": " ".join(data["cause"].split()),
            "instead": " ".join(data.get("instead", "").split()),
            "links": tuple(data.get("links", ())),
            "beats": tuple(data.get("beats", ())),
            "match": tuple(data["match"]),
            "fix": Fix(
                " ".join(fix["text"].split()),
                fix.get("code", "").strip("\n"),
                tuple(fix.get("commands", ())),
            ),
        }
    )


def path_of(identifier: str) -> Path:
    """Where the file of a diagnosis lies."""
    family, _, rest = identifier.partition(".")
    return DATA / family / f"{rest}.toml"


@functools.cache
def diagnosis(identifier: str) -> Diagnosis:
    """One diagnosis by its id.

    Raises:
        InputError: When there is none; near ids are named.
    """
    path = path_of(identifier)
    if not re.fullmatch(r"[\w.]+", identifier) or not path.is_file():
        raise InputError(
            f"There is no diagnosis '{identifier}'.{nearest(identifier, identifiers())} "
            f"`tfviz doctor list` shows all."
        )
    return read(path)


@functools.cache
def identifiers() -> tuple[str, ...]:
    """The ids of all diagnoses, sorted."""
    found = (f"{path.parent.name}.{path.stem}" for path in DATA.glob("*/*.toml"))
    return tuple(sorted(found))
