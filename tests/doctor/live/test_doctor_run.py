"""`tfviz doctor run` beside plain Python: the same program, and what is said when it fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tfviz.doctor.live.ending import HEADLINE

PLAIN = [sys.executable]
# Without the working directory on its path, as the installed command starts.
WATCHED = [sys.executable, "-P", "-m", "tfviz_cli", "doctor", "run"]
posix = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux")
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Run:
    """Run a command in a folder of its own."""

    def call(command: list[str], given: str = "", **more: object) -> subprocess.CompletedProcess:
        more = {"capture_output": True, "cwd": tmp_path, "timeout": 60, **more}
        return subprocess.run(command, input=given, text=True, **more)

    return call


@pytest.fixture
def both(start: Run, tmp_path: Path) -> Callable[..., tuple]:
    """The same script by Python and by us."""

    def call(code: str, *arguments: str, given: str = "") -> tuple:
        (tmp_path / "s.py").write_text(code, encoding="utf-8")
        return tuple(start([*each, "s.py", *arguments], given) for each in (PLAIN, WATCHED))

    return call


def said_after(plain: subprocess.CompletedProcess, watched: subprocess.CompletedProcess) -> str:
    """What we said, which stands after all that Python said, unchanged."""
    assert watched.stdout == plain.stdout
    assert watched.returncode == plain.returncode
    assert watched.stderr.startswith(plain.stderr)
    rest = watched.stderr[len(plain.stderr) :]
    assert rest.startswith(f"\n{HEADLINE}\n")
    return rest[len(HEADLINE) + 2 :]


WELL = {
    "who it is": (
        "import sys, os\n"
        "print(sys.argv, __name__, __file__, __spec__, sys.path, sys.flags, sys.warnoptions)\n"
        "print(sorted(globals()), sorted(os.environ), os.getcwd(), sys.modules['__main__'])"
    ),
    "arguments": "import sys; print(sys.argv)",
    "standard input": "print(input('name? ').upper()); import sys; print(sys.stdin.read())",
    "exit code": "import sys; sys.exit(3)",
    "exit message": "import sys; sys.exit('bye')",
    "exit without a code": "raise SystemExit",
    "exit at once": "import os; os._exit(7)",
    "both streams": "import sys; print('a'); print('b', file=sys.stderr)",
    "at exit": "import atexit\nfor i in 'abc': atexit.register(print, i)",
    "caught": "try: [][1]\nexcept IndexError: print('caught')",
    "console that meets an error": (
        "import sys, code\nsys.excepthook = lambda *a: None\n"
        "code.InteractiveConsole(globals()).push('1/0')"
    ),
    "console and its hook": (
        "import sys, code\nconsole = code.InteractiveConsole(globals())\n"
        "console.push('1/0')\nconsole.push('1+*')\nprint('on')"
    ),
    "byte order mark": "\ufeffprint('hi')",
    "pickle of its own class": (
        "import pickle, inspect, dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int = 1\n"
        "print(pickle.loads(pickle.dumps(A(2))), inspect.getsource(A))"
    ),
    "spawned children": (
        "import multiprocessing\ndef twice(i): return 2 * i\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as p: print(p.map(twice, [4]))"
    ),
    "python of its own": (
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-c', 'import sys; print(sys.excepthook, sys.path); 1/0'])"
    ),
}


@pytest.mark.parametrize("what", WELL)
def test_script_that_runs_well_is_the_same_to_the_last_letter(both, what: str) -> None:
    plain, watched = both(WELL[what], "-x", "--json", "a b", given="word\nmore\n")
    assert (watched.stdout, watched.stderr) == (plain.stdout, plain.stderr)
    assert watched.returncode == plain.returncode


def test_no_module_is_imported_before_the_script_but_built_in_ones(both) -> None:
    plain, watched = both("import sys\nprint(*sys.modules)")
    assert set(watched.stdout.split()) - set(plain.stdout.split()) <= {"atexit", "faulthandler"}


def test_uncaught_exception_is_printed_by_python_and_then_examined(both) -> None:
    said = said_after(*both("def pick(items, at):\n    return items[at]\n\npick([1, 2], at=7)\n"))
    assert "s.py, line 2, in pick\n    return items[at]" in said
    assert "at     int 7" in said


def test_diagnosis_follows_the_scene(both) -> None:
    said = said_after(*both("import numpy as np\nnp.ones((3, 2)) + np.ones(4)"))
    assert "s.py, line 2" in said
    assert "[numpy.broadcast, " in said


@pytest.mark.parametrize(
    "hook",
    [
        "def hook(kind, error, trace): print('MINE', error, file=sys.stderr)\n",
        "old = sys.excepthook\ndef hook(*a):\n    print('MINE', file=sys.stderr)\n    old(*a)\n",
    ],
    ids=["in place of ours", "before ours"],
)
def test_hook_of_the_scripts_own_is_called_and_then_ours(both, hook: str) -> None:
    said = said_after(*both(f"import sys\n{hook}sys.excepthook = hook\n{{}}['a']\n"))
    assert said.count("s.py, line ") == 1


def test_traceback_that_rich_draws_stays_as_it_is(both) -> None:
    said = said_after(*both("import rich.traceback\nrich.traceback.install(width=70)\n[][1]\n"))
    assert "s.py, line 3" in said


def test_error_in_a_thread_is_told_once_and_the_script_goes_on(both) -> None:
    code = (
        "import threading\ndef work(): raise KeyError('k')\nfor _ in range(3):\n"
        "    t = threading.Thread(target=work)\n    t.start()\n    t.join()\nprint('on')\n"
    )
    plain, watched = both(code)
    assert (watched.stdout, watched.returncode) == ("on\n", 0) == (plain.stdout, plain.returncode)
    assert watched.stderr.count("Exception in thread") == 3
    assert watched.stderr.count("s.py, line 2, in work") == 1


def test_recursion_is_named_in_few_lines(both) -> None:
    said = said_after(*both("def a(n):\n    return b(n)\ndef b(n):\n    return a(n + 1)\na(0)\n"))
    assert "2 calls repeat without end: b (s.py, line 4) -> a (s.py, line 2) -> b, " in said
    assert len(said.splitlines()) < 25


def test_want_of_memory_is_examined_like_any_error(both) -> None:
    assert "[memory.python, " in said_after(*both("x = bytearray(1 << 62)\n"))


def test_code_that_does_not_compile_is_shown_by_python_alone(both) -> None:
    plain, watched = both("def f(:\n    pass\n")
    assert (watched.stderr, watched.returncode) == (plain.stderr, 1)


def test_code_of_python_2_is_diagnosed_after_the_caret(both) -> None:
    assert "[python.print_statement, " in said_after(*both("print 'loss'\n"))


def test_error_in_a_worker_is_examined_where_it_surfaces(both) -> None:
    code = (
        "import multiprocessing\ndef work(i): return [1, 2][i]\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as p: p.map(work, [5])\n"
    )
    assert "s.py, line 2, in work" in said_after(*both(code))


@pytest.mark.parametrize(
    "name",
    [
        "json",
        "numpy",
        *(pytest.param(each, marks=pytest.mark.slow) for each in ("re", "linecache")),
    ],
)
def test_local_file_that_hides_a_module_is_not_run_by_us(both, tmp_path, name: str) -> None:
    (tmp_path / f"{name}.py").write_text("print('LOCAL')")
    # Some versions of Python run such a file themselves while they print a traceback.
    assert "s.py, line 1" in said_after(*both("[][1]\n"))


def test_what_cannot_be_examined_inside_is_explained_from_its_text(both) -> None:
    code = "import sys\nsys.modules['tfviz'] = None\nimport numpy as np\nnp.ones(3) + np.ones(4)\n"
    assert "[numpy.broadcast, " in said_after(*both(code))


def test_script_that_breaks_the_builtins_ends_as_it_did(both) -> None:
    plain, watched = both("import builtins\nbuiltins.open = builtins.len = None\n[][1]\n")
    assert (watched.stderr, watched.returncode) == (plain.stderr, 1)


@pytest.mark.parametrize(
    "way", ["module", "folder", pytest.param("archive", marks=pytest.mark.slow), "standard input"]
)
def test_other_ways_to_name_a_program_are_pythons_own(start, tmp_path: Path, way: str) -> None:
    code = "import sys\nprint(sys.argv[1:], __name__, __package__, sys.path[0])\n[][1]\n"
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__main__.py").write_text(code)
    with zipfile.ZipFile(tmp_path / "pack.pyz", "w") as archive:
        archive.writestr("__main__.py", code)
    named = {"module": ["-m", "pack"], "folder": ["pack"], "archive": ["pack.pyz"]}
    arguments = [*named.get(way, ["-"]), "-m", "--help"]
    given = code if way == "standard input" else ""
    plain, watched = (start([*each, *arguments], given) for each in (PLAIN, WATCHED))
    assert "line 3" in said_after(plain, watched)


def test_file_that_is_not_there_is_one_sentence_with_the_nearest_name(start, tmp_path) -> None:
    (tmp_path / "train.py").write_text("")
    watched = start([*WATCHED, "trian.py"])
    assert watched.returncode == 2
    assert watched.stderr == "Error: There is no file 'trian.py'. Did you mean 'train.py'?\n"


def test_machines_own_sitecustomize_runs_and_the_path_is_restored(start, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "sitecustomize.py").write_text(
        "import sys\nif sys.orig_argv[1] == 's.py': print('own', __name__)"
    )
    (tmp_path / "s.py").write_text("import os, sys; print(os.environ['PYTHONPATH'], sys.path)")
    path = os.pathsep.join(["own", *filter(None, [os.environ.get("PYTHONPATH")])])
    env = {**os.environ, "PYTHONPATH": path}
    plain, watched = (start([*each, "s.py"], env=env) for each in (PLAIN, WATCHED))
    assert watched.stdout == plain.stdout
    assert watched.stdout.startswith("own sitecustomize\n")


def test_json_holds_the_scene_and_how_it_ended(start, tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text("items = [1]\nitems[5]\n")
    watched = start([*WATCHED, "--json", "out.json", "s.py"])
    told = json.loads((tmp_path / "out.json").read_text())
    assert watched.returncode == told["exit_code"] == 1
    assert told["errors"][0]["scene"]["line"] == 2
    assert told["signal"] is None


def test_json_of_a_script_that_runs_well_has_no_errors(start, tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text("print('fine')")
    watched = start([*WATCHED, "--json", "out.json", "s.py"])
    told = json.loads((tmp_path / "out.json").read_text())
    assert (told["exit_code"], told["errors"], told["verdict"]) == (0, [], "")
    assert (watched.stdout, watched.stderr) == ("fine\n", "")


def test_json_that_cannot_be_written_keeps_the_exit_code(start, tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text("raise SystemExit(4)")
    watched = start([*WATCHED, "--json", "none/out.json", "s.py"])
    assert watched.returncode == 4
    assert "none/out.json" in watched.stderr


@posix
def test_open_descriptors_are_inherited_as_a_shell_gives_them(start, tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text("import os, sys; os.write(int(sys.argv[1]), b'through')")
    reading, writing = os.pipe()
    start([*WATCHED, "s.py", str(writing)], pass_fds=[writing])
    os.close(writing)
    with os.fdopen(reading) as stream:
        assert stream.read() == "through"


@posix
def test_few_open_files_are_enough(start, tmp_path: Path) -> None:
    import resource

    (tmp_path / "s.py").write_text("[1][3]\n")
    few = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))}
    watched = start([*WATCHED, "s.py"], **few)
    assert (watched.returncode, "s.py, line 1" in watched.stderr) == (1, True)


@posix
def test_reader_that_has_gone_is_nothing_to_explain(tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text("import time\nwhile True: print(1, flush=True)")
    process = subprocess.Popen(
        [*WATCHED, "s.py"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdout.close()
    assert "BrokenPipeError" in (err := process.stderr.read())
    assert HEADLINE not in err
    assert process.wait() == 1


@posix
@pytest.mark.slow
def test_real_training_that_fails_shows_the_tensors_of_its_line(both) -> None:
    code = (
        "import tensorflow as tf\na = tf.ones((32, 10))\nb = tf.ones((32, 12))\n"
        "tf.concat([a, b], axis=0)\n"
    )
    _, watched = both(code)
    said = watched.stderr.split(HEADLINE)[1]
    assert "s.py, line 4" in said
    assert "(32, 12) float32" in said
    assert watched.returncode == 1


def test_local_files_that_are_loaded_already_stay_the_scripts_and_are_not_ours(
    both, tmp_path: Path
) -> None:
    for name in ("json", "textwrap", "random", "tfviz"):
        (tmp_path / f"{name}.py").write_text("mine = True")
    code = (
        "import atexit, sys, json, textwrap, random, tfviz\n"
        "atexit.register(lambda: print(json.mine, textwrap.mine, sys.modules['random'].mine))\n"
        "import logging\n[][1]\n"
    )
    plain, watched = both(code)
    assert "s.py, line 4" in said_after(plain, watched)
    assert watched.stdout == "True True True\n"


@pytest.mark.parametrize(
    "code",
    [
        "from tfviz.doctor.live.hooks import diagnose\nwith diagnose():\n    [][1]\n",
        "from tfviz.doctor.live.hooks import install_excepthook\ninstall_excepthook()\n[][1]\n",
    ],
    ids=["a block", "a hook"],
)
def test_script_that_explains_its_errors_itself_is_not_explained_twice(both, code: str) -> None:
    plain, watched = both(code)
    assert plain.stderr.count("s.py, line 3\n") == watched.stderr.count("s.py, line 3\n") == 1
    assert watched.returncode == 1


def test_examination_that_ends_the_process_is_made_up_for_by_the_parent(both) -> None:
    code = (
        "import os, sys, types\n"
        "deadly = types.ModuleType('tfviz.doctor.live.examine')\n"
        "deadly.examine = lambda error: os._exit(1)\ndeadly.Examination = object\n"
        "sys.modules[deadly.__name__] = deadly\n"
        "import numpy as np\nnp.ones(3) + np.ones(4)\n"
    )
    assert "[numpy.broadcast, " in said_after(*both(code))
