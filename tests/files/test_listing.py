"""`image_files` lists images, or says exactly what is wrong with the path."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tfviz.errors import InputError
from tfviz.files.listing import image_files

ON_POSIX = pytest.mark.skipif(os.name == "nt", reason="backslashes are separators there")
HOST = platform.node()


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


def names(*arguments: Any) -> list[str]:
    return [each.as_posix() for each in image_files(*arguments)]


def said(*arguments: Any) -> str:
    with pytest.raises(InputError) as error:
        image_files(*arguments)
    return str(error.value)


def test_images_are_sorted_and_nothing_else_is_listed(make: Any) -> None:
    make("d/b.png", "d/a.JPG", "d/c.txt", "d/.hidden.png", "d/sub/d.png")
    os.mkdir("d/e.jpg")
    assert names("d") == ["d/a.JPG", "d/b.png"]


def test_an_absolute_folder_gives_absolute_paths(make: Any, tmp_path: Path) -> None:
    make("d/a.png")
    assert image_files(tmp_path / "d") == [tmp_path / "d" / "a.png"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*", ["top.jpg"]),
        ("*.jpg", ["top.jpg"]),
        ("T?p.*", ["top.jpg"]),
        ("*/*", ["cat/1.PNG", "cat/2.jpg", "dog/1.jpg"]),
        ("*/1.*", ["cat/1.PNG", "dog/1.jpg"]),
        ("**/*", ["cat/1.PNG", "cat/2.jpg", "dog/1.jpg", "dog/old/3.jpg", "top.jpg"]),
        ("**", ["cat/1.PNG", "cat/2.jpg", "dog/1.jpg", "dog/old/3.jpg", "top.jpg"]),
        ("**/*.png", ["cat/1.PNG"]),
        ("dog/**/*.jpg", ["dog/1.jpg", "dog/old/3.jpg"]),
        ("**/[!1-2].jpg", ["dog/old/3.jpg"]),
        ("./cat/*.jpg", ["cat/2.jpg"]),
    ],
)
def test_patterns_are_those_of_a_glob(make: Any, pattern: str, expected: list[str]) -> None:
    make("top.jpg", "cat/1.PNG", "cat/2.jpg", "dog/1.jpg", "dog/old/3.jpg", "dog/notes.txt")
    assert names(".", pattern) == expected


def test_a_missing_folder_names_the_nearest_parent_and_similar_names(make: Any) -> None:
    make("data/train/a.jpg", "data/val/a.jpg")
    told = said("data/trian/cats")
    here = os.getcwd()
    assert told == (
        f"There is no folder 'data/trian/cats' (seen from {here}). The nearest folder that exists "
        f"is 'data', which holds train, val. Did you mean 'train'? Running on {HOST}: was the "
        f"folder uploaded? (tfviz doctor show fs.file_missing)"
    )


def test_an_absolute_path_has_no_working_directory(make: Any, tmp_path: Path) -> None:
    make("data/a.jpg")
    told = said(tmp_path / "dta")
    assert "seen from" not in told
    assert f"The nearest folder that exists is '{tmp_path}', which holds data." in told


def test_a_path_that_exists_above_the_working_directory_is_found(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("data/a.jpg", "scripts/deep/x.py")
    monkeypatch.chdir("scripts/deep")
    above = Path("..", "..", "data")
    assert f"It exists as '{above}': the working directory isn't" in said("data")


def test_a_path_that_exists_beside_the_script_is_found(
    make: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make("project/data/a.jpg", "elsewhere/x")
    monkeypatch.chdir("elsewhere")
    monkeypatch.setattr("__main__.__file__", str(tmp_path / "project" / "train.py"), raising=False)
    assert f"It exists as '{tmp_path / 'project' / 'data'}'" in said("data")


def test_an_empty_folder_is_called_empty(make: Any) -> None:
    os.mkdir("d")
    told = said("d")
    assert told.startswith(f"'d' (seen from {os.getcwd()}) exists but is empty:")
    assert f"this runs on {HOST}" in told


def test_hidden_files_alone_are_named(make: Any) -> None:
    make("d/.DS_Store")
    assert "holds only hidden files (.DS_Store)" in said("d")


def test_only_folders_are_named_with_the_images_in_them(make: Any) -> None:
    make("d/cats/1.jpg", "d/cats/2.jpg", "d/dogs/1.jpg")
    told = said("d")
    assert "holds only folders (cats, dogs). Images are in cats (2), dogs (1):" in told
    assert "image_files('d', '**/*') takes those of all folders" in told
    assert str(Path("d", "cats")) in told


def test_folders_without_images_are_told_apart(make: Any) -> None:
    make("d/cats/1.txt")
    assert "holds only folders (cats), without an image in them" in said("d")


def test_other_suffixes_are_counted(make: Any) -> None:
    make("d/1.txt", "d/2.TXT", "d/3.csv", "d/README", "d/sub/x.txt")
    told = said("d")
    assert "holds no image, only 2 .txt, 1 .csv and 1 without suffix" in told
    assert "and 1 folder without images" in told
    assert "jpg jpeg jpe jfif png" in told


def test_an_archive_is_to_be_unpacked(make: Any) -> None:
    make("d/photos.zip")
    assert f"shutil.unpack_archive({str(Path('d', 'photos.zip'))!r}, 'd')" in said("d")
    assert "is a file, not a folder: unpack it first" in said("d/photos.zip")
    assert "is a file: unpack it first" in said("d/photos.zip/cats")


def test_arrays_are_told_how_they_are_read(make: Any) -> None:
    make("d/1.npy", "d/2.npy", "d/x.txt")
    assert "2 .npy and 1 .txt. .npy are arrays: np.load reads them." in said("d", "*.npy")


def test_a_pattern_without_hits_shows_the_images_that_are_there(make: Any) -> None:
    make("d/a.png", "d/b.png", "d/c.jpeg")
    told = said("d", "*.jpg")
    assert "holds 2 .png and 1 .jpeg, but none that fits pattern='*.jpg', such as a.png" in told


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("png", "Did you mean '*.png'?"),
        (".png", "Did you mean '*.png'?"),
        ("bat_1.png", "Did you mean 'cat_1.png'?"),
        ("zzzz", "It has no wildcard: '*' stands for any."),
        ("*.{png,jpg}", "A glob knows no {a,b}"),
    ],
)
def test_a_pattern_is_corrected(make: Any, pattern: str, hint: str) -> None:
    make("d/cat_1.png")
    assert hint in said("d", pattern)


def test_a_pattern_with_a_wrong_folder_is_corrected(make: Any) -> None:
    make("d/cats/1.png")
    told = said("d", "cast/*.png")
    assert "has images in cats (1), but none whose path below it fits" in told
    assert "Did you mean 'cats'?" in told


@ON_POSIX
def test_a_pattern_with_backslashes_is_corrected(make: Any) -> None:
    make("d/cats/1.png")
    assert "Here folders are parted by '/': 'cats/*.png'." in said("d", "cats\\*.png")


@pytest.mark.parametrize("pattern", ["../*.png", "/tmp/*", "~/*", "C:\\x\\*"])
def test_a_pattern_that_leads_out_of_the_folder_is_refused(make: Any, pattern: str) -> None:
    assert "leads out of the folder" in said(".", pattern)


@pytest.mark.parametrize("pattern", ["", None, 3])
def test_what_is_no_pattern_is_refused(make: Any, pattern: Any) -> None:
    assert f"pattern={pattern!r} is no pattern" in said(".", pattern)


def test_a_wildcard_in_the_folder_is_moved_to_the_pattern(make: Any) -> None:
    make("d/a.jpg")
    assert "image_files('d', '*.jpg')" in said("d/*.jpg")


def test_an_image_in_place_of_a_folder_is_shown_both_ways(make: Any) -> None:
    make("d/a.jpg")
    told = said("d/a.jpg")
    assert "is a file, not a folder: for this image alone, image_files('d', 'a.jpg')" in told
    assert "fs.not_a_directory" in told


def test_another_file_in_place_of_a_folder_is_called_so(make: Any) -> None:
    make("labels.csv")
    assert "is a file, not a folder: give the folder of the images" in said("labels.csv")


def symlink(target: str, link: str) -> None:
    try:
        os.symlink(target, link)
    except OSError:
        pytest.skip("no permission for links")


@pytest.mark.parametrize("below", ["", "/cats"])
def test_a_broken_link_says_where_it_points(make: Any, below: str) -> None:
    symlink("/mnt/gone", "data")
    told = said(f"data{below}")
    assert "is a broken link: it points to '/mnt/gone', which doesn't exist" in told


def test_a_link_in_a_circle_is_called_so(make: Any) -> None:
    symlink("data", "data")
    assert "is a broken link: it points to 'data', in a circle" in said("data")


def test_images_that_are_broken_links_say_where_they_point(make: Any) -> None:
    os.mkdir("d")
    symlink("/mnt/gone/a.jpg", "d/a.jpg")
    told = said("d")
    assert "holds 1 image that can't be opened: broken links, such as a.jpg to" in told


@pytest.mark.parametrize("pattern", ["*", "**/*"])
def test_some_broken_links_are_left_out_with_a_note(make: Any, pattern: str) -> None:
    make("d/b.jpg")
    symlink("/mnt/gone/a.jpg", "d/a.jpg")
    with pytest.warns(UserWarning, match=r"Left out of 'd': a\.jpg, .*broken links") as caught:
        assert names("d", pattern) == ["d/b.jpg"]
    assert caught[0].filename == __file__


def test_a_folder_that_cannot_be_listed_says_who_may(
    make: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    os.mkdir("d", 0o700)
    real = os.scandir

    def refuse(path: Any = ".") -> Any:
        if Path(path).name == "d":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    # Root may list everything, so the refusal is played.
    monkeypatch.setattr(os, "scandir", refuse)
    told = said("d")
    assert f"has no permission for '{tmp_path / 'd'}'" in told
    assert "fs.permission_denied" in told
    if os.name == "posix":
        assert "(mode 700, owner " in told


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may enter every folder")
def test_a_parent_that_cannot_be_entered_is_named(make: Any, tmp_path: Path) -> None:
    make("locked/d/a.jpg")
    os.chmod("locked", 0)
    try:
        assert f"has no permission for '{tmp_path / 'locked'}' (mode 0," in said("locked/d")
    finally:
        os.chmod("locked", 0o700)


def test_a_tilde_is_expanded_in_the_message(
    make: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make("photos/a.jpg")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    told = said("~/photos")
    assert "Python doesn't expand '~' in a path. Write image_files(os.path.expanduser(" in told
    assert "Did you mean 'photos'?" in said("~/photo")


def test_a_variable_is_expanded_in_the_message(
    make: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make("photos/a.jpg")
    monkeypatch.setenv("MY_DATA", str(tmp_path))
    assert "image_files(os.path.expandvars('$MY_DATA/photos'))" in said("$MY_DATA/photos")
    assert "there is no value for it here" in said("$NOT_SET_AT_ALL/photos")


@pytest.mark.parametrize(
    ("address", "remedy"),
    [
        ("gs://bucket/cats", "gcloud storage cp -r"),
        ("s3://bucket/cats", "aws s3 cp"),
        ("https://host/cats.zip", "keras.utils.get_file"),
        ("file:///data/cats", "give the path after file://, '/data/cats'"),
    ],
)
def test_an_address_is_told_how_to_become_a_folder(make: Any, address: str, remedy: str) -> None:
    told = said(address)
    assert told.startswith(f"'{address}' is an address")
    assert remedy in told


@ON_POSIX
def test_a_windows_path_is_recognised_elsewhere(make: Any) -> None:
    make("data/cats/1.jpg")
    told = said("C:\\Users\\ann\\data")
    assert f"a path of a Windows computer, and this is {platform.system()}, running on" in told
    assert "fs.not_uploaded" in told
    assert "write 'data/cats'" in said("data\\cats")
    assert "Did you mean 'cats'?" in said("data\\cast")


def test_a_backslash_that_became_a_tab_is_shown(make: Any) -> None:
    told = said("data\train")
    assert r"has the character \t in it, which a backslash in a Python string makes" in told
    assert "fs.windows_path_escape" in told


@pytest.mark.parametrize("folder", ["'data'", " data", "data "])
def test_blanks_and_quotes_around_a_path_are_seen(make: Any, folder: str) -> None:
    make("data/a.jpg")
    assert "has blanks or quotes around it: 'data' exists." in said(folder)


@ON_POSIX
@pytest.mark.parametrize(
    ("path", "diagnosis"),
    [
        ("/content/drive/MyDrive/cats", "fs.drive_not_mounted"),
        ("/kaggle/input/cats", "fs.kaggle_input_missing"),
        ("/Users/nobody-here/cats", "fs.not_uploaded"),
    ],
)
def test_paths_of_other_machines_are_recognised(make: Any, path: str, diagnosis: str) -> None:
    if os.path.isdir(Path(path).parents[1]):
        pytest.skip("this is that machine")
    assert diagnosis in said(path)


@pytest.mark.parametrize("folder", [None, 3, b"data", ["data"]])
def test_what_is_no_path_is_refused(make: Any, folder: Any) -> None:
    assert "is no path: give the name of a folder" in said(folder)


@pytest.mark.parametrize("folder", ["", "\0", "x" * 5000])
def test_an_impossible_name_gives_a_reason(make: Any, folder: str) -> None:
    assert said(folder)


def test_counting_in_sub_folders_stops_where_it_would_take_long(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(*(f"d/cats/{n}.jpg" for n in range(30)))
    monkeypatch.setattr("tfviz.files.listing.MOST_ENTRIES", 10)
    assert "Images are in cats (30 or more)" in said("d")
