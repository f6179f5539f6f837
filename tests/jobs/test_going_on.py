"""A job that is stopped, however it is stopped, goes on where it was."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from PIL import Image

from tfviz.errors import ModelError, OutputError
from tfviz.explain.work import Work
from tfviz.files import Shard, find_images
from tfviz.image import write_image
from tfviz.jobs.heatmap import HeatmapJob
from tfviz.jobs.products import write_products
from tfviz.jobs.results import HeatmapResult, HeatmapSettings


@pytest.fixture(scope="module")
def small() -> keras.Model:
    """Two classes, 16 x 16 input, an 8 x 8 map."""
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(4, 3, strides=2, padding="same", activation="relu", name="conv"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, activation="softmax", name="head"),
        ],
        name="small",
    )


def photos(folder: Path, count: int) -> Path:
    """So many small photos, every seventh one damaged."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for i in range(count):
        path = folder / f"{i:04}.jpg"
        write_image(path, rng.integers(0, 256, (24 + i % 9, 40, 3), dtype=np.uint8))
        if i % 7 == 3:
            data = path.read_bytes()
            path.write_bytes(data[: len(data) * 9 // 10])
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return photos(tmp_path / "in", 30)


def job(model: keras.Model, folder: Path, out: Path, **more: Any) -> HeatmapJob:
    own = {name: more.pop(name) for name in ("overwrite", "shard", "limit") if name in more}
    settings = HeatmapSettings(**{"batch_size": 4, **more})
    return HeatmapJob(model, find_images([str(folder)]), out, settings, **own)


def run(model: keras.Model, folder: Path, out: Path, **more: Any) -> list[HeatmapResult]:
    return list(job(model, folder, out, **more).run())


def contents(out: Path) -> dict[str, bytes]:
    """Every file below a folder; of the record without times."""
    found = {}
    for path in sorted(out.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            if path.name.endswith((".jsonl", ".json")):
                data = (
                    b"\n".join(map(_timeless, data.splitlines()))
                    if path.suffix == ".jsonl"
                    else (_timeless(data))
                )
            found[str(path.relative_to(out))] = data
    return found


def _timeless(data: bytes) -> bytes:
    kept = json.loads(data)
    kept.pop("seconds", None)
    return json.dumps(kept).encode()


def lines(out: Path) -> list[dict[str, Any]]:
    return [json.loads(each) for each in (out / "results.jsonl").read_text().splitlines()]


def test_a_line_a_photo_tells_what_was_found_or_why_not(
    small: keras.Model, folder: Path, tmp_path: Path
) -> None:
    run(small, folder, tmp_path / "out")
    first, fourth = lines(tmp_path / "out")[0], lines(tmp_path / "out")[3]
    assert first["files"] == ["0000.map.npy", "0000.overlay.jpg"]
    values = np.load(tmp_path / "out" / "0000.map.npy")
    assert first["map_range"] == [values.min(), values.max()]
    assert first["probability"] == pytest.approx(first["confidence"])
    assert first["seconds"] > 0
    assert "0003.jpg" in fourth["reason"]
    assert "files" not in fourth


def test_the_manifest_counts_and_names_the_settings(
    small: keras.Model, folder: Path, tmp_path: Path
) -> None:
    run(small, folder, tmp_path / "out", target="top2")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (manifest["inputs"], manifest["done"], manifest["failed"]) == (30, 26, 4)
    assert manifest["settings"]["target"] == "top2"
    assert manifest["settings_hash"] == lines(tmp_path / "out")[0]["settings"]


@pytest.mark.parametrize("stop", [1, 6, 7, 13, 29])
def test_going_on_gives_the_files_of_an_undisturbed_run(
    small: keras.Model, folder: Path, tmp_path: Path, stop: int
) -> None:
    run(small, folder, tmp_path / "whole")
    for _ in range(2):
        results = job(small, folder, tmp_path / "parts").run()
        for _ in range(stop):
            next(results)
        results.close()
    assert not (tmp_path / "parts" / "manifest.json").exists()
    run(small, folder, tmp_path / "parts")
    assert contents(tmp_path / "parts") == contents(tmp_path / "whole")


def test_what_was_done_is_told_and_not_done_again(
    small: keras.Model, folder: Path, tmp_path: Path
) -> None:
    first = run(small, folder, tmp_path / "out")
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*")}
    second = run(small, folder, tmp_path / "out")
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*")} == before
    assert all(each.earlier for each in second)
    assert [(e.input, e.sees, e.score, e.top) for e in first] == [
        (e.input, e.sees, e.score, e.top) for e in second
    ]


def test_a_line_cut_in_two_is_done_again(small: keras.Model, folder: Path, tmp_path: Path) -> None:
    run(small, folder, tmp_path / "out")
    whole = contents(tmp_path / "out")
    journal = tmp_path / "out" / "results.jsonl"
    journal.write_bytes(journal.read_bytes()[:-40])
    (tmp_path / "out" / "manifest.json").unlink()
    run(small, folder, tmp_path / "out")
    assert contents(tmp_path / "out") == whole


def test_a_picture_that_was_removed_and_a_photo_that_changed_are_done_again(
    small: keras.Model, folder: Path, tmp_path: Path
) -> None:
    run(small, folder, tmp_path / "out")
    (tmp_path / "out" / "0001.overlay.jpg").unlink()
    write_image(folder / "0002.jpg", np.full((30, 30, 3), 200, np.uint8))
    results = run(small, folder, tmp_path / "out")
    assert [each.input[-8:] for each in results if each.files and not each.earlier] == [
        "0001.jpg", "0002.jpg",
    ]  # fmt: skip


def test_a_photo_that_failed_is_tried_again(
    small: keras.Model, folder: Path, tmp_path: Path
) -> None:
    run(small, folder, tmp_path / "out")
    count = len(lines(tmp_path / "out"))
    shutil.copy(folder / "0000.jpg", folder / "0003.jpg")
    results = run(small, folder, tmp_path / "out")
    assert results[3].reason is None
    assert len(lines(tmp_path / "out")) == count + 1


def test_more_photos_are_added_to_what_is_there(
    small: keras.Model, folder: Path, tmp_path: Path
) -> None:
    run(small, folder, tmp_path / "out", limit=10)
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["inputs"] == 10
    results = run(small, folder, tmp_path / "out")
    assert sum(each.earlier for each in results) == 10
    assert len(lines(tmp_path / "out")) == 30


def test_another_photo_of_the_same_name_does_not_replace_the_first(
    small: keras.Model, tmp_path: Path
) -> None:
    for i, each in enumerate("ab"):
        (tmp_path / each).mkdir()
        write_image(tmp_path / each / "x.png", np.full((20, 20, 3), 90 * i + 40, np.uint8))
        found = find_images([str(tmp_path / each / "x.png")])
        list(HeatmapJob(small, found, tmp_path / "out", HeatmapSettings(save=("array",))).run())
    assert (tmp_path / "out" / "x.map.npy").exists()
    assert (tmp_path / "out" / "x-2.map.npy").exists()


def test_the_same_relative_name_seen_from_another_folder_is_another_photo(
    small: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i, each in enumerate("ab"):
        (tmp_path / each).mkdir()
        Image.new("RGB", (20, 20), (90 * i + 40,) * 3).save(tmp_path / each / "x.bmp")
        # As an archive unpacks them: of one size and one time.
        os.utime(tmp_path / each / "x.bmp", (1_700_000_000, 1_700_000_000))
        monkeypatch.chdir(tmp_path / each)
        (result,) = run(small, Path("x.bmp"), tmp_path / "out")
        assert not result.earlier
    assert (tmp_path / "out" / "x.map.npy").exists()
    assert (tmp_path / "out" / "x-2.map.npy").exists()


def test_the_same_photos_are_known_again_from_another_folder_and_under_another_name(
    small: keras.Model, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run(small, Path("in"), tmp_path / "out")
    monkeypatch.chdir("/")
    assert all(each.earlier for each in run(small, folder, tmp_path / "out"))
    folder.rename(tmp_path / "moved")
    assert all(each.earlier for each in run(small, tmp_path / "moved", tmp_path / "out"))


def test_a_photo_without_a_finite_map_keeps_its_place_in_the_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = keras.Input((16, 16, 3))
    maps = layers.Conv2D(2, 3, name="conv", bias_initializer="ones")(inputs)
    # Nothing but black gives 0 / 0.
    share = keras.ops.mean(inputs, axis=(1, 2, 3)) / keras.ops.mean(inputs, axis=(1, 2, 3))
    scores = layers.GlobalAveragePooling2D()(maps) * keras.ops.expand_dims(share, -1)
    model = keras.Model(inputs, scores)
    for i in range(4):
        (tmp_path / "in").mkdir(exist_ok=True)
        write_image(tmp_path / "in" / f"{i}.png", np.full((20, 20, 3), 60 * (i != 1), np.uint8))
    seen: list[int] = []
    _short_of_memory_above(100, seen, monkeypatch)
    options = {"save": ("array",), "value_range": "none", "resize": "stretch"}
    first = run(model, tmp_path / "in", tmp_path / "out", **options)
    assert [each.reason is None for each in first] == [True, False, True, True]
    (tmp_path / "out" / "2.map.npy").unlink()
    run(model, tmp_path / "in", tmp_path / "out", **options)
    assert seen == [4, 4]


def test_other_settings_are_refused_with_what_differs(
    small: keras.Model, folder: Path, tmp_path: Path
) -> None:
    run(small, folder, tmp_path / "out")
    before = contents(tmp_path / "out")
    with pytest.raises(OutputError) as caught:
        job(small, folder, tmp_path / "out", target="1", alpha=0.5)
    assert str(caught.value) == (
        f"'{tmp_path}/out' holds results of other settings (target: 'top1', now '1'; alpha: None, "
        f"now 0.5): give another --out, or --overwrite to replace them."
    )
    assert contents(tmp_path / "out") == before


def test_the_same_architecture_with_other_weights_is_another_model(
    small: keras.Model, folder: Path, tmp_path: Path
) -> None:
    run(small, folder, tmp_path / "out")
    other = keras.models.clone_model(small)
    other.set_weights([each + 1 for each in small.get_weights()])
    with pytest.raises(OutputError, match=r"other settings \(model: 'small \w+', now 'small \w+'"):
        job(other, folder, tmp_path / "out")


def test_what_decides_nothing_is_no_other_setting(
    small: keras.Model, folder: Path, tmp_path: Path
) -> None:
    run(small, folder, tmp_path / "out")
    more = {"batch_size": 9, "allow_truncated": True, "max_pixels": 10_000}
    results = run(small, folder, tmp_path / "out", **more)
    assert sum(each.earlier for each in results) == 26
    assert sum(each.reason is None for each in results) == 30


def test_overwrite_removes_what_the_other_settings_made_and_nothing_else(
    small: keras.Model, folder: Path, tmp_path: Path
) -> None:
    run(small, folder, tmp_path / "out", save=("panel",), limit=3)
    (tmp_path / "out" / "mine.txt").write_text("keep me")
    run(small, folder, tmp_path / "out", save=("array",), overwrite=True, limit=2)
    assert sorted(contents(tmp_path / "out")) == [
        "0000.map.npy", "0001.map.npy", "manifest.json", "mine.txt", "results.jsonl",
        "settings.json",
    ]  # fmt: skip


def test_a_job_that_can_not_start_overwrites_nothing(
    small: keras.Model, folder: Path, tmp_path: Path
) -> None:
    run(small, folder, tmp_path / "out")
    before = contents(tmp_path / "out")
    with pytest.raises(ModelError):
        run(small, folder, tmp_path / "out", layer="head", overwrite=True)
    assert contents(tmp_path / "out") == before


def test_two_at_once_are_refused(small: keras.Model, folder: Path, tmp_path: Path) -> None:
    first = job(small, folder, tmp_path / "out").run()
    next(first)
    with pytest.raises(OutputError, match="another process is writing to"):
        job(small, folder, tmp_path / "out")
    first.close()
    assert len(run(small, folder, tmp_path / "out")) == 30


def test_shares_beside_each_other_make_one_whole(
    small: keras.Model, folder: Path, tmp_path: Path
) -> None:
    run(small, folder, tmp_path / "one")
    running = [job(small, folder, tmp_path / "shares", shard=Shard(i, 3)).run() for i in (1, 2, 3)]
    while running:
        for each in list(running):
            if next(each, None) is None:
                running.remove(each)
    keys = [[each["key"] for each in lines(tmp_path / name)] for name in ("one", "shares")]
    assert keys[0] == keys[1]
    assert sorted(contents(tmp_path / "one")) == sorted(contents(tmp_path / "shares"))
    manifest = json.loads((tmp_path / "shares" / "manifest.json").read_text())
    assert (manifest["inputs"], manifest["failed"]) == (30, 4)
    assert all(each.earlier for each in run(small, folder, tmp_path / "shares"))


def test_a_share_that_was_left_behind_can_be_finished_by_all(
    small: keras.Model, folder: Path, tmp_path: Path
) -> None:
    run(small, folder, tmp_path / "out", shard=Shard(1, 2))
    assert not (tmp_path / "out" / "manifest.json").exists()
    results = run(small, folder, tmp_path / "out")
    assert sum(each.earlier for each in results) == 15
    assert len({each.input for each in results}) == 30


# ---- what goes wrong outside


def _short_of_memory_above(most: int, seen: list[int], patch: pytest.MonkeyPatch) -> None:
    """Let the model fail as TensorFlow does, on more than so many inputs at once."""
    inside = Work._run

    def run_it(self: Work, *given: Any) -> Any:
        count = len(keras.tree.flatten(self.inputs)[0])
        seen.append(count)
        if count > most:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
        return inside(self, *given)

    patch.setattr(Work, "_run", run_it)


def test_where_memory_is_short_the_batch_is_halved_and_stays_so(
    small: keras.Model, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(small, folder, tmp_path / "whole", batch_size=8)
    seen: list[int] = []
    _short_of_memory_above(2, seen, monkeypatch)
    results = run(small, folder, tmp_path / "short", batch_size=8)
    assert sum(each.reason is None for each in results) == 26
    assert (seen[0] > 4, *seen[1:3]) == (True, 4, 2)
    assert max(seen[3:]) == 2
    for path in (tmp_path / "whole").glob("*.npy"):
        np.testing.assert_allclose(
            np.load(path), np.load(tmp_path / "short" / path.name), rtol=1e-5, atol=1e-7
        )


def test_a_photo_that_opencv_has_no_memory_to_draw_is_a_reason_and_tried_again(
    small: keras.Model, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drawn(out: Path, stem: str, *given: Any) -> tuple[str, ...]:
        if stem == "0002":
            # More than any address space holds.
            cv2.resize(np.zeros((9, 9, 3), np.uint8), (2**24, 2**24))
        return write_products(out, stem, *given)

    with monkeypatch.context() as patch:
        patch.setattr("tfviz.jobs.heatmap.write_products", drawn)
        results = run(small, folder, tmp_path / "out", limit=4)
    assert [each.reason is None for each in results] == [True, True, False, False]
    assert "0002.jpg' needs more memory than there is" in (results[2].reason or "")
    assert run(small, folder, tmp_path / "out", limit=4)[2].reason is None


def test_a_photo_too_many_for_the_memory_is_one_sentence(
    small: keras.Model, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _short_of_memory_above(0, [], monkeypatch)
    with pytest.raises(ModelError, match="needs more memory for a single photo than there is"):
        run(small, folder, tmp_path / "out")


def _full_after(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk with room for so many files; of the next only the beginning fits."""
    write, left = Path.write_bytes, [count]

    def write_bytes(self: Path, data: bytes) -> int:
        left[0] -= 1
        if left[0] < 0:
            write(self, data[:100])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)


def test_a_full_disk_is_one_sentence_and_leaves_whole_files_to_go_on_from(
    small: keras.Model, folder: Path, tmp_path: Path
) -> None:
    run(small, folder, tmp_path / "whole")
    with pytest.MonkeyPatch.context() as patch:
        _full_after(20, patch)
        with pytest.raises(OutputError, match="the disk or your quota is full; free some space"):
            run(small, folder, tmp_path / "out")
    whole = contents(tmp_path / "whole")
    for name, data in contents(tmp_path / "out").items():
        if not name.endswith((".json", ".jsonl")):
            assert data == whole[name]
    run(small, folder, tmp_path / "out")
    assert contents(tmp_path / "out") == whole


def test_a_folder_removed_under_way_is_one_sentence(
    small: keras.Model, folder: Path, tmp_path: Path
) -> None:
    results = job(small, folder, tmp_path / "out").run()
    next(results)
    # Renamed first: other threads are still writing into it.
    shutil.rmtree((tmp_path / "out").rename(tmp_path / "gone"), ignore_errors=True)
    with pytest.raises(OutputError, match=r"(doesn't exist \(any more\)|journal was removed)"):
        list(results)


def test_a_photo_that_vanishes_under_way_is_a_reason(
    small: keras.Model, folder: Path, tmp_path: Path
) -> None:
    results = job(small, folder, tmp_path / "out", batch_size=2).run()
    first = next(results)
    (folder / "0029.jpg").unlink()
    assert first.reason is None
    assert "0029.jpg" in (list(results)[-1].reason or "")


KILLED = """
import sys
from pathlib import Path
import keras
from tfviz.files import find_images
from tfviz.jobs.heatmap import HeatmapJob
from tfviz.jobs.results import HeatmapSettings
folder, out, model = sys.argv[1:]
settings = HeatmapSettings(batch_size=8)
job = HeatmapJob(keras.models.load_model(model), find_images([folder]), out, settings)
for _ in job.run():
    pass
"""


@pytest.mark.slow
def test_killed_twenty_times_it_ends_with_the_bytes_of_an_undisturbed_run(
    small: keras.Model, tmp_path: Path
) -> None:
    folder = photos(tmp_path / "in", 900)
    model = tmp_path / "small.keras"
    small.save(model)
    (tmp_path / "script.py").write_text(KILLED)

    def start(out: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, tmp_path / "script.py", folder, out, model]
        return subprocess.Popen(command, stderr=subprocess.DEVNULL)

    assert start(tmp_path / "whole").wait() == 0
    chance, kills = random.Random(5), 0
    journal = tmp_path / "out" / "results.jsonl"
    while kills < 20:
        process = start(tmp_path / "out")
        size = journal.stat().st_size if journal.exists() else 0
        # The start of TensorFlow is the same each time: what counts is where in the job it ends.
        while process.poll() is None and not (journal.exists() and journal.stat().st_size > size):
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.06))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        elif process.returncode == 0:
            # It came to its end: begun anew, with what is left of the kills.
            shutil.rmtree(tmp_path / "out")
        process.wait()
    assert start(tmp_path / "out").wait() == 0
    leftovers = {name for name in contents(tmp_path / "out") if "/.tfviz-" in f"/{name}"}
    found = {k: v for k, v in contents(tmp_path / "out").items() if k not in leftovers}
    assert found == contents(tmp_path / "whole")


def test_without_a_folder_other_settings_go_into_the_next_one(
    small: keras.Model, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def used(**more: Any) -> str:
        one = HeatmapJob(
            small, find_images([str(folder)]), None, HeatmapSettings(save=("array",), **more)
        )
        list(one.run())
        return str(one.out)

    assert [used(), used(target="1"), used(), used(target="1"), used(alpha=0.5)] == [
        "heatmaps", "heatmaps-2", "heatmaps", "heatmaps-2", "heatmaps-3",
    ]  # fmt: skip
