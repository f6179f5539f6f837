"""What a script that `tfviz doctor run` started finds already there: nothing that it could notice.

Python imports a module of this name before the script, from the first folder of PYTHONPATH, which
is this one. It takes the folder out of sight again, lets the machine's own `sitecustomize` run, and
leaves three things behind: a hook for what nobody catches, in the main program and in threads, and
faulthandler, which writes to a file that the waiting parent reads. The script itself is then run by
Python alone, as `python SCRIPT` runs it: no frame of ours, its own `__main__`, `sys.argv` and exit.

Until something fails, only modules are imported that are built in or already loaded: a local file
that hides a module of the standard library must hide it here as it does without us.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType, TracebackType
    from typing import Any

CHANNELS, PATH_BEFORE = "TFVIZ_DOCTOR_CHANNELS", "TFVIZ_DOCTOR_PYTHONPATH"
# Of a longer traceback the parent gets the inner end.
_MOST_FRAMES = 200
_HERE = os.path.dirname(os.path.abspath(__file__))
_HOME = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(_HERE))))


class Watch:
    """Tells what nobody caught.

    Attributes:
        notes: Descriptor that the parent reads, -1 when it could not be opened.
    """

    def __init__(self, notes: int) -> None:
        self.notes = notes
        self._told = 0
        self._process = os.getpid()
        # Without the script's folder, which Python puts first later: the modules that read an
        # error must not be files of the script's.
        self._path = tuple(sys.path)
        self._excepthook = sys.excepthook

    def uncaught(
        self,
        kind: "type[BaseException]",
        error: BaseException,
        trace: "TracebackType | None",
    ) -> None:
        """Stands in for `sys.excepthook`: what Python prints, then what it means."""
        self._excepthook(kind, error, trace)
        self._told = id(error)
        # A console inside the script prints through here as well, and lives on.
        if not _first_file(error).startswith(("<console>", "<python-input")):
            self.tell(error, in_thread=False)

    def in_thread(self, before: "Callable[[Any], Any]") -> "Callable[[Any], None]":
        """Stands in for `threading.excepthook`."""

        def excepthook(arguments: "Any") -> None:
            before(arguments)
            if arguments.exc_value is not None:
                self.tell(arguments.exc_value, in_thread=True)

        return excepthook

    def at_exit(self) -> None:
        """Tell what went to a hook of the script's own, which took the place of ours."""
        error = getattr(sys, "last_value", None)
        if error is None or id(error) == self._told or sys.excepthook == self.uncaught:
            return
        if os.getpid() == self._process and _ended_the_program(error):
            self.tell(error, in_thread=False)

    def tell(self, error: BaseException, *, in_thread: bool) -> None:
        """Examine one error. Its text goes to the parent first, which explains it if this fails."""
        if isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit)):
            return
        path = list(sys.path)
        aside: dict[str, ModuleType] = {}
        try:
            aside.update(_impostors())
            for name in aside:
                del sys.modules[name]
            sys.path[:] = [*self._path, _HOME]
            self.note(f"begun:{id(error)}", _text(error))
            from tfviz.doctor.live.ending import tell

            tell(error, self.note, in_thread=in_thread)
            self.note(f"done:{id(error)}", "")
        except KeyboardInterrupt:
            self.note(f"done:{id(error)}", "")
        except BaseException:
            # No `done`: the parent does it.
            return
        finally:
            sys.path[:] = path
            sys.modules.update(aside)

    def note(self, kind: str, text: str) -> None:
        """Write down something for the parent."""
        try:
            data = text.encode("utf-8", "backslashreplace")
            os.write(self.notes, f"{kind} {len(data)}\n".encode() + data)
        except Exception:
            # A full device, no memory, a script that put its own `len` into the builtins: what
            # Python printed stands, and the script ends as it would have.
            return


def _text(error: BaseException) -> str:
    try:
        import traceback

        # To format all of a deep recursion takes seconds.
        return "".join(traceback.format_exception(error, limit=-_MOST_FRAMES))
    except Exception:
        return f"{type(error).__name__}: {error.args[0] if error.args else ''}"


def _first_file(error: BaseException) -> str:
    """The file of its outermost frame, past the machinery of `python -m`."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == "<frozen runpy>":
        trace = trace.tb_next
    if trace is not None:
        return trace.tb_frame.f_code.co_filename
    return str(getattr(error, "filename", None) or "")


def _ended_the_program(error: BaseException) -> bool:
    """Whether it left the main program; consoles and debuggers, which live on, set it as well."""
    trace = error.__traceback__
    if _first_file(error).startswith("<"):
        return False
    if trace is None:
        return isinstance(error, SyntaxError)
    while trace.tb_next is not None and trace.tb_frame.f_code.co_filename == "<frozen runpy>":
        trace = trace.tb_next
    return trace.tb_frame.f_globals is getattr(sys.modules.get("__main__"), "__dict__", None)


def _impostors() -> "dict[str, ModuleType]":
    """Loaded modules that bear a name of the standard library and are files of somebody else's.

    With them the true ones that have imported them: neither can be trusted to read an error.
    """
    names = {*sys.stdlib_module_names, "tfviz"} - {"__main__"}
    known = {
        name: module
        for name, module in list(sys.modules.items())
        if type(module) is type(sys) and name.partition(".")[0] in names
    }
    homes = (os.path.dirname(os.__file__), os.path.join(sys.base_prefix, "DLLs"))
    found = {}
    for name, module in known.items():
        file = getattr(module, "__file__", None) or ""
        home = (os.path.join(_HOME, "tfviz"),) if name.partition(".")[0] == "tfviz" else homes
        if file and not file.startswith(home):
            found[name] = module
    before = -1
    while found and len(found) != before:
        before, bad = len(found), {id(module) for module in found.values()}
        for name, module in known.items():
            if any(id(each) in bad for each in vars(module).values()):
                found[name] = module
    return found


def begin() -> None:
    """Take this folder and its variables out of sight, and leave the hooks behind."""
    channels = os.environ.pop(CHANNELS, "")
    before = os.environ.pop(PATH_BEFORE, None)
    if before is None:
        os.environ.pop("PYTHONPATH", None)
    else:
        os.environ["PYTHONPATH"] = before
    sys.path[:] = [each for each in sys.path if each != _HERE]
    sys.path_importer_cache.pop(_HERE, None)
    del sys.modules["sitecustomize"]
    try:
        # The machine's own; where there is none, Python passes over the ImportError.
        import sitecustomize  # type: ignore[import-not-found]  # noqa: F401
    finally:
        if channels:
            _watch(*channels.split(os.pathsep))


def _watch(notes: str, dump: str) -> None:
    import atexit
    import faulthandler

    watch = Watch(_opened(notes))
    watch.note("started", sys.version.split()[0])
    hook = watch.uncaught
    if sys.excepthook is sys.__excepthook__:
        # Consoles ask whether the one is the other, and print differently where it isn't.
        sys.__excepthook__ = hook  # type: ignore[misc]
    sys.excepthook = hook
    atexit.register(watch.at_exit)
    where = _opened(dump)
    if where >= 0 and not faulthandler.is_enabled():
        faulthandler.enable(file=where)
    _watch_threads(watch)


def _watch_threads(watch: Watch) -> None:
    threading = sys.modules.get("threading")
    if threading is not None:
        hook = watch.in_thread(threading.excepthook)
        threading.excepthook = threading.__excepthook__ = hook  # type: ignore[attr-defined]
        return
    # Where threading takes its hook from when the script imports it (seen in Python 3.11 to 3.13).
    import _thread

    before = getattr(_thread, "_excepthook", None)
    if before is not None:
        _thread._excepthook = watch.in_thread(before)  # type: ignore[attr-defined]


def _opened(channel: str) -> int:
    """The descriptor that a channel stands for; a path, on systems where none is inherited."""
    try:
        if not channel.isdecimal():
            return os.open(channel, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))
        os.set_inheritable(int(channel), False)
        return int(channel)
    except OSError:
        return -1


if __name__ == "sitecustomize":
    begin()
