"""A path that could not be read: what is there instead."""

from __future__ import annotations

import ast
import errno
import itertools
import os
import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from tfviz.doctor.live.clues.case import Case, Settled, says, settles
from tfviz.doctor.live.clues.seen import listed
from tfviz.doctor.live.clues.trees import argument, last_name
from tfviz.doctor.live.safely import is_a, maybe
from tfviz.errors import nearest
from tfviz.files.absence import neighbours

MOST_NAMES = 2000
_QUOTED = re.compile(
    r"""(?:filepath=|name = |[:=] ?)b?['"]?(?P<name>[^'"=:]+?\.\w{1,8})['"]?(?=[.,\s)]|$)"""
)
_UNREAD = re.compile(
    r"(?P<name>\S+); No such file|filepath=(?P<given>.*?)\. ?(?:Keras 3|Please ensure|$)"
)
_MODEL_HEADS = (
    (b"version https://git-lfs", "a Git LFS pointer of {size} bytes, not the file itself: `git lfs pull`"),
    (b"<!doctype", "an HTML page saved under this name: download the file itself"),
    (b"<html", "an HTML page saved under this name: download the file itself"),
    (b"\x89hdf", "an HDF5 file: its name should end in .h5"),
    (b"pk\x03\x04", "a zip archive, as .keras files are"),
)  # fmt: skip


def about_path(path: Any, *, picture: bool = False) -> str:
    """What is at a path, as the rest of a sentence: "doesn't exist; ...".

    Args:
        path: Text or a path; other values are named as what they are.
        picture: Whether a picture was wanted.

    Returns:
        '' when nothing is wrong with it.
    """
    if not isinstance(path, str | PurePath):
        return f"is no path but a {type(path).__name__}"
    text = os.fspath(path)
    if not text:
        return "is an empty text"
    if os.path.isdir(text):
        return "is a folder, not a file"
    if not os.path.exists(text):
        return _absent(text)
    if not os.path.isfile(text):
        return "is no ordinary file"  # opening a pipe would wait for its other end
    if not os.access(text, os.R_OK):
        return "exists, but may not be read (permission denied)"
    with open(text, "rb") as file:
        head = file.read(512)
    if not head:
        return "is empty (0 bytes)"
    said = _as_picture(head) if picture else _as_model(head, text)
    if picture and not said and not text.isascii() and os.name == "nt":
        return "exists, but OpenCV reads no path with such letters on Windows"
    return said


def _absent(text: str) -> str:
    folder = os.path.dirname(text)
    if folder and not os.path.isdir(folder):
        top = folder
        while os.path.dirname(top) not in ("", top) and not os.path.isdir(os.path.dirname(top)):
            top = os.path.dirname(top)
        return f"does not exist: there is no folder '{top}' either.{neighbours(top)}"
    said = neighbours(text)
    if said:
        return f"does not exist.{said}"
    elsewhere = _elsewhere(os.path.basename(text))
    if elsewhere:
        return f"does not exist. A file of that name is at '{elsewhere}'."
    return f"does not exist{_inside(folder)}"


def _inside(folder: str) -> str:
    try:
        with os.scandir(folder or ".") as listing:
            names = sorted(each.name for each in itertools.islice(listing, MOST_NAMES))
    except OSError:
        return ""
    where = f"'{folder}'" if folder else "the working directory"
    if not names:
        return f": {where} is empty"
    shown = ", ".join(f"'{each}'" for each in names[:4])
    return f": {where} holds {shown}{f' and {len(names) - 4} more' if len(names) > 4 else ''}"


def _elsewhere(name: str) -> str:
    """The same name in the working directory or in a folder directly below it."""
    try:
        with os.scandir(".") as listing:
            folders = [e.name for e in itertools.islice(listing, MOST_NAMES) if e.is_dir()]
    except OSError:
        return ""
    for each in ("", *sorted(folders)):
        there = os.path.join(each, name)
        if os.path.isfile(there):
            return there
    return ""


def _as_picture(head: bytes) -> str:
    from tfviz.image.impostors import what_it_is

    said = what_it_is(head) or ""
    return said.replace("a web page", "a web page (HTML)")


def _as_model(head: bytes, text: str) -> str:
    start = head.lstrip().lower()
    for beginning, said in _MODEL_HEADS:
        if start.startswith(beginning):
            if text.endswith(".keras") and beginning.startswith(b"pk"):
                return ""
            if text.endswith((".h5", ".hdf5")) and beginning.startswith(b"\x89"):
                return ""
            return f"is {said.format(size=os.path.getsize(text))}"
    return ""


def path_of(case: Case) -> Any:
    """The path of a missing or unreadable file: from the error, else from its words or the line."""
    name = getattr(case.error, "filename", None) if isinstance(case.error, OSError) else None
    if isinstance(name, str | PurePath) and os.fspath(name):
        return name
    match = _UNREAD.search(case.message) or _QUOTED.search(case.message)
    if match:
        return match["name"] or match.groupdict().get("given")
    opened = _opened(case)
    if opened is not None:
        return opened
    for call in case.line.calls():
        for each in (*call.args[:2], *(keyword.value for keyword in call.keywords)):
            value = case.line.maybe(each)
            if isinstance(value, PurePath) or (isinstance(value, str) and "." in value):
                return value
    return None


def _opened(case: Case) -> Any:
    """The path of a file that was opened earlier and is read only now."""
    for node in ast.walk(case.line.statement) if case.line.statement is not None else ():
        if not isinstance(node, ast.Name | ast.Attribute):
            continue
        for origin, place in case.line.origins(node):
            if isinstance(origin, ast.Call) and last_name(origin.func) in ("open", "load_img"):
                path = place.maybe(argument(origin, 0, "fp", "path", "filename", "file"))
                if isinstance(path, str | PurePath):
                    return path
    return None


@says("fs.file_missing", "fs.is_a_directory", "fs.not_a_directory", "fs.permission_denied",
      "load.keras_zip_not_found", "load.file_missing", "load.not_hdf5", "load.hdf5_truncated",
      "load.savedmodel_in_keras3", "load.empty_path", "pil.not_an_image", "pil.truncated",
      "fs.kaggle_input_missing", "fs.not_uploaded", "fs.drive_not_mounted", "numpy.not_npy",
      "load.saved_model_not_keras", "load.weights_only_file", "pil.font_missing", "tfviz.",
      errors=["FileNotFoundError", "IsADirectoryError", "NotADirectoryError",
              "UnidentifiedImageError"])  # fmt: skip
def what_is_there(case: Case) -> Iterator[str]:
    """What stands at the path, and what is near it."""
    path = path_of(case)
    if path is None or case.is_about(["fs.program_missing"]):
        return
    picture = case.is_about(["pil."]) or "Image" in case.message
    said = about_path(path, picture=picture)
    if isinstance(case.error, NotADirectoryError) and os.path.isfile(path):
        said = "is a file, not a folder"
    if not said and case.is_about(["pil."]):
        size = os.path.getsize(path)
        said = f"begins as a picture ({size} bytes), so it is cut off or damaged further in"
    if said:
        yield f"'{os.fspath(path)}' {said}{'' if said.endswith(('?', '.')) else '.'}"
    if said.startswith("does not exist") and "mean" not in said and not os.path.isabs(path):
        yield f"It is looked for from the working directory, '{os.getcwd()}'."


@settles(errors=["FileNotFoundError"])
def a_parent_folder(case: Case) -> Settled | None:
    """A path is to be written, and its folder isn't there."""
    if case.ids and not case.is_about(["fs.file_missing"]):
        return None
    name = getattr(case.error, "filename", None)
    if not isinstance(name, str) or getattr(case.error, "errno", None) != errno.ENOENT:
        return None
    folder = os.path.dirname(name)
    writes = any(
        isinstance(each, str) and set(each) & set("wax") and len(each) <= 3
        for call in case.line.calls("open")
        for each in map(case.line.maybe, [*call.args[1:2], *(k.value for k in call.keywords)])
    )
    if writes and folder and not os.path.isdir(folder):
        return Settled("fs.parent_dir_missing", {"name": f"'{name}'"})
    return None


@says(errors=["FileNotFoundError"])
def nearest_folder(case: Case) -> Iterator[str]:
    """Of a path to write: the part of it that exists."""
    name = getattr(case.error, "filename", None)
    if not case.is_about(["fs.parent_dir_missing"]) or not isinstance(name, str):
        return
    folder = os.path.dirname(name)
    parent = os.path.dirname(folder) or "."
    if os.path.isdir(parent):
        near = nearest(os.path.basename(folder), os.listdir(parent)[:MOST_NAMES])
        yield f"There is no folder '{folder}'.{near}"


@says("numpy.load_allow_pickle")
def which_entry(case: Case) -> Iterator[str]:
    """Of a file of several arrays: the one that holds objects."""
    for node in ast.walk(case.line.statement) if case.line.statement is not None else ():
        if not isinstance(node, ast.Subscript):
            continue
        archive, key = case.line.maybe(node.value), case.line.maybe(node.slice)
        names = maybe(archive, "files") if is_a(archive, "numpy", "NpzFile") else None
        if type(key) is str and type(names) is list and len(names) < 1000:
            others = [f"'{each}'" for each in names if each != key]
            beside = (
                f"; beside it there {'is' if len(others) == 1 else 'are'} {listed(others)}"
                if others
                else ""
            )
            yield f"It is the entry '{key}' of `{ast.unparse(node.value)}`{beside}."
            return
