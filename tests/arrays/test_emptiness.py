"""Nothing to join: where it got lost, as far as that can be known."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfviz.arrays import concatenate, stack
from tfviz.errors import InputError


def said(parts: Any) -> str:
    with pytest.raises(InputError) as error:
        concatenate(parts)
    first, rest = str(error.value).split(". ", 1)
    assert first == "There is nothing to concatenate"
    assert rest.endswith("(tfviz doctor show data.empty_list_concatenate)")
    return rest


def numbers(count: int) -> Iterator[np.ndarray]:
    for n in range(count):
        yield np.array([n])


def test_an_empty_list_names_the_usual_sources_in_order() -> None:
    told = said([])
    places = [told.index(each) for each in ("tfviz.image_files", "filter", "used up the generator")]
    assert told.startswith("The list is empty. Most likely, in this order:")
    assert places == sorted(places)


def test_a_generator_used_up_before_is_told_from_one_that_gave_nothing() -> None:
    used = numbers(2)
    list(used)
    told = said(used)
    assert told.startswith("The generator numbers() of line ")
    assert "test_emptiness.py was already used up before the call: make it anew" in told
    assert "test_emptiness.py ended before its first yield" in said(numbers(0))


def test_a_generator_that_an_earlier_loop_had_taken_all_of_is_recognised() -> None:
    begun = numbers(1)
    next(begun)
    assert "was begun before the call and had nothing left" in said(begun)


def test_what_is_left_of_a_generator_is_joined() -> None:
    begun = numbers(3)
    next(begun)
    assert concatenate(begun).tolist() == [1, 2]


def test_a_condition_that_lets_nothing_through_is_told_from_an_empty_source() -> None:
    files = ["a", "b"]
    told = said(each for each in files if each > "c")
    assert (
        "gave nothing, though it goes over a list of 2: its condition let nothing through" in told
    )
    files.clear()
    assert "goes over a list, which is empty. Most likely" in said(each for each in files)


def test_a_filter_says_what_it_goes_over() -> None:
    told = said(filter(str.isupper, ["a", "b", "c"]))
    assert told.startswith("A filter(isupper, ...) gave nothing, though it goes over a list of 3")


def test_a_map_over_a_used_up_generator_leads_to_it() -> None:
    used = numbers(2)
    list(used)
    told = said(map(abs, used))
    assert told.startswith("A map(abs, ...) goes over the generator numbers()")
    assert "was already used up before the call" in told


def test_an_iterator_used_up_is_told_from_an_empty_one() -> None:
    used = iter([1])
    list(used)
    assert "An iterator of a list is used up" in said(used)
    assert "A list is empty" in said(iter([]))


def test_a_zip_names_the_empty_one() -> None:
    assert "A zip goes over the generator numbers()" in said(zip([1], numbers(0), strict=False))


@pytest.mark.parametrize(
    ("parts", "start"),
    [
        ({}, "The dict is empty."),
        ({}.values(), "The values of the dict are empty"),
        (np.zeros((0, 3)), "An array of shape (0, 3) has no items: its first axis has length 0."),
        ((), "The tuple is empty."),
    ],
    ids=["dict", "values", "array", "tuple"],
)
def test_empty_containers_are_called_by_their_name(parts: Any, start: str) -> None:
    assert said(parts).startswith(start)


def test_a_glob_without_hits_says_what_is_wrong_with_its_folder(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").touch()
    told = said(np.load(each) for each in glob.iglob(f"{tmp_path}/photos/*.jpg"))
    assert f"goes over the glob '{tmp_path}/photos/*.jpg', which finds nothing." in told
    assert "holds 1 .png, but none that fits pattern='*.jpg'" in told
    told = said(np.load(each) for each in glob.iglob(f"{tmp_path}/fotos/*.jpg"))
    assert "Did you mean 'photos'?" in told


def test_a_glob_for_arrays_is_not_answered_with_images(tmp_path: Path) -> None:
    told = said(np.load(each) for each in glob.iglob(f"{tmp_path}/*.npy"))
    assert f"The folder '{tmp_path}' is there, but no name in it fits '*.npy'." in told


def test_a_pattern_in_the_callers_code_that_finds_nothing_is_named() -> None:
    files = glob.glob("no-such-folder/*.jpg")
    parts = [np.load(each) for each in files]
    told = said_here(parts)
    assert "the glob 'no-such-folder/*.jpg' finds nothing. There is no folder" in told


def said_here(parts: Any) -> str:
    files = glob.glob("no-such-folder/*.jpg")
    assert not files
    with pytest.raises(InputError) as error:
        stack(parts)
    return str(error.value)


def test_where_nothing_is_right_the_way_is_shown() -> None:
    assert "like=, or shape= and dtype=" in said([])
