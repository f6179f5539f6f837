"""What is wrong with a path that should be a folder: not there, no folder, not to be read."""

from __future__ import annotations

import errno
import glob
import itertools
import os
import platform
import re
import sys
from pathlib import Path

from tfviz.errors import InputError, nearest
from tfviz.files.absence import MOST_NAMES
from tfviz.files.kinds import IMAGE_SUFFIXES

ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")

MOST_SHOWN = 5
_SCHEME = re.compile(r"^(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+):/{1,2}")
_DRIVE = re.compile(r"^[A-Za-z]:[\\/]")
_ESCAPES = {
    "\t": r"\t",
    "\n": r"\n",
    "\r": r"\r",
    "\a": r"\a",
    "\b": r"\b",
    "\f": r"\f",
    "\v": r"\v",
}
_MISSING = "(tfviz doctor show fs.file_missing)"
_NOT_UPLOADED = "(tfviz doctor show fs.not_uploaded)"


def require_folder(folder: str | os.PathLike[str]) -> Path:
    """The folder, if there is one of this name.

    Raises:
        InputError: If there is none, saying what is wrong with the path.
    """
    if not isinstance(folder, (str, os.PathLike)) or isinstance(os.fspath(folder), bytes):
        kind = "None" if folder is None else f"{folder!r} ({type(folder).__name__})"
        raise InputError(f"folder={kind} is no path: give the name of a folder, such as 'data'.")
    text = os.fspath(folder)
    if not text:
        raise InputError(f"folder='' is empty; '.' is the working directory, {os.getcwd()}.")
    path = Path(text)
    try:
        os.stat(path)
    except PermissionError as error:
        raise InputError(locked(path)) from error
    except (OSError, ValueError) as error:
        raise InputError(_why_missing(text, error)) from error
    if not path.is_dir():
        raise InputError(_why_no_folder(path))
    return path


def _why_missing(text: str, error: Exception) -> str:
    """The first thing that explains why nothing is there."""
    return (
        _other_notation(text)
        or _another_system(text)
        or _on_the_way(Path(text), error)
        or _not_there(Path(text))
    )


def _other_notation(text: str) -> str | None:
    """What a shell or a browser would understand, and a path isn't."""
    scheme = _SCHEME.match(text)
    if scheme:
        return _address(text, scheme["scheme"].lower())
    control = next((each for each in text if ord(each) < 32), None)
    if control is not None:
        written = _ESCAPES.get(control, repr(control)[1:-1])
        return (
            f"The path {text!r} has the character {written} in it, which a backslash in a Python "
            f"string makes: put an r before it, r'...', or use forward slashes. "
            f"(tfviz doctor show fs.windows_path_escape)"
        )
    stripped = text.strip().strip("'\"").strip()
    if stripped != text and os.path.exists(stripped):
        return f"{text!r} has blanks or quotes around it: {stripped!r} exists."
    if text.startswith("~"):
        return _expanded(text, os.path.expanduser(text), "'~'", "os.path.expanduser")
    if "$" in text or text.count("%") > 1:
        return _expanded(text, os.path.expandvars(text), "variables", "os.path.expandvars")
    if glob.has_magic(text):
        parts = Path(text).parts
        fixed = list(itertools.takewhile(lambda each: not glob.has_magic(each), parts))
        folder = str(Path(*fixed)) if fixed else "."
        rest = "/".join(parts[len(fixed) :])
        return f"folder={text!r} has a wildcard in it: image_files({folder!r}, {rest!r})."
    return None


def _address(text: str, scheme: str) -> str:
    if scheme == "file":
        return f"{text!r} is an address: give the path after file://, {text[7:]!r}."
    how = {
        "gs": "copy it first, gcloud storage cp -r, or list it with tf.io.gfile.glob",
        "s3": "copy it first, aws s3 cp --recursive",
    }.get(scheme, "download it first, keras.utils.get_file(origin=..., extract=True)")
    return f"{text!r} is an address ({scheme}://), not a folder of this machine: {how}."


def _expanded(text: str, full: str, what: str, how: str) -> str:
    said = f"{text!r} doesn't exist: Python doesn't expand {what} in a path"
    if full == text:
        return f"{said}, and there is no value for it here."
    if os.path.exists(full):
        return f"{said}. Write image_files({how}({text!r})), which is '{full}'."
    return f"{said}; expanded it is '{full}', which doesn't exist either.{_nearby(Path(full))}"


def _another_system(text: str) -> str | None:
    if os.sep != "/":
        return None
    if _DRIVE.match(text):
        return (
            f"'{text}' is a path of a Windows computer, and this is {platform.system()}, running "
            f"on {_host()}: was the folder uploaded? Use its path over here. {_NOT_UPLOADED}"
        )
    slashed = text.replace("\\", "/")
    if slashed == text:
        return None
    said = f"'{text}' has backslashes, which part no folders on {platform.system()}"
    if os.path.exists(slashed):
        return f"{said}: write '{slashed}'."
    path = Path(slashed)
    return f"{said}; '{path}'{seen_from(path)} doesn't exist either.{_nearby(path)}"


def _on_the_way(path: Path, error: Exception) -> str | None:
    """A file, a broken link or an impossible name among the parts of the path."""
    if isinstance(error, ValueError):
        return f"{str(path)!r} is no path: {error}."
    if getattr(error, "errno", None) == errno.ENAMETOOLONG:
        return (
            f"The name {str(path)[:60]!r}... is too long for a path ({len(str(path))} characters). "
            f"(tfviz doctor show fs.path_too_long)"
        )
    for each in [*reversed(path.parents), path]:
        if os.path.islink(each) and not os.path.exists(each):
            aim = os.readlink(each)
            why = "which doesn't exist"
            if getattr(error, "errno", None) == errno.ELOOP:
                why = "in a circle"
            elif not os.path.isabs(aim):
                why += f" (seen from '{os.path.abspath(each.parent)}')"
            return (
                f"'{each}'{seen_from(path)} is a broken link: it points to '{aim}', {why}. Mount "
                f"or restore that, or make the link anew."
            )
        if each != path and each.is_file():
            zipped = each.name.lower().endswith(ARCHIVES)
            fix = f": unpack it first, shutil.unpack_archive('{each}')" if zipped else ""
            return f"There is no folder '{path}': '{each}'{seen_from(path)} is a file{fix}."
    return None


def _not_there(path: Path) -> str:
    said = f"There is no folder '{path}'{seen_from(path)}."
    name = path.as_posix()
    if name.startswith(("/content/drive", "/content/gdrive")):
        return (
            f"{said} Google Drive isn't mounted, or the path in it is another: "
            f"drive.mount('/content/drive').{_nearby(path)} "
            f"(tfviz doctor show fs.drive_not_mounted)"
        )
    if name.startswith(("/kaggle/input", "../input")):
        return (
            f"{said} The data set isn't attached to this notebook ('Add Input'), or this isn't "
            f"Kaggle.{_nearby(path)} (tfviz doctor show fs.kaggle_input_missing)"
        )
    foreign = re.match(r"/(?:Users|home)/[^/]+", name)
    away = foreign is not None and not os.path.isdir(foreign.group())
    doctor = _NOT_UPLOADED if away else _MISSING
    return (
        f"{said}{_elsewhere(path)}{_nearby(path)} Running on {_host()}: was the folder uploaded? "
        f"{doctor}"
    )


def _elsewhere(path: Path) -> str:
    """Where the same relative path does exist: above, or beside the script."""
    if path.is_absolute():
        return ""
    places = [Path(*[".."] * n) for n in (1, 2, 3)]
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    if script:
        places.append(Path(os.path.abspath(script)).parent)
    for place in places:
        if os.path.isdir(place / path):
            found = place / path
            return f" It exists as '{found}': the working directory isn't the one you had in mind."
    return ""


def _nearby(path: Path) -> str:
    """The nearest parent that exists, and what in it may have been meant."""
    parent, wanted = path.parent, path.name
    while not os.path.isdir(parent) and parent != parent.parent:
        parent, wanted = parent.parent, parent.name
    try:
        with os.scandir(parent) as listing:
            entries = list(itertools.islice(listing, MOST_NAMES))
    except OSError:
        return f" The nearest folder that exists is '{parent}', which can't be listed."
    seen = [each for each in entries if not each.name.startswith(".")]
    # Folders first: a folder is what is looked for.
    names = [each.name for each in sorted(seen, key=lambda e: (not e.is_dir(), e.name))]
    shown = ", ".join(names[:MOST_SHOWN]) + (", ..." if len(names) > MOST_SHOWN else "")
    name = "the working directory" if str(parent) == "." else f"'{parent}'"
    holds = f"holds {shown}" if names else "is empty"
    similar = nearest(wanted, names)
    return f" The nearest folder that exists is {name}, which {holds}.{similar}"


def _host() -> str:
    return platform.node() or "this machine"


def _why_no_folder(path: Path) -> str:
    parent, name = str(path.parent), path.name
    where = f"'{path}'{seen_from(path)} is a file, not a folder"
    if name.lower().endswith(ARCHIVES):
        folder = str(path.with_suffix(""))
        return f"{where}: unpack it first, shutil.unpack_archive({str(path)!r}, {folder!r})."
    if name.lower().endswith(IMAGE_SUFFIXES):
        return (
            f"{where}: for this image alone, image_files({parent!r}, {name!r}); for all beside "
            f"it, image_files({parent!r}). (tfviz doctor show fs.not_a_directory)"
        )
    return f"{where}: give the folder of the images. (tfviz doctor show fs.not_a_directory)"


def locked(path: Path) -> str:
    """Which folder on the way can't be entered or listed."""
    absolute = Path(os.path.abspath(path))
    way = [*reversed(absolute.parents), absolute]
    # A folder that can't be entered hides whether the next one exists; one that can be entered
    # and not listed is the last.
    blocked = next((a for a, b in itertools.pairwise(way) if _hidden(b)), absolute)
    return (
        f"'{path}'{seen_from(path)} can't be read: the user {_user()} has no permission for "
        f"'{blocked}'{_mode(blocked)}. Ask its owner, chmod +rx, or copy the images elsewhere. "
        f"(tfviz doctor show fs.permission_denied)"
    )


def _hidden(path: Path) -> bool:
    try:
        os.stat(path)
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def _mode(path: Path) -> str:
    try:
        found = os.stat(path)
    except OSError:
        return ""
    return f" (mode {found.st_mode & 0o777:o}, owner {_owner(found.st_uid)})"


def _owner(uid: int) -> str:
    try:
        import pwd

        return pwd.getpwuid(uid).pw_name
    except (ImportError, KeyError):
        return str(uid)


def _user() -> str:
    return _owner(os.geteuid()) if hasattr(os, "geteuid") else os.environ.get("USERNAME", "")


def seen_from(path: Path) -> str:
    """Where a relative path leads to."""
    return "" if path.is_absolute() else f" (seen from {os.getcwd()})"
