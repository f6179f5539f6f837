"""What an explanation found: raw maps, what they explain, and how they came about."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfviz.errors import InputError
from tfviz.explain.photos import ModelInputs, photos_on
from tfviz.model.card import Card
from tfviz.model.choice import Choice
from tfviz.model.shapes import places_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
        parts: One Explanation for each layer where several are joined; empty otherwise.
        images: The photos to draw on, as given.
        resize: How the photos were brought to the model's size; None: stretched.
        class_axis: The axis of `outputs` that holds the classes.
        remarks: What holds for all inputs: which output, how tokens were folded, which call.
        card: What is known of the model: class names, resize.
        inputs: Names and shapes of all inputs of the model.
        source: Which of them the layer looks at.
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
    parts: tuple[Explanation, ...] = ()
    inputs: ModelInputs = field(default_factory=ModelInputs)
    source: int = 0

    def with_calls(self, calls: tuple[Explanation, ...]) -> Explanation:
        """The same with the explanations of all calls of the layer."""
        return replace(self, calls=calls)

    def joined(
        self,
        maps: np.ndarray,
        notes: tuple[str, ...],
        layer: Choice,
        remarks: tuple[str, ...],
        parts: tuple[Explanation, ...],
    ) -> Explanation:
        """The same with the map that several layers have together."""
        return replace(self, maps=maps, notes=notes, layer=layer, remarks=remarks, parts=parts)

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

    def probabilities(self, index: int, most: int | None = None) -> list[tuple[str, float]]:
        """What the model says of one input, the most likely class first.

        Args:
            index: Of the input in the batch.
            most: How many classes at most; None for all.

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
        # Logits that differ in their last digits give equal probabilities: of those the explained
        # class comes first, so that what is explained is what the model is said to see.
        numbers = np.arange(len(row))
        order = np.lexsort((numbers, numbers != int(self.units[index]), -row))[:most]
        return [(self.card.name_of(int(i), len(row)), float(row[i])) for i in order]

    def probability(self, index: int) -> float | None:
        """How likely the model takes the explained class to be, of one input.

        Args:
            index: Of the input in the batch.

        Returns:
            0 to 1; None where no single class is explained or the output is no probability.
        """
        row, unit = np.atleast_1d(self.outputs[index]), int(self.units[index])
        if row.ndim != 1 or unit < 0 or self.activation not in ("softmax", "sigmoid"):
            return None
        if len(row) == 1:
            return dict(self.probabilities(index)).get(self.targets[index])
        named = self.card.name_of(unit, len(row)) == self.targets[index]
        return float(row[unit]) if named else None

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
            images: uint8 RGB, (batch, height, width, 3) or a list of different sizes, or a dict or
                list of such for each input of the model; what was given to the call by default.
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

    @property
    def input_name(self) -> str:
        """The name of the input that the layer looks at."""
        return self.inputs.name_of(self.source)

    @property
    def all_calls(self) -> tuple[Explanation, ...]:
        """One Explanation for each call of the layer; this one alone where there is one."""
        return self.calls if len(self.calls) > 1 else (self,)

    def photos_of(self, call: Explanation, images: Any = None) -> Any:
        """The photos that a call is drawn on, None where there are none.

        Args:
            call: One of `all_calls`.
            images: Photos of one input, which belong to this call, or of each; those given to the
                method by default.
        """
        if images is None:
            return call.images
        return photos_on(images, self.inputs, len(self), call.source, self.source)

    def _photos(self, images: Any) -> list[np.ndarray]:
        images = self.photos_of(self, images)
        if images is None:
            raise InputError(
                "There are no photos to draw on: pass images= (uint8 RGB) here or to the call."
            )
        photos = [np.asarray(each) for each in images]
        for i, photo in enumerate(photos):
            if photo.ndim != 3 or photo.shape[-1] != 3 or photo.dtype != np.uint8:
                raise InputError(
                    f"images[{i}] is {photo.dtype} of shape {photo.shape}: to draw on, photos must "
                    f"be uint8 RGB, (height, width, 3), as a person sees them."
                )
        return photos

    def plot(self, images: Any = None, *, index: int = 0, **options: Any) -> Figure:
        """Draw all 2-D maps over their photos; one 1-D map under its signal; one 3-D map in slices.

        Where a layer is called on several inputs the maps of all calls stand beside each other,
        as far as they are 2-D.

        Args:
            images: Photos (uint8 RGB) for 2-D maps, signals (batch, steps, channels) for 1-D ones;
                a dict or list of such for each input of the model.
            index: Of the input to draw, for 1-D and 3-D maps.
            **options: As for `overlay`.

        Returns:
            A matplotlib figure, also without pyplot.
        """
        titles = self._titles()
        if self.maps.ndim == 3:
            from tfviz.draw.grid import MOST_COLUMNS, grid

            drawn = [call for call in self.all_calls if call.maps.ndim == 3]
            pictures = [call._drawn(self.photos_of(call, images), options) for call in drawn]
            if len(drawn) > 1:
                titles = [f"{call.input_name}: {t}" for call in drawn for t in call._titles()]
            # A row for each input, while its pictures stay large enough to see.
            columns = len(self) if len(drawn) > 1 and len(self) <= MOST_COLUMNS else None
            flat = [each for row in pictures for each in row]
            return grid(flat, titles=titles, columns=columns)
        images = self.photos_of(self, images)
        if self.maps.ndim == 2:
            from tfviz.draw.profile import profile

            signal = None if images is None else np.asarray(images[index])
            return profile(signal, self.maps[index], title=titles[index])
        from tfviz.draw.slices import slices

        return slices(self.maps[index], title=titles[index])

    def _titles(self) -> list[str]:
        return [
            f"{target}  {score:.2f}" + (f"\n{note}" if note else "")
            for target, score, note in zip(self.targets, self.scores, self.notes, strict=True)
        ]

    def _drawn(self, images: Any, options: dict[str, Any]) -> list[np.ndarray]:
        """The maps over photos, or by themselves without any."""
        if images is None:
            return self._bare(options.get("colormap"))
        return self.overlay(images, **options)

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

        Where a layer is called on several inputs the maps of all its calls are written, in files
        named after the input: `cat.left.map.npy`, `cat.right.map.npy`.

        Args:
            directory: Made if it isn't there.
            images: Photos to draw on, as for a call of the method; those of the call by default.
            names: Stems of the files, one a input; `input-0`, `input-1`, ... by default.
            **options: As for `overlay`.

        Returns:
            The files written.

        Raises:
            InputError: When names or photos don't fit.
        """
        from tfviz.explain.saving import save

        return save(self, directory, images, names, **options)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the arrays of maps and outputs, ready for JSON."""
        from tfviz.explain.saving import as_dict

        return as_dict(self)

    def _repr_html_(self) -> str:
        picture = io.BytesIO()
        self.plot().savefig(picture, format="png", dpi=80, bbox_inches="tight")
        data = base64.b64encode(picture.getvalue()).decode()
        return f'<img alt="{self.method} at {self.layer.path}" src="data:image/png;base64,{data}">'


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
