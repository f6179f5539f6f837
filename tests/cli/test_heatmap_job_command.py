"""`tfviz heatmap` on many photos: going on, lists, shares, Ctrl-C."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from written_files import names

from tfviz.image import read_rgb, sample_path, write_image


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Twelve small photos in two folders, and one that is none."""
    rng = np.random.default_rng(3)
    for i in range(12):
        path = tmp_path / "in" / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_image(path, rng.integers(0, 256, (20, 24, 3), dtype=np.uint8))
    (tmp_path / "in" / "page.jpg").write_text("<html>404</html>")
    return tmp_path / "in"


def test_the_same_command_again_says_what_was_done_before(tfviz_cli, many, tmp_path: Path) -> None:
    first = tfviz_cli("heatmap", many, "--out", tmp_path / "out")
    again = tfviz_cli("heatmap", many, "--out", tmp_path / "out")
    assert (first.code, again.code) == (1, 1)
    assert f"Wrote 24 files to {tmp_path}/out" in first.out
    assert f"12 of 12 were finished by an earlier run, in {tmp_path}/out" in again.out
    assert first.out.split("\n\n")[0] == again.out.split("\n\n")[0]
    assert first.err == again.err
    assert "page.jpg' is a web page: download the image itself" in again.err


def test_other_settings_in_the_same_folder_are_refused_until_overwritten(
    tfviz_cli, tmp_path: Path
) -> None:
    tfviz_cli("heatmap", "sample:cat", "--out", tmp_path, "--save", "panel")
    refused = tfviz_cli("heatmap", "sample:cat", "--out", tmp_path, "--target", "dog")
    assert refused.code == 2
    assert refused.err == (
        f"Error: '{tmp_path}' holds results of other settings (target: 'top1', now 'dog'; save: "
        f"['panel'], now ['array', 'overlay']): give another --out, or --overwrite to replace them."
        f"\n"
    )
    assert names(tmp_path) == ["cat.panel.png"]
    replaced = tfviz_cli(
        "heatmap", "sample:cat", "--out", tmp_path, "--target", "dog", "--overwrite"
    )
    assert replaced.code == 0
    assert names(tmp_path) == ["cat.map.npy", "cat.overlay.png"]


def test_names_come_from_a_list_from_standard_input_and_from_a_pattern(
    tfviz_cli, many, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = sorted(str(each) for each in many.rglob("*.png"))
    (tmp_path / "files.txt").write_text("# mine\n" + "\n".join(listed))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("\0".join(listed).encode())))
    inputs = {"list": f"@{tmp_path}/files.txt", "stream": "-", "pattern": f"{many}/**/*.png"}
    found = {}
    for name, argument in inputs.items():
        said = tfviz_cli("heatmap", argument, "--out", tmp_path / name, "--save", "array")
        assert said.code == 0
        found[name] = names(tmp_path / name)
    assert found["list"] == found["stream"] == found["pattern"]
    assert len(found["list"]) == 12
    assert found["list"][0] == "a/0.map.npy"


def test_a_limit_and_a_share_take_their_part(tfviz_cli, many, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ("--out", out, "--save", "array", "--limit", 8)
    counts = []
    for share in ("1/2", "2/2"):
        tfviz_cli("heatmap", many, *options, "--shard", share)
        counts.append(len(list(out.rglob("*.npy"))))
    assert counts == [4, 8]
    assert json.loads((out / "manifest.json").read_text())["inputs"] == 8


def test_results_inside_the_folder_of_photos_are_not_explained(tfviz_cli, many) -> None:
    options = ("--out", many / "why", "--save", "overlay")
    tfviz_cli("heatmap", many, *options)
    assert len(tfviz_cli("heatmap", many, *options, "--json").objects()) == 13


def test_without_a_terminal_a_long_job_tells_plain_lines(
    tfviz_cli, many, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tfviz_cli.progress.LINE_EVERY_SECONDS", 0.0)
    said = tfviz_cli("heatmap", many, "--out", tmp_path / "out", "--save", "array")
    lines = [each for each in said.err.splitlines() if " of 13, " in each]
    assert len(lines) == 13
    assert re.fullmatch(r"13 of 13, \d+\.\d a second, 0 s left, 1 failed", lines[-1])


def test_ctrl_c_says_how_far_it_came_and_exits_130(
    tfviz_cli, many, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfviz_cli import heatmap

    def interrupted(results, total, *, quiet):
        for i, result in enumerate(results):
            if i == 5:
                raise KeyboardInterrupt
            yield result

    with monkeypatch.context() as patch:
        patch.setattr(heatmap, "watched", interrupted)
        said = tfviz_cli("heatmap", many, "--out", tmp_path / "out", "--save", "array")
    assert said.code == 130
    assert said.err.endswith(
        "Interrupted. 5 of 13 are finished; the same command goes on from there.\n"
    )
    again = tfviz_cli("heatmap", many, "--out", tmp_path / "out", "--save", "array")
    # The sixth was on its way.
    assert "6 of 12 were finished by an earlier run" in again.out


def test_the_best_batch_size_is_measured_and_kept_for_going_on(
    tfviz_cli, many, tmp_path: Path
) -> None:
    tfviz_cli("heatmap", many, "--out", tmp_path / "out", "--batch-size", "auto", "--limit", 2)
    kept = json.loads((tmp_path / "out" / "settings.json").read_text())["remarks"]["all"]
    assert kept["batch_size"] in (1, 2, 4, 8, 16, 32, 64)
    tfviz_cli("heatmap", many, "--out", tmp_path / "out", "--batch-size", "auto")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["batch_size"] == kept["batch_size"]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_exits_130_and_leaves_only_whole_files(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for i in range(400):
        shutil.copy(sample_path("cat"), tmp_path / "in" / f"{i:03}.png")
    process = subprocess.Popen(
        [sys.executable, "-m", "tfviz_cli", "heatmap", tmp_path / "in", "--out", tmp_path / "out"],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # A shell that runs the tests in the background lets its children ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    for _ in range(600):
        if (tmp_path / "out").is_dir() and len(names(tmp_path / "out")) > 20:
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert re.fullmatch(r"Interrupted\. \d+ of 400 are finished; .*", err.splitlines()[-1])
    assert "Traceback" not in err
    written = names(tmp_path / "out")
    assert 20 < len(written) < 800
    assert [each for each in written if Path(each).name.startswith(".")] == []
    for each in written:
        if each.endswith(".npy"):
            assert np.load(tmp_path / "out" / each).shape == (8, 8)
        else:
            assert read_rgb(tmp_path / "out" / each).shape == (300, 451, 3)
