"""Errors that end a program, a thread or a block are explained once and go on unchanged."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
import textwrap
import threading
import traceback

import pytest

from tfviz.doctor.live.hooks import RULE, diagnose, install_excepthook, say


def ended(code: str, folder, *, name: str = "program.py") -> tuple[str, str, int]:
    """Output, errors and exit code of a program of its own."""
    path = folder / name
    path.write_text(textwrap.dedent(code).lstrip("\n"))
    done = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, cwd=folder, check=False
    )
    return done.stdout, done.stderr, done.returncode


INSTALL = "from tfviz.doctor.live.hooks import install_excepthook\nundo = install_excepthook()\n"
FAIL = "def join(parts):\n    return parts['absent']\njoin({'here': 1})\n"


def test_the_traceback_comes_first_unchanged_and_then_the_scene(tmp_path):
    _, plain, code = ended("undo = None\n\n" + FAIL, tmp_path)
    out, err, same = ended(INSTALL + "\n" + FAIL, tmp_path)
    assert (out, code, same) == ("", 1, 1)
    # The same frames a line lower, and not one of the hook's.
    assert err.split(f"\n{RULE}\n")[0].replace(", line 6,", ", line 5,").replace(
        ", line 5,", ", line 4,"
    ) == plain.replace(", line 5,", ", line 4,")
    told = err.split(f"\n{RULE}\n")[1]
    assert told.startswith("program.py, line 5, in join\n    return parts['absent']\n")
    assert "  parts  dict of 1: 'here': 1\n" in told


def test_a_program_that_runs_well_prints_nothing(tmp_path):
    assert ended(INSTALL + "print('well')\n", tmp_path) == ("well\n", "", 0)


@pytest.mark.parametrize(
    ("code", "status"),
    [("sys.exit(3)", 3), ("raise SystemExit('bye')", 1), ("raise KeyboardInterrupt", None)],
)
def test_leaving_on_purpose_is_not_explained(code, status, tmp_path):
    _, err, was = ended(f"import sys\n{INSTALL}{code}\n", tmp_path)
    assert RULE not in err
    assert status is None or was == status


def test_the_programs_own_hook_is_asked_first(tmp_path):
    code = (
        "import sys\ndef own(*error):\n    print('own:', error[1], file=sys.stderr)\n"
        f"sys.excepthook = own\n{INSTALL}{FAIL}"
    )
    _, err, _ = ended(code, tmp_path)
    assert err.startswith(f"own: 'absent'\n\n{RULE}\n")


def test_installing_twice_explains_once(tmp_path):
    _, err, _ = ended(INSTALL + INSTALL + FAIL, tmp_path)
    assert err.count(RULE) == 1


def test_undoing_puts_back_what_was_there(tmp_path):
    _, err, _ = ended(f"{INSTALL}undo()\n{FAIL}", tmp_path)
    assert RULE not in err


def test_undoing_below_another_hook_only_falls_silent():
    before = sys.excepthook
    undo = install_excepthook()
    ours = sys.excepthook
    sys.excepthook = lambda *error: ours(*error)
    try:
        on_top = sys.excepthook
        undo()
        assert sys.excepthook is on_top
    finally:
        sys.excepthook = before
    assert threading.excepthook is threading.__excepthook__ or threading.excepthook != ours


def test_installing_again_after_another_hook_explains_once(tmp_path):
    code = (
        f"import sys\n{INSTALL}before = sys.excepthook\n"
        "sys.excepthook = lambda *error: before(*error)\n"
        f"install_excepthook()\n{FAIL}"
    )
    _, err, _ = ended(code, tmp_path)
    assert err.count(RULE) == 1


def test_an_error_that_ends_a_thread_is_explained_and_the_program_goes_on(tmp_path):
    code = f"""
    import threading
    {INSTALL.replace(chr(10), "; ", 1).strip()}
    def work(parts):
        return parts[7]
    thread = threading.Thread(target=work, args=([1, 2],))
    thread.start()
    thread.join()
    print("on")
    """
    out, err, status = ended(code, tmp_path)
    assert (out, status) == ("on\n", 0)
    assert err.count(RULE) == 1
    assert "line 4, in work\n    return parts[7]\n" in err
    assert "  parts  list of 2: 1, 2\n" in err


def test_a_thread_that_leaves_on_purpose_is_not_explained(tmp_path):
    code = f"{INSTALL}import sys, threading\nt = threading.Thread(target=sys.exit)\nt.start()\n"
    assert ended(code, tmp_path) == ("", "", 0)


def test_an_error_of_a_worker_process_is_explained_where_it_surfaces(tmp_path):
    code = f"""
    from concurrent.futures import ProcessPoolExecutor
    {INSTALL.replace(chr(10), "; ", 1).strip()}
    def work(n):
        return n / 0
    if __name__ == "__main__":
        with ProcessPoolExecutor(1) as pool:
            pool.submit(work, 3).result()
    """
    _, err, status = ended(code, tmp_path)
    assert status == 1
    assert err.count(RULE) == 1
    told = err.split(RULE)[1]
    assert "line 4, in work\n    return n / 0\n" in told
    assert "run by program.py, line 7\n    pool.submit(work, 3).result()" in told


def test_an_error_of_a_spawned_process_prints_its_own_traceback_only(tmp_path):
    code = f"""
    import multiprocessing
    {INSTALL.replace(chr(10), "; ", 1).strip()}
    def work(n):
        return n / 0
    if __name__ == "__main__":
        process = multiprocessing.get_context("spawn").Process(target=work, args=(3,))
        process.start()
        process.join()
        print(process.exitcode)
    """
    out, err, status = ended(code, tmp_path)
    assert (out, status) == ("1\n", 0)
    assert "ZeroDivisionError" in err
    assert RULE not in err


def test_a_syntax_error_of_an_imported_module_is_placed(tmp_path):
    (tmp_path / "slip.py").write_text("x = 1\ny = (\n")
    _, err, _ = ended(INSTALL + "import slip\n", tmp_path)
    assert "slip.py, line 2\n    y = (" in err.split(RULE)[1]


def test_errors_in_finalizers_are_left_to_python(tmp_path):
    code = f"{INSTALL}class A:\n    def __del__(self):\n        1 / 0\na = A()\ndel a\n"
    _, err, _ = ended(code, tmp_path)
    assert "ZeroDivisionError" in err
    assert RULE not in err


def test_a_stream_that_knows_no_unicode_gets_it_escaped(tmp_path):
    class Narrow(io.StringIO):
        def write(self, text: str) -> int:
            text.encode("ascii")
            return super().write(text)

    stream = Narrow()
    try:
        größe = 0
        print(1 / größe)
    except ZeroDivisionError as error:
        say(error, stream)
    assert "gr\\xf6\\xdfe" in stream.getvalue()


def test_a_broken_stream_never_hides_the_error():
    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    try:
        print(1 / 0)
    except ZeroDivisionError as error:
        say(error, Broken())


def test_a_slip_of_the_doctor_says_nothing(monkeypatch, capsys):
    from tfviz.doctor.live import examine

    monkeypatch.setattr(examine, "examine", lambda error: 1 / 0)
    try:
        raise ValueError("x")
    except ValueError as error:
        say(error)
    assert capsys.readouterr().err == ""


# ---- with diagnose()


def test_a_block_explains_its_error_and_lets_it_go_on_unchanged(capsys):
    raised = ValueError("need at least one array to concatenate")
    with pytest.raises(ValueError, match="need at least") as caught, diagnose():
        raise raised
    said = capsys.readouterr()
    assert caught.value is raised
    assert traceback.extract_tb(raised.__traceback__)[-1].name == (
        "test_a_block_explains_its_error_and_lets_it_go_on_unchanged"
    )
    assert vars(raised) == {}
    assert said.out == ""
    assert said.err.startswith(f"\n{RULE}\n")
    assert said.err.count(RULE) == 1


def test_a_block_that_ends_well_says_nothing(capsys):
    with diagnose():
        pass
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_a_block_left_on_purpose_says_nothing(kind, capsys):
    with pytest.raises(kind), diagnose():
        raise kind
    assert capsys.readouterr().err == ""


def test_blocks_in_each_other_explain_an_error_once(capsys):
    with pytest.raises(ZeroDivisionError), diagnose(), diagnose():
        print(1 / 0)
    assert capsys.readouterr().err.count(RULE) == 1


def test_another_error_of_the_same_line_is_explained_too(capsys):
    for name in ("first", "second"):
        with pytest.raises(LookupError), diagnose():
            raise LookupError(name)
    assert capsys.readouterr().err.count(RULE) == 2


def test_what_a_block_explained_the_end_of_the_program_does_not_repeat(tmp_path):
    code = (
        "from tfviz.doctor.live.hooks import diagnose, install_excepthook\n"
        f"install_excepthook()\nwith diagnose():\n{textwrap.indent(FAIL, '    ')}"
    )
    _, err, _ = ended(code, tmp_path)
    assert err.count(RULE) == 1


def test_a_function_is_watched_by_the_decorator():
    stream = io.StringIO()

    @diagnose(file=stream)
    def divide(a: int, b: int) -> float:
        """Divide."""
        return a / b

    assert divide(4, 2) == 2
    assert (divide.__name__, divide.__doc__) == ("divide", "Divide.")
    assert stream.getvalue() == ""
    with pytest.raises(ZeroDivisionError):
        divide(1, 0)
    assert "in divide\n    return a / b\n" in stream.getvalue()
    assert "  b  int 0\n" in stream.getvalue()


def test_a_coroutine_and_a_generator_are_watched_by_the_decorator():
    stream = io.StringIO()

    @diagnose(file=stream)
    async def wait(n: int) -> float:
        await asyncio.sleep(0)
        return n / 0

    @diagnose(file=stream)
    def count(n: int):
        received = yield n
        yield received / 0

    with pytest.raises(ZeroDivisionError):
        asyncio.run(wait(1))
    assert stream.getvalue().count(RULE) == 1
    counting = count(5)
    assert next(counting) == 5
    with pytest.raises(ZeroDivisionError):
        counting.send(8)
    assert stream.getvalue().count(RULE) == 2
    assert "  received  int 8\n" in stream.getvalue()
