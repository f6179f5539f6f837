"""`pytest --tfviz-doctor` in a pytest of its own."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import subprocess
import sys
import textwrap

import pytest

PLUGIN = "tfviz.doctor.live.pytest_plugin"
TESTS = """
import numpy as np
import pytest

def join(a, b):
    return np.concatenate([a, b])

def test_recognised():
    join(np.ones((3, 10)), np.full((2, 7), np.nan))

def test_unknown():
    rate = 0.5
    raise LookupError("of its own")

def test_plain_assertion():
    a, b = 1, 2
    assert a == b

def test_assertion_on_arrays():
    found, wanted = np.ones(3), np.zeros((3, 1))
    assert (found == wanted).all()

def test_passes():
    pass

def test_fails_on_purpose():
    pytest.fail("on purpose")

def test_is_skipped():
    pytest.skip("not here")

@pytest.mark.xfail
def test_is_known_to_fail():
    {}["a"]

@pytest.fixture
def broken():
    return np.ones(3).reshape(2, 2)

def test_with_a_broken_fixture(broken):
    pass
"""


def run(folder, *options: str) -> str:
    (folder / "test_some.py").write_text(textwrap.dedent(TESTS))
    known = importlib.metadata.entry_points(group="pytest11")
    load = () if any(each.value == PLUGIN for each in known) else ("-p", PLUGIN)
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *load, *options)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout


def sections(text: str) -> dict[str, str]:
    """What the plugin said of each test, by its name."""
    found = {}
    for block in text.split("\n_____")[1:]:
        name = block.split("_\n")[0].strip("_ ").split()[-1]
        parts = block.split("- tfviz doctor -")
        if len(parts) == 2:
            found[name] = parts[1].lstrip("-").split("\n=====")[0].strip("\n")
    return found


@pytest.fixture(scope="module")
def said(tmp_path_factory) -> dict[str, str]:
    return sections(run(tmp_path_factory.mktemp("plugin"), "--tfviz-doctor"))


def test_a_recognised_error_gets_scene_and_diagnosis(said):
    text = said["test_recognised"]
    assert text.startswith("test_some.py, line 6, in join\n    return np.concatenate([a, b])\n")
    assert "  a  ndarray (3, 10) float64, all 1.0\n" in text
    assert "  b  ndarray (2, 7) float64, all NaN\n" in text
    assert "  Fix: " in text


def test_an_unknown_error_gets_its_scene_only(said):
    text = said["test_unknown"]
    assert text == 'test_some.py, line 13, in test_unknown\n    raise LookupError("of its own")'


def test_an_assertion_on_arrays_gets_its_scene(said):
    text = said["test_assertion_on_arrays"]
    assert "  found   ndarray (3,) float64, [1.0, 1.0, 1.0]\n" in text
    assert "  wanted  ndarray (3, 1) float64, all 0.0" in text


def test_a_broken_fixture_is_explained(said):
    assert "return np.ones(3).reshape(2, 2)" in said["test_with_a_broken_fixture"]
    assert "  Fix: " in said["test_with_a_broken_fixture"]


def test_plain_assertions_and_what_fails_on_purpose_get_nothing(said):
    assert set(said) == {
        "test_recognised",
        "test_unknown",
        "test_assertion_on_arrays",
        "test_with_a_broken_fixture",
    }


def test_a_file_that_cannot_be_imported_is_explained(tmp_path):
    (tmp_path / "test_other.py").write_text("import numpy as np\nnp.ones(3).reshape(2, 2)\n")
    text = run(tmp_path, "--tfviz-doctor", "test_other.py")
    assert "test_other.py, line 2\n    np.ones(3).reshape(2, 2)" in text
    assert text.count("- tfviz doctor -") == 1
    assert "  Fix: " in text


def test_without_the_option_nothing_is_said(tmp_path):
    text = run(tmp_path)
    assert "tfviz doctor" not in text
    assert "5 failed, 1 passed, 1 skipped, 1 xfailed, 1 error" in text


@pytest.mark.skipif(not importlib.util.find_spec("xdist"), reason="pytest-xdist isn't installed")
def test_sections_come_back_from_parallel_workers(tmp_path, said):
    assert sections(run(tmp_path, "--tfviz-doctor", "-n", "2")) == said


def test_loading_the_plugin_imports_nothing_heavy():
    code = (
        f"import sys, pytest; before = set(sys.modules); import {PLUGIN}, json;"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert not {"numpy", "tensorflow", "keras", "tfviz.catalogue", "tfviz.doctor.explain"} & loaded
