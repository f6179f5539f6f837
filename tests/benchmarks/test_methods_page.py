"""benchmarks/methods_page.py marks what differs, and leaves out what can't be compared."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tfviz

BENCHMARKS = Path(tfviz.__file__).parents[1] / "benchmarks"
PHOTOS = [f"photo{i}" for i in range(40)]


@pytest.fixture(scope="module")
def written() -> Iterator[dict[str, Any]]:
    sys.path.insert(0, str(BENCHMARKS))
    import methods_page

    yield vars(methods_page)
    sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def measured(written: dict[str, Any]) -> Callable[..., Any]:
    def measured(method: str, energy: np.ndarray, **changed: Any) -> Any:
        rows = {
            name: {"hit": 0.0, "energy": float(e), "before": 0.5, "after": 0.4, "blank": 0.0}
            for name, e in zip(PHOTOS, energy, strict=True)
        }
        given = {"model": "m", "method": method, "settings": {}, "costly": False, "rows": rows}
        given |= {"cost": 1.0, "said": "", "photos": PHOTOS, "subset": PHOTOS[::4]} | changed
        return written["Measured"](**given)

    return measured


@pytest.fixture(scope="module")
def found(measured: Callable[..., Any], written: dict[str, Any]) -> list[Any]:
    random = np.random.default_rng(0)
    plain = random.uniform(0.3, 0.5, len(PHOTOS))
    noise = random.normal(0, 0.05, len(PHOTOS))
    return [
        *(measured(each, plain - 0.2) for each in written["CONTROLS"]),
        measured("gradcam", plain),
        measured("same", plain),
        measured("better", plain + 0.1 + noise),
        measured("worse", plain - 0.1 + noise),
        measured("noisy", plain + noise - noise.mean() + 0.002),
        measured("absent", plain, rows={}, said="Method 'absent' needs tokens."),
    ]


def test_a_true_difference_is_marked_and_noise_is_not(
    written: dict[str, Any], found: list[Any]
) -> None:
    energy = next(each for each in written["MEASURES"] if each.name == "energy in box")
    table = written["Table"](found, PHOTOS)
    assert table.against_reference(energy) == {"better": 1, "worse": -1}
    assert table.over_controls(energy) == {"gradcam", "better", "worse", "noisy"}
    assert table.same == ["same"]


def test_a_difference_that_is_sure_but_tiny_has_no_mark(
    written: dict[str, Any], measured: Callable[..., Any]
) -> None:
    energy = next(each for each in written["MEASURES"] if each.name == "energy in box")
    plain = np.random.default_rng(3).uniform(0.3, 0.5, len(PHOTOS))
    marks = {
        by: written["Table"](
            [measured("gradcam", plain), measured("other", plain + by)], PHOTOS
        ).against_reference(energy)
        for by in (0.009, 0.011)
    }
    assert marks == {0.009: {}, 0.011: {"other": 1}}


def test_the_page_says_why_a_method_is_absent_and_leaves_it_out_of_the_tables(
    written: dict[str, Any], found: list[Any]
) -> None:
    page = written["page"](found)
    assert "`absent` on m: *Method 'absent' needs tokens.*" in page
    assert "| `absent` |" not in page
    assert "| energy in box | `better` | `worse` |" in page


def test_a_method_is_missing_until_all_its_photos_are_there(measured: Callable[..., Any]) -> None:
    energy = np.full(len(PHOTOS), 0.5)
    rows = {each: {} for each in PHOTOS[::4]}
    assert measured("some", energy, rows=rows).missing
    assert not measured("some", energy, rows=rows, costly=True).missing
    assert not measured("some", energy, rows={}, said="It can't.").missing
