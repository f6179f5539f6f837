"""Why weights don't fit, as far as their names and shapes tell; and whose they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfviz.zoo.tables import TABLES, Shape, Table

COUNTER = ".num_batches_tracked"
# Below this share of tensors in common, naming an architecture would be a guess.
NEAR = 0.2
# From this share of differing shapes on, it is not one layer but all of them.
MOST = 0.5


@dataclass(frozen=True)
class Nearest:
    """The known architecture that a state dict resembles most.

    Attributes:
        table: It.
        share: Of its tensors and the file's together, those with the same name and shape, 0 to 1;
            the head, which depends on the classes, is left out.
        exact: Whether all are.
        classes: How many the file's head gives; None where it has no such head.
    """

    table: Table
    share: float
    exact: bool
    classes: int | None

    def __str__(self) -> str:
        head = "" if self.classes is None else f" with {self.classes} classes"
        if self.exact:
            return f"{self.table.name}{head or ' without its head'}"
        return f"{self.table.name} ({self.share:.0%} of the tensors are the same)"


def nearest_table(shapes: Mapping[str, Shape]) -> Nearest | None:
    """The known architecture that these tensors belong to, or resemble.

    Args:
        shapes: Of the tensors in a file, by name.

    Returns:
        None when nothing known is near.
    """
    found = {k: tuple(v) for k, v in shapes.items() if not k.endswith(COUNTER)}
    best: Nearest | None = None
    for table in TABLES.values():
        head = f"{table.head}."
        wanted = {k: v for k, v in table.tensors().items() if not k.startswith(head)}
        body = {k: v for k, v in found.items() if not k.startswith(head)}
        same = sum(body.get(key) == shape for key, shape in wanted.items())
        share = same / max(1, len(wanted.keys() | body.keys()))
        if best is None or share > best.share:
            weight = found.get(f"{head}weight")
            classes = weight[0] if weight is not None and len(weight) == 2 else None
            best = Nearest(table, share, wanted == body, classes)
    return best if best is not None and best.share >= NEAR else None


def likely_reason(
    wanted: Mapping[str, Shape],
    found: Mapping[str, Shape],
    *,
    model: str,
    heads: Sequence[str] = (),
) -> str:
    """Why tensors don't fit a model, in a sentence or two; empty when they do.

    Args:
        wanted: Shapes that the model's weights have in PyTorch's order, by PyTorch's name.
        found: Shapes of the tensors in the file, by name.
        model: The model's name.
        heads: PyTorch's names of the modules that give the classes, as far as they are known: the
            model's, the file's.
    """
    found = {k: tuple(v) for k, v in found.items() if not k.endswith(COUNTER)}
    differing = {k for k in wanted.keys() & found.keys() if wanted[k] != found[k]}
    missing, unexpected = wanted.keys() - found.keys(), found.keys() - wanted.keys()
    if not differing and not missing and not unexpected:
        return ""
    of_heads = {key for key in (*wanted, *found) if _module(key) in heads}
    if differing | missing | unexpected <= of_heads:
        return _about_the_head(wanted, found, sorted(of_heads))
    if wanted.keys() == found.keys() and len(differing) > MOST * len(wanted):
        width = _another_width(wanted, found, sorted(differing - of_heads))
        if width:
            return width
    if not wanted.keys() & found.keys():
        named = _other_layout(found)
        if named:
            return named
    nearest = nearest_table(found)
    if nearest is not None and nearest.exact:
        mine = nearest_table(wanted)
        if mine is None or mine.table.name != nearest.table.name:
            return (
                f"another architecture: the file is {nearest}, and model '{model}' is not. "
                f"tfviz.zoo.{nearest.table.name}() takes it."
            )
    if nearest is not None:
        return f"another architecture: of those known, nearest to the file is {nearest}."
    return "another architecture, and none of those known is near."


def _module(key: str) -> str:
    return key.rpartition(".")[0]


def _about_the_head(
    wanted: Mapping[str, Shape], found: Mapping[str, Shape], names: list[str]
) -> str:
    """What only the last layer differs in."""
    ours = next((key for key in names if key in wanted and len(wanted[key]) > 1), None)
    theirs = next((key for key in names if key in found and len(found[key]) > 1), None)
    if theirs is None:
        return (
            f"the file has no head ('{ours}'), as a backbone is saved: skip_head=True leaves the "
            f"model's as it is."
        )
    if ours is None:
        return (
            f"the model has no head, and the file has one ('{theirs}'): skip_head=True passes it "
            f"over."
        )
    if ours == theirs and wanted[ours][0] != found[theirs][0]:
        return (
            f"another number of classes: {found[theirs][0]} in the file and {wanted[ours][0]} in "
            f"the model. Build it with classes={found[theirs][0]}, or keep the model's own head: "
            f"skip_head=True."
        )
    return (
        f"another head ('{theirs}' in the file, '{ours}' in the model): skip_head=True leaves the "
        f"model's as it is and loads the rest."
    )


def _another_width(
    wanted: Mapping[str, Shape], found: Mapping[str, Shape], differing: list[str]
) -> str:
    """One ratio between the widths of all layers, which is how wider networks are made."""
    ratios = {found[key][0] / wanted[key][0] for key in differing if wanted[key] and found[key]}
    if len(ratios) != 1 or 1 in ratios:
        return ""
    (ratio,) = ratios
    key = next(each for each in wanted if each in set(differing))
    return (
        f"another width: the file's layers have {ratio:g} times the channels of the model's "
        f"('{key}': {found[key][0]} and {wanted[key][0]})."
    )


def _other_layout(found: Mapping[str, Shape]) -> str:
    """Networks that are known by other names than these."""
    if any(".convolution.weight" in key for key in found):
        return (
            "the same kind of network in the layout of another library (transformers calls "
            "'conv1' '...embedder.embedder.convolution'): use the file that torchvision or timm "
            "has of it."
        )
    return ""
