"""Which Python ran a script, held against the one that the shell means."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tfviz.doctor.live.interpreters import other_python

pytestmark = pytest.mark.skipif(os.name == "nt", reason="programs are files with a mode")


def python_in(folder: Path, *, environment: bool, name: str = "python") -> str:
    (folder / "bin").mkdir(parents=True)
    if environment:
        (folder / "pyvenv.cfg").write_text("home = /usr/bin\n")
    program = folder / "bin" / name
    program.symlink_to(os.path.realpath(sys.executable))
    return str(program)


def test_another_environment_is_named_with_what_to_type(tmp_path: Path) -> None:
    here = python_in(tmp_path / "tools", environment=True)
    there = python_in(tmp_path / "work", environment=True)
    (said,) = other_python(here, str(Path(there).parent))
    assert here in said
    assert f"`{there} -m pip install tfviz`" in said


def test_a_python_without_an_environment_is_another_one(tmp_path: Path) -> None:
    here = python_in(tmp_path / "tools", environment=True)
    there = python_in(tmp_path / "system", environment=False)
    assert other_python(here, str(Path(there).parent))


def test_two_names_of_one_environment_are_the_same(tmp_path: Path) -> None:
    here = python_in(tmp_path / "work", environment=True)
    named = Path(here).with_name("python3.11")
    named.symlink_to(here)
    assert other_python(str(named), str(Path(here).parent)) == []


def test_two_links_to_one_python_are_the_same(tmp_path: Path) -> None:
    here = python_in(tmp_path / "a", environment=False)
    there = python_in(tmp_path / "b", environment=False)
    assert other_python(here, str(Path(there).parent)) == []


def test_a_shim_that_looks_for_a_python_is_no_other_one(tmp_path: Path) -> None:
    here = python_in(tmp_path / "versions", environment=False)
    shims = tmp_path / "shims"
    shims.mkdir()
    (shims / "python").write_text("#!/bin/sh\n")
    (shims / "python").chmod(0o755)
    assert other_python(here, str(shims)) == []


def test_nothing_on_the_path_is_nothing_to_tell(tmp_path: Path) -> None:
    assert other_python(sys.executable, str(tmp_path)) == []


def test_a_missing_module_names_both_pythons(tmp_path: Path) -> None:
    there = python_in(tmp_path / "work", environment=True)
    (tmp_path / "s.py").write_text("import a_module_that_nobody_has\n")
    command = [sys.executable, "-m", "tfviz_cli", "doctor", "run", "s.py"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PATH": str(Path(there).parent)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = " ".join(done.stderr.split())
    assert f"`{there} -m pip install tfviz`" in said
    assert done.returncode == 1
