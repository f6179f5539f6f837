"""What doesn't fit: each sentence names the part, its shape, and what to type."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import pytest

import tfviz
from tfviz.arrays import concatenate, stack
from tfviz.errors import InputError

z = np.zeros


def said(verb: Any, parts: Any, **arguments: Any) -> str:
    with pytest.raises(InputError) as error:
        verb(parts, **arguments)
    return str(error.value)


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        ((64, 48, 3), "axis 1 is 48 instead of 64"),
        ((48, 32, 3), "axis 0 is 48 instead of 64 and axis 1 is 32 instead of 64"),
        ((64, 64), "gray among colour: np.repeat(x[..., None], 3, axis=-1)"),
        ((64, 64, 1), "axis 2 is 1 instead of 3 (gray among colour): np.repeat(x, 3, axis=-1)"),
        ((64, 64, 4), "axis 2 is 4 instead of 3 (with transparency): x[..., :3]"),
        ((1, 64, 64, 3), "has the batch axis of length 1 too many: x[0]"),
        ((64, 64, 3, 1), "has the channel axis of length 1 too many: x[..., 0]"),
        ((5, 64, 64, 3), "a whole batch of 5 among single ones: take its items, *x"),
        ((0,), "an empty start such as np.array([]): leave it out and begin with an empty list"),
        ((), "a single number without an axis"),
        ((7,), "1 axis instead of 3"),
    ],
    ids=str,
)
def test_the_odd_one_out_of_a_stack_is_explained(odd: tuple[int, ...], reason: str) -> None:
    parts = [z((64, 64, 3)), z((64, 64, 3)), z(odd), z((64, 64, 3))]
    assert said(stack, parts).splitlines()[:2] == [
        "stack needs parts of one shape; 3 of 4 have (64, 64, 3), but not:",
        f"  part 2: {odd}, {reason}",
    ]


def test_channels_first_is_recognised() -> None:
    told = said(stack, [z((8, 9, 3)), z((8, 9, 3)), z((3, 8, 9))])
    assert "(channels first): np.moveaxis(x, 0, -1)" in told


def test_an_upright_photo_among_lying_ones_is_recognised() -> None:
    assert "(upright among lying)" in said(stack, [z((6, 8, 3)), z((8, 6, 3)), z((6, 8, 3))])


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        ((64, 64, 3), "lacks the batch axis: x[None]"),
        ((4, 64, 48, 3), "axis 2 is 48 instead of 64"),
        ((0,), "an empty start such as np.array([]): leave it out and begin with an empty list"),
        ((1, 4, 64, 64, 3), "has the batch axis of length 1 too many: x[0]"),
    ],
    ids=str,
)
def test_the_odd_one_out_of_a_concatenate_is_explained(odd: tuple[int, ...], reason: str) -> None:
    parts = [z((2, 64, 64, 3)), z((8, 64, 64, 3)), z(odd)]
    assert said(concatenate, parts).splitlines()[:2] == [
        "concatenate along axis 0 needs parts that agree in all other axes; "
        "2 of 3 have (any, 64, 64, 3), but not:",
        f"  part 2: {odd}, {reason}",
    ]


def test_a_column_without_its_axis_is_told_how_to_get_it() -> None:
    told = said(concatenate, [z((5, 2)), z((5, 3)), z(5)], axis=1)
    assert "part 2: (5,), lacks axis 1: x[..., None]" in told


def test_the_majority_is_right_wherever_it_stands() -> None:
    told = said(stack, [z(3), z(4), z(4), z(5), z(4)])
    assert "3 of 5 have (4,)" in told
    assert "part 0: (3,), axis 0 is 3 instead of 4" in told
    assert "part 3: (5,), axis 0 is 5 instead of 4" in told


def test_an_empty_start_has_no_vote() -> None:
    told = said(concatenate, [z(0), z((2, 3))])
    assert "1 of 2 has (any, 3)" in told
    assert "part 0: (0,), an empty start" in told


def test_the_axis_along_which_they_would_fit_is_named() -> None:
    assert "They fit along axis=1." in said(concatenate, [z((2, 3)), z((2, 4))])
    assert "tfviz.concatenate(parts, axis=0) would" in said(stack, [z((2, 3)), z((4, 3))])


def test_many_odd_ones_are_counted() -> None:
    told = said(stack, [z(n) for n in range(1, 30)])
    assert "and 20 more" in told
    assert told.count("\n") == 10


def test_sequences_of_different_length_are_told_of_padding() -> None:
    told = said(concatenate, [z((1, 2)), z((2, 3))])
    assert "Bring all to one size first" in told


@pytest.mark.parametrize(
    ("verb", "axis", "range_"),
    [(concatenate, 2, "-2 to 1"), (concatenate, -3, "-2 to 1"), (stack, 3, "-3 to 2")],
)
def test_an_axis_out_of_range_is_told_the_range(verb: Any, axis: int, range_: str) -> None:
    told = said(verb, [z((2, 3))], axis=axis)
    assert (
        f"axis={axis} is out of range: parts of shape (2, 3) can be joined along axis {range_}."
        in told
    )


def test_concatenate_past_the_last_axis_points_to_stack() -> None:
    assert "tfviz.stack(parts, axis=1)" in said(concatenate, [z(2)], axis=1)


@pytest.mark.parametrize("axis", [1.5, "0", (0, 1), True])
def test_an_axis_that_is_no_integer_is_refused(axis: Any) -> None:
    assert f"axis={axis!r} is not an integer" in said(stack, [z(2)], axis=axis)


def test_numbers_can_only_be_stacked() -> None:
    assert "The 2 parts are single numbers (shape ())" in said(concatenate, [1, np.float32(2)])


def test_nones_are_listed() -> None:
    told = said(stack, [z(2), None, z(2), None])
    assert told.startswith("Parts 1 and 3 of 4 are None: an image that cv2.imread couldn't read")
    assert "[x for x in parts if x is not None]" in told
    assert said(stack, [None]).startswith("Part 0 of 1 is None")
    assert "3, 4, 5, 6, 7 and 22 more, 30 in all, of 30 are None" in said(stack, [None] * 30)


def test_a_none_inside_a_list_is_located() -> None:
    assert "Part 1 has None at [1][0]" in said(stack, [[[1], [2]], [[1], [None]]])


def test_a_ragged_list_shows_its_shapes() -> None:
    told = said(stack, [[[1, 2], [3]], [[1, 2], [3, 4]]])
    assert "Part 0 is a ragged list: its items have the shapes (2,), (1,)." in told
    assert "keras.utils.pad_sequences" in told


def test_pairs_of_images_and_labels_are_taken_apart() -> None:
    told = said(concatenate, [(z((4, 3)), z(4))])
    assert "tfviz.concatenate([x for x, y in parts])" in told


def test_a_dict_among_the_parts_shows_its_keys() -> None:
    told = said(stack, [{"image": z(2), "label": 1}])
    assert "Part 0 is a dict ('image', 'label'): take one" in told
    assert "tfviz.stack([each['image'] for each in parts])" in told


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        (None, "parts= is None"),
        ("data/*.jpg", "parts='data/*.jpg' is a name, not arrays: read the files first"),
        (PurePath("data"), "is a name, not arrays"),
        (3, "parts=3 (int) is nothing to walk through"),
        ({1, 2}, "parts= is a set, which has no order"),
        (np.float32(1), "parts= is a single number (shape ())"),
        (itertools.count(), "itertools.count never ends"),
        ((x for x in itertools.cycle([1])), "itertools.cycle never ends"),
        ([PurePath("a.txt")], "Part 0 is the name 'a.txt': read it first"),
        (["a.jpg"], "Part 0 is the name 'a.jpg': read it first"),
        ([object], "which is no array, tensor, number or list of those"),
    ],
    ids=lambda each: each if isinstance(each, str) else type(each).__name__,
)
def test_what_is_no_list_of_arrays_is_refused(parts: Any, reason: str) -> None:
    assert reason.lower() in said(concatenate, parts).lower()


def test_a_scipy_matrix_is_told_the_way_to_an_array() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    assert "x.toarray()" in said(stack, [sparse.eye(3)])


def test_a_dtype_that_would_cut_off_decimals_is_refused() -> None:
    told = said(concatenate, [z(2, "int64"), z(2)], dtype="int32")
    assert "dtype='int32' would lose what part 1 holds, which is float64 (1 of 2 parts)" in told


def test_a_dtype_too_small_for_the_values_is_refused() -> None:
    told = said(concatenate, [np.array([-1, 300])], dtype="uint8")
    assert "part 0 has values from -1 to 300, which uint8 can't hold" in told


def test_an_unknown_dtype_is_corrected() -> None:
    assert "Did you mean 'float32'?" in said(stack, [1], dtype="flaot32")


def test_dates_and_numbers_have_nothing_in_common() -> None:
    told = said(concatenate, [z(2, "M8[s]"), z(2)])
    assert "No dtype holds all of datetime64[s], float64" in told


def test_every_diagnosis_named_is_in_the_catalogue() -> None:
    package = Path(tfviz.__file__).parent
    index = json.loads((package / "catalogue/data/index.json").read_text(encoding="utf-8"))
    known = {each["id"] for each in (index["diagnoses"] if isinstance(index, dict) else index)}
    files = [*(package / "arrays").glob("*.py"), *(package / "files").glob("*.py")]
    text = "".join(each.read_text(encoding="utf-8") for each in files)
    named = set(re.findall(r"doctor show ([\w.]+\w)", text))
    assert len(named) >= 12
    assert named <= known
