"""Patterns that no shell has expanded."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfviz.files import find_images
from tfviz.files.patterns import hits, parse_pattern

ON_POSIX = pytest.mark.skipif(os.name == "nt", reason="names with * and ?, links")


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes files in the working directory, a temporary one."""
    monkeypatch.chdir(tmp_path)

    def made(*names: str) -> None:
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x")

    return made


def places(*arguments: str) -> list[str]:
    return [each.place for each in find_images(arguments)]


def reason(argument: str) -> str:
    (found,) = find_images([argument])
    assert found.reason is not None
    return found.reason


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("p/*.jpg", ["a.jpg", "b.jpg"]),
        ("./p/./*.jpg", ["a.jpg", "b.jpg"]),
        ("p/?.*", ["a.jpg", "b.jpg"]),
        ("p/[!a].jpg", ["b.jpg"]),
        ("p/*/c.png", ["x/c.png", "y/c.png"]),
        ("p/x/../*.jpg", ["a.jpg", "b.jpg"]),
        ("p/**/*.png", ["x/c.png", "x/deep/d.png", "y/c.png"]),
        ("**/x/**/*.png", ["p/x/c.png", "p/x/deep/d.png"]),
        ("p/**", ["a.jpg", "b.jpg", "x/c.png", "x/deep/d.png", "y/c.png"]),
        ("p/**/", ["a.jpg", "b.jpg", "x/c.png", "x/deep/d.png", "y/c.png"]),
        ("p/**/**/*", ["a.jpg", "b.jpg", "x/c.png", "x/deep/d.png", "y/c.png"]),
        ("p/[xy]", ["x/c.png", "x/deep/d.png", "y/c.png"]),
        ("p/*/", ["x/c.png", "x/deep/d.png", "y/c.png"]),
        ("p/*.txt", ["notes.txt"]),
        ("p/.h*", [".hidden.jpg"]),
    ],
)
def test_hits_are_sorted_and_placed_below_the_fixed_part(
    make: Callable[..., None], pattern: str, expected: list[str]
) -> None:
    make("p/b.jpg", "p/a.jpg", "p/x/c.png", "p/x/deep/d.png", "p/y/c.png")
    make("p/notes.txt", "p/.hidden.jpg", "p/.git/e.png", "p/a.overlay.jpg", "p/z/readme.md")
    assert places(pattern) == expected


@given(
    st.lists(st.sampled_from(["a", "ab", "b", "?", "*", "a*", "[ab]", "**", "[!a]*"]), max_size=4)
    .filter(lambda each: any(set(part) & set("*?[") for part in each))
    .map("/".join)
)
@settings(max_examples=150, deadline=None)
def test_the_same_fits_as_for_the_standard_library(
    tmp_path_factory: pytest.TempPathFactory, pattern: str
) -> None:
    top = tmp_path_factory.getbasetemp() / "tree-for-patterns"
    if not top.exists():
        for name in ("a", "b/a", "b/ab", "ab/a/b", "ab/b/a/ab"):
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_bytes(b"")
    parsed = parse_pattern(os.path.join(top, pattern))
    found = {hit.path for hit in hits(parsed) if not hit.folder}
    expected = glob.glob(os.path.join(top, pattern), recursive=True)
    # There `file/**` gives `file/`, a folder that doesn't exist.
    assert found == {each for each in expected if os.path.isfile(each)}


def test_a_file_that_is_called_like_a_pattern_wins(make: Callable[..., None]) -> None:
    make("a[1].jpg", "a1.jpg")
    assert places("a[1].jpg") == ["a[1].jpg"]
    os.remove("a[1].jpg")
    assert places("a[1].jpg") == ["a1.jpg"]


def test_a_folder_that_is_called_like_a_pattern_wins(make: Callable[..., None]) -> None:
    make("[old] trip/a.jpg", "o trip/b.jpg", "[old] trip/sub [x]/c.jpg")
    assert places("[old] trip/*.jpg") == ["a.jpg"]
    assert places("*/sub [x]/*.jpg") == ["[old] trip/sub [x]/c.jpg"]


def test_pictures_of_earlier_runs_are_taken_when_asked_for(make: Callable[..., None]) -> None:
    make("a.jpg", "a.overlay.jpg", "b.panel.png")
    assert places("*.jpg") == ["a.jpg"]
    assert places("*.overlay.*") == ["a.overlay.jpg"]
    assert places("*.panel.png") == ["b.panel.png"]


def test_no_hits_give_one_line_on_why(make: Callable[..., None]) -> None:
    make("p/a.JPG", "p/elephant.jpg")
    assert reason("q/*.jpg") == (
        "no image is called 'q/*.jpg' or fits it as a pattern (there is no folder 'q')."
    )
    assert "(1 would if upper and lower case were the same)" in reason("p/a.jp[g]")
    assert "Did you mean 'elephant.jpg'?" in reason("p/elefant[1].jpg")
    assert reason("p/*.webp") == "no image is called 'p/*.webp' or fits it as a pattern."


@ON_POSIX
def test_a_loop_of_links_ends(make: Callable[..., None]) -> None:
    make("p/a/cat.png")
    os.symlink("..", "p/a/up")
    os.symlink(".", "p/self")
    assert places("p/**/*.png") == ["a/cat.png"]
    assert places("**/*.png") == ["p/a/cat.png"]


def test_a_folder_for_results_is_left_out(make: Callable[..., None]) -> None:
    make("p/a.jpg", "p/out/b.jpg", "p/out/deep/c.jpg")
    for pattern in ("p/**/*.jpg", "p/*", "**", "p/*/*.jpg", "p/a*"):
        found = find_images([pattern], leave_out="p/out")
        assert {each.path.name for each in found if not each.reason} <= {"a.jpg"}, pattern
    assert [each.place for each in find_images(["p/**/*.jpg"], leave_out="p/out")] == ["a.jpg"]


def test_the_home_folder_is_found_in_a_quoted_pattern(
    make: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make("home/a.jpg")
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    assert places("~/*.jpg") == ["a.jpg"]
