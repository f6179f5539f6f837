from __future__ import annotations

import json
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


@pytest.mark.parametrize("text", ["./a.x", "a.x", ".//a.x", "./b/.././a.x", "b/./c.x", "b//c.x"])
def test_a_file_is_called_as_pathlib_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    make(tmp_path, "a.x", "b/c.x")
    monkeypatch.chdir(tmp_path)
    (found,) = find_images([text])
    assert (found.name, found.path, found.reason) == (str(Path(text)), Path(text), None)


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


def test_a_file_below_a_file_is_told_apart(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg")
    (found,) = find_images([tmp_path / "a.jpg" / "b.jpg"])
    assert found.reason is not None
    assert found.reason.endswith(f"('{tmp_path / 'a.jpg'}' is a file, not a folder).")


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

    def test_a_link_that_leads_nowhere_says_where(self, tmp_path: Path) -> None:
        (tmp_path / "a.jpg").symlink_to("gone.jpg")
        (found,) = find_images([tmp_path / "a.jpg"])
        assert found.reason == (
            f"'{tmp_path / 'a.jpg'}' is a link that leads nowhere: there is no 'gone.jpg'."
        )

    def test_a_link_to_itself_is_no_folder(self, tmp_path: Path) -> None:
        make(tmp_path, "cat.png")
        (tmp_path / "loop").symlink_to("loop")
        (tmp_path / "loop.jpg").symlink_to("loop.jpg")
        assert [each.place for each in find_images([tmp_path])] == ["cat.png", "loop.jpg"]

    def test_many_links_to_one_folder_end_soon(self, tmp_path: Path) -> None:
        make(tmp_path, "a/cat.png")
        for i in range(20):
            (tmp_path / "a" / f"up{i}").symlink_to(tmp_path)
            (tmp_path / f"down{i}").symlink_to(tmp_path / "a")
        assert [each.place for each in find_images([tmp_path])] == ["a/cat.png"]

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


class TestFolders:
    def test_heic_photos_are_taken_and_videos_have_a_reason(self, tmp_path: Path) -> None:
        make(tmp_path, "a.HEIC", "b.heif", "c.MOV", "d.mp4", "e.jpg", "e.xmp", "Thumbs.db", "f.ts")
        found = find_images([tmp_path])
        assert [each.place for each in found] == ["a.HEIC", "b.heif", "c.MOV", "d.mp4", "e.jpg"]
        assert [each.reason is None for each in found] == [True, True, False, False, True]
        assert found[2].reason == (
            f"'{tmp_path / 'c.MOV'}' is a video: save the frames you want as images."
        )

    def test_what_a_folder_holds_instead_is_counted(self, tmp_path: Path) -> None:
        make(tmp_path, "a.TXT", "b/b.txt", "c.json", "README", ".hidden.png")
        (found,) = find_images([tmp_path])
        assert found.reason is not None
        assert found.reason.endswith("pbm (it holds 2 .txt, 1 .json, 1 without suffix).")

    def test_many_kinds_are_summed_up(self, tmp_path: Path) -> None:
        make(tmp_path, *(f"a.{each}" for each in "uvwxyz"))
        (found,) = find_images([tmp_path])
        assert found.reason is not None
        assert "2 others" in found.reason

    def test_sorting_keeps_the_files_of_a_folder_together(self, tmp_path: Path) -> None:
        make(tmp_path, "a/z.png", "a b.png", "a-b/c.png", "a.png")
        found = find_images([tmp_path])
        parts = [Path(each.place).parts for each in found]
        assert parts == sorted(parts)
        assert len(parts) == 4

    def test_the_working_directory_is_not_part_of_the_names(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make(tmp_path, "a.png", "b/c.png")
        monkeypatch.chdir(tmp_path)
        found = find_images(["."])
        assert [each.name for each in found] == ["a.png", str(Path("b", "c.png"))]
        assert [each.path for each in found] == [Path("a.png"), Path("b/c.png")]

    def test_a_folder_and_its_sub_folder_give_each_file_once(self, tmp_path: Path) -> None:
        make(tmp_path, "a.png", "b/c.png")
        for arguments in ([tmp_path, tmp_path / "b"], [tmp_path / "b", tmp_path]):
            assert len(find_images(arguments)) == 2
        assert len(find_images([tmp_path, f"{tmp_path}/b/..", f"{tmp_path}/b/../b/c.png"])) == 2


class TestLeaveOut:
    def test_results_inside_the_input_are_not_searched(self, tmp_path: Path) -> None:
        make(tmp_path, "a.png", "out/b.png", "out/deep/c.png")
        found = find_images([tmp_path], leave_out=tmp_path / "out")
        assert [each.place for each in found] == ["a.png"]
        assert len(find_images([tmp_path], leave_out=tmp_path / "not-there-yet")) == 3

    def test_given_itself_it_is_searched(self, tmp_path: Path) -> None:
        make(tmp_path, "a.png", "sub/b.png")
        assert len(find_images([tmp_path], leave_out=tmp_path)) == 2
        assert len(find_images([tmp_path / "sub"], leave_out=tmp_path)) == 1

    def test_a_shell_that_gives_the_results_along_causes_no_failure(self, tmp_path: Path) -> None:
        make(tmp_path, "a.png", "out/a.overlay.png", "out/results.jsonl")
        out = tmp_path / "out"
        assert len(find_images([tmp_path / "a.png", out], leave_out=out)) == 1
        (found,) = find_images([out], leave_out=out)
        assert found.reason is not None
        assert "no images" in found.reason

    @pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
    def test_it_is_recognised_behind_a_link(self, tmp_path: Path) -> None:
        make(tmp_path, "photos/a.png", "results/b.png")
        (tmp_path / "photos" / "out").symlink_to(tmp_path / "results")
        found = find_images([tmp_path / "photos"], leave_out=tmp_path / "photos" / "out")
        assert [each.place for each in found] == ["a.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="such names exist only there")
def test_odd_names_are_found_and_shown_on_one_line(tmp_path: Path) -> None:
    names = ["a\nb.jpg", "tab\t.jpg", os.fsdecode(b"caf\xe9.jpg"), "日本 語.jpg", "\u202eabc.jpg"]
    make(tmp_path, *names)
    found = find_images([tmp_path])
    assert {each.path for each in found} == {tmp_path / each for each in names}
    for each in found:
        assert len(each.name.splitlines()) == 1
        assert each.name == json.loads(json.dumps(each.name)).encode("utf-8").decode("utf-8")
    gone = find_images([f"{tmp_path}/{name}x" for name in names])
    for each in gone:
        assert each.reason is not None
        assert len(each.reason.encode("utf-8").splitlines()) == 1


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
