from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from tfviz.files import find_images


def make(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_a_folder_gives_its_images_in_sorted_order(tmp_path: Path) -> None:
    make(tmp_path, "b.JPG", "a/z.png", "a/y.webp", "c.txt", ".hidden.png", ".git/d.png", "e.Jfif")
    found = find_images([tmp_path])
    assert [str(each.relative) for each in found] == ["a/y.webp", "a/z.png", "b.JPG", "e.Jfif"]
    assert [each.path for each in found] == [tmp_path / str(each.relative) for each in found]


def test_a_file_is_taken_whatever_its_suffix(tmp_path: Path) -> None:
    make(tmp_path, "photo.unknown")
    (found,) = find_images([str(tmp_path / "photo.unknown")])
    assert found.relative == PurePosixPath("photo.unknown")
    assert found.reason is None


def test_a_missing_file_tells_its_neighbours_and_the_others_go_on(tmp_path: Path) -> None:
    make(tmp_path, "elephant.jpg")
    missing, there = find_images([tmp_path / "elefant.jpg", tmp_path / "elephant.jpg"])
    assert missing.reason is not None
    assert "no such file" in missing.reason
    assert "Did you mean 'elephant.jpg'?" in missing.reason
    assert there.reason is None


def test_an_empty_folder_says_what_is_looked_for(tmp_path: Path) -> None:
    make(tmp_path, "notes.txt")
    (found,) = find_images([tmp_path])
    assert found.reason is not None
    assert "no images" in found.reason
    assert "jpg" in found.reason


@pytest.mark.parametrize("argument", ["", "\0", "x" * 5000])
def test_an_impossible_name_gives_a_reason(argument: str) -> None:
    (found,) = find_images([argument])
    assert found.reason is not None


def test_a_file_named_twice_is_taken_once(tmp_path: Path) -> None:
    make(tmp_path, "a.png", "b.png")
    assert len(find_images([tmp_path / "b.png", tmp_path, f"{tmp_path}/./a.png"])) == 2


def test_a_sample_has_a_name_and_no_path() -> None:
    (found,) = find_images(["sample:../cat"])
    assert found.path is None
    assert found.sample == "../cat"
    assert found.name == "sample:../cat"
    assert found.relative == PurePosixPath("..-cat")


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
class TestLinks:
    def test_a_linked_folder_is_searched(self, tmp_path: Path) -> None:
        make(tmp_path, "elsewhere/cat.png", "photos/dog.png")
        (tmp_path / "photos" / "more").symlink_to(tmp_path / "elsewhere")
        found = find_images([tmp_path / "photos"])
        assert [str(each.relative) for each in found] == ["dog.png", "more/cat.png"]

    def test_a_loop_ends(self, tmp_path: Path) -> None:
        make(tmp_path, "a/cat.png")
        (tmp_path / "a" / "up").symlink_to(tmp_path)
        assert len(find_images([tmp_path])) == 1

    def test_a_folder_reached_twice_keeps_its_true_name(self, tmp_path: Path) -> None:
        make(tmp_path, "z/deep/cat.png")
        (tmp_path / "a").symlink_to(tmp_path / "z")
        assert [str(each.relative) for each in find_images([tmp_path])] == ["z/deep/cat.png"]


def test_a_folder_that_cannot_be_read_gives_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "closed/a.png", "open/b.png")
    true_scandir = os.scandir

    def scandir(path: Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return true_scandir(path)

    monkeypatch.setattr(os, "scandir", scandir)
    closed, there = find_images([tmp_path])
    assert closed.reason is not None
    assert "Permission denied" in closed.reason
    assert there.reason is None


def test_finding_images_loads_nothing_heavy() -> None:
    heavy = ("cv2", "matplotlib", "PIL", "skimage", "tensorflow")
    code = (
        "import sys, tfviz.files\n"
        "assert 'numpy' not in sys.modules\n"
        "import tfviz.image, tfviz.draw\n"
        f"print([each for each in {heavy!r} if each in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.strip() == "[]"


def test_pictures_of_an_earlier_run_are_no_photos(tmp_path):
    for name in ("dog.jpg", "dog.overlay.jpg", "dog.overlay.png", "dog.panel.png"):
        (tmp_path / name).write_bytes(b"x")
    assert [each.relative.name for each in find_images([tmp_path])] == ["dog.jpg"]
