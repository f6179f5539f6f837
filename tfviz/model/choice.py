"""Which layer to explain at, when the user doesn't say.

'The last Conv2D' is wrong for most architectures: it is a 1x1 convolution that makes the logits
(MobileNet), one of several branches (Inception), a part of the channels (DenseNet), a shortcut
(Xception), or it stands before the normalisation and activation that decide what passes on. The
rule here: of everything that the score depends on, the last thing *computed* that still has a place
in it, before the pooling or flattening that removes it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

from tfviz.errors import LayerError
from tfviz.model.heard import Heard
from tfviz.model.shapes import in_words

# These move, pick or repeat values without computing any: what they were given is the better place.
_MOVES = (
    "Reshape",
    "Permute",
    "Transpose",
    "Flatten",
    "ZeroPadding",
    "Pad",
    "Cropping",
    "UpSampling",
    "Resizing",
    "RepeatVector",
    "Dropout",
    "SpatialDropout",
    "GetItem",
    "Identity",
    "InputLayer",
    "Masking",
    "Cast",
    "ExpandDims",
    "Squeeze",
)
# A pooled map is a coarser picture of the map before it (VGG: block5_conv3, not block5_pool).
_POOLS = ("MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool", "AdaptiveAveragePool")
_PASSED_OVER = re.compile(rf"(?:{'|'.join(_MOVES + _POOLS)})(?:ing)?(?:[123]D)?")
# Their inside has the rank of a picture (tokens x heads) and is none.
_OPAQUE = ("MultiHeadAttention", "GroupedQueryAttention", "GroupQueryAttention")


@dataclass(frozen=True)
class Candidate:
    """A layer that can give a map: its path, class and output shape (None: any)."""

    path: str
    kind: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class Choice:
    """The layer that is explained at, and why that one.

    Attributes:
        path: Where it stands in the model.
        kind: Its class.
        shape: Its output shape, None for the batch.
        reason: Why it was taken, in words.
        candidates: All that could have been taken, in execution order.
        calls: How often the model calls it on the way to the score.
    """

    path: str
    kind: str
    shape: tuple[int | None, ...]
    reason: str
    candidates: tuple[Candidate, ...] = field(default=(), repr=False)
    calls: int = 1

    def __str__(self) -> str:
        return self.path


def spatial_shape(heard: Heard, data_format: str = "channels_last") -> tuple[int | None, ...]:
    """The axes of an output that are places: all but batch and channels."""
    return heard.shape[2:] if data_format == "channels_first" else heard.shape[1:-1]


def layout(heard: Sequence[Heard], chosen: Heard) -> str:
    """'channels_first' or 'channels_last' of an output, from the nearest layer that has a say.

    An activation or an addition has no data format of its own; it has that of what it was made
    from.
    """
    by_tensor = {each.tensor: each for each in reversed(heard)}
    waiting, seen = [chosen], {chosen.tensor}
    while waiting:
        each = waiting.pop(0)
        if each.data_format is not None and len(each.shape) == len(chosen.shape):
            return each.data_format
        for name in each.made_from:
            if name in by_tensor and name not in seen:
                seen.add(name)
                waiting.append(by_tensor[name])
    return "channels_last"


def candidates(
    heard: Sequence[Heard], leads_to_score: frozenset[str], head: frozenset[str]
) -> list[Heard]:
    """All calls whose output can be drawn as a map of the score, in execution order.

    Args:
        heard: All calls of the model, in order of completion.
        leads_to_score: Names of the tensors that the score depends on.
        head: Names of the tensors that are the score itself: the last thing before them counts as
            evidence, they don't.
    """
    found: list[Heard] = []
    opaque = tuple(f"{each.path}/" for each in heard if each.kind in _OPAQUE)
    taken: set[str] = set()
    weights_seen = False
    for each in heard:
        inside = len(each.shape) > 2
        weights_seen = weights_seen or (each.weighted and inside)
        # An output passed on untouched (Dropout at inference, a nested model's last layer) belongs
        # to the layer that computed it.
        fresh = each.tensor not in taken
        taken.add(each.tensor)
        if not (inside and fresh and weights_seen):
            continue
        if each.tensor not in leads_to_score or each.tensor in head:
            continue
        if _only_moves(each) or each.path.startswith(opaque):
            continue
        if _places(spatial_shape(each, layout(heard, each))) > 1:
            found.append(each)
    return found


def _only_moves(each: Heard) -> bool:
    """Whether this is one of Keras's own layers that pass values on or pool them."""
    return each.builtin and bool(_PASSED_OVER.fullmatch(each.kind))


def with_moved(heard: Sequence[Heard], head: frozenset[str]) -> frozenset[str]:
    """The tensors of a score and, where it was only enlarged or moved, what it was before."""
    by_tensor = {each.tensor: each for each in heard}
    found, waiting = set(head), list(head)
    while waiting:
        each = by_tensor.get(waiting.pop())
        if each is not None and _only_moves(each):
            fresh = [name for name in each.made_from if name not in found]
            found.update(fresh)
            waiting.extend(fresh)
    return frozenset(found)


def _places(spatial: tuple[int | None, ...]) -> float:
    return prod(float("inf") if size is None else size for size in spatial)


def choose(
    heard: Sequence[Heard],
    leads_to_score: frozenset[str],
    head: frozenset[str],
    *,
    model_name: str,
) -> tuple[Choice, list[Heard]]:
    """Take the last candidate, and say why.

    Returns:
        The choice, and its calls in execution order (a shared layer has several).

    Raises:
        LayerError: When nothing before the score has a place in it.
    """
    found = candidates(heard, leads_to_score, head)
    if not found:
        raise LayerError(_nothing(heard, model_name))
    last = found[-1]
    after = heard[list(heard).index(last) + 1 :]
    users = [each for each in after if last.tensor in each.made_from]
    remover = next((each for each in users if each.tensor != last.tensor), None)
    reason = "the last operation that still has places in it"
    if remover is not None:
        reason += f", before '{remover.path}' ({remover.kind})"
    calls = [each for each in found if each.path == last.path]
    listed = tuple(Candidate(each.path, each.kind, each.shape) for each in _last_of_each(found))
    return Choice(last.path, last.kind, last.shape, reason, listed, len(calls)), calls


def _last_of_each(found: Sequence[Heard]) -> list[Heard]:
    return list({each.path: each for each in found}.values())


def _nothing(heard: Sequence[Heard], model_name: str) -> str:
    seen = ", ".join(f"'{h.path}' {in_words(h.shape)}" for h in heard[:4])
    end = ", ..." if len(heard) > 4 else "."
    return (
        f"Model '{model_name}' has no layer with places in it before its score: its layers give "
        f"{seen}{end} A heatmap needs an output like (batch, height, width, channels); for a "
        f"model of plain vectors look at input gradients instead."
    )
