"""Many inputs cost little memory and no more time than they must."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from tfviz.files import find_images, plan_outputs


def fill(top: Path, folders: int, files: int) -> None:
    for i in range(folders):
        folder = top / f"class_{i % 7}" / f"set_{i:04d}"
        folder.mkdir(parents=True)
        for j in range(files):
            open(f"{folder}/photo_{j:05d}.jpg", "wb").close()


def from_folder(top: Path) -> list[str]:
    return [str(top)]


def from_pattern(top: Path) -> list[str]:
    return [str(top / "**" / "*.jpg")]


def from_list(top: Path) -> list[str]:
    names = top.parent / "names.txt"
    if not names.exists():
        names.write_text("\n".join(str(each) for each in sorted(top.rglob("*.jpg"))))
    return [f"@{names}"]


WAYS = [from_folder, from_pattern, from_list]


@pytest.mark.parametrize("way", WAYS)
def test_an_input_is_held_in_less_than_a_kilobyte(
    tmp_path: Path, way: Callable[[Path], list[str]]
) -> None:
    fill(tmp_path / "photos", 20, 100)
    arguments = way(tmp_path / "photos")
    find_images(arguments)
    tracemalloc.start()
    try:
        planned = plan_outputs(find_images(arguments))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(planned) == 2000
    assert held / len(planned) < 700
    assert planned[-1].text == "class_6/set_0013/photo_00099"


@pytest.mark.slow
def test_thirty_thousand_inputs_take_seconds_and_less_than_30_megabytes(tmp_path: Path) -> None:
    fill(tmp_path / "photos", 300, 100)
    for way in WAYS:
        arguments = way(tmp_path / "photos")
        begun = time.perf_counter()
        planned = plan_outputs(find_images(arguments))
        seconds = time.perf_counter() - begun
        assert len({each.text for each in planned}) == 30_000
        # 0.3 to 0.7 s on two old cores that have nothing else to do.
        assert seconds < 10
    del planned
    tracemalloc.start()
    try:
        # The list is the last of the ways and the one that needs most.
        plan_outputs(find_images(arguments))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 30e6
