"""Failing scripts as people write them: cause, line and values; and their healthy twins run."""

from __future__ import annotations

import os
import zlib

import bedside
import pytest

ALL = bedside.scripts()
HEAVY = ("tensorflow", "keras")
LIGHT = [each for each in ALL if not any(f"import {name}" in each.code or f"from {name}" in each.code for name in HEAVY)]  # fmt: skip
REST = [each for each in ALL if each not in LIGHT]
# Twins only change with their scripts: a third of the slow ones is run, `TFVIZ_ALL_TWINS=1` and
# `python tests/doctor/bedside.py --healthy` run all.
EVERY = 1 if os.environ.get("TFVIZ_ALL_TWINS") else 3
THIRD = [each for each in REST if zlib.crc32(each.name.encode()) % EVERY == 0]


def by_name(scripts):
    return pytest.mark.parametrize("script", scripts, ids=lambda each: each.name)


def explained(script):
    verdict = bedside.judge(script)
    assert verdict is not None, "it did not fail"
    assert verdict.broken == ()
    assert verdict.unfilled == ()
    assert verdict.right(script), f"{verdict.live_ids}\n{verdict.answer}"
    assert verdict.line == script.line
    assert verdict.missing(script) == [], verdict.answer


@by_name(LIGHT)
def test_script_is_explained_with_its_values(script):
    explained(script)


@by_name(LIGHT)
def test_healthy_twin_runs(script):
    done = bedside.run(script.twin, script.name)
    assert done.error == "", done.output[-2000:]


@pytest.mark.slow
@by_name(REST)
def test_script_of_tensorflow_is_explained_with_its_values(script):
    explained(script)


@pytest.mark.slow
@by_name(THIRD)
def test_healthy_twin_of_tensorflow_runs(script):
    done = bedside.run(script.twin, script.name)
    assert done.error == "", done.output[-2000:]


def test_there_are_scripts_of_many_kinds():
    assert len(ALL) >= 45
    assert len({each.split(".")[0] for script in ALL for each in script.ids}) >= 12
