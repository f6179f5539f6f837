"""Files of the user's that hide a module: `keras.py`, `random.py`, a folder `cv2`.

Python looks into the folder of the script first, then into PYTHONPATH, and only then into its
own library and the installed packages.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from tfviz.doctor.env.distributions import canonical
from tfviz.doctor.env.machine import Machine, exists
from tfviz.doctor.env.result import Problem, Result, warning, wrong

# Import names of what a program of this field stands on.
PACKAGES = frozenset((
    "tensorflow", "keras", "tf_keras", "tensorboard", "numpy", "scipy", "pandas", "matplotlib",
    "mpl_toolkits", "seaborn", "cv2", "PIL", "skimage", "sklearn", "h5py", "ml_dtypes", "google",
    "absl", "six", "wrapt", "gast", "astunparse", "flatbuffers", "termcolor", "opt_einsum",
    "optree", "namex", "packaging", "requests", "urllib3", "certifi", "idna", "rich", "grpc",
    "typing_extensions", "imageio", "tqdm", "torch", "torchvision", "jax", "tfviz", "click",
    "tensorflow_hub", "tensorflow_datasets", "tensorflow_probability", "visdom", "transformers",
))  # fmt: skip
# Modules of the standard library that importing TensorFlow, Keras and matplotlib loads.
# Source: sys.modules after doing so, TensorFlow 2.21 on Python 3.11.
LOADED = frozenset((
    "argparse", "array", "ast", "asyncio", "base64", "bdb", "binascii", "bisect", "bz2",
    "calendar", "cmd", "code", "codeop", "collections", "colorsys", "concurrent", "contextlib",
    "contextvars", "copy", "copyreg", "csv", "ctypes", "dataclasses", "datetime", "decimal",
    "difflib", "dis", "email", "encodings", "enum", "fcntl", "fileinput", "fnmatch", "fractions",
    "functools", "getpass", "gettext", "glob", "grp", "gzip", "hashlib", "heapq", "hmac", "html",
    "http", "importlib", "inspect", "ipaddress", "json", "keyword", "linecache", "locale",
    "logging", "lzma", "math", "mimetypes", "multiprocessing", "numbers", "opcode", "operator",
    "pathlib", "pdb", "pickle", "pkgutil", "platform", "plistlib", "pprint", "pydoc", "pyexpat",
    "queue", "quopri", "random", "re", "reprlib", "secrets", "select", "selectors", "shlex",
    "shutil", "signal", "socket", "ssl", "string", "stringprep", "struct", "subprocess",
    "sysconfig", "tarfile", "tempfile", "termios", "textwrap", "threading", "timeit", "token",
    "tokenize", "traceback", "types", "typing", "unicodedata", "unittest", "urllib", "uuid",
    "warnings", "weakref", "xml", "zipfile", "zlib", "zoneinfo",
))  # fmt: skip
# A file of these names hides something that nobody imports.
_UNUSED = frozenset(("test", "this", "antigravity", "idlelib", "turtledemo", "lib2to3"))
MOST_FILES = 20_000


def look(machine: Machine) -> Result:
    """Look into the folders that come before the installed packages."""
    problems: list[Problem] = []
    looked = _first_folders(machine)
    too_many = False
    for folder in looked:
        names = _listed(folder)
        too_many |= len(names) > MOST_FILES
        hiding = [each for name in names if (each := _hides(machine, folder, name))]
        problems += [_problem(machine, folder, name, module) for name, module in hiding]
    rows = tuple(("looked into", machine.place(folder)) for folder in looked)
    if problems:
        count = len(problems)
        return Result(
            f"{count} of your own hide{'s' * (count == 1)} a module", tuple(problems), rows
        )
    if too_many:
        return Result("none hides a module; the folder is large", (), rows)
    return Result("none hides a module", (), rows)


def _first_folders(machine: Machine) -> list[Path]:
    named = machine.environ.get("PYTHONPATH", "")
    separator = ";" if machine.system == "Windows" else ":"
    extra = [machine.cwd / each for each in named.split(separator) if each]
    found = []
    for folder in (machine.cwd, *machine.folders[:1], *extra):
        installed = "site-packages" in folder.parts or "dist-packages" in folder.parts
        if folder not in found and not installed and not _of_python(machine, folder):
            found.append(folder)
    return found


def _of_python(machine: Machine, folder: Path) -> bool:
    """Whether it is the folder of Python's own files, or of the installed commands."""
    return folder in (machine.stdlib_folder, machine.executable.parent, machine.prefix)


def _listed(folder: Path) -> list[str]:
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                found.append(entry.name)
                if len(found) > MOST_FILES:
                    break
    except OSError:
        return []
    return sorted(found)


def _hides(machine: Machine, folder: Path, name: str) -> tuple[str, str] | None:
    """(what lies there, which module it hides), None when it hides nothing."""
    module, dot, suffix = name.partition(".")
    library = module in machine.stdlib and module not in _UNUSED
    if not library and module not in PACKAGES:
        return None
    if dot and (suffix == "py" or suffix.endswith(("so", "pyd")) or suffix == "pyc"):
        return name, module
    if dot or not (folder / name).is_dir():
        return None
    if exists(folder / name / "__init__.py"):
        return None if _is_its_source(machine, folder, name) else (f"{name}/", module)
    # Without __init__.py a folder only counts where no real package is found.
    real = library or any(
        # `google` is many folders that Python joins.
        exists(other / f"{name}.py") or (other != folder and (other / name).is_dir())
        for other in machine.folders
    )
    return None if real or not _may_hold_code(folder / name) else (f"{name}/", module)


def _is_its_source(machine: Machine, folder: Path, name: str) -> bool:
    """Whether this is the folder that the package itself is developed in."""
    for file in ("pyproject.toml", "setup.cfg", "setup.py"):
        text = machine.read(folder / file) or ""
        for found in re.findall(r"\bname\s*=\s*[\"']?([\w.-]+)", text):
            if canonical(found) == canonical(name):
                return True
    return False


def _may_hold_code(folder: Path) -> bool:
    return any(name.endswith(".py") for name in _listed(folder))


def _problem(machine: Machine, folder: Path, name: str, module: str) -> Problem:
    stem, dot, suffix = name.rstrip("/").partition(".")
    new = f"my_{stem}{dot}{suffix}"
    where = "the current folder" if folder == machine.cwd else machine.place(folder)
    path = name.rstrip("/") if folder == machine.cwd else folder / name.rstrip("/")
    library = module in machine.stdlib
    kind = "the standard library's" if library else "the package"
    needed = module not in machine.stdlib or module in LOADED
    make = wrong if needed else warning
    who = ", also for TensorFlow" if library and needed else ""
    here = folder == machine.cwd
    command = machine.shell.rename(path, new, "" if here else "path")
    return make(
        f"`{name}` in {where} hides {kind} `{module}` from every script there{who}.",
        command,
        diagnosis="python.local_file_shadows" if library else "env.local_file_shadows",
    )
