"""From what ran to what is handed back: an Explanation a layer and call, and their joining."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tfviz.errors import LayerError
from tfviz.explain.compiled import Facts
from tfviz.explain.explanation import Explanation
from tfviz.explain.fusing import fuse
from tfviz.explain.notes import notes_on
from tfviz.explain.photos import ModelInputs, photos_on
from tfviz.explain.target import Target
from tfviz.explain.wording import in_words, why_nothing
from tfviz.model.card import Card
from tfviz.model.choice import Choice


@dataclass(frozen=True, eq=False)
class Found:
    """What a method found for a batch, before anything is made of it.

    Attributes:
        facts: What was settled while tracing.
        maps: Signed maps, one array (batch, *spatial) float32 a spot, tokens folded.
        folded: How tokens were folded, in words, one a spot; '' where they weren't.
        peaks: Largest gradient of each input, (batch,) a spot; empty when no gradient was taken.
        rows: What else there is of each input: scores, units, others, signs, outputs,
            and in `kept` what else the target chose.
    """

    facts: Facts
    maps: tuple[np.ndarray, ...]
    folded: tuple[str, ...]
    peaks: tuple[np.ndarray, ...]
    rows: dict[str, Any]


def explained(
    found: Found,
    *,
    method: str,
    relu: bool,
    fuse: str,
    smooth: bool,
    class_agnostic: bool,
    target: Target,
    card: Card,
    inputs: ModelInputs,
    images: Any,
    resize: str | None,
) -> Explanation:
    """Put together what was found.

    Args:
        found: Of the batch.
        method: Its name.
        relu: Whether negative values are cut off.
        fuse: How several layers are joined.
        smooth: Whether the maps are means over copies of the inputs.
        class_agnostic: Whether the map is the same for every target.
        target: What was asked for.
        card: What is known of the model.
        inputs: Names and shapes of the model's inputs.
        images: Photos to draw on, of one input or of each.
        resize: How they were brought to the model's size.

    Raises:
        LayerError: When the joined layers don't look at the same inputs.
    """
    facts, rows = found.facts, found.rows
    nothing = why_nothing(target, rows)
    general = []
    if facts.output_name is not None:
        general.append(f"explains output '{facts.output_name}'")
    if facts.remark:
        general.append(facts.remark)
    general += facts.remarks
    if class_agnostic:
        general.append("this method looks at activations alone: every target has the same map")
    if smooth:
        general.append("mean over mirrored and scaled copies of each input")
    by_place: list[list[Explanation]] = [[] for _ in facts.choices]
    for i, (spot, signed) in enumerate(zip(facts.spots, found.maps, strict=True)):
        calls = [each for each in facts.spots if each.place == spot.place]
        remarks = [found.folded[i]] if found.folded[i] else []
        if len(calls) > 1:
            which = calls.index(spot), len(calls), spot.source, inputs, facts.at_input
            remarks.append(_which_call(*which))
        by_place[spot.place].append(
            Explanation(
                maps=np.maximum(signed, 0) if relu else signed,
                scores=rows["scores"],
                targets=in_words(target, rows, facts, card),
                units=rows["units"],
                outputs=rows["outputs"],
                layer=facts.choices[spot.place],
                score_from=facts.how,
                notes=notes_on(
                    signed,
                    found.peaks[i] if found.peaks else None,
                    rows["scores"],
                    relu=relu,
                    nothing=nothing,
                ),
                method=method,
                activation=facts.activation,
                input_shape=(
                    inputs.shapes[spot.source] if spot.source < len(inputs.shapes) else ()
                ),
                images=photos_on(images, inputs, len(signed), spot.source, facts.spots[0].source),
                inputs=inputs,
                source=spot.source,
                resize=resize,
                class_axis=facts.class_axis,
                card=card,
                remarks=(*remarks, *general),
            )
        )
    calls_of = by_place[0] if len(by_place) == 1 else _joined(by_place, facts, fuse)
    return calls_of[0].with_calls(tuple(calls_of))


def _which_call(call: int, count: int, source: int, inputs: ModelInputs, at_input: bool) -> str:
    name = inputs.name_of(source)
    looked_at = f"input {source + 1}" + (f" ('{name}')" if name != f"input-{source + 1}" else "")
    if at_input:
        return f"this is the map of {looked_at}; those of the others stand in .calls"
    return (
        f"the layer is called {count} times: this is call {call + 1}, of {looked_at}; the others "
        f"stand in .calls"
    )


def _joined(by_place: list[list[Explanation]], facts: Facts, how: str) -> list[Explanation]:
    """One Explanation for each call, of the maps of all layers."""
    sources = [
        [spot.source for spot in facts.spots if spot.place == place]
        for place in range(len(facts.choices))
    ]
    if any(each != sources[0] for each in sources):
        listed = "; ".join(
            f"'{choice.path}' at {', '.join(f'input {i + 1}' for i in each)}"
            for choice, each in zip(facts.choices, sources, strict=True)
        )
        raise LayerError(
            f"The joined layers don't look at the same inputs ({listed}): their maps don't lie on "
            f"each other. Explain them one by one."
        )
    return [_join(parts, how) for parts in zip(*by_place, strict=True)]


def _join(parts: tuple[Explanation, ...], how: str) -> Explanation:
    first = parts[0]
    maps = fuse([part.maps for part in parts], how)
    notes = tuple(
        "; ".join(f"'{part.layer.path}' {part.notes[i]}" for part in parts if part.notes[i])
        for i in range(len(first))
    )
    finest = max(parts, key=lambda part: part.maps[0].size).layer
    reasons = "; ".join(f"'{part.layer.path}': {part.layer.reason}" for part in parts)
    choice = Choice(
        path="+".join(part.layer.path for part in parts),
        kind="+".join(part.layer.kind for part in parts),
        shape=finest.shape,
        reason=f"joined by their {how} ({reasons})",
        candidates=first.layer.candidates,
        calls=first.layer.calls,
    )
    folded = tuple(dict.fromkeys(remark for part in parts for remark in part.remarks))
    joined = f"the {how} of the maps of {len(parts)} layers, each divided by its largest value"
    return first.joined(maps, notes, choice, (*folded, joined), parts)
