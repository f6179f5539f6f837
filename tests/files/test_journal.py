"""The record of a job: who may write it, what a kill leaves, how shares become one."""

from __future__ import annotations

import json
import os
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from tfviz.errors import OutputError
from tfviz.files.journal import Journal

CAT, DOG = {"target": "cat"}, {"target": "dog"}

needs_locks = pytest.mark.skipif(os.name == "nt", reason="files are not locked there")


def begun(folder: Path, settings: dict[str, Any] | None = None, **more: Any) -> Journal:
    journal = Journal(folder, settings or CAT, **more)
    journal.begin()
    return journal


def keys(folder: Path, name: str = "results.jsonl") -> list[str]:
    return [json.loads(each)["key"] for each in (folder / name).read_text().splitlines()]


@needs_locks
def test_who_has_nothing_but_failures_so_far_is_not_pushed_aside(tmp_path: Path) -> None:
    with begun(tmp_path) as first:
        first.add("a", {"reason": "cut off"})
        with pytest.raises(OutputError, match="another process is writing"):
            Journal(tmp_path, CAT)
        first.add("b", {"files": []})
    assert keys(tmp_path) == ["a", "b"]


@needs_locks
@pytest.mark.parametrize("part", ["", "1-of-2"])
@pytest.mark.parametrize("other", [CAT, DOG])
def test_overwrite_does_not_take_the_folder_of_a_job_at_work(
    tmp_path: Path, part: str, other: dict[str, Any]
) -> None:
    (tmp_path / "a.npy").write_bytes(b"map")
    with begun(tmp_path, part=part) as first:
        first.add("a", {"files": ["a.npy"]})
        with pytest.raises(OutputError, match="another process is writing"):
            begun(tmp_path, other, overwrite=True)
        first.add("b", {"files": []})
    assert (tmp_path / "a.npy").exists()
    assert keys(tmp_path, first._path.name) == ["a", "b"]


@needs_locks
def test_a_share_with_other_settings_is_refused_though_both_found_the_folder_empty(
    tmp_path: Path,
) -> None:
    first, second = (Journal(tmp_path, s, part=p) for s, p in ((CAT, "1-of-2"), (DOG, "2-of-2")))
    with first, second:
        first.add("a", {"files": []})
        with pytest.raises(OutputError, match="target: 'cat', now 'dog'"):
            second.add("b", {"files": []})


def test_one_that_came_late_to_an_empty_folder_does_not_mix_its_lines_in(tmp_path: Path) -> None:
    late = Journal(tmp_path, DOG)
    with begun(tmp_path) as first:
        first.add("a", {"files": []})
    with late, pytest.raises(OutputError, match="holds results of other settings"):
        late.add("b", {"files": []})
    assert keys(tmp_path) == ["a"]


def test_shares_that_overwrite_together_leave_each_other_alone(tmp_path: Path) -> None:
    with begun(tmp_path, DOG) as old:
        old.add("old", {"files": []})
    parts = [Journal(tmp_path, CAT, overwrite=True, part=f"{i}-of-4") for i in (1, 2, 3, 4)]
    ready = threading.Barrier(4)
    failed = []

    def work(journal: Journal) -> None:
        try:
            ready.wait()
            journal.add(journal.part, {"files": []})
            journal.finish({}, order=[each.part for each in parts])
            journal.close()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=[each]) for each in parts]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failed == []
    assert keys(tmp_path) == [each.part for each in parts]
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "manifest.json",
        "results.jsonl",
        "settings.json",
    ]


def test_shares_killed_while_they_are_joined_are_joined_by_the_next_that_looks(
    tmp_path: Path,
) -> None:
    for part in ("1-of-2", "2-of-2"):
        with begun(tmp_path, part=part) as journal:
            journal.add(part, {"files": []})
            # As if killed before the join: each has only its own record.
            (tmp_path / f"manifest-{part}.json").write_text("{}")
    with Journal(tmp_path, CAT, part="1-of-2") as again:
        assert not again.is_complete
        again.finish({}, order=["1-of-2", "2-of-2"])
    assert keys(tmp_path) == ["1-of-2", "2-of-2"]
    assert json.loads((tmp_path / "manifest.json").read_text())["done"] == 2


def test_a_class_called_reason_is_no_failure(tmp_path: Path) -> None:
    with begun(tmp_path) as journal:
        journal.add("a", {"sees": "reason", "files": []})
    with pytest.raises(OutputError, match="holds results of other settings"):
        Journal(tmp_path, DOG)
    assert "a" in Journal(tmp_path, CAT)


def test_a_journal_that_nobody_has_any_more_lets_go_of_the_folder(tmp_path: Path) -> None:
    forgotten = begun(tmp_path)
    forgotten.add("a", {"files": []})
    del forgotten
    assert "a" in Journal(tmp_path, CAT)


def test_garbage_in_the_middle_costs_its_own_line_alone(tmp_path: Path) -> None:
    with begun(tmp_path) as journal:
        for key in "abc":
            journal.add(key, {"files": []})
    path = tmp_path / "results.jsonl"
    first, second, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + b"\0" * (len(second) - 1) + b"\n" + third)
    with Journal(tmp_path, CAT) as again:
        assert ("a" in again, "b" in again, "c" in again) == (True, False, True)


def test_numbers_that_json_has_no_words_for_are_not_written(tmp_path: Path) -> None:
    with begun(tmp_path) as journal, pytest.raises(ValueError, match="JSON"):
        journal.add("a", {"score": float("nan")})
    assert (tmp_path / "results.jsonl").read_bytes() == b""


def test_of_twenty_thousand_finished_inputs_little_stays_in_memory(tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        with begun(tmp_path) as journal:
            before = tracemalloc.get_traced_memory()[0]
            text = "x" * 400
            for i in range(20_000):
                journal.add(f"folder/{i}", {"note": text, "files": [f"{i}.npy"]})
            grown = tracemalloc.get_traced_memory()[0] - before
            assert grown < 20_000 * 300
            tracemalloc.reset_peak()
            now = tracemalloc.get_traced_memory()[0]
            journal.part = "1-of-1"
            journal.finish({}, order=[])
            assert tracemalloc.get_traced_memory()[1] - now < 20_000 * 200
    finally:
        tracemalloc.stop()


def test_each_share_finds_its_own_remarks_again(tmp_path: Path) -> None:
    for part, size in (("1-of-2", 8), ("2-of-2", 16)):
        journal = Journal(tmp_path, CAT, part=part)
        journal.remarks["batch_size"] = size
        with journal:
            journal.add(part, {"files": []})
    found = [Journal(tmp_path, CAT, part=each).remarks for each in ("1-of-2", "2-of-2", "")]
    assert found == [{"batch_size": 8}, {"batch_size": 16}, {}]
    with pytest.raises(OutputError, match="target: 'cat', now 'dog'"):
        Journal(tmp_path, DOG)
