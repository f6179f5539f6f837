"""Heatmaps of many photos, written to files: what `tfviz heatmap` does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from tfviz.draw.colormaps import colorize
from tfviz.draw.panel import panel
from tfviz.errors import InputError, OutputError, TargetError, nearest
from tfviz.explain.cam import METHODS
from tfviz.explain.explanation import Explanation
from tfviz.explain.target import Target
from tfviz.explain.targets import Contrast, as_target
from tfviz.files import Source, ensure_writable, output_stems
from tfviz.image import read_rgb, sample_path, write_array, write_image
from tfviz.image.writing import JPEG_SUFFIXES
from tfviz.model.card import card_of
from tfviz.model.labels import top_rank
from tfviz.model.pixels import PixelPlan, plan_pixels

PRODUCTS = ("overlay", "array", "panel")
# Photos wait for each other in memory until a batch is full: 16 of 24 megapixels are 1.2 GB.
MOST_PIXELS_WAITING = 100_000_000
BARS = 5
# Of a single output unit, where the model brings no names along.
SIDES = ("positive", "negative")


@dataclass(frozen=True)
class HeatmapSettings:
    """All that decides what the files hold.

    Attributes:
        method: A name in `tfviz.explain.cam.METHODS`.
        target: 'top1', 'top2', ..., a class index or a class name.
        against: Explain the target rather than this class.
        layer: 'auto', a name or a path.
        value_range: Overrules what is known of the model.
        resize: 'stretch', 'crop' or 'letterbox'; None takes what the model tells, or 'stretch'.
        save: Any of `PRODUCTS`.
        colormap: Of the overlay; None takes the default.
        alpha: Strength of the overlay; None takes the default.
        batch_size: How many photos the model sees at once.
        output: Which output of a model with several, by index or name; None takes the first.
    """

    method: str = "gradcam"
    target: str = "top1"
    against: str | None = None
    layer: str = "auto"
    value_range: str | None = None
    resize: str | None = None
    save: tuple[str, ...] = ("overlay", "array")
    colormap: str | None = None
    alpha: float | None = None
    batch_size: int = 16
    output: int | str | None = None


@dataclass(frozen=True)
class HeatmapResult:
    """What became of one photo.

    Attributes:
        input: Its name as given.
        reason: Why there is no map; None when there is one.
        sees: What the model says of it, in words.
        confidence: How sure it is, 0 to 1; None where the output is no probability.
        output: The raw output behind `sees` where it is no probability.
        target: What was explained.
        score: The explained score, a logit where there is one.
        layer: Where it was explained.
        map_range: Lowest and highest value of the raw map.
        note: Why the map is blank or not finite; empty otherwise.
        files: What was written.
        top: The most likely classes with their probabilities.
    """

    input: str
    reason: str | None = None
    sees: str = ""
    confidence: float | None = None
    output: float | None = None
    target: str = ""
    score: float | None = None
    layer: str = ""
    map_range: tuple[float, float] | None = None
    note: str = ""
    files: tuple[str, ...] = ()
    top: tuple[tuple[str, float], ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """For JSON: without what is empty."""
        return {k: v for k, v in asdict(self).items() if v not in (None, "", ())}


class HeatmapJob:
    """Explain photos with one model and write what was asked for.

    Args:
        model: A `keras.Model` with one image input.
        sources: From `tfviz.files.find_images`.
        out: Folder for the results; made if absent, and tried before anything is computed.
        settings: What decides the results.

    Raises:
        InputError, TargetError, LayerError, OutputError: When nothing could start.
    """

    def __init__(
        self,
        model: Any,
        sources: Sequence[Source],
        out: str | Path,
        settings: HeatmapSettings | None = None,
    ) -> None:
        self.settings = settings or HeatmapSettings()
        self.sources = list(sources)
        self.out = Path(out)
        if not self.settings.save:
            raise InputError(f"Nothing to save: save is any of {', '.join(PRODUCTS)}.")
        unknown = [each for each in self.settings.save if each not in PRODUCTS]
        if unknown:
            raise InputError(f"Can't save {unknown[0]!r}: save is any of {', '.join(PRODUCTS)}.")
        if self.settings.method not in METHODS:
            raise InputError(
                f"There is no method '{self.settings.method}'."
                f"{nearest(self.settings.method, METHODS)} Known are {', '.join(METHODS)}."
            )
        if self.settings.colormap is not None:
            # Refuses an unknown name before any photo is explained.
            colorize(np.zeros(1), self.settings.colormap)
        self.pixels: PixelPlan = plan_pixels(
            model, value_range=self.settings.value_range, resize=self.settings.resize
        )
        self.target = named_target(model, self.settings.target, self.settings.against)
        layer = None if self.settings.layer == "auto" else self.settings.layer
        self.method = METHODS[self.settings.method](
            model, layer, output=self.settings.output, batch_size=self.settings.batch_size
        )
        ensure_writable(self.out)
        self.stems = output_stems(self.sources)

    def run(self) -> Iterator[HeatmapResult]:
        """Work through the photos; a photo that fails gives its reason and the others go on."""
        waiting: list[tuple[int, np.ndarray]] = []
        for index, source in enumerate(self.sources):
            try:
                photo = read_source(source)
            except InputError as error:
                yield HeatmapResult(source.name, reason=str(error))
                continue
            waiting.append((index, photo))
            pixels = sum(each.shape[0] * each.shape[1] for _, each in waiting)
            if len(waiting) == self.settings.batch_size or pixels > MOST_PIXELS_WAITING:
                yield from self._explain(waiting)
                waiting = []
        if waiting:
            yield from self._explain(waiting)

    def _explain(self, waiting: list[tuple[int, np.ndarray]]) -> Iterator[HeatmapResult]:
        photos = [photo for _, photo in waiting]
        explanation = self.method(self.pixels.apply(photos), self.target)
        if explanation.maps.ndim != 3:
            raise InputError(
                f"The maps of layer '{explanation.layer.path}' have shape "
                f"{explanation.maps.shape[1:]} and don't lie on a photo: choose a layer with "
                f"height and width (`tfviz layers` lists them)."
            )
        for row, (index, photo) in enumerate(waiting):
            yield self._write(explanation, row, self.sources[index], self.stems[index], photo)

    def _write(
        self,
        explanation: Explanation,
        row: int,
        source: Source,
        stem: PurePosixPath,
        photo: np.ndarray,
    ) -> HeatmapResult:
        settings = self.settings
        if not np.isfinite(explanation.maps[row]).all():
            return HeatmapResult(source.name, reason=f"no map: {explanation.notes[row]}")
        top = explanation.probabilities(row)
        sees, confidence, output = says(explanation, row)
        result = HeatmapResult(
            input=source.name,
            sees=sees,
            confidence=confidence,
            output=output,
            target=explanation.targets[row],
            score=float(explanation.scores[row]),
            layer=explanation.layer.path,
            map_range=(float(explanation.maps[row].min()), float(explanation.maps[row].max())),
            note="; ".join(each for each in (explanation.notes[row], *explanation.remarks) if each),
            top=tuple(top[:BARS]),
        )
        files = []
        try:
            (self.out / stem).parent.mkdir(parents=True, exist_ok=True)
            if "array" in settings.save:
                files.append(self._path(stem, ".map.npy"))
                write_array(files[-1], explanation.maps[row])
            if {"overlay", "panel"} & set(settings.save):
                heat = explanation.on_photo(row, photo.shape[:2], resize=self.pixels.resize)
                files += self._draw(explanation, row, source, stem, photo, heat, result)
        except OSError as error:
            raise OutputError(f"Can't write to '{self.out}': {error}.") from error
        return HeatmapResult(**{**result.__dict__, "files": tuple(str(each) for each in files)})

    def _draw(
        self,
        explanation: Explanation,
        row: int,
        source: Source,
        stem: PurePosixPath,
        photo: np.ndarray,
        heat: np.ndarray,
        result: HeatmapResult,
    ) -> list[Path]:
        from tfviz.draw.overlay import overlay

        settings = self.settings
        given = {"colormap": settings.colormap, "alpha": settings.alpha}
        options: dict[str, Any] = {name: v for name, v in given.items() if v is not None}
        files = []
        if "overlay" in settings.save:
            origin = source.path if source.sample is None else sample_path(source.sample)
            jpeg = origin is not None and origin.suffix.lower() in JPEG_SUFFIXES
            files.append(self._path(stem, ".overlay.jpg" if jpeg else ".overlay.png"))
            write_image(files[-1], overlay(photo, heat, **options))
        if "panel" in settings.save:
            files.append(self._path(stem, ".panel.png"))
            caption = f"{explanation.method} at layer {explanation.layer.path}."
            if result.note:
                caption += f" {result.note[0].upper()}{result.note[1:]}."
            picture = panel(
                photo,
                heat,
                title=f"Why {_readable(result.target)}?",
                bars=_bars(explanation, row, result),
                caption=caption,
                **options,
            )
            write_image(files[-1], picture)
        return files

    def _path(self, stem: PurePosixPath, ending: str) -> Path:
        return self.out / stem.parent / f"{stem.name}{ending}"


def _bars(explanation: Explanation, row: int, result: HeatmapResult) -> list[tuple[str, float]]:
    """The most likely classes, and the explained one when it isn't among them."""
    shown = list(result.top)
    everything = dict(explanation.probabilities(row))
    if result.target in everything and result.target not in dict(shown):
        shown[-1] = (result.target, everything[result.target])
    return [(_readable(name), value) for name, value in shown]


def _readable(name: str) -> str:
    return name.replace("_", " ")


def read_source(source: Source) -> np.ndarray:
    """The photo behind a source, uint8 RGB.

    Raises:
        InputError: When it can't be read, with the reason.
    """
    if source.reason is not None:
        raise InputError(source.reason)
    path = source.path if source.sample is None else sample_path(source.sample)
    assert path is not None  # a source is a file, a sample, or has a reason
    return read_rgb(path)


def named_target(model: Any, target: str, against: str | None) -> Target:
    """A target from what is typed on a command line.

    Args:
        model: With what is remembered of it (class names).
        target: 'top1', 'top2', ..., an index or a class name.
        against: The class to set it against, in the same words.

    Raises:
        TargetError: When no class is called so, or several are.
    """
    card = card_of(model)

    def one(text: str) -> Target:
        found = card.find_class(text)
        if isinstance(found, str) and top_rank(found) is None and found not in SIDES:
            raise TargetError(
                f"'{text}' is a class name, and this model brings none along: give its index, or "
                f"the names with --labels (labels= in Python)."
            )
        return as_target(found)

    first = one(target)
    if against is None:
        return first
    second = one(against)
    return Contrast(first, second)


def says(explanation: Explanation, row: int) -> tuple[str, float | None, float | None]:
    """What the model says of one input.

    Returns:
        The class in words; how sure the model is, None where the output is no probability; and the
        raw output in that case.
    """
    top = explanation.probabilities(row)
    if top:
        return top[0][0], top[0][1], None
    output = np.atleast_1d(explanation.outputs[row])
    if output.ndim > 1:
        classes = np.moveaxis(output, explanation.class_axis - 1, -1)
        if classes.shape[-1] == 1:
            return f"{(classes > 0.5).mean():.0%} of the places", None, None
        winner = int(classes.reshape(-1, classes.shape[-1]).mean(axis=0).argmax())
        return f"mostly {explanation.card.name_of(winner, classes.shape[-1])}", None, None
    if len(output) == 1:
        return "the output", None, float(output[0])
    winner = int(output.argmax())
    return explanation.card.name_of(winner, len(output)), None, float(output[winner])
