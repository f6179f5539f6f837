"""`image_files`: the images of a folder, or what exactly is wrong with the path."""

from __future__ import annotations

import itertools
import os
import platform
import re
import sys
import warnings
from collections import Counter
from pathlib import Path, PurePath

from tfviz.errors import InputError, nearest
from tfviz.files.kinds import IMAGE_SUFFIXES, RESULT
from tfviz.files.walking import walk
from tfviz.files.whereabouts import ARCHIVES, locked, require_folder, seen_from

# What is looked at and compared to explain an error; a user waits for it.
MOST_ENTRIES = 20_000
MOST_NAMES = 5_000
MOST_SHOWN = 5

_OTHERS = {
    ".heic": "photos of an iPhone: convert them, or register pillow-heif",
    ".npy": "arrays: np.load reads them",
    ".npz": "arrays: np.load reads them",
    ".mp4": "a video: cv2.VideoCapture reads its frames",
    ".avi": "a video: cv2.VideoCapture reads its frames",
    ".dcm": "DICOM: pydicom reads them",
    ".nii": "NIfTI: nibabel reads them",
    ".svg": "drawings: convert them to .png",
    ".pdf": "documents: convert their pages to .png",
    ".tfrecord": "records: tf.data.TFRecordDataset reads them",
}
_NO_IMAGES = "(tfviz doctor show data.no_images_found)"


def image_files(folder: str | os.PathLike[str], pattern: str = "*") -> list[Path]:
    """Lists the images of a folder, or says what is wrong with the path.

    An image is what ends in one of `IMAGE_SUFFIXES`, in upper or lower case; hidden files are left
    out. Unlike a glob this never returns an empty list.

    Args:
        folder: Where to look.
        pattern: Which names to take, as in a glob and whatever the case: '*.jpg', 'cat_*',
            'train/*/*.png', and '**/*' for all sub-folders too.

    Returns:
        The paths, each beginning with `folder` as it was given, sorted by name.

    Raises:
        InputError: If the folder doesn't exist, isn't one, can't be read, or has no image that
            fits, with what is there instead.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("b.png", "a.JPG", "notes.txt"):
    ...         Path(folder, name).touch()
    ...     print([each.name for each in image_files(folder)])
    ['a.JPG', 'b.png']
    """
    top = require_folder(folder)
    wanted = _compiled(pattern)
    if "/" in pattern or "**" in pattern:
        found, broken = _below(top, wanted)
    else:
        found, broken = _directly(top, wanted)
    if not found:
        raise InputError(_why_none(top, pattern, broken))
    if broken:
        _warn(f"Left out of '{top}': {_shown(broken)}, which can't be opened (broken links).")
    return found


def _compiled(pattern: str) -> re.Pattern[str]:
    if not isinstance(pattern, str) or not pattern:
        raise InputError(f"pattern={pattern!r} is no pattern: give one such as '*.jpg'.")
    if (
        pattern.startswith(("/", "~"))
        or ".." in pattern.split("/")
        or re.match("[A-Za-z]:", pattern)
    ):
        raise InputError(
            f"pattern={pattern!r} leads out of the folder: it is looked for within folder=; give "
            f"the folder there."
        )
    parts = [each for each in pattern.replace(os.sep, "/").split("/") if each not in ("", ".")]
    made = ""
    for i, part in enumerate(parts):
        last = i == len(parts) - 1
        if part == "**":
            made += ".*" if last else "(?:.*/)?"
        else:
            made += _translated(part) + ("" if last else "/")
    return re.compile(made, re.IGNORECASE | re.DOTALL)


def _translated(part: str) -> str:
    """One part of a glob as a regular expression that never crosses a slash."""
    made = ""
    for token in re.findall(r"\*+|\?|\[!?\]?[^\]]*\]|.", part, re.DOTALL):
        if token[0] == "*":
            made += "[^/]*"
        elif token == "?":
            made += "[^/]"
        elif len(token) > 2:
            inner = token[1:-1].replace("\\", r"\\").replace("[", r"\[")
            made += f"[^/{inner[1:]}]" if inner[0] == "!" else f"[{inner}]"
        else:
            made += re.escape(token)
    return made


def _directly(top: Path, wanted: re.Pattern[str]) -> tuple[list[Path], list[str]]:
    """Images in the folder itself, and the links among them that lead nowhere."""
    found, broken = [], []
    for entry in _entries(top):
        if not _is_image(entry.name) or not wanted.fullmatch(entry.name):
            continue
        if entry.is_file():
            found.append(entry.name)
        elif not entry.is_dir():
            broken.append(entry.name)
    return [top / each for each in sorted(found)], sorted(broken)


def _below(top: Path, wanted: re.Pattern[str]) -> tuple[list[Path], list[str]]:
    """The same for the folder with all its sub-folders."""
    found, broken = [], []
    for folder in walk(os.fspath(top)):
        # Of the folder itself more is said when nothing is found.
        if folder.error is not None and folder.relative:
            _warn(f"Left out: {folder.reason}")
        for name in folder.files:
            place = f"{folder.relative}/{name}".lstrip("/")
            if not _is_image(name) or RESULT.search(name) or not wanted.fullmatch(place):
                continue
            if os.path.exists(os.path.join(folder.path, name)):
                found.append(Path(folder.path, name))
            else:
                broken.append(place)
    return sorted(found, key=lambda each: each.parts), broken


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What lies in a folder, without what is hidden."""
    try:
        with os.scandir(folder) as listing:
            return [each for each in listing if not each.name.startswith(".")]
    except PermissionError as error:
        raise InputError(locked(folder)) from error
    except OSError as error:
        raise InputError(f"'{folder}' can't be listed: {error.strerror or error}.") from error


def _is_image(name: str) -> bool:
    return name.lower().endswith(IMAGE_SUFFIXES)


# ---- the folder is there, and nothing in it fits


def _why_none(top: Path, pattern: str, broken: list[str]) -> str:
    where = f"'{top}'{seen_from(top)}"
    if broken:
        aim = os.path.realpath(top / broken[0])
        return (
            f"{where} holds {_count(len(broken), 'image')} that can't be opened: broken links, "
            f"such as {broken[0]} to '{aim}'. Mount or restore what they point to."
        )
    entries = _entries(top)
    files = [each.name for each in entries if not each.is_dir()]
    folders = sorted(each.name for each in entries if each.is_dir())
    images = sorted(each for each in files if _is_image(each))
    if not entries:
        hidden = _peek(top)
        if hidden:
            return f"{where} holds only hidden files ({_shown(hidden)}): {_look_elsewhere()}"
        return f"{where} exists but is empty: {_look_elsewhere()}"
    if images and pattern not in ("*", "**/*", "**"):
        return f"{where} holds {_suffixes(images)}, but none that fits pattern={pattern!r}, " + (
            f"such as {images[0]}.{_pattern_hint(pattern, images)} {_NO_IMAGES}"
        )
    inside = _images_inside(top, folders)
    told = ", ".join(f"{name} ({n})" for name, n in list(inside.items())[:MOST_SHOWN])
    more = f" and {len(inside) - MOST_SHOWN} more" if len(inside) > MOST_SHOWN else ""
    if inside and not re.search(r"[/\\]|\*\*", pattern):
        first = next(iter(inside))
        held = (
            f"only folders ({_shown(folders)})"
            if not files
            else f"no image itself, only {_suffixes(files)} and folders"
        )
        return (
            f"{where} holds {held}. Images are in {told}{more}: "
            f"image_files({str(top)!r}, '**/{pattern}') takes those of all folders, "
            f"image_files({str(top / first)!r}) those of one. {_NO_IMAGES}"
        )
    if inside:
        return (
            f"{where} has images in {told}{more}, but none whose path below it fits "
            f"pattern={pattern!r}.{_pattern_hint(pattern, list(inside))} {_NO_IMAGES}"
        )
    if not files:
        return (
            f"{where} holds only folders ({_shown(folders)}), without an image in them: "
            f"{_look_elsewhere()}"
        )
    kinds = " ".join(each[1:] for each in IMAGE_SUFFIXES)
    also = f" and {_count(len(folders), 'folder')} without images" if folders else ""
    return (
        f"{where} holds no image, only {_suffixes(files)}{also}.{_hint(top, files)} "
        f"Images end in {kinds}. {_NO_IMAGES}"
    )


def _look_elsewhere() -> str:
    return (
        f"the images are in another folder, were not downloaded or unpacked, or were not uploaded "
        f"(this runs on {platform.node() or 'this machine'}). {_NO_IMAGES}"
    )


def _peek(folder: Path) -> list[str]:
    with os.scandir(folder) as listing:
        return sorted(each.name for each in itertools.islice(listing, MOST_NAMES))


def _images_inside(top: Path, folders: list[str]) -> dict[str, str]:
    """How many images lie below each folder; stops counting where it would take long."""
    budget = MOST_ENTRIES
    found = {}
    for name in folders:
        count = 0
        for _, _, files in os.walk(top / name):
            count += sum(map(_is_image, files))
            budget -= len(files) + 1
            if budget < 0:
                break
        if count:
            found[name] = f"{count} or more" if budget < 0 else str(count)
        if budget < 0:
            break
    return found


def _suffixes(names: list[str]) -> str:
    """`12 .txt, 3 .npy and 1 without suffix`."""
    found = Counter(PurePath(each).suffix.lower() for each in names)
    counts = sorted(found.items(), key=lambda each: (-each[1], not each[0], each[0]))
    said = [f"{n} {suffix or 'without suffix'}" for suffix, n in counts[:MOST_SHOWN]]
    if len(counts) > MOST_SHOWN:
        said.append(f"{sum(n for _, n in counts[MOST_SHOWN:])} others")
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"


def _hint(top: Path, files: list[str]) -> str:
    archive = next((each for each in sorted(files) if each.lower().endswith(ARCHIVES)), None)
    if archive:
        return f" Unpack it first: shutil.unpack_archive({str(top / archive)!r}, {str(top)!r})."
    common = Counter(PurePath(each).suffix.lower() for each in files).most_common()
    return next((f" {s} are {_OTHERS[s]}." for s, _ in common if s in _OTHERS), "")


def _pattern_hint(pattern: str, names: list[str]) -> str:
    if "{" in pattern:
        return " A glob knows no {a,b}: leave pattern= away, images of all suffixes are taken."
    if "\\" in pattern and os.sep == "/":
        return f" Here folders are parted by '/': {pattern.replace(chr(92), '/')!r}."
    first = pattern.split("/")[0]
    if first != pattern and not re.search(r"[*?\[]", first):
        return nearest(first, names[:MOST_NAMES])
    if not re.search(r"[*?\[]", pattern):
        if pattern.lower().lstrip(".") in {each[1:] for each in IMAGE_SUFFIXES}:
            return f" Did you mean '*.{pattern.lstrip('.')}'?"
        return nearest(pattern, names[:MOST_NAMES]) or " It has no wildcard: '*' stands for any."
    return ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _shown(names: list[str]) -> str:
    """The first few names."""
    more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    return ", ".join(sorted(names)[:MOST_SHOWN]) + more


def _warn(text: str) -> None:
    """A note that points at the line outside of tfviz."""
    here = os.path.dirname(os.path.dirname(__file__)) + os.sep
    level, frame = 1, sys._getframe(0)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(here):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, UserWarning, stacklevel=level)
