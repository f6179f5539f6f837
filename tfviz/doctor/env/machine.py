"""The machine that is looked at, as a value: checks read this and nothing else.

So a broken machine can be built in a temporary folder: its `/proc`, its site-packages, its
environment, its programs.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import shutil
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from tfviz.doctor.env.children import Children, Ran
from tfviz.doctor.env.distributions import Distribution, distributions_in
from tfviz.doctor.env.private import own
from tfviz.doctor.env.shell import Shell
from tfviz.doctor.env.windows import Windows

MOST_READ = 65_536


@dataclass(frozen=True)
class Machine:
    """All that the checks may know.

    Attributes:
        environ: Environment variables.
        system: 'Linux', 'Darwin' or 'Windows'.
        architecture: Of the running Python: 'x86_64', 'arm64', 'x86', in these spellings.
        version: Of the running Python, (major, minor, micro).
        release: Its whole version, '3.13.0rc1'.
        implementation: 'cpython', 'pypy'.
        free_threaded: Whether it was built without the global interpreter lock.
        libc: ('glibc', '2.36'); ('musl', '') on Alpine; ('', '') where it doesn't matter.
        executable: The running interpreter.
        prefix: Its environment.
        base_prefix: The Python that the environment was made from.
        folders: Where modules are looked for, in this order (`sys.path`).
        user_site: The user's own site-packages, None when not used.
        stdlib: Modules of the standard library that a file of the user's can hide.
        stdlib_folder: Where those lie.
        cwd: The current folder.
        home: The user's folder.
        temp: Where temporary files go.
        root: '/', or what stands for it.
        disk: Total and free bytes of the disk that holds a path.
        windows: What Windows alone can tell; None elsewhere.
        children: Runs other programs.
    """

    environ: Mapping[str, str]
    system: str
    architecture: str
    version: tuple[int, int, int]
    release: str
    implementation: str
    free_threaded: bool
    libc: tuple[str, str]
    executable: Path
    prefix: Path
    base_prefix: Path
    folders: tuple[Path, ...]
    user_site: Path | None
    stdlib: frozenset[str]
    stdlib_folder: Path
    cwd: Path
    home: Path
    temp: Path
    root: Path = Path("/")
    disk: Callable[[Path], tuple[int, int]] = field(default=lambda path: _disk(path))
    windows: Windows | None = None
    children: Children = field(default_factory=Children)

    @classmethod
    def here(cls) -> Machine:
        """The machine that this runs on."""
        cwd = _cwd()
        return cls(
            environ=dict(os.environ),
            system={"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}.get(
                sys.platform, sys.platform
            ),
            architecture=_architecture(),
            version=sys.version_info[:3],
            release=sys.version.split()[0],
            implementation=sys.implementation.name,
            free_threaded=bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
            libc=_libc(),
            executable=_executable(),
            prefix=Path(sys.prefix),
            base_prefix=Path(sys.base_prefix),
            folders=tuple(dict.fromkeys(Path(each) if each else cwd for each in sys.path)),
            user_site=_user_site(),
            stdlib=frozenset(each for each in sys.stdlib_module_names if _can_be_hidden(each)),
            stdlib_folder=Path(sysconfig.get_path("stdlib")),
            cwd=cwd,
            home=_home(),
            temp=_temp(),
            windows=Windows.here() if sys.platform == "win32" else None,
        )

    # ---- what is installed

    @functools.cached_property
    def installed(self) -> Mapping[str, tuple[Distribution, ...]]:
        """Packages by their normalised names; several where one stands in several folders."""
        found: dict[str, list[Distribution]] = {}
        for folder in self.folders:
            for each in distributions_in(folder):
                found.setdefault(each.name, []).append(each)
        return {name: tuple(copies) for name, copies in found.items()}

    def distribution(self, name: str) -> Distribution | None:
        """The package of this name that is imported: the first on the path."""
        copies = self.installed.get(name)
        return copies[0] if copies else None

    def version_of(self, name: str) -> str | None:
        """The version of a package, None when it isn't installed."""
        found = self.distribution(name)
        return found.version if found else None

    def module_file(self, name: str) -> Path | None:
        """Where `import NAME` finds a package or module, None when nowhere.

        Only regular packages and Python files: a folder without `__init__.py` is no package.
        """
        for folder in self.folders:
            for path in (folder / name / "__init__.py", folder / f"{name}.py"):
                if exists(path):
                    return path
        return None

    # ---- files and programs

    def read(self, path: Path | str) -> str | None:
        """The beginning of a text file; None when it can't be read. Relative to `root`."""
        try:
            with open(self.root / path, "rb") as file:
                return file.read(MOST_READ).decode("utf-8", "replace")
        except (OSError, ValueError):
            return None

    def which(self, program: str) -> Path | None:
        """Where a program lies on the PATH."""
        found = shutil.which(program, path=self.environ.get("PATH", ""))
        return Path(found) if found else None

    def run(
        self, command: Sequence[str], seconds: float, *, extra: Mapping[str, str] | None = None
    ) -> Ran:
        """Run another program in the user's environment, with a time limit. Never raises."""
        environ = {**self.environ, **(extra or {})}
        # A current folder that was deleted is told by the check of the disk.
        folder = self.cwd if exists(self.cwd) else None
        return self.children.run(command, seconds, environ=environ, folder=folder)

    # ---- words

    def place(self, path: PurePath | str, *, quoted: bool = False) -> str:
        """A path for a sentence: itself for the user, only what it is for everybody else."""
        text = str(path)
        return own(self.shell.quote(text) if quoted else text, self._label(PurePath(path)))

    def _label(self, path: PurePath) -> str:
        known = (
            ("home folder", self.home),
            ("temporary folder", self.temp),
            ("Python", self.base_prefix),
            ("environment", self.prefix),
            ("current folder", self.cwd),
        )
        inside = [
            (len(folder.parts), label) for label, folder in known if path.is_relative_to(folder)
        ]
        return max(inside)[1] if inside else "path"

    @functools.cached_property
    def shell(self) -> Shell:
        """The user's shell."""
        if self.system == "Windows":
            # cmd has a PROMPT, PowerShell has none.
            kind = "cmd" if "PROMPT" in self.environ else "powershell"
        else:
            kind = "fish" if self.environ.get("SHELL", "").endswith("/fish") else "posix"
        bare = Shell(kind, "python", "python -m pip")
        python = self._python(bare)
        uv = "pip" not in self.installed and self._made_by_uv
        return dataclasses.replace(
            bare, python=python, installer="uv pip" if uv else f"{python} -m pip"
        )

    def _python(self, shell: Shell) -> str:
        """What to type for the running interpreter: its name where that leads to it."""
        minor = f"python{self.version[0]}.{self.version[1]}"
        for name in ("python", "python3", minor):
            found = self.which(name)
            if found is not None and found.parent == self.executable.parent:
                return name
        return own(shell.program(str(self.executable)), "python")

    @functools.cached_property
    def _made_by_uv(self) -> bool:
        made = self.read(self.prefix / "pyvenv.cfg") or ""
        return any(line.split("=")[0].strip() == "uv" for line in made.splitlines())

    @functools.cached_property
    def keras_home(self) -> Path:
        """Where Keras keeps its settings and downloads."""
        named = self.environ.get("KERAS_HOME")
        return self.cwd / named if named else self.home / ".keras"


def exists(path: Path) -> bool:
    """Whether there is such a file, as far as one may look."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _can_be_hidden(name: str) -> bool:
    """Whether a file of that name would be imported instead of the standard library's."""
    if name.startswith("_") or name in sys.builtin_module_names:
        return False
    from importlib.machinery import FrozenImporter

    return FrozenImporter.find_spec(name) is None


def _architecture() -> str:
    platform = sysconfig.get_platform()
    machine = os.uname().machine if hasattr(os, "uname") else ""
    if platform == "win32" or (sys.maxsize < 2**32 and machine in ("x86_64", "i686")):
        return "x86"
    named = machine if platform.startswith("macosx") else platform.rpartition("-")[2]
    return {"amd64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64"}.get(named, named)


def _libc() -> tuple[str, str]:
    if sys.platform != "linux":
        return "", ""
    with contextlib.suppress(ValueError, OSError, AttributeError):
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
        if name:
            return name, version
    return ("musl", "") if "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or "") else ("", "")


def _executable() -> Path:
    """The interpreter, without the `..` of how it was called."""
    named = Path(sys.executable or "python")
    short = Path(os.path.normpath(named))
    return short if exists(short) else named


def _cwd() -> Path:
    try:
        return Path.cwd()
    except OSError:
        # The folder was deleted under us.
        return Path(os.environ.get("PWD", os.sep))


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        return Path(os.sep)


def _temp() -> Path:
    """The folder that is asked for. `tempfile` would try it, and take another without a word."""
    named = next(
        (os.environ[each] for each in ("TMPDIR", "TEMP", "TMP") if os.environ.get(each)), ""
    )
    return Path(
        named or ("/tmp" if os.name == "posix" else os.path.expandvars("%SYSTEMROOT%\\Temp"))
    )


def _user_site() -> Path | None:
    import site

    return Path(site.getusersitepackages()) if site.ENABLE_USER_SITE else None


def _disk(path: Path) -> tuple[int, int]:
    usage = shutil.disk_usage(path)
    return usage.total, usage.free
