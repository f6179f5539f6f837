from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tfviz.errors import OutputError
from tfviz.files import ensure_writable, write_bytes, write_text, writing


def test_the_file_appears_only_after_the_block(tmp_path: Path) -> None:
    with writing(tmp_path / "a.png") as temporary:
        temporary.write_bytes(b"new")
        assert not (tmp_path / "a.png").exists()
    assert (tmp_path / "a.png").read_bytes() == b"new"
    assert [each.name for each in tmp_path.iterdir()] == ["a.png"]


def test_the_temporary_name_is_hidden_and_keeps_the_suffix(tmp_path: Path) -> None:
    with writing(tmp_path / "a.npy") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.name.startswith(".")
        assert temporary.suffix == ".npy"
        temporary.touch()


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt])
def test_a_failing_block_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, kind: type[BaseException]
) -> None:
    (tmp_path / "a.txt").write_text("old")

    def interrupted() -> None:
        with writing(tmp_path / "a.txt") as temporary:
            temporary.write_text("half")
            raise kind

    with pytest.raises(kind):
        interrupted()
    assert [each.read_text() for each in tmp_path.iterdir()] == ["old"]


def test_a_name_as_long_as_allowed_can_be_written(tmp_path: Path) -> None:
    write_bytes(tmp_path / ("n" * 251 + ".png"), b"x")


def test_text_is_utf8_with_plain_line_ends(tmp_path: Path) -> None:
    write_text(tmp_path / "ü.txt", "né\n")
    assert (tmp_path / "ü.txt").read_bytes() == b"n\xc3\xa9\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_said_so(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match="quota is full"),
        writing(tmp_path / "a.txt"),
        open("/dev/full", "wb", buffering=0) as full,
    ):
        full.write(b"x")


def test_a_vanished_folder_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="doesn't exist"):
        write_bytes(tmp_path / "gone" / "a.txt", b"x")


def test_an_error_about_another_file_passes_unchanged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), writing(tmp_path / "a.txt"):
        (tmp_path / "input.txt").read_bytes()


def test_a_folder_is_no_place_for_a_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is a folder"):
        write_bytes(tmp_path, b"x")


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="needs /dev/null")
def test_a_device_is_never_replaced() -> None:
    with pytest.raises(OutputError, match="device"):
        write_bytes("/dev/null", b"x")
    assert not Path("/dev/null").is_file()


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    write_text(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


def test_ensure_writable_creates_parents_and_leaves_no_trial_file(tmp_path: Path) -> None:
    folder = ensure_writable(tmp_path / "a" / "b")
    assert folder.is_dir()
    assert not list(folder.iterdir())


def test_ensure_writable_names_the_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(OutputError, match=r"a' is a file, not a folder"):
        ensure_writable(tmp_path / "a" / "b" / "c")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "full"),
        (errno.EACCES, "no permission"),
        (errno.EROFS, "read-only"),
        (errno.EIO, "choose another place"),
    ],
)
def test_ensure_writable_that_fails_leaves_no_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    def refuse(self: Path, data: bytes) -> int:
        raise OSError(code, os.strerror(code), str(self))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(OutputError, match=words):
        ensure_writable(tmp_path / "a" / "b")
    assert not list(tmp_path.iterdir())
