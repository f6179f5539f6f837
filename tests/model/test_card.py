from __future__ import annotations

import json
import zipfile
from pathlib import Path

import keras
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

import tfviz
from tfviz.errors import InputError, TargetError
from tfviz.model.card import MEMBER, RESIZES, VALUE_RANGES, Card, read_card, write_card

CARD = Card(("Löwe", "cat"), (32, 48), "crop", "tf", "knows two")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a small saved model."""
    path = tmp_path_factory.mktemp("card") / "m.keras"
    keras.Sequential([keras.Input((4, 4, 3)), layers.Conv2D(2, 3), layers.Flatten()]).save(path)
    return path.read_bytes()


@pytest.fixture
def model_file(tmp_path: Path, saved: bytes) -> Path:
    path = tmp_path / "m.keras"
    path.write_bytes(saved)
    return path


def test_a_card_inside_a_keras_file_is_read_back(model_file: Path) -> None:
    write_card(model_file, CARD)
    read = read_card(model_file)
    assert read is not None
    assert (read.class_names, read.input_size, read.resize, read.value_range, read.knows) == (
        ("Löwe", "cat"), (32, 48), "crop", "tf", "knows two",
    )  # fmt: skip
    assert read.source == "tfviz.json in 'm.keras'"


def test_keras_loads_a_file_with_a_card_as_ever(model_file: Path) -> None:
    before = keras.saving.load_model(model_file).get_weights()
    write_card(model_file, CARD)
    after = keras.saving.load_model(model_file).get_weights()
    assert all((a == b).all() for a, b in zip(before, after, strict=True))


def test_all_other_members_stay_byte_for_byte(model_file: Path) -> None:
    with zipfile.ZipFile(model_file) as archive:
        before = {each: archive.read(each) for each in archive.namelist()}
    write_card(model_file, CARD)
    with zipfile.ZipFile(model_file) as archive:
        after = {each: archive.read(each) for each in archive.namelist()}
    assert after.pop(MEMBER)
    assert after == before


def test_a_second_card_replaces_the_first(model_file: Path) -> None:
    write_card(model_file, CARD)
    write_card(model_file, Card(("only",)))
    with zipfile.ZipFile(model_file) as archive:
        assert archive.namelist().count(MEMBER) == 1
    assert read_card(model_file).class_names == ("only",)


def test_writing_the_same_card_again_gives_the_same_bytes(model_file: Path) -> None:
    write_card(model_file, CARD)
    first = model_file.read_bytes()
    write_card(model_file, CARD)
    assert model_file.read_bytes() == first


def test_a_write_that_fails_leaves_the_file_as_it_was_and_nothing_else(
    model_file: Path, saved: bytes
) -> None:
    broken = bytearray(saved)
    with zipfile.ZipFile(model_file) as archive:
        member = archive.getinfo("config.json")
    broken[member.header_offset + 60] ^= 0xFF
    model_file.write_bytes(broken)
    with pytest.raises(zipfile.BadZipFile):
        write_card(model_file, CARD)
    assert model_file.read_bytes() == broken
    assert [each.name for each in model_file.parent.iterdir()] == ["m.keras"]


def test_beside_another_format_the_card_is_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n")
    write_card(path, CARD)
    assert path.read_bytes() == b"\x89HDF\r\n\x1a\n"
    assert read_card(path).class_names == ("Löwe", "cat")
    assert read_card(path).source == "'m.h5.tfviz.json'"


def test_a_file_without_a_card_has_none(model_file: Path) -> None:
    assert read_card(model_file) is None


def test_a_sidecar_serves_an_archive_without_a_card(model_file: Path) -> None:
    sidecar = model_file.with_name("m.keras.tfviz.json")
    sidecar.write_text('{"class_names": ["a"]}')
    assert read_card(model_file).class_names == ("a",)


names = st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=4).map(tuple)
sizes = st.none() | st.tuples(st.integers(1, 4096), st.integers(1, 4096))


@settings(max_examples=60, deadline=None)
@given(
    names,
    sizes,
    st.none() | st.sampled_from(RESIZES),
    st.none() | st.sampled_from(VALUE_RANGES),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_any_card_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
    class_names: tuple[str, ...],
    size: tuple[int, int] | None,
    resize: str | None,
    value_range: str | None,
    knows: str,
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.h5"
    path.touch()
    card = Card(class_names, size, resize, value_range, knows, "'any.h5.tfviz.json'")
    write_card(path, card)
    assert read_card(path) == card


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no valid JSON"),
        ("\xff", "is no valid JSON"),
        ("[1]", "must hold an object with class_names, input_size"),
        ('{"value_range": "vgg"}', "value_range 'vgg'; known are none, 0-1, tf, torch, caffe"),
        ('{"resize": "squash"}', "resize 'squash'; known are stretch, crop, letterbox"),
        ('{"resize": []}', "resize []; known are"),
        ('{"input_size": 32}', "gives input_size 32, which is no [height, width]"),
        ('{"input_size": ["a", "b"]}', "gives input_size ['a', 'b'], which is no [height, width]"),
        ('{"input_size": [32]}', "gives input_size [32], which is no [height, width]"),
        ('{"input_size": [0, -1]}', "gives input_size [0, -1], which is no [height, width]"),
        ('{"class_names": 3}', "gives class_names 3, which is no list of names"),
        ('{"class_names": [1, "a"]}', "gives class_names [1, 'a'], which is no list of names"),
        ('{"input_size": [true, 3]}', "gives input_size [True, 3], which is no [height, width]"),
        ('{"class_names": "cat"}', "gives class_names 'cat', which is no list of names"),
    ],
)
def test_a_file_that_is_no_card_says_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "m.h5.tfviz.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError) as caught:
        read_card(tmp_path / "m.h5")
    assert str(caught.value).startswith("'m.h5.tfviz.json' ")
    assert message in str(caught.value)


def test_what_a_later_version_may_add_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "m.h5.tfviz.json").write_text('{"class_names": ["a"], "mean": [1, 2]}')
    assert read_card(tmp_path / "m.h5").class_names == ("a",)


def test_the_card_of_a_loaded_file_is_remembered_and_its_names_used(model_file: Path) -> None:
    write_card(model_file, Card(class_names=("a", "b"), value_range="tf"))
    model = tfviz.load_model(model_file)
    assert tfviz.card_of(model).class_names == ("a", "b")
    assert tfviz.card_of(model).value_range == "tf"


def test_a_model_that_tfviz_did_not_load_has_an_empty_card() -> None:
    assert tfviz.card_of(keras.Sequential([])) == Card()


def test_a_card_holds_no_model_alive(model_file: Path) -> None:
    import gc
    import weakref

    write_card(model_file, CARD)
    model = weakref.ref(tfviz.load_model(model_file))
    gc.collect()
    assert model() is None


def test_names_are_only_used_where_they_are_as_many_as_the_units() -> None:
    card = Card(class_names=("a", "b"))
    assert (card.name_of(1, 2), card.name_of(1, 3), Card().name_of(7)) == (
        "b",
        "class 1",
        "class 7",
    )


def test_a_typed_class_is_a_rank_an_index_or_a_name() -> None:
    card = Card(class_names=("top", "b"))
    assert [card.find_class(each) for each in ("top3", "1", "b", "top")] == ["top3", 1, 1, 0]
    assert Card().find_class("anything") == "anything"
    with pytest.raises(TargetError, match="No class of the model is called 'c'"):
        card.find_class("c")


def test_the_json_holds_no_more_than_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "m.h5").touch()
    write_card(tmp_path / "m.h5", Card(class_names=("a",), source="elsewhere"))
    assert json.loads((tmp_path / "m.h5.tfviz.json").read_text()) == {"class_names": ["a"]}
