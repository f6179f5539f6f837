"""What an explanation found: raw maps, what they explain, and how they came about."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfviz.errors import InputError
from tfviz.explain.targets import Contrast, Function, Side, Target
from tfviz.model.card import Card
from tfviz.model.choice import Choice
from tfviz.model.shapes import places_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tfviz.explain.compiled import Facts


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """Why a model says what it says, for a batch of inputs.

    Attributes:
        maps: (batch, *spatial) float32, raw and in the resolution of the layer. Not normalised: a
            weak map has small numbers.
        scores: (batch,) float32, what was explained: logits where there are any.
        targets: What was explained of each input, in words: 'tabby', 'tabby rather than lynx'.
        units: (batch,) int32, the output unit explained; -1 for a function of the outputs.
        outputs: (batch, ...) float32, what the model puts out (the explained output of several).
        layer: Where it was explained, why there, and what else could have been taken.
        score_from: How the score was obtained, in words.
        notes: One a input: why a map is blank, all-negative or not finite; empty otherwise.
        method: 'gradcam', ...
        activation: What ends the model: 'softmax', 'sigmoid', ... or None.
        input_shape: Of one input that the layer looks at, without the batch axis.
        calls: One Explanation for each call of the layer, this one first: a layer that a siamese
            model calls twice has two maps, each of its own input.
        images: The photos to draw on, as given.
        resize: How the photos were brought to the model's size; None: stretched.
        class_axis: The axis of `outputs` that holds the classes.
        remarks: What holds for all inputs: which output, how tokens were folded, which call.
        card: What is known of the model: class names, resize.
    """

    maps: np.ndarray
    scores: np.ndarray
    targets: tuple[str, ...]
    units: np.ndarray
    outputs: np.ndarray
    layer: Choice
    score_from: str
    notes: tuple[str, ...]
    method: str
    activation: str | None
    input_shape: tuple[int, ...]
    images: Any = None
    resize: str | None = None
    class_axis: int = -1
    card: Card = field(default_factory=Card)
    remarks: tuple[str, ...] = ()
    calls: tuple[Explanation, ...] = ()

    @classmethod
    def made(
        cls,
        *,
        method: str,
        maps: np.ndarray,
        notes: tuple[str, ...],
        folded: str,
        facts: Facts,
        call: int,
        input_shape: tuple[int, ...],
        images: Any,
        resize: str | None,
        target: Target,
        card: Card,
        scores: np.ndarray,
        units: np.ndarray,
        others: np.ndarray,
        signs: np.ndarray,
        outputs: np.ndarray,
    ) -> Explanation:
        """Put together what one call of the layer gave."""
        remarks = [folded] if folded else []
        if facts.output_name is not None:
            remarks.append(f"explains output '{facts.output_name}'")
        if len(facts.sources) > 1:
            remarks.append(
                f"the layer is called {len(facts.sources)} times: this is call {call + 1}, of "
                f"input {facts.sources[call] + 1}; the others stand in .calls"
            )
        if facts.spatial_output:
            remarks.append("the score is the mean of the class over all places of the output")
        return cls(
            maps=maps,
            scores=scores,
            targets=_in_words(target, units, others, signs, facts, card),
            units=units,
            outputs=outputs,
            layer=facts.choice,
            score_from=facts.how,
            notes=notes,
            method=method,
            activation=facts.activation,
            input_shape=tuple(input_shape),
            images=images,
            resize=resize,
            class_axis=facts.class_axis,
            card=card,
            remarks=tuple(remarks),
        )

    def with_calls(self, calls: tuple[Explanation, ...]) -> Explanation:
        """The same with the explanations of all calls of the layer."""
        return replace(self, calls=calls)

    def __len__(self) -> int:
        return len(self.maps)

    def __repr__(self) -> str:
        lines = [
            f"<Explanation of {len(self)} by {self.method} at '{self.layer.path}' "
            f"{self.maps.shape[1:]}; {self.score_from}"
        ]
        for i in range(min(len(self), 5)):
            low, high = self.maps[i].min(), self.maps[i].max()
            note = f"; {self.notes[i]}" if self.notes[i] else ""
            lines.append(
                f"  {self.targets[i]}: score {self.scores[i]:.4g}, "
                f"map {low:.4g} to {high:.4g}{note}"
            )
        lines += [f"  ({each})" for each in self.remarks]
        if len(self) > 5:
            lines.append(f"  ... and {len(self) - 5} more")
        return "\n".join(lines) + ">"

    def probabilities(self, index: int) -> list[tuple[str, float]]:
        """What the model says of one input, the most likely class first.

        Args:
            index: Of the input in the batch.

        Returns:
            Pairs of class name and probability; empty where the output is no probability.
        """
        row = self.outputs[index]
        if row.ndim == 0:
            row = row[None]
        if row.ndim != 1 or self.activation not in ("softmax", "sigmoid"):
            return []
        if len(row) == 1 and self.activation == "sigmoid":
            sides = [(self._side(True), float(row[0])), (self._side(False), 1 - float(row[0]))]
            return sorted(sides, key=lambda each: -each[1])
        order = np.argsort(-row, kind="stable")
        return [(self.card.name_of(int(i), len(row)), float(row[i])) for i in order]

    def _side(self, positive: bool) -> str:
        if len(self.card.class_names) == 2:
            return self.card.class_names[int(positive)]
        return "positive" if positive else "negative"

    def overlay(
        self,
        images: Any = None,
        *,
        resize: str | None = None,
        colormap: str | None = None,
        alpha: float | None = None,
    ) -> list[np.ndarray]:
        """The maps over the photos, each in the photo's own resolution.

        Args:
            images: uint8 RGB, (batch, height, width, 3) or a list of different sizes; what was
                given to the call by default.
            resize: How the photos were brought to the model's input size: 'stretch', 'crop' or
                'letterbox'.
            colormap: Any of matplotlib's; the default is safe for colour-blind eyes.
            alpha: 0 shows the photo alone, 1 the map at its strongest place.

        Returns:
            uint8 RGB pictures.

        Raises:
            InputError: Without photos, or when they are not as many as the maps.
        """
        from tfviz.draw.overlay import overlay

        options = _given(colormap=colormap, alpha=alpha)
        return [
            overlay(photo, self.on_photo(i, photo.shape[:2], resize=resize), **options)
            for i, photo in enumerate(self._photos(images))
        ]

    def on_photo(
        self, index: int, size: tuple[int, int], *, resize: str | None = None
    ) -> np.ndarray:
        """One map on the pixels of a photo, (height, width) float32; NaN where it was cropped."""
        from tfviz.image.geometry import place, to_photo

        if self.maps.ndim != 3:
            raise InputError(
                f"Maps of shape {self.maps.shape[1:]} don't lie on a photo; .plot() draws them."
            )
        mode = resize or self.resize or "stretch"
        return to_photo(self.maps[index], place(size, self.input_size, mode))

    @property
    def input_size(self) -> tuple[int, int]:
        """(height, width) of the model's input that the map covers."""
        if len(self.input_shape) == 3:
            return places_of(self.input_shape)
        return int(self.maps.shape[1]), int(self.maps.shape[2])

    def _photos(self, images: Any) -> list[np.ndarray]:
        images = self.images if images is None else images
        if images is None:
            raise InputError(
                "There are no photos to draw on: pass images= (uint8 RGB) here or to the call."
            )
        photos = [np.asarray(each) for each in images]
        if len(photos) != len(self):
            raise InputError(f"{len(photos)} images were given for {len(self)} maps.")
        for i, photo in enumerate(photos):
            if photo.ndim != 3 or photo.shape[-1] != 3 or photo.dtype != np.uint8:
                raise InputError(
                    f"images[{i}] is {photo.dtype} of shape {photo.shape}: to draw on, photos must "
                    f"be uint8 RGB, (height, width, 3), as a person sees them."
                )
        return photos

    def plot(self, images: Any = None, *, index: int = 0, **options: Any) -> Figure:
        """Draw all 2-D maps over their photos; one 1-D map under its signal; one 3-D map in slices.

        Args:
            images: Photos (uint8 RGB) for 2-D maps, signals (batch, steps, channels) for 1-D ones.
            index: Of the input to draw, for 1-D and 3-D maps.
            **options: As for `overlay`.

        Returns:
            A matplotlib figure, also without pyplot.
        """
        titles = [
            f"{target}  {score:.2f}" + (f"\n{note}" if note else "")
            for target, score, note in zip(self.targets, self.scores, self.notes, strict=True)
        ]
        images = self.images if images is None else images
        if self.maps.ndim == 3:
            from tfviz.draw.grid import grid

            if images is not None:
                return grid(self.overlay(images, **options), titles=titles)
            return grid(self._bare(options.get("colormap")), titles=titles)
        if self.maps.ndim == 2:
            from tfviz.draw.profile import profile

            signal = None if images is None else np.asarray(images[index])
            return profile(signal, self.maps[index], title=titles[index])
        from tfviz.draw.slices import slices

        return slices(self.maps[index], title=titles[index])

    def _bare(self, colormap: str | None) -> list[np.ndarray]:
        """The maps as pictures of their own, at the model's input size."""
        from tfviz.draw.colormaps import colorize
        from tfviz.draw.overlay import normalize

        options = _given(colormap=colormap)
        name = (options["colormap"],) if options else ()
        return [
            colorize(normalize(self.on_photo(i, self.input_size))[0], *name)
            for i in range(len(self))
        ]

    def save(
        self,
        directory: str | Path,
        images: Any = None,
        *,
        names: Sequence[str] | None = None,
        **options: Any,
    ) -> list[Path]:
        """Write raw maps, overlays where there are photos, and `explanation.json`, which is last.

        Args:
            directory: Made if it isn't there.
            images: Photos to draw on; those of the call by default.
            names: Stems of the files, one a input; `input-0`, `input-1`, ... by default.
            **options: As for `overlay`.

        Returns:
            The files written.
        """
        from tfviz.files.atomic import ensure_writable, write_text
        from tfviz.image.writing import write_array, write_image

        folder = Path(directory)
        ensure_writable(folder)
        stems = list(names) if names is not None else [f"input-{i}" for i in range(len(self))]
        if len(stems) != len(self):
            raise InputError(f"names= holds {len(stems)} names for {len(self)} maps.")
        if len(set(stems)) < len(stems):
            raise InputError("names= holds a name twice: one file would replace the other.")
        written = []
        for stem, values in zip(stems, self.maps, strict=True):
            written.append(folder / f"{stem}.map.npy")
            write_array(written[-1], values)
        if self.maps.ndim == 3 and (images is not None or self.images is not None):
            for stem, picture in zip(stems, self.overlay(images, **options), strict=True):
                written.append(folder / f"{stem}.overlay.png")
                write_image(written[-1], picture)
        written.append(folder / "explanation.json")
        write_text(written[-1], json.dumps(self.to_dict(), indent=1, ensure_ascii=False))
        return written

    def to_dict(self) -> dict[str, Any]:
        """Everything but the arrays of maps and outputs, ready for JSON."""
        axes = tuple(range(1, self.maps.ndim))
        return {
            "method": self.method,
            "layer": self.layer.path,
            "layer_reason": self.layer.reason,
            "score_from": self.score_from,
            "map_shape": list(self.maps.shape[1:]),
            "remarks": list(self.remarks),
            "inputs": [
                {
                    "target": self.targets[i],
                    "unit": int(self.units[i]),
                    "score": float(self.scores[i]),
                    "map_range": [float(low), float(high)],
                    "note": self.notes[i],
                }
                for i, (low, high) in enumerate(
                    zip(self.maps.min(axis=axes), self.maps.max(axis=axes), strict=True)
                )
            ],
        }

    def _repr_html_(self) -> str:
        picture = io.BytesIO()
        self.plot().savefig(picture, format="png", dpi=80, bbox_inches="tight")
        data = base64.b64encode(picture.getvalue()).decode()
        return f'<img alt="{self.method} at {self.layer.path}" src="data:image/png;base64,{data}">'


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _in_words(
    target: Target,
    units: np.ndarray,
    others: np.ndarray,
    signs: np.ndarray,
    facts: Facts,
    card: Card,
) -> tuple[str, ...]:
    """What was explained of each input."""
    if isinstance(target, Function):
        name = getattr(target.function, "__name__", "function")
        return (f"function {name}",) * len(units)
    if facts.units == 1:
        if facts.activation != "sigmoid" and not isinstance(target, Side):
            return ("the output",) * len(units)
        names = card.class_names if len(card.class_names) == 2 else ("negative", "positive")
        return tuple(names[int(sign > 0)] for sign in signs)
    words = tuple(card.name_of(int(unit), facts.units) for unit in units)
    if isinstance(target, Contrast):
        rather = [card.name_of(int(unit), facts.units) for unit in others]
        return tuple(
            f"{word} rather than {other}" for word, other in zip(words, rather, strict=True)
        )
    return words
