"""What is asked of a folder job, and what becomes of each photo."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tfviz.errors import InputError

PRODUCTS = ("overlay", "array", "panel")
# Of these the files don't depend: they say how, or which photos are refused.
NOT_IN_THE_FILES = ("batch_size", "max_pixels", "allow_truncated")


@dataclass(frozen=True)
class HeatmapSettings:
    """All that decides what the files hold.

    Attributes:
        method: A name in `tfviz.explain.cam.METHODS`.
        target: 'top1', 'top2', ..., a class index or a class name.
        against: Explain the target rather than this class.
        layer: 'auto', a name or a path; several with '+' between them.
        fuse: How the maps of several layers become one; None does as the method's paper.
        smooth: Take the mean of the maps of mirrored and scaled copies too.
        value_range: Overrules what is known of the model.
        resize: 'stretch', 'crop' or 'letterbox'; None takes what the model tells, or 'stretch'.
        save: Any of `PRODUCTS`.
        colormap: Of the overlay; None takes the default.
        alpha: Strength of the overlay; None takes the default.
        output: Which output of a model with several, by index or name; None takes the first.
        batch_size: How many photos the model sees at once; 'auto' measures which is fastest.
        max_pixels: Larger photos are refused before they are decoded; None takes the reader's
            limit.
        allow_truncated: Explain what is there of a photo that is cut off.
    """

    method: str = "gradcam"
    target: str = "top1"
    against: str | None = None
    layer: str = "auto"
    fuse: str | None = None
    smooth: bool = False
    value_range: str | None = None
    resize: str | None = None
    save: tuple[str, ...] = ("overlay", "array")
    colormap: str | None = None
    alpha: float | None = None
    output: int | str | None = None
    batch_size: int | str = 16
    max_pixels: int | None = None
    allow_truncated: bool = False

    def check(self) -> None:
        """Refuse what can't be, before anything is loaded for it.

        Raises:
            InputError: With what is allowed.
        """
        if not self.save:
            raise InputError(f"Nothing to save: save is any of {', '.join(PRODUCTS)}.")
        unknown = [each for each in self.save if each not in PRODUCTS]
        if unknown:
            raise InputError(f"Can't save {unknown[0]!r}: save is any of {', '.join(PRODUCTS)}.")
        size = self.batch_size
        if size != "auto" and (not isinstance(size, int) or size < 1):
            raise InputError(
                f"batch_size={size!r}: at least one photo must run at once, or 'auto'."
            )

    @property
    def identity(self) -> dict[str, Any]:
        """What two runs must share for their results to lie in one folder, ready for JSON."""
        kept = {k: v for k, v in asdict(self).items() if k not in NOT_IN_THE_FILES}
        return {**kept, "save": sorted(set(self.save))}


@dataclass(frozen=True)
class HeatmapResult:
    """What became of one photo.

    Attributes:
        input: Its name as given.
        reason: Why there is no map; None when there is one.
        sees: What the model says of it, in words.
        confidence: How sure it is of that, 0 to 1; None where the output is no probability.
        output: The raw output behind `sees` where it is no probability.
        target: What was explained.
        score: The explained score, a logit where there is one.
        probability: Of the explained class, 0 to 1; None where there is none.
        layer: Where it was explained.
        map_range: Lowest and highest value of the raw map.
        note: Why the map is blank or not finite; empty otherwise.
        files: What was written, below the folder of results.
        top: The most likely classes with their probabilities.
        seconds: Spent on this photo: its reading and drawing, and its share of the model's time.
        earlier: Whether an earlier run finished it.
    """

    input: str
    reason: str | None = None
    sees: str = ""
    confidence: float | None = None
    output: float | None = None
    target: str = ""
    score: float | None = None
    probability: float | None = None
    layer: str = ""
    map_range: tuple[float, float] | None = None
    note: str = ""
    files: tuple[str, ...] = ()
    top: tuple[tuple[str, float], ...] = field(default=())
    seconds: float | None = None
    earlier: bool = False

    def to_dict(self) -> dict[str, Any]:
        """For JSON: without what is empty, and without numbers JSON has no words for."""
        found = asdict(self)
        found["top"] = tuple(each for each in self.top if _is_json(each))
        # A score of 0.0 says something, though it equals False.
        kept = {k: v for k, v in found.items() if v is not None and v is not False}
        return {k: v for k, v in kept.items() if v not in ("", ()) and _is_json(v)}

    @classmethod
    def from_dict(cls, line: dict[str, Any]) -> HeatmapResult:
        """A result from a journal's line, as one of an earlier run."""
        known = {k: line[k] for k in cls.__dataclass_fields__ if k in line}
        found = cls(**{**known, "earlier": True})
        return replace(
            found,
            files=tuple(found.files),
            top=tuple((str(name), float(value)) for name, value in found.top),
            map_range=None if found.map_range is None else (found.map_range[0], found.map_range[1]),
        )


def _is_json(value: Any) -> bool:
    """Whether all numbers in it are finite."""
    if isinstance(value, tuple):
        return all(map(_is_json, value))
    return not isinstance(value, float) or math.isfinite(value)
