from __future__ import annotations

import unicodedata
from pathlib import Path, PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from tfviz.files import Source, output_stems


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


names = st.text("aAbB.é2-", min_size=1, max_size=4).filter(lambda each: each.strip("."))


@given(st.lists(st.tuples(names, names, names), max_size=12))
def test_no_two_results_share_a_name(parts: list[tuple[str, str, str]]) -> None:
    sources = [source(f"{top}/{sub}/{name}", f"{sub}/{name}") for top, sub, name in parts]
    found = [unicodedata.normalize("NFC", each).casefold() for each in stems(*sources)]
    assert len(set(found)) == len(found) == len(sources)
