"""The page docs/methods-measured.md, from what benchmarks/methods.py found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from beyond_noise import chance, interval, significant

# Maps that never saw the model.
CONTROLS = ("random map", "centre blob", "Sobel edges", "everything")
REFERENCE = "gradcam"
# Percent: a difference below it matters to nobody, however sure.
LEAST = 1.0
# Figures of one map, but for rounding.
SAME = 2e-3


@dataclass(frozen=True)
class Measure:
    """A column of the table."""

    name: str
    of: Callable[[dict[str, float]], float]
    """Percent, from what was measured on a photo."""
    better: int
    """1 where more is better, -1 where less is."""


def _drop(row: dict[str, float]) -> float:
    from tfviz.explain.metrics import confidence_drop

    return float(confidence_drop([row["before"]], [row["after"]])[0])


def _increase(row: dict[str, float]) -> float:
    from tfviz.explain.metrics import confidence_increase

    return float(confidence_increase([row["before"]], [row["after"]])[0])


MEASURES = (
    Measure("hits", lambda row: 100 * row["hit"], 1),
    Measure("energy in box", lambda row: 100 * row["energy"], 1),
    Measure("average drop", _drop, -1),
    Measure("increase", _increase, 1),
)


@dataclass(frozen=True)
class Measured:
    """One method on one model."""

    model: str
    method: str
    settings: dict[str, int]
    costly: bool
    rows: dict[str, dict[str, float]]
    """By photo."""
    cost: float | None
    said: str
    """Why it can't be applied; empty where it can."""
    photos: list[str]
    subset: list[str]
    """Those of them that the costly methods were measured on."""

    @property
    def missing(self) -> bool:
        wanted = self.subset if self.costly else self.photos
        return not self.said and any(each not in self.rows for each in wanted)

    def on(self, photos: Sequence[str], measure: Measure) -> np.ndarray:
        return np.array([measure.of(self.rows[each]) for each in photos])


class Table:
    """The methods of one model that were measured on all of some photos."""

    def __init__(self, found: Sequence[Measured], photos: Sequence[str]) -> None:
        self.photos = photos
        self.of = {
            each.method: each
            for each in found
            if not each.said and all(photo in each.rows for photo in photos)
        }
        self.methods = [each for each in self.of if each not in CONTROLS]
        self.values = {
            measure.name: {name: each.on(photos, measure) for name, each in self.of.items()}
            for measure in MEASURES
        }

    @property
    def same(self) -> list[str]:
        """Methods that give the reference's map here."""
        ours = self._figures(REFERENCE)
        return [
            each
            for each in self.methods
            if each != REFERENCE and np.allclose(self._figures(each), ours, atol=SAME)
        ]

    def _figures(self, method: str) -> np.ndarray:
        rows = self.of[method].rows
        return np.array(
            [[rows[each][name] for name in ("hit", "energy", "after")] for each in self.photos]
        )

    def against_reference(self, measure: Measure) -> dict[str, int]:
        """1 for methods that are better than Grad-CAM beyond noise, -1 for those that are worse."""
        values = self.values[measure.name]
        others = [each for each in self.methods if each not in (REFERENCE, *self.same)]
        differences = {each: values[each] - values[REFERENCE] for each in others}
        beyond = significant({name: chance(each) for name, each in differences.items()})
        return {
            each: int(np.sign(differences[each].mean())) * measure.better
            for each in others
            if each in beyond and abs(differences[each].mean()) >= LEAST
        }

    def over_controls(self, measure: Measure) -> set[str]:
        """Methods that are better than each of the controls, beyond noise."""
        values = self.values[measure.name]
        chances = {}
        for method in (each for each in self.methods if each not in self.same):
            worst = 0.0
            for control in self.controls(measure):
                difference = measure.better * (values[method] - values[control])
                worst = max(worst, chance(difference) if difference.mean() >= LEAST else 1.0)
            chances[method] = worst
        return significant(chances)

    def controls(self, measure: Measure) -> list[str]:
        """Nothing drops, and nothing rises, in a photo that is shown whole."""
        whole = measure.of in (_drop, _increase)
        return [each for each in CONTROLS if not (whole and each == "everything")]

    def lines(self) -> Iterator[str]:
        """The table as Markdown."""
        yield "| | " + " | ".join(each.name for each in MEASURES) + " | cost |"
        yield "|---|" + "---:|" * (len(MEASURES) + 1)
        marks = {each.name: self.against_reference(each) for each in MEASURES}
        for name, each in self.of.items():
            cells = []
            for measure in MEASURES:
                values = self.values[measure.name][name]
                low, high = interval(values)
                mark = {1: " ▲", -1: " ▼", 0: ""}[marks[measure.name].get(name, 0)]
                cells.append(f"**{values.mean():.0f}** ({low:.0f}–{high:.0f}){mark}")
            cost = "" if each.cost is None or np.isnan(each.cost) else _short(each.cost)
            shown = f"*{name}*" if name in CONTROLS else f"`{name}`"
            yield f"| {shown} | " + " | ".join([*cells, cost]) + " |"


def _short(cost: float) -> str:
    return f"{cost:.1f}" if cost < 10 else f"{cost:,.0f}"


def page(found: Sequence[Measured]) -> str:
    """The whole page, as Markdown; the same for the same figures."""
    models = list(dict.fromkeys(each.model for each in found))
    by_model = {name: [each for each in found if each.model == name] for name in models}
    all_of = {name: Table(each, each[0].photos) for name, each in by_model.items()}
    few_of = {name: Table(each, each[0].subset) for name, each in by_model.items()}
    lines = [TOP, *_findings(all_of, few_of), ""]
    for name in models:
        table, few = all_of[name], few_of[name]
        lines += [f"## {name}, {len(table.photos)} photos", "", *table.lines(), ""]
        lines += [
            f"### All methods on {len(few.photos)} of them",
            "",
            "The first, the last, and the others evenly between them in the order of their names.",
            "",
            *few.lines(),
            "",
        ]
    return "\n".join([*lines, *_not_applied(found), *_how(found)]) + "\n"


TOP = """# Methods, measured

How well do the maps of all [methods](methods.md) point, and what do they show the model? Each at
the layer that it takes by itself, on two ImageNet models and on photos of COCO with boxes around
things; beside them, maps that never saw the model. This page is written by
`python benchmarks/methods.py`; [how it is measured](#how-it-is-measured) stands below.

![A cup of coffee, the maps that all methods give of it, and three controls](pictures/family.jpg)

## What it says
"""


def _findings(all_of: dict[str, Table], few_of: dict[str, Table]) -> Iterator[str]:
    same: dict[tuple[str, ...], list[str]] = {}
    for name, table in all_of.items():
        same.setdefault(tuple(table.same), []).append(name)
    for methods, models in same.items():
        if methods:
            yield (
                f"- On {' and '.join(models)} {_list(methods)} and `{REFERENCE}` are one map by "
                f"construction ([why](methods.md#which-one)): their rows differ by rounding alone, "
                f"and `{REFERENCE}` stands for all of them below."
            )
    hits = {name: table.values["hits"] for name, table in all_of.items()}
    widths = [np.diff(interval(each[REFERENCE]))[0] / 2 for each in hits.values()]
    centre = " and ".join(f"{each['centre blob'].mean():.0f} %" for each in hits.values())
    ours = " and ".join(f"{each[REFERENCE].mean():.0f} %" for each in hits.values())
    told = " and ".join(
        f"{len(each.against_reference(MEASURES[0]))} of {len(each.methods) - 1}"
        for each in all_of.values()
    )
    yield (
        f"- A hit rate is known to about ±{max(widths):.0f} points: {told} methods can be told "
        f"from `{REFERENCE}` by it. `{REFERENCE}` hits {ours}, a blob in the middle of the photo "
        f"{centre}: photographers aim, and the energy in the box says more."
    )
    fine = ("guidedbackprop", "deconvnet", "guidedgradcam", "Sobel edges")
    drops = [
        table.values["average drop"][each].mean()
        for table in all_of.values()
        for each in fine
        if each in table.of
    ]
    chances = " and ".join(
        f"{table.values['average drop']['random map'].mean():.0f} %" for table in all_of.values()
    )
    yield (
        f"- Average drop and increase ask how much of the photo is let through as well as which "
        f"part. *Everything* drops by nothing, a random map by {chances}, lines one pixel wide, of "
        f"the network or of the photo's edges, by {min(drops):.0f} to {max(drops):.0f} %. Compare "
        f"them between maps of one kind only, and beside the energy in the box."
    )
    yield (
        "- To point well isn't yet to show what the network used: lines along the edges of things "
        "point at them whatever it learnt (Adebayo et al., *Sanity Checks for Saliency Maps*, "
        "2018). What the maps of an untrained network look like stands in "
        "[Methods](methods.md#one-look)."
    )
    blank = {
        f"`{each.method}` ({name}, {_blank(each, table.photos):.0f})"
        for name, table in all_of.items()
        for each in table.of.values()
        if _blank(each, table.photos)
    }
    if blank:
        listed = ", ".join(sorted(blank))
        yield f"- Photos where nothing spoke for the class, so that the map is blank: {listed}."
    yield ""
    counts = " and ".join(f"{len(table.photos)}" for table in all_of.values())
    yield f"Beyond noise, on {counts} photos (cheap methods):"
    yield ""
    yield from _comparison(all_of)
    yield ""
    few = " and ".join(dict.fromkeys(str(len(each.photos)) for each in few_of.values()))
    told = list(_costly(few_of))
    if all(each.endswith("| none | none |") for each in told):
        yield (
            f"None of the costly ones ({_list(_costly_ones(few_of))}) differs "
            f"from `{REFERENCE}` beyond noise on {few} photos, where only large differences show."
        )
        return
    yield (
        f"The costly ones, on {few} photos, where only large differences show; beyond noise "
        f"against `{REFERENCE}`:"
    )
    yield ""
    yield "| | better | worse |"
    yield "|---|---|---|"
    yield from told


def _costly_ones(tables: dict[str, Table]) -> list[str]:
    return list(
        dict.fromkeys(name for each in tables.values() for name, m in each.of.items() if m.costly)
    )


def _blank(each: Measured, photos: Sequence[str]) -> float:
    return sum(each.rows[photo]["blank"] for photo in photos)


def _comparison(tables: dict[str, Table]) -> Iterator[str]:
    yield f"| | better than `{REFERENCE}` | worse than it | better than each control |"
    yield "|---|---|---|---|"
    for measure in MEASURES:
        marks = {name: each.against_reference(measure) for name, each in tables.items()}
        sides = [
            {name: {m for m, sign in each.items() if sign == side} for name, each in marks.items()}
            for side in (1, -1)
        ]
        over = "; ".join(f"{name}: {_over(each, measure)}" for name, each in tables.items())
        cells = [*(_by_model(each) for each in sides), over]
        yield f"| {measure.name} | " + " | ".join(cells) + " |"


def _over(table: Table, measure: Measure) -> str:
    """Methods that are better than each control, or those that are not where they are fewer."""
    over = table.over_controls(measure)
    rest = [each for each in table.methods if each not in over and each not in table.same]
    if len(over) > len(rest):
        return "all but " + _list(sorted(rest)) if rest else "all"
    return _list(sorted(over)) or "none"


def _costly(tables: dict[str, Table]) -> Iterator[str]:
    for measure in MEASURES:
        cells = []
        for side in (1, -1):
            names = {}
            for model, table in tables.items():
                marks = table.against_reference(measure)
                names[model] = {
                    each for each, sign in marks.items() if sign == side and table.of[each].costly
                }
            cells.append(_by_model(names))
        yield f"| {measure.name} | " + " | ".join(cells) + " |"


def _by_model(names: dict[str, set[str]]) -> str:
    """Methods by name: those of all models, and those of one of them."""
    common = set.intersection(*names.values())
    parts = [_list(sorted(common))] if common else []
    for model, each in names.items():
        if each - common:
            parts.append(f"{model} only: {_list(sorted(each - common))}")
    return "; ".join(parts) or "none"


def _list(names: Sequence[str]) -> str:
    return ", ".join(f"`{each}`" for each in names)


def _not_applied(found: Sequence[Measured]) -> Iterator[str]:
    said: dict[str, list[str]] = {}
    for each in found:
        if each.said:
            # Which methods can follows; the tables show it.
            sentence = each.said.split(" Methods that can")[0]
            said.setdefault(sentence, []).append(f"`{each.method}` on {each.model}")
    if not said:
        return
    yield "## What can't be applied"
    yield ""
    for sentence, where in said.items():
        yield f"- {', '.join(where)}: *{sentence}*"
    yield ""


def _how(found: Sequence[Measured]) -> Iterator[str]:
    yield "## How it is measured"
    yield ""
    yield HOW
    for each in {each.method: each for each in found if each.settings}.values():
        given = ", ".join(f"{name}={value}" for name, value in each.settings.items())
        yield f"- `{each.method}` with `{given}`, those that vary most: all would take minutes."
    yield ""
    versions = ", ".join(f"{each} {version(each)}" for each in ("tensorflow", "keras", "numpy"))
    yield f"Measured with tfviz {version('tfviz')}, {versions}."


HOW = """\
- **Photos**: those of COCO128 that show something which ImageNet has a class for, where the model
  ranks that class among its first twenty. It is the class explained; of several the highest.
  Photos are cropped to a square, as the models were trained; what was cropped away counts as
  nothing.
- **hits**, %: the pointing game (Zhang et al. 2016), the highest place of the map lies in a box. Of
  several highest places the share that does.
- **energy in box**, %: how much of the positive map lies in the boxes (Wang et al. 2020). Methods
  that keep negative values are resized with them.
- **average drop**, %, less is better: the photo is multiplied by the positive map divided by its
  highest value, so that it fades to black; how much of the class's probability is lost
  (Chattopadhyay et al. 2018).
- **increase**, %: in how many photos the probability rises instead.
- **cost**: seconds a photo over those of a plain compiled forward pass on the same batch (8
  photos; 4 for the costly methods), before and after it: the median over batches. On a machine with
  other work: as an order of magnitude. [benchmarks/cam.py](../benchmarks/cam.py) measures exactly.
- **Controls**: *random map*, 7 x 7 numbers; *centre blob*, a bell with a standard deviation of a
  quarter of the side; *Sobel edges* of the photo; *everything*, the same value everywhere, which
  hits as often as a random point and whose energy in the box is the boxes' share of the photo.
- **In brackets**: 95 % of the means when the photos are drawn again with replacement, 20,000 times.
- **▲, ▼, beyond noise**: better or worse than `gradcam` on the same photos, by the mean of the
  differences photo by photo, in a sign-flip test with Holm's correction for the number of methods:
  the chance of any wrong mark in a column of a table is 5 %. A difference below one point has no
  mark. *Better than each control* is tested in the same way against each of them, for drop and
  increase without *everything*.
- The measures are functions of `tfviz.explain.metrics`, for maps of your own."""
