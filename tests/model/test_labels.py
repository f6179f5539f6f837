from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfviz.errors import InputError, TargetError
from tfviz.model.labels import find_class, imagenet_names, read_labels

# What a line of a text file can hold: no line ends of any kind, no surrounding blanks.
LINE = st.text(
    st.characters(exclude_categories=("C", "Z"), include_characters=" "), min_size=1, max_size=20
).filter(lambda name: name == name.strip() != "" and len(name.splitlines()) == 1)
NAMES = st.lists(LINE, min_size=1, max_size=12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("labels")


def test_imagenet_has_its_thousand_names_in_the_order_of_keras(shared: Path) -> None:
    index = json.loads((shared / "models" / "imagenet_class_index.json").read_text())
    assert list(imagenet_names()) == [index[str(i)][1] for i in range(1000)]


def test_a_few_names_stand_at_their_known_indices() -> None:
    names = imagenet_names()
    assert [names[i] for i in (0, 1, 281, 386, 999)] == [
        "tench", "goldfish", "tabby", "African_elephant", "toilet_tissue",
    ]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(NAMES)
def test_a_text_file_has_a_name_a_line(folder: Path, names: list[str]) -> None:
    path = folder / "a.txt"
    path.write_text("\n".join(names) + "\n\n", encoding="utf-8")
    assert read_labels(path) == tuple(names)


@settings(max_examples=60, deadline=None)
@given(NAMES)
def test_a_json_list_has_the_names_in_order(folder: Path, names: list[str]) -> None:
    path = folder / "a.json"
    path.write_text(json.dumps(names), encoding="utf-8")
    assert read_labels(path) == tuple(names)


@settings(max_examples=60, deadline=None)
@given(NAMES.filter(lambda names: len(set(names)) == len(names)), st.randoms())
def test_a_dict_of_either_direction_and_any_order_gives_the_names_by_index(
    folder: Path, names: list[str], random: object
) -> None:
    pairs = list(enumerate(names))
    random.shuffle(pairs)  # type: ignore[attr-defined]
    (folder / "b.json").write_text(json.dumps({str(i): name for i, name in pairs}))
    (folder / "c.json").write_text(json.dumps({name: i for i, name in pairs}))
    (folder / "d.json").write_text(json.dumps({str(i): ["n01", name] for i, name in pairs}))
    for each in "bcd":
        assert read_labels(folder / f"{each}.json") == tuple(names)


@settings(max_examples=60, deadline=None)
@given(NAMES, st.booleans(), st.booleans(), st.sampled_from([".csv", ".tsv"]))
def test_a_table_gives_the_names_by_index_with_and_without_a_header(
    folder: Path, names: list[str], header: bool, index_first: bool, suffix: str
) -> None:
    # A column of names that are whole numbers can't be told from the indices.
    names = [f"n{name}" for name in names]
    rows = [(str(i), name) for i, name in enumerate(names)]
    rows = [("index", "name"), *rows[::-1]] if header else rows
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t" if suffix == ".tsv" else ",")
    writer.writerows(row if index_first else row[::-1] for row in rows)
    path = folder / f"a{suffix}"
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    assert read_labels(path) == tuple(names)


def test_a_column_of_names_may_have_a_header(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("label\ncat\n\ndog\n")
    assert read_labels(tmp_path / "a.csv") == ("cat", "dog")


def test_the_names_of_a_card_are_read_from_its_json(tmp_path: Path) -> None:
    (tmp_path / "tfviz.json").write_text('{"class_names": ["cat", "dog"], "input_size": [8, 8]}')
    assert read_labels(tmp_path / "tfviz.json") == ("cat", "dog")


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Löwe\r\ncat", encoding="utf-8-sig", newline="")
    assert read_labels(tmp_path / "a.txt") == ("Löwe", "cat")


def test_the_sub_folders_of_a_folder_are_the_classes_in_sorted_order(tmp_path: Path) -> None:
    for name in ("dog", "cat", ".cache", "Zebra"):
        (tmp_path / name).mkdir()
    (tmp_path / "readme.txt").touch()
    assert read_labels(tmp_path) == ("Zebra", "cat", "dog")


def test_a_real_class_folder_gives_its_ten_classes(shared: Path) -> None:
    assert read_labels(shared / "clothing") == (
        "dress", "hat", "longsleeve", "outwear", "pants", "shirt", "shoes", "shorts", "skirt",
        "t-shirt",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", "[1, 2", "'{path}' is no valid JSON"),
        ("a.json", '"cat"', "'{path}' must hold a list of names, or a dict"),
        ("a.json", '{"cat": "dog"}', "'{path}' must hold a list of names, or a dict"),
        ("a.json", '{"0": "cat", "2": "dog"}', "has 2 names but none for index 1: indices must"),
        ("a.json", '{"cat": 1, "dog": 1}', "gives index 1 twice: to 'cat' and to 'dog'"),
        ("a.json", '{"²": "cat"}', "must hold a list of names, or a dict"),
        ("a.json", "[]", "holds no names"),
        ("a.txt", " \n\n", "holds no names"),
        ("a.csv", "cat,feline\ndog,canine\n", "several columns and none of whole numbers"),
        ("a.csv", "0,cat\n3,dog\n", "has 2 names but none for index 1"),
    ],
)
def test_a_file_that_holds_no_classes_says_why(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_labels(path)
    assert message.format(path=path) in str(caught.value)


def test_two_rows_for_one_index_are_not_silently_one(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("0,cat\n1,dog\n1,wolf\n")
    with pytest.raises(InputError, match="gives index 1 twice: to 'dog' and to 'wolf'"):
        read_labels(tmp_path / "a.csv")


def test_a_missing_file_and_an_empty_folder_and_bytes_say_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"There is no labels file '.*no\.txt'"):
        read_labels(tmp_path / "no.txt")
    with pytest.raises(InputError, match="has no sub-folders: each is a class"):
        read_labels(tmp_path)
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00\xd8")
    with pytest.raises(InputError, match="can't be read as text"):
        read_labels(tmp_path / "a.txt")


def _lone() -> list[str]:
    """ImageNet's names but those that occur twice: crane, maillot, and Cardigan the dog."""
    written = [name.lower() for name in imagenet_names()]
    return [name for name in imagenet_names() if written.count(name.lower()) == 1]


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(_lone()))
def test_every_name_of_one_class_finds_its_index_however_it_is_written(name: str) -> None:
    index = imagenet_names().index(name)
    assert find_class(name, imagenet_names()) == index
    assert find_class(f" {name.replace('_', ' ').upper()} ", imagenet_names()) == index


def test_a_name_spelled_exactly_wins_over_one_that_differs_in_case() -> None:
    names = imagenet_names()
    assert (find_class("Cardigan", names), find_class("cardigan", names)) == (264, 474)


def test_names_may_hold_a_hyphen() -> None:
    assert find_class("black-and-tan coonhound", imagenet_names()) == 165


@pytest.mark.parametrize(("name", "first", "second"), [("crane", 134, 517), ("maillot", 638, 639)])
def test_an_ambiguous_name_lists_its_indices(name: str, first: int, second: int) -> None:
    with pytest.raises(TargetError) as caught:
        find_class(name, imagenet_names())
    assert str(caught.value) == (
        f"'{name}' is the name of 2 classes, {first} and {second}: give the index of the one."
    )


def test_an_unknown_name_offers_the_nearest_and_those_that_hold_it_as_a_word_first() -> None:
    with pytest.raises(TargetError, match=r"'tabbi'\. Did you mean 'tabby'"):
        find_class("tabbi", imagenet_names())
    with pytest.raises(TargetError, match="Classes with it in their name: tiger_cat, Persian_cat"):
        find_class("cat", imagenet_names())
    with pytest.raises(TargetError, match="There are 1000: give a name or an index"):
        find_class("qqqq", imagenet_names())
