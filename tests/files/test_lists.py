"""Names from `@files.txt` and from standard input."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tfviz.errors import InputError
from tfviz.files import Source, find_images
from tfviz.files.lists import parse_names

ON_POSIX = pytest.mark.skipif(os.name == "nt", reason="such names don't exist on Windows")
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="names are bytes only on Linux")


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


def behind(data: bytes | str, name: str = "files.txt") -> list[Source]:
    Path(name).write_bytes(data.encode() if isinstance(data, str) else data)
    return find_images([f"@{name}"])


def places(sources: list[Source]) -> list[str]:
    return [each.place for each in sources]


def only_reason(sources: list[Source]) -> str:
    (source,) = sources
    assert source.reason is not None
    return source.reason


@pytest.mark.parametrize(
    "data",
    [
        "b.jpg\nä.jpg\n".encode(),
        "b.jpg\r\nä.jpg\r\n".encode(),
        "\n \nb.jpg\n\n  ä.jpg \n".encode(),
        b"\xef\xbb\xbf" + "b.jpg\nä.jpg".encode(),
        "b.jpg\r\nä.jpg\r\n".encode("utf-16"),
        b"\xfe\xff" + "b.jpg\nä.jpg".encode("utf-16-be"),
        "b.jpg\0ä.jpg\0".encode(),
        '"b.jpg"\n"ä.jpg"\n'.encode(),
    ],
    ids=["lf", "crlf", "blanks", "bom", "utf-16-le", "utf-16-be", "nul", "quoted"],
)
def test_every_form_of_a_list_gives_the_same_names(make: Callable[..., None], data: bytes) -> None:
    make("b.jpg", "ä.jpg")
    found = behind(data)
    assert places(found) == ["b.jpg", "ä.jpg"]
    assert [each.reason for each in found] == [None, None]


def test_a_list_keeps_its_order_and_takes_a_file_once(make: Callable[..., None]) -> None:
    make("a.jpg", "b.jpg")
    assert places(behind("b.jpg\na.jpg\n./b.jpg\n")) == ["b.jpg", "a.jpg"]


def test_places_begin_at_the_deepest_folder_that_holds_all_names(
    make: Callable[..., None],
) -> None:
    make("data/a/x.jpg", "data/b/deep/x.jpg")
    assert places(behind("data/a/x.jpg\ndata/b/deep/x.jpg\n")) == ["a/x.jpg", "b/deep/x.jpg"]
    assert places(behind("data/b/deep/x.jpg\n")) == ["x.jpg"]


def test_places_do_not_depend_on_how_the_names_are_written(
    make: Callable[..., None], tmp_path: Path
) -> None:
    make("data/a/x.jpg", "data/b/y.jpg")
    found = behind(f"{tmp_path}/data/a/x.jpg\ndata/c/../b/y.jpg\n./data/a/missing.jpg\n")
    assert places(found)[::2] == ["a/x.jpg", "a/missing.jpg"]
    assert places(behind("data/a/x.jpg\ndata/b/y.jpg\n")) == ["a/x.jpg", "b/y.jpg"]


def test_entries_may_be_folders_patterns_and_samples(make: Callable[..., None]) -> None:
    make("data/a/x.jpg", "data/b/y.jpg", "data/c/deep/z.png")
    found = behind("data/a\ndata/c/**/*.png\nsample:cat\ndata/b/y.jpg\n")
    assert places(found) == ["a/x.jpg", "c/deep/z.png", "cat", "b/y.jpg"]
    assert found[2].sample == "cat"


def test_two_folders_of_a_list_keep_their_names(make: Callable[..., None]) -> None:
    make("data/a/x.jpg", "data/b/x.jpg")
    assert places(behind("data/a\ndata/b\n")) == ["a/x.jpg", "b/x.jpg"]


def test_a_line_with_a_hash_is_a_comment_unless_a_file_is_called_so(
    make: Callable[..., None],
) -> None:
    make("#1.jpg", "a.jpg")
    assert places(behind("# the best ones\n#1.jpg\na.jpg\n")) == ["#1.jpg", "a.jpg"]


def test_names_separated_by_nul_are_taken_to_the_letter(make: Callable[..., None]) -> None:
    make("a.jpg")
    first, second = behind(b"#gone.jpg\0 a.jpg\0")
    assert first.reason is not None
    assert second.reason is not None


@ON_POSIX
def test_a_line_break_in_a_name_passes_through_nul(make: Callable[..., None]) -> None:
    make("one\ntwo.jpg")
    (found,) = behind(b"one\ntwo.jpg\0")
    assert found.reason is None
    assert found.name == r"one\ntwo.jpg"
    assert found.path == Path("one\ntwo.jpg")


@ON_LINUX
def test_a_name_that_is_no_utf8_is_found_all_the_same(make: Callable[..., None]) -> None:
    make("a.jpg")
    Path(os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"x")
    found = behind(b"caf\xe9.jpg\na.jpg\n")
    assert [each.reason for each in found] == [None, None]
    found[0].name.encode("utf-8")


def test_a_missing_name_does_not_stop_the_others(make: Callable[..., None]) -> None:
    make("elephant.jpg", "b.jpg")
    missing, there = behind("elefant.jpg\nb.jpg\n")
    assert missing.reason == "no such file: 'elefant.jpg'. Did you mean 'elephant.jpg'?"
    assert there.reason is None


def test_a_name_that_is_meant_from_the_folder_of_the_list_is_told(
    make: Callable[..., None],
) -> None:
    make("lists/a.jpg")
    (found,) = behind("a.jpg\n", "lists/files.txt")
    assert found.reason is not None
    assert f"exists beside the list, as '{Path('lists', 'a.jpg')}'" in found.reason
    assert "start the command in 'lists'" in found.reason


def test_the_working_directory_comes_before_the_folder_of_the_list(
    make: Callable[..., None],
) -> None:
    make("lists/a.jpg", "a.jpg")
    (found,) = behind("a.jpg\n", "lists/files.txt")
    assert (found.path, found.reason) == (Path("a.jpg"), None)


@pytest.mark.parametrize(("line", "what"), [("@more.txt", "another list"), ("-", "standard input")])
def test_a_list_holds_no_lists(make: Callable[..., None], line: str, what: str) -> None:
    make("more.txt")
    assert only_reason(behind(f"{line}\n")) == (
        f"'{line}' stands in the list 'files.txt', which can't hold {what}: give both."
    )


def test_a_file_whose_name_begins_with_an_at_is_reached(make: Callable[..., None]) -> None:
    make("@x", "-")
    assert places(behind("@x\n-\n")) == ["@x", "-"]
    assert places(find_images(["./@x", "./-"])) == ["@x", "-"]
    reason = only_reason(find_images(["@x"]))
    assert reason == "the list 'x' doesn't exist. The file of that name is './@x'."


def test_what_is_no_list_is_told(make: Callable[..., None]) -> None:
    make("folder/a.jpg", "names.txt")
    assert "is no list of names: it isn't text" in only_reason(
        behind(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", "photo.jpg")
    )
    assert "is a folder, not a list: give it without the @" in only_reason(find_images(["@folder"]))
    assert only_reason(find_images(["@name.txt"])) == (
        "the list 'name.txt' doesn't exist. Did you mean 'names.txt'?"
    )
    assert only_reason(behind("\n\n# nothing\n")) == "the list 'files.txt' holds no names."
    assert only_reason(find_images(["@"])).startswith("'@' names no list: give one such as")


def test_real_photos_are_no_lists(shared: Path) -> None:
    for path in sorted((shared / "odd_images").iterdir()):
        if path.suffix in (".jpg", ".png", ".gif", ".webp", ".avif") and path.stat().st_size > 64:
            data = path.read_bytes()
            if data[:1].isascii() and not data.strip(b"\0"):
                continue
            reason = find_images([f"@{path}"])[0].reason
            assert reason is not None, path.name


def test_a_list_in_the_home_folder_is_found(
    make: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make("home/files.txt", "home/a.jpg")
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    Path("home/files.txt").write_text("~/a.jpg\n")
    (found,) = find_images(["@~/files.txt"])
    assert (found.path, found.reason) == (tmp_path / "home" / "a.jpg", None)


def test_an_utf16_text_cut_in_a_letter_is_refused() -> None:
    with pytest.raises(InputError, match="isn't text"):
        parse_names(b"\xff\xfea")


class TestStandardInput:
    @pytest.mark.parametrize("text", ["b.jpg\na.jpg\n", "b.jpg\0a.jpg\0"])
    def test_names_come_from_a_stream_of_text_or_bytes(
        self, make: Callable[..., None], text: str
    ) -> None:
        make("a.jpg", "b.jpg")
        for stream in (
            io.StringIO(text),
            io.BytesIO(text.encode()),
            io.TextIOWrapper(io.BytesIO(text.encode()), encoding="ascii"),
        ):
            assert places(find_images(["-"], stream)) == ["b.jpg", "a.jpg"]

    def test_sys_stdin_is_the_default(
        self, make: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make("a.jpg")
        monkeypatch.setattr("sys.stdin", io.StringIO("a.jpg\n"))
        assert places(find_images(["-"])) == ["a.jpg"]

    def test_given_twice_it_is_read_once(self, make: Callable[..., None]) -> None:
        make("a.jpg", "b.jpg")
        assert places(find_images(["-", "b.jpg", "-"], io.StringIO("a.jpg"))) == ["a.jpg", "b.jpg"]

    def test_a_terminal_is_not_waited_for(self) -> None:
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        assert "is a terminal: pipe names in" in only_reason(find_images(["-"], Terminal()))

    def test_an_empty_a_closed_and_a_missing_one_are_told(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert only_reason(find_images(["-"], io.StringIO())) == (
            "standard input (-) holds no names."
        )
        closed = io.StringIO()
        closed.close()
        assert "can't be read" in only_reason(find_images(["-"], closed))
        monkeypatch.setattr("sys.stdin", None)
        assert "is closed" in only_reason(find_images(["-"]))
