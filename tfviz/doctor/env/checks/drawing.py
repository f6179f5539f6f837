"""matplotlib: its backend, and whether there is a display to draw on."""

from __future__ import annotations

from pathlib import Path

from tfviz.doctor.env.machine import Machine, exists
from tfviz.doctor.env.private import own
from tfviz.doctor.env.result import Problem, Result, warning, wrong

# Backends and the module that each needs; '' for what matplotlib brings itself.
# Source: matplotlib.backends.backend_registry of matplotlib 3.9 to 3.11.
WITHOUT_DISPLAY = frozenset(("agg", "cairo", "pdf", "pgf", "ps", "svg", "template"))
IN_A_BROWSER = {"webagg": "tornado", "nbagg": "IPython", "notebook": "IPython",
                "inline": "matplotlib_inline", "widget": "ipympl", "ipympl": "ipympl"}  # fmt: skip
WITH_DISPLAY = {
    "tkagg": "tkinter", "tkcairo": "tkinter", "gtk3agg": "gi", "gtk3cairo": "gi", "gtk4agg": "gi",
    "gtk4cairo": "gi", "wx": "wx", "wxagg": "wx", "wxcairo": "wx", "qtagg": "", "qtcairo": "",
    "qt5agg": "", "qt5cairo": "", "macosx": "",
}  # fmt: skip
_QT = ("PyQt6", "PySide6", "PyQt5", "PySide2")


def look(machine: Machine) -> Result:
    """Where figures will appear."""
    version = machine.version_of("matplotlib")
    if version is None:
        problem = wrong(
            "There is no matplotlib here.",
            machine.shell.pip("install", "matplotlib"),
            diagnosis="env.package_missing",
        )
        return Result("not installed", (problem,))
    backend, source = _backend(machine)
    display = _display(machine)
    rows = (
        (
            "backend",
            f"{own(backend, 'backend') if backend else 'chosen at the first figure'}, set by {source}",
        ),
        ("display", display or "none"),
    )
    if backend:
        problems = _chosen(machine, backend, source, display)
        shown = backend if _known(backend) else own(backend, "backend")
        return Result(f"{version}, backend {shown}", tuple(problems), rows)
    if not display:
        return Result(f"{version}, no display: figures can be saved, not shown", (), rows)
    toolkit = _toolkit(machine)
    if toolkit is None:
        problem = warning(
            "There is a display, but no toolkit to open a window with: `plt.show()` shows "
            "nothing, while `savefig` works.",
            machine.shell.pip("install", "pyqt6"),
            diagnosis="viz.agg_cannot_show",
        )
        return Result(f"{version}, no window toolkit", (problem,), rows)
    return Result(f"{version}, windows by {toolkit}", (), rows)


def _known(backend: str) -> bool:
    name = backend.lower()
    return name in WITHOUT_DISPLAY or name in IN_A_BROWSER or name in WITH_DISPLAY


def _backend(machine: Machine) -> tuple[str, str]:
    """The backend that somebody has set, and where."""
    if machine.environ.get("MPLBACKEND"):
        return machine.environ["MPLBACKEND"], "MPLBACKEND"
    for path in _settings(machine):
        text = machine.read(path)
        if text is None:
            continue
        # matplotlib reads the first of these files, and no other.
        for line in text.splitlines():
            key, _, value = line.split("#")[0].partition(":")
            if key.strip() == "backend" and value.strip():
                return value.strip().strip("\"'"), machine.place(path)
        break
    return "", "nobody"


def _settings(machine: Machine) -> list[Path]:
    environ = machine.environ
    found = [machine.cwd / "matplotlibrc"]
    if environ.get("MATPLOTLIBRC"):
        named = Path(environ["MATPLOTLIBRC"])
        found += [named / "matplotlibrc", named]
    if environ.get("MPLCONFIGDIR"):
        found.append(Path(environ["MPLCONFIGDIR"]) / "matplotlibrc")
    elif machine.system == "Linux":
        config = environ.get("XDG_CONFIG_HOME") or machine.home / ".config"
        found.append(Path(config) / "matplotlib" / "matplotlibrc")
    else:
        found.append(machine.home / ".matplotlib" / "matplotlibrc")
    return [path for path in found if path.is_file()]


def _display(machine: Machine) -> str:
    if machine.system != "Linux":
        return "the system's own"
    for name in ("WAYLAND_DISPLAY", "DISPLAY"):
        if machine.environ.get(name):
            return f"{name}={own(machine.environ[name], 'display')}"
    return ""


def _toolkit(machine: Machine) -> str | None:
    """What would open windows, as matplotlib looks for it."""
    if machine.system == "Darwin":
        return "macosx"
    qt = next((name for name in _QT if machine.module_file(name)), None)
    if qt:
        return qt
    if machine.module_file("gi"):
        return "GTK"
    return "tkinter" if _has_tkinter(machine) else None


def _has_tkinter(machine: Machine) -> bool:
    """Whether Python was built with it; Debian's packages leave it out."""
    if machine.system == "Windows":
        return machine.module_file("tkinter") is not None
    for folder in machine.folders:
        if folder.name == "lib-dynload":
            return any(folder.glob("_tkinter*")) and machine.module_file("tkinter") is not None
    return machine.module_file("tkinter") is not None


def _chosen(machine: Machine, backend: str, source: str, display: str) -> list[Problem]:
    name = backend.lower()
    by_variable = source == "MPLBACKEND"
    undo = machine.shell.unset("MPLBACKEND") if by_variable else ""
    agg = machine.shell.set("MPLBACKEND", "agg")
    if name.startswith("module://"):
        package = name.removeprefix("module://").split(".")[0]
        names = {machine.module_file(each) for each in (package, backend[9:].split(".")[0])}
        if names == {None} and "pycharm" not in name:
            return [
                wrong(
                    f"{source} asks for the backend {own(backend, 'backend')}, whose module isn't "
                    f"installed here: `import matplotlib.pyplot` fails.",
                    *([undo] if undo else []),
                    diagnosis="viz.notebook_backend",
                )
            ]
        return []
    if not _known(backend):
        return [
            wrong(
                f"{source} asks for the backend '{own(backend, 'backend')}', which matplotlib "
                f"doesn't have.",
                *([undo] if undo else [agg]),
                diagnosis="viz.notebook_backend",
            )
        ]
    if name in WITH_DISPLAY and not display:
        # Since 3.0 it falls back by itself; only `matplotlib.use` in the program insists, and fails.
        return [
            warning(
                f"{source} asks for windows ({backend}), and this machine has no display: "
                f"matplotlib takes Agg instead, and `plt.show()` shows nothing.",
                agg,
                fix="Save figures with `plt.savefig`, and say so:",
                diagnosis="viz.agg_cannot_show",
            )
        ]
    module = WITH_DISPLAY.get(name) or IN_A_BROWSER.get(name, "")
    missing = (
        not _has_tkinter(machine)
        if module == "tkinter"
        else bool(module) and machine.module_file(module) is None
    )
    qt = name.startswith("qt") and not any(machine.module_file(each) for each in _QT)
    if missing or qt:
        return [
            wrong(
                f"{source} asks for the backend {backend}, which needs {module or 'PyQt or PySide'}, "
                f"and that isn't installed.",
                *([undo] if undo else [agg]),
                diagnosis="viz.tkinter_missing" if module == "tkinter" else "viz.notebook_backend",
            )
        ]
    return []


def plugin_path(machine: Machine) -> list[Problem]:
    """Qt's plugins looked for in a folder that isn't theirs, as opencv-python sets it."""
    named = machine.environ.get("QT_QPA_PLATFORM_PLUGIN_PATH")
    if not named or exists(Path(named)):
        return []
    return [
        warning(
            f"QT_QPA_PLATFORM_PLUGIN_PATH names {machine.place(named)}, which doesn't exist: Qt "
            f"windows fail to open.",
            machine.shell.unset("QT_QPA_PLATFORM_PLUGIN_PATH"),
            diagnosis="cv2.qt_plugin",
        )
    ]
