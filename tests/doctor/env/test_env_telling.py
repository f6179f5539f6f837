"""What a terminal shows, and that a report shows nobody's names."""

from __future__ import annotations

import dataclasses
import functools
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from machines import healthy, program, write

from tfviz.doctor.env.checks.registry import chosen
from tfviz.doctor.env.checkup import checkup
from tfviz.doctor.env.private import hidden, own, printable, shown
from tfviz.doctor.env.result import Problem, Result, State, warning, wrong
from tfviz.doctor.env.telling import Look, report

BAD = Result(
    "two packages",
    (
        Problem(
            State.WRONG,
            "Two packages write into one folder. " * 4,
            "Uninstall both.",
            ("python -m pip uninstall -y " + " ".join(["opencv-python-headless"] * 4),),
            "env.opencv_mixed_install",
        ),
    ),
    (("folder", "site-packages"),),
    check="opencv",
    title="OpenCV",
)
GOOD = Result("3.12.4", (), (("interpreter", "/usr/bin/python"),), title="Python")


def test_what_is_fine_is_one_line():
    assert Look().lines(GOOD) == [" ✓ Python      3.12.4"]


def test_details_are_shown_when_asked_for():
    assert Look(verbose=True).lines(GOOD)[1].split() == ["interpreter", "/usr/bin/python"]


def test_a_problem_has_its_text_its_fix_and_commands_in_one_piece():
    lines = Look().lines(BAD)
    assert lines[0] == " ✗ OpenCV      two packages"
    assert BAD.problems[0].commands[0] in [line.strip() for line in lines]
    assert "More: tfviz doctor show env.opencv_mixed_install" in [line.strip() for line in lines]
    texts = [line for line in lines if "pip uninstall" not in line]
    assert max(map(len, texts)) <= 80


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_no_summary_is_wider_than_the_terminal(width):
    long = dataclasses.replace(GOOD, summary="word " * 40)
    (line,) = Look(width=width).lines(long)
    assert len(line) <= width
    assert line.endswith("...")
    assert "".join(Look(width=width, verbose=True).lines(long)).count("word") == 40


def test_ascii_has_words_for_marks():
    states = [
        GOOD,
        dataclasses.replace(GOOD, known=False),
        dataclasses.replace(GOOD, problems=(warning(""),)),
        BAD,
    ]
    marks = [Look(ascii=True).lines(each)[0].split()[0] for each in states]
    assert marks == ["ok", "?", "!", "x"]
    assert all(
        line.isascii() for each in states for line in Look(ascii=True, verbose=True).lines(each)
    )


def test_colours_only_where_asked_for():
    assert "\x1b" not in "".join(Look(verbose=True).lines(BAD))
    assert "\x1b[31m" in "".join(Look(colour=True).lines(BAD))
    plain = re.sub("\x1b\\[\\d*m", "", "\n".join(Look(colour=True, verbose=True).lines(BAD)))
    assert plain == "\n".join(Look(verbose=True).lines(BAD))


@given(st.text(max_size=30))
@example("\x1b]0;owned\x07")
@example("\x02<b>\x03")
@example("a\nb")
@example("\u202egpj.exe")
@example("\udcff")
def test_a_value_is_shown_without_what_a_terminal_obeys_and_hidden_whole(value):
    text = f"before {own(value, 'label')} after"
    assert hidden(text) == "before <label> after"
    assert shown(text) == f"before {printable(value)} after"
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", shown(text))


# ---- the report


def break_everything(folder: Path, home: str, project: str, extra: str):
    """A machine on which nearly every check has something to say of the user's own places."""
    machine, site = healthy(folder, home, project)
    site.add("opencv_python_headless", "4.12.0.88")
    site.add("torch", "2.13.0")
    secret = folder / "mnt" / extra
    write(machine.cwd / "keras.py"), write(secret / "random.py")
    write(machine.home / ".keras" / "keras.json", "{broken")
    write(machine.home / ".keras" / "models" / f"{extra}.h5", "cut off")
    (site.folder / f"~{extra}").mkdir()
    other = type(site)(secret / "site-packages")
    other.add("numpy", "1.26.4")
    program(machine, "ldd", "echo '\tlibGL.so.1 => not found'")
    environ = {
        **machine.environ,
        "USER": extra,
        "HOSTNAME": extra,
        "VIRTUAL_ENV": str(secret / "venv"),
        "PYTHONPATH": f"{secret}:{other.folder}",
        "KERAS_BACKEND": f"my {extra}",
        "MPLBACKEND": f"no {extra}",
        "https_proxy": f"http://{extra} :{extra}@{extra}:80",
        "SSL_CERT_FILE": str(secret / "ca.pem"),
        "XLA_FLAGS": f"xla --xla_gpu_cuda_data_dir={secret}",
        "TF_FORCE_GPU_ALLOW_GROWTH": f"of {extra}",
        "TF_CPP_MIN_LOG_LEVEL": f"of {extra}",
        "OMP_NUM_THREADS": f"of {extra}",
        "TF_USE_LEGACY_KERAS": f"of {extra}",
        "CUDA_HOME": str(secret / "cuda"),
        "LD_PRELOAD": str(secret / "lib.so"),
        "QT_QPA_PLATFORM_PLUGIN_PATH": str(secret / "qt"),
        "KERAS_HOME": "",
    }
    return dataclasses.replace(
        machine,
        environ=environ,
        folders=(*machine.folders, secret, other.folder),
        executable=secret / "bin" / "python",
        disk=lambda path: (10**11, 10**7),
    )


def reported(home: str, project: str, extra: str) -> str:
    folder = Path(tempfile.mkdtemp(prefix="env"))
    try:
        machine = break_everything(folder, home, project, extra)
        return report(machine, checkup(chosen(), machine), verbose=True)
    finally:
        shutil.rmtree(folder)


NEUTRAL = ("home/ana", "work", "x1")


@functools.cache
def neutral() -> str:
    return reported(*NEUTRAL)


# Letters that a folder's name may hold; a slash and a null byte it can't.
names = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/:~"),
    min_size=1,
    max_size=12,
).filter(lambda name: name.strip(".") and name == name.strip() and len(name.encode()) < 60)


@settings(max_examples=4, deadline=None)
@given(names, names, names)
@example("keras", "python", "tensorflow")
@example("a", "b", "c")
@example("home", "tmp", "usr")
@example("Jürgen Müller", "Mein Projekt (neu)", "größe")
@example("o'brien", 'say "hi"', "$HOME")
@example("```", "| a | b |", "<script>")
@example("山田", "プロジェクト", "\u202eevil")
@example("%s{0}", "\\x01", "-rf")
def test_a_report_is_the_same_whoever_the_user_is(home, project, extra):
    # Nothing that differs can be told: the strongest form of 'names nobody'.
    assert reported(f"home/{home}", project, extra) == neutral()


def test_the_report_names_what_is_wrong_and_the_versions():
    text = reported(*NEUTRAL)
    assert "✗ OpenCV" in text
    assert "env.opencv_mixed_install" in text
    assert re.search(r"^tensorflow +2\.21\.0$", text, re.MULTILINE)
    assert "<current folder>" in text
    assert "ana" not in text.split()


def test_the_report_is_one_block_that_nothing_inside_can_end():
    text = reported("home/ana", "work", "x")
    fence = text.splitlines()[0].removesuffix("text")
    assert text.splitlines()[-1] == fence
    assert fence not in text.removeprefix(fence).removesuffix(fence)


def test_a_fence_is_longer_than_any_run_of_backticks():
    from tfviz.doctor.env.telling import _fenced

    assert _fenced(["a ```` b"]).splitlines()[0] == "`````text"


def test_without_a_letter_for_the_mark_the_report_is_ascii(tmp_path):
    machine, _ = healthy(tmp_path)
    assert report(machine, checkup(chosen(), machine), ascii_only=True, verbose=True).isascii()


def test_details_of_one_name_are_all_in_the_json():
    twice = dataclasses.replace(GOOD, rows=(("looked into", "a"), ("looked into", "b")))
    assert twice.to_dict()["details"] == {"looked into": "a; b"}


def test_wrong_and_warning_make_problems():
    assert wrong("x", "command", fix="f").to_dict() == {
        "state": "wrong",
        "text": "x",
        "fix": {"text": "f", "commands": ["command"]},
        "diagnosis": "",
    }
