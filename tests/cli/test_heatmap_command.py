from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from written_files import names

from tfviz.image import read_rgb, sample_path


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved model of three classes with its base inside another model."""
    base = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(4, 3, strides=2, activation="relu", name="conv1"),
            layers.Conv2D(4, 3, activation="relu", name="conv2"),
        ],
        name="base",
    )
    model = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            base,
            layers.GlobalAveragePooling2D(name="pool"),
            layers.Dense(3, activation="softmax", name="head"),
        ],
        name="mine",
    )
    path = tmp_path_factory.mktemp("cli") / "mine.keras"
    model.save(path)
    return path


def test_the_cat_gets_a_table_files_and_exit_code_0(tfviz_cli, tmp_path: Path) -> None:
    said = tfviz_cli("heatmap", "sample:cat", "--out", tmp_path)
    lines = said.out.splitlines()
    assert said.code == 0
    assert lines[0].split() == ["file", "sees", "sure", "layer"]
    assert lines[1].split()[:2] == ["sample:cat", "cat"]
    assert lines[1].split()[3] == "block8_out"
    assert f"Wrote {tmp_path}/cat.map.npy and {tmp_path}/cat.overlay.png" in lines
    assert names(tmp_path) == ["cat.map.npy", "cat.overlay.png"]
    assert said.err == ""


def test_it_says_what_the_embedded_model_knows(tfviz_cli, tmp_path: Path) -> None:
    said = tfviz_cli("heatmap", "sample:astronaut", "--out", tmp_path)
    assert said.out.endswith(
        "everyday10 knows only: airplane, automobile, bird, cat, deer, dog, frog, horse, ship and "
        "truck; for 1000 classes use --model MobileNetV2.\n"
    )


def test_it_says_what_it_assumed_of_pixel_values(tfviz_cli, model_file, tmp_path: Path) -> None:
    said = tfviz_cli("heatmap", "sample:cat", "--model", model_file, "--out", tmp_path)
    assert "0 to 1 (assumed: nothing in the model tells its range)" in said.out
    assert "say so with --preprocess" in said.out
    given = tfviz_cli(
        "heatmap", "sample:cat", "--model", model_file, "--out", tmp_path, "--preprocess", "tf"
    )
    assert "--preprocess" not in given.out


def test_the_written_files_are_whole(tfviz_cli, tmp_path: Path) -> None:
    tfviz_cli("heatmap", "sample:cat", "--out", tmp_path, "--save", "overlay, array,panel")
    heat = np.load(tmp_path / "cat.map.npy")
    assert (heat.dtype, heat.shape, heat.max() > 0) == (np.float32, (8, 8), True)
    assert read_rgb(tmp_path / "cat.overlay.png").shape == (300, 451, 3)
    assert min(read_rgb(tmp_path / "cat.panel.png").shape[:2]) >= 300


def test_json_is_one_object_a_photo_and_nothing_else(tfviz_cli, tmp_path: Path) -> None:
    said = tfviz_cli(
        "heatmap", "sample:cat", "sample:rocket", "--out", tmp_path, "--json", "--save", "array"
    )
    cat, rocket = said.objects()
    assert (cat["input"], cat["sees"], cat["layer"]) == ("sample:cat", "cat", "block8_out")
    assert cat["files"] == [str(tmp_path / "cat.map.npy")]
    assert cat["map_range"] == [0.0, float(np.load(cat["files"][0]).max())]
    assert rocket["input"] == "sample:rocket"
    assert abs(sum(value for _, value in cat["top"]) - 1) < 0.05


def test_json_holds_the_reason_of_a_failed_photo(tfviz_cli, tmp_path: Path) -> None:
    said = tfviz_cli("heatmap", "sample:cat", "no.jpg", "--out", tmp_path, "--json")
    failed = next(each for each in said.objects() if "reason" in each)
    assert failed == {"input": "no.jpg", "reason": "no such file: 'no.jpg'."}


def test_quiet_prints_nothing(tfviz_cli, tmp_path: Path) -> None:
    said = tfviz_cli("heatmap", "sample:cat", "--out", tmp_path, "--quiet")
    assert (said.code, said.out, said.err) == (0, "", "")
    assert names(tmp_path) == ["cat.map.npy", "cat.overlay.png"]


def test_one_bad_file_among_good_ones_exits_1_and_writes_the_others(
    tfviz_cli, tmp_path: Path
) -> None:
    (tmp_path / "bad.png").write_text("not an image")
    said = tfviz_cli(
        "heatmap", tmp_path / "bad.png", "sample:cat", "--out", tmp_path / "out", "--quiet"
    )
    assert said.code == 1
    assert said.err.startswith(f"Error: '{tmp_path}/bad.png' is ")
    assert len(said.err.splitlines()) == 1
    assert names(tmp_path / "out") == ["cat.map.npy", "cat.overlay.png"]


def test_odd_images_are_explained_or_refused_one_by_one(tfviz_cli, shared, tmp_path: Path) -> None:
    kept = ["cmyk.jpg", "gray16.png", "palette.png", "exif_orient6.jpg", "animated.gif",
            "truncated_header_only.jpg", "zero_byte.jpg", "unicode-名前 with space.jpg",
    ]  # fmt: skip
    said = tfviz_cli(
        "heatmap", *(shared / "odd_images" / each for each in kept), "--out", tmp_path,
        "--save", "array", "--json",
    )  # fmt: skip
    failed = [Path(each["input"]).name for each in said.objects() if "reason" in each]
    assert (said.code, sorted(failed)) == (1, ["truncated_header_only.jpg", "zero_byte.jpg"])
    assert len(names(tmp_path)) == 6


def test_a_folder_is_mirrored(tfviz_cli, tmp_path: Path) -> None:
    for each in ("a/cat.png", "b/cat.png"):
        (tmp_path / "in" / each).parent.mkdir(parents=True)
        shutil.copy(sample_path("cat"), tmp_path / "in" / each)
    said = tfviz_cli("heatmap", tmp_path / "in", "--out", tmp_path / "out", "--save", "array")
    assert names(tmp_path / "out") == ["a/cat.map.npy", "b/cat.map.npy"]
    assert said.code == 0


def test_a_nested_layer_by_path_and_labels_and_contrast(
    tfviz_cli, model_file, tmp_path: Path
) -> None:
    (tmp_path / "own.txt").write_text("tabby-cat\ndog\nowl\n")
    said = tfviz_cli(
        "heatmap", "sample:cat", "--model", model_file, "--labels", tmp_path / "own.txt",
        "--target", "tabby-cat", "--against", "owl", "--layer", "base/conv1", "--out", tmp_path,
        "--json", "--method", "hirescam", "--resize", "letterbox", "--preprocess", "tf",
    )  # fmt: skip
    (found,) = said.objects()
    assert (found["target"], found["layer"]) == ("tabby-cat rather than owl", "base/conv1")
    assert np.load(tmp_path / "cat.map.npy").shape == (7, 7)


def test_a_real_model_sees_a_real_elephant(tfviz_cli, shared, tmp_path: Path) -> None:
    said = tfviz_cli(
        "heatmap", shared / "photos" / "creative_commons_elephant.jpg", "--json",
        "--model", "MobileNetV2", "--out", tmp_path,
        "--weights", shared / "models" / "mobilenet_v2_1.0_224.weights.h5",
    )  # fmt: skip
    (found,) = said.objects()
    assert (found["sees"], found["layer"]) == ("African_elephant", "out_relu")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda at: at / "no.jpg", "No such file: '{at}/no.jpg'."),
        (lambda at: (at / "bad.png").write_text("x") and at / "bad.png", "bad.png"),
        (lambda at: (at / "bad.png").write_bytes(b"") or at / "bad.png", "bad.png"),
        (lambda at: (at / "empty").mkdir() or at / "empty", "No images in '{at}/empty'"),
        (lambda at: "sample:kat", "there is no sample 'kat'"),
        (lambda at: "", "no such file: the name is empty"),
    ],
    ids=["missing", "not an image", "zero bytes", "empty folder", "no such sample", "no name"],
)
def test_when_no_input_can_be_opened_nothing_starts_and_it_exits_2(
    tfviz_cli, tmp_path: Path, make, message: str
) -> None:
    said = tfviz_cli("heatmap", make(tmp_path), "--out", tmp_path / "out")
    assert said.code == 2
    assert message.format(at=tmp_path) in said.err
    assert said.err.startswith("Error: ")
    assert len(said.err.splitlines()) == 1
    assert said.out == ""
    assert not (tmp_path / "out").exists()


def test_every_bad_input_has_its_line(tfviz_cli, tmp_path: Path) -> None:
    said = tfviz_cli("heatmap", "no1.jpg", "no2.jpg", "--out", tmp_path / "out")
    assert said.code == 2
    assert said.err.splitlines() == [
        "Error: No such file: 'no1.jpg'.",
        "Error: No such file: 'no2.jpg'.",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "MobilNetV2"], "is neither a file nor a model known by name. Did you mean "
         "'MobileNetV2'"),
        (["--model", "no.keras"], "There is no model file 'no.keras'."),
        (["--layer", "block8_uot"], "has no layer 'block8_uot'. Did you mean 'block8_out'"),
        (["--target", "kat"], "No class of the model is called 'kat'. Did you mean 'cat'"),
        (["--target", "10"], "Class 10 is out of range: the model's are 0 to 9."),
        (["--target", "²"], "No class of the model is called '²'."),
        (["--target", "top0"], "top0 is no rank"),
        (["--against", "cat", "--target", "cat"], "A contrast of a class with itself"),
        (["--against", "dgo"], "No class of the model is called 'dgo'. Did you mean 'dog'"),
        (["--device", "gpu:7"], "TensorFlow sees no device 'gpu:7' here: there is cpu:0"),
        (["--device", "quantum"], "TensorFlow sees no device 'quantum' here: there is cpu:0"),
        (["--save", "movie"], "Can't save 'movie': save is any of overlay, array, panel."),
        (["--save", ","], "Nothing to save: save is any of overlay, array, panel."),
        (["--colormap", "plasmaa"], "there is no colour map 'plasmaa'"),
        (["--labels", "no.txt"], "There is no labels file 'no.txt'."),
        (["--custom-objects", "Attention"], "must look like module:Name"),
        (["--model", "MobileNetV2", "--weights", "no.h5"], "There is no file of weights 'no.h5'."),
    ],
)  # fmt: skip
def test_what_can_not_be_is_one_sentence_and_exits_2(
    tfviz_cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    said = tfviz_cli("heatmap", "sample:cat", "--out", "out", *arguments)
    assert said.code == 2
    assert message.lower() in said.err.lower()
    assert said.err.startswith("Error: ")
    assert len(said.err.splitlines()) == 1
    assert said.out == ""
    assert not (tmp_path / "out").exists() or names(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sample:cat", "--modle", "x"], "No such option"),
        (["sample:cat", "--resize", "fit"], "'fit' is not one of 'stretch', 'crop', 'letterbox'"),
        (["sample:cat", "--method", "scorcam"], "no method 'scorcam'. Did you mean 'scorecam'"),
        (["sample:cat", "--batch-size", "0"], "'0' is neither a number from 1 nor 'auto'"),
        (["sample:cat", "--max-pixels", "0"], "0 is not in the range x>=1"),
        (["sample:cat", "--shard", "5/4"], "There is no shard 5/4: give 1/4 to 4/4."),
        (["sample:cat", "--limit", "0"], "A limit of 0 leaves nothing to do: give 1 or more."),
        (["sample:cat", "--alpha", "2"], "2.0 is not in the range 0<=x<=1"),
        ([], "Missing argument 'INPUT...'"),
    ],
)
def test_wrong_usage_exits_2(tfviz_cli, arguments: list[str], message: str) -> None:
    said = tfviz_cli("heatmap", *arguments)
    assert said.code == 2
    assert message in said.err


def test_an_ambiguous_name_of_imagenet_lists_its_indices(tfviz_cli, tmp_path: Path) -> None:
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(1000)]
    )
    model.save(tmp_path / "m.keras")
    said = tfviz_cli("heatmap", "sample:cat", "--model", tmp_path / "m.keras", "--target", "crane",
                     "--out", tmp_path / "out")  # fmt: skip
    assert (said.code, said.err) == (
        2,
        "Error: 'crane' is the name of 2 classes, 134 and 517: give the index of the one.\n",
    )


def test_an_output_that_is_a_file_exits_2(tfviz_cli, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    said = tfviz_cli("heatmap", "sample:cat", "--out", tmp_path / "out")
    assert said.code == 2
    assert said.err == (
        f"Error: Can't write to '{tmp_path}/out': '{tmp_path}/out' is a file, not a folder; choose "
        f"another name or move that file.\n"
    )


def test_a_lambda_is_refused_and_runs_only_with_unsafe(tfviz_cli, tmp_path: Path) -> None:
    proof = tmp_path / "it ran"
    code = eval(f"lambda x: (open({str(proof)!r}, 'w').close(), x / 255)[1]")
    keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Lambda(code, output_shape=(8, 8, 3)),
            layers.Conv2D(2, 3),
            layers.GlobalAveragePooling2D(),
        ]
    ).save(tmp_path / "m.keras")
    proof.unlink(missing_ok=True)
    arguments = ["heatmap", "sample:cat", "--model", tmp_path / "m.keras", "--out", tmp_path / "o"]
    said = tfviz_cli(*arguments)
    assert said.code == 2
    assert "holds a Lambda layer" in said.err
    assert "use --unsafe" in said.err
    assert not proof.exists()
    assert tfviz_cli(*arguments, "--unsafe").code == 0
    assert proof.exists()


def test_a_class_of_ones_own_is_found_in_the_working_folder(
    tfviz_cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tfviz_test_layers.py").write_text(
        "import keras\n\n\nclass Glow(keras.layers.Layer):\n    def call(self, x):\n"
        "        return x * 2\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    module = __import__("tfviz_test_layers")
    keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(2, 3), module.Glow(name="glow"), layers.Flatten(),
         layers.Dense(2)]
    ).save("m.keras")  # fmt: skip
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    del sys.modules["tfviz_test_layers"]
    unknown = tfviz_cli("heatmap", "sample:cat", "--model", "m.keras")
    assert (unknown.code, "--custom-objects module:Glow" in unknown.err) == (2, True)
    said = tfviz_cli("heatmap", "sample:cat", "--model", "m.keras", "--json", "--custom-objects",
                     "tfviz_test_layers:Glow")  # fmt: skip
    assert said.code == 0
    assert said.objects()[0]["layer"] == "glow"


def test_a_device_that_is_there_is_taken(tfviz_cli, tmp_path: Path) -> None:
    assert tfviz_cli("heatmap", "sample:cat", "--device", "cpu", "--out", tmp_path).code == 0


@pytest.mark.parametrize("backend", ["jax", "torch"])
@pytest.mark.parametrize("command", [["heatmap", "sample:cat"], ["layers", "everyday10"]])
def test_another_backend_is_refused_before_keras_is_imported(
    tfviz_cli, monkeypatch: pytest.MonkeyPatch, backend: str, command: list[str]
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", backend)
    said = tfviz_cli(*command)
    assert (said.code, said.err) == (
        2,
        f"Error: Keras runs on {backend} here, and tfviz explains models on TensorFlow: set "
        f"KERAS_BACKEND=tensorflow before Keras is imported.\n",
    )


def test_json_is_ascii_and_gives_back_any_name(tfviz_cli, tmp_path: Path) -> None:
    path = tmp_path / "名前 ü😀.png"
    shutil.copy(sample_path("cat"), path)
    said = tfviz_cli("heatmap", path, "--out", tmp_path / "out", "--json", "--save", "array")
    assert said.out.isascii()
    assert said.objects()[0]["files"] == [str(tmp_path / "out" / "名前 ü😀.map.npy")]


@pytest.mark.slow
def test_a_name_that_the_terminal_has_no_letters_for_does_not_end_the_command(
    tmp_path: Path,
) -> None:
    shutil.copy(sample_path("cat"), tmp_path / "名前.png")
    done = subprocess.run(
        [sys.executable, "-m", "tfviz_cli", "heatmap", "名前.png", "--out", "out"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u540d\\u524d.png" in done.stdout
    assert names(tmp_path / "out") == ["名前.map.npy", "名前.overlay.png"]
