from __future__ import annotations

import unicodedata
from pathlib import Path, PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from tfviz.files import Source, output_stems, plan_outputs


def source(path: str, relative: str | None = None) -> Source:
    return Source(Path("/top", path), PurePosixPath(relative or Path(path).name), path)


def stems(*sources: Source) -> list[str]:
    return [str(each) for each in output_stems(sources)]


def test_sub_folders_are_mirrored() -> None:
    assert stems(source("p/a/cat.jpg", "a/cat.jpg"), source("p/cat.jpg")) == ["a/cat", "cat"]


def test_equal_stems_keep_their_suffix() -> None:
    found = stems(source("cat.jpg"), source("Cat.PNG"), source("dog.jpg"))
    assert found == ["cat.jpg", "Cat.PNG", "dog"]


def test_equal_names_from_two_folders_get_the_folder_in_front() -> None:
    assert stems(source("a/cat.jpg"), source("b/cat.jpg")) == ["a/cat.jpg", "b/cat.jpg"]


def test_the_folder_in_front_is_the_one_that_was_given() -> None:
    found = stems(source("a/sub/cat.jpg", "sub/cat.jpg"), source("b/sub/cat.jpg", "sub/cat.jpg"))
    assert found == ["a/sub/cat.jpg", "b/sub/cat.jpg"]


def test_what_is_still_equal_is_numbered() -> None:
    same = [source("x/a/cat.jpg"), source("y/a/cat.jpg"), source("z/a/cat.jpg")]
    assert stems(*same) == ["a/cat.jpg", "a/cat.jpg-2", "a/cat.jpg-3"]


def test_accents_composed_and_decomposed_are_the_same_name() -> None:
    composed, decomposed = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))
    assert len({*stems(source(f"{composed}.jpg"), source(f"{decomposed}.png"))}) == 2
    assert stems(source(f"{composed}.jpg"), source(f"{decomposed}.png"))[0].endswith(".jpg")


def test_nothing_leads_out_of_the_output_folder() -> None:
    assert stems(source("x.jpg", "../../etc/x.jpg"), source("y", "/abs/y")) == ["etc/x", "abs/y"]


def test_a_video_does_not_change_the_name_of_its_photo() -> None:
    assert stems(source("IMG_1.HEIC"), source("IMG_1.MOV")) == ["IMG_1", "IMG_1.MOV"]


def test_names_that_cannot_be_printed_give_stems_that_can() -> None:
    found = stems(
        source("a\nb.jpg"), source("caf\udce9.jpg"), source("x\u202ey/z.jpg", "x\u202ey/z")
    )
    assert found == ["a_b", "caf_", "x_y/z"]


def test_letters_of_all_alphabets_stay() -> None:
    names = ["日本　語", "Привет", "مرحبا", "👩\u200d🔬", "é", "a b's (1)"]
    assert stems(*(source(f"{each}.jpg") for each in names)) == names


def test_long_names_leave_room_for_endings_and_stay_apart() -> None:
    long = "猫" * 80
    found = stems(source(f"{long}1.jpg"), source(f"{long}2.jpg"), source("b" * 250 + ".jpg"))
    assert all(len(each.encode()) <= 200 for each in found)
    assert len(set(found)) == 3
    assert found[0].startswith("猫" * 60)


def test_no_folder_stands_where_a_result_has_to_go() -> None:
    found = stems(
        source("p/cat.overlay.png/dog.jpg", "cat.overlay.png/dog.jpg"),
        source("p/Results.jsonl/dog.jpg", "Results.jsonl/dog.jpg"),
    )
    assert found == ["cat.overlay.png_/dog", "Results.jsonl_/dog"]


def test_a_plan_holds_each_source_with_its_stem() -> None:
    sources = [source("cat.jpg"), source("cat.png")]
    planned = plan_outputs(sources)
    assert [each.source for each in planned] == sources
    assert [each.stem for each in planned] == output_stems(sources)


def same_on_some_disk(text: str) -> str:
    """The plainest notion of an equal name: composed accents and folded case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


names = st.text("aAbB.é2-", min_size=1, max_size=4).filter(lambda each: each.strip("."))


@given(st.lists(st.tuples(names, names, names), max_size=12))
def test_no_two_results_share_a_name(parts: list[tuple[str, str, str]]) -> None:
    sources = [source(f"{top}/{sub}/{name}", f"{sub}/{name}") for top, sub, name in parts]
    found = [same_on_some_disk(each) for each in stems(*sources)]
    assert len(set(found)) == len(found) == len(sources)


# Few letters, so that names are often equal; among them some that only case, accents, breaking or
# missing bytes tell apart.
wild = st.text("aA\u0131Iée\u0301ßsS\n_\udce9.-2/ ", min_size=1, max_size=6)


@given(st.lists(st.tuples(wild, wild), max_size=12))
def test_stems_of_wild_names_are_unique_printable_and_inside(parts: list[tuple[str, str]]) -> None:
    sources = [Source(f"/top/{top}/{place}", place, place) for top, place in parts]
    found = stems(*sources)
    keys = [same_on_some_disk(each) for each in found]
    assert len(set(keys)) == len(found) == len(sources)
    for each in found:
        each.encode("utf-8")
        assert "\n" not in each
        assert not PurePosixPath(each).is_absolute()
        assert ".." not in PurePosixPath(each).parts


@given(st.lists(st.text(min_size=1, max_size=300), max_size=5))
def test_any_text_has_a_stem_that_fits_a_file_system(texts: list[str]) -> None:
    found = stems(*(Source(None, each, each) for each in texts))
    assert len({same_on_some_disk(each) for each in found}) == len(texts)
    assert all(len(each.rpartition("/")[2].encode()) <= 210 for each in found)


@given(st.permutations(range(6)))
def test_files_with_names_of_their_own_keep_their_stems_in_any_order(order: list[int]) -> None:
    names = ["a.jpg", "a.png", "b.jpg", "C.jpg", "c.jpeg", "d/a.jpg"]
    expected = ["a.jpg", "a.png", "b", "C.jpg", "c.jpeg", "d/a"]
    found = stems(*(source(f"p/{names[i]}", names[i]) for i in order))
    assert found == [expected[i] for i in order]
