from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import tfviz
from tfviz.errors import InputError, LayerError, OutputError, TargetError
from tfviz.files import find_images
from tfviz.image import read_rgb, sample_path, write_image
from tfviz.jobs.heatmap import HeatmapJob
from tfviz.jobs.opening import why_not
from tfviz.jobs.results import HeatmapResult, HeatmapSettings
from tfviz.jobs.sayings import named_target, says
from tfviz.model.card import Card, remember
from tfviz.model.labels import imagenet_names


@pytest.fixture(scope="module")
def everyday10() -> keras.Model:
    return tfviz.load_model()


@pytest.fixture(scope="module")
def small() -> keras.Model:
    """Two classes, 16 x 16 input, an 8 x 8 map."""
    return keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(4, 3, strides=2, padding="same", activation="relu", name="conv"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, activation="softmax", name="head"),
        ],
        name="small",
    )


def run(
    model: keras.Model, inputs: Sequence[object], out: Path, **settings: object
) -> list[HeatmapResult]:
    sources = find_images([str(each) for each in inputs])
    return list(HeatmapJob(model, sources, out, HeatmapSettings(**settings)).run())


RECORD = {"results.jsonl", "settings.json", "manifest.json"}


def names(folder: Path) -> list[str]:
    """All files below a folder but the job's own record."""
    found = (str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file())
    return sorted(each for each in found if each not in RECORD)


def photo(path: Path, height: int = 40, width: int = 60, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    write_image(path, random.integers(0, 256, (height, width, 3), dtype=np.uint8))
    return path


def test_a_broken_file_in_between_keeps_its_reason_and_the_others_are_written(
    everyday10: keras.Model, tmp_path: Path
) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    results = run(
        everyday10, ["sample:cat", tmp_path / "broken.jpg", "sample:rocket"], tmp_path / "out"
    )
    by_input = {each.input: each for each in results}
    assert "broken.jpg" in by_input[str(tmp_path / "broken.jpg")].reason
    assert by_input[str(tmp_path / "broken.jpg")].files == ()
    assert by_input["sample:cat"].sees == "cat"
    assert names(tmp_path / "out") == [
        "cat.map.npy", "cat.overlay.png", "rocket.map.npy", "rocket.overlay.jpg",
    ]  # fmt: skip


def test_the_written_map_is_the_raw_one_of_the_library(
    everyday10: keras.Model, tmp_path: Path
) -> None:
    (result,) = run(everyday10, ["sample:cat"], tmp_path, target="dog")
    written = np.load(tmp_path / "cat.map.npy")
    cat = read_rgb(sample_path("cat"))
    expected = tfviz.GradCAM(everyday10)(tfviz.preprocess(everyday10, cat), 5)
    assert (written.dtype, written.shape) == (np.float32, (8, 8))
    np.testing.assert_allclose(written, expected.maps[0], rtol=1e-4, atol=1e-6)
    assert result.target == "dog"
    assert result.map_range == (written.min(), written.max())
    assert result.score == pytest.approx(expected.scores[0], rel=1e-4)


def test_the_overlay_has_the_size_of_the_photo(everyday10: keras.Model, tmp_path: Path) -> None:
    run(everyday10, ["sample:cat"], tmp_path)
    assert read_rgb(tmp_path / "cat.overlay.png").shape == read_rgb(sample_path("cat")).shape


def test_a_jpeg_gets_a_jpeg_and_a_png_a_png(small: keras.Model, tmp_path: Path) -> None:
    inputs = [photo(tmp_path / "in" / "a.JPG"), photo(tmp_path / "in" / "b.png", seed=1)]
    run(small, inputs, tmp_path / "out", save=("overlay",))
    assert names(tmp_path / "out") == ["a.overlay.jpg", "b.overlay.png"]


@pytest.mark.parametrize(
    ("save", "files"),
    [
        (("array",), ["cat.map.npy"]),
        (("overlay",), ["cat.overlay.png"]),
        (("panel",), ["cat.panel.png"]),
        (("panel", "array", "overlay"), ["cat.map.npy", "cat.overlay.png", "cat.panel.png"]),
    ],
)
def test_only_what_was_asked_for_is_written(
    everyday10: keras.Model, tmp_path: Path, save: tuple[str, ...], files: list[str]
) -> None:
    (result,) = run(everyday10, ["sample:cat"], tmp_path, save=save)
    assert names(tmp_path) == files
    assert sorted(result.files) == files


def test_against_explains_the_difference_of_two_logits(
    everyday10: keras.Model, tmp_path: Path
) -> None:
    settings = {"save": ("array",)}
    (cat,) = run(everyday10, ["sample:cat"], tmp_path / "a", target="cat", **settings)
    (dog,) = run(everyday10, ["sample:cat"], tmp_path / "b", target="dog", **settings)
    (both,) = run(
        everyday10, ["sample:cat"], tmp_path / "c", target="cat", against="dog", **settings
    )
    assert both.target == "cat rather than dog"
    assert both.score == pytest.approx(cat.score - dog.score, rel=1e-4)


def test_a_rank_explains_another_class_than_the_first(
    everyday10: keras.Model, tmp_path: Path
) -> None:
    (result,) = run(everyday10, ["sample:cat"], tmp_path, target="top2")
    assert result.sees == "cat"
    assert result.target == result.top[1][0] != "cat"


def test_probabilities_stand_in_falling_order_and_the_first_is_how_sure_it_is(
    everyday10: keras.Model, tmp_path: Path
) -> None:
    (result,) = run(everyday10, ["sample:coffee"], tmp_path)
    values = [value for _, value in result.top]
    assert values == sorted(values, reverse=True)
    assert (result.sees, result.confidence) == result.top[0]


def test_what_a_photo_shows_does_not_depend_on_the_others_in_its_batch(
    small: keras.Model, tmp_path: Path
) -> None:
    inputs = [photo(tmp_path / "in" / f"{i}.png", seed=i) for i in range(5)]
    run(small, inputs, tmp_path / "one", batch_size=1)
    run(small, inputs, tmp_path / "all", batch_size=5)
    for i in range(5):
        one, all_ = (np.load(tmp_path / each / f"{i}.map.npy") for each in ("one", "all"))
        np.testing.assert_allclose(one, all_, atol=1e-6)


def test_sub_folders_are_mirrored_and_equal_stems_kept_apart(
    small: keras.Model, tmp_path: Path
) -> None:
    for i, each in enumerate(["a/x.png", "b/x.png", "b/x.jpg", "y.png"]):
        photo(tmp_path / "in" / each, seed=i)
    run(small, [tmp_path / "in"], tmp_path / "out", save=("array",))
    assert names(tmp_path / "out") == [
        "a/x.map.npy", "b/x.jpg.map.npy", "b/x.png.map.npy", "y.map.npy",
    ]  # fmt: skip


def test_pixels_that_a_crop_left_out_are_gray(small: keras.Model, tmp_path: Path) -> None:
    path = photo(tmp_path / "in" / "wide.png", 40, 80)
    run(small, [path], tmp_path / "out", resize="crop", save=("overlay",))
    written = read_rgb(tmp_path / "out" / "wide.overlay.png")
    coloured = (written.max(axis=-1) != written.min(axis=-1)).any(axis=0)
    assert np.flatnonzero(coloured).tolist() == list(range(20, 60))


def _with_head(kernel: str | np.ndarray, name: str) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(4, 3, activation="relu", kernel_initializer="ones", name="conv"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, kernel_initializer=kernel),
        ],
        name=name,
    )


def test_a_map_that_nothing_depends_on_says_that_it_is_blank(tmp_path: Path) -> None:
    (result,) = run(_with_head("zeros", "blank"), [photo(tmp_path / "a.png")], tmp_path / "out")
    assert result.note.startswith("blank: the score does not change with this layer")
    assert result.map_range == (0, 0)
    assert names(tmp_path / "out") == ["a.map.npy", "a.overlay.png"]


def test_a_map_of_nothing_but_counter_evidence_says_so(tmp_path: Path) -> None:
    against = keras.initializers.Constant(-1.0)
    (result,) = run(_with_head(against, "no"), [photo(tmp_path / "a.png")], tmp_path / "out")
    assert result.note.startswith("blank: all evidence at this layer speaks against the target")


def test_a_map_that_is_not_finite_is_a_failure_with_its_reason(tmp_path: Path) -> None:
    nan = keras.initializers.Constant(float("nan"))
    (result,) = run(_with_head(nan, "nan"), [photo(tmp_path / "a.png")], tmp_path / "out")
    assert result.reason.startswith("no map: not finite")
    assert names(tmp_path / "out") == []


def test_a_result_is_json_without_what_is_empty() -> None:
    assert HeatmapResult("a.jpg", reason="no such file").to_dict() == {
        "input": "a.jpg", "reason": "no such file",
    }  # fmt: skip


def test_a_score_of_nought_is_told_and_what_is_not_finite_is_left_out() -> None:
    result = HeatmapResult(
        "a.jpg", score=0.0, probability=float("nan"), map_range=(0.0, 0.0), seconds=0.0,
        top=(("cat", 0.0), ("dog", float("nan"))),
    )  # fmt: skip
    assert result.to_dict() == {
        "input": "a.jpg", "score": 0.0, "map_range": (0.0, 0.0), "seconds": 0.0,
        "top": (("cat", 0.0),),
    }  # fmt: skip


def start(model: keras.Model, out: Path, **settings: object) -> HeatmapJob:
    return HeatmapJob(model, find_images(["sample:cat"]), out, HeatmapSettings(**settings))


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({"save": ("overlay", "movie")}, InputError,
         "Can't save 'movie': save is any of overlay, array, panel."),
        ({"method": "gradcamm"}, InputError,
         "There is no method 'gradcamm'. Did you mean 'gradcam'"),
        ({"value_range": "vgg"}, InputError, "value_range='vgg' is unknown"),
        ({"resize": "fit"}, InputError, "resize='fit' is unknown"),
        ({"target": "kat"}, TargetError, "of the model is called 'kat'. Did you mean 'cat'"),
        ({"target": "10"}, TargetError, "Class 10 is out of range: the model's are 0 to 9."),
        ({"target": "top0"}, TargetError, "top0 is no rank: the most likely class is top1."),
        ({"target": "top11"}, TargetError, "top11 asks for more classes than the model's 10."),
        ({"target": "cat", "against": "cat"}, TargetError, "A contrast of a class with itself"),
        ({"layer": "block8_uot"}, LayerError, "Did you mean 'block8_out'"),
        ({"colormap": "nocolours"}, InputError, "nocolours"),
    ],
)  # fmt: skip
def test_what_can_not_be_is_said_before_anything_is_written(
    everyday10: keras.Model,
    tmp_path: Path,
    settings: dict[str, object],
    kind: type[Exception],
    message: str,
) -> None:
    with pytest.raises(kind) as caught:
        list(start(everyday10, tmp_path / "out", **settings).run())
    assert message in str(caught.value)
    assert not (tmp_path / "out").exists() or names(tmp_path / "out") == []


def test_a_layer_without_places_is_refused_and_others_are_named(
    everyday10: keras.Model, tmp_path: Path
) -> None:
    head = everyday10.layers[-1].name
    with pytest.raises(LayerError, match=r"no places are left in it to make a map of\. Layers"):
        list(start(everyday10, tmp_path, layer=head).run())


def test_an_output_that_is_a_file_stops_the_job_before_it_starts(
    everyday10: keras.Model, tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputError, match="is a file, not a folder"):
        start(everyday10, tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_an_output_that_vanishes_meanwhile_is_one_sentence(
    everyday10: keras.Model, tmp_path: Path
) -> None:
    job = start(everyday10, tmp_path / "out")
    shutil.rmtree(tmp_path / "out")
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(OutputError, match="out"):
        list(job.run())


def test_a_model_of_signals_is_refused_with_what_it_takes(tmp_path: Path) -> None:
    model = keras.Sequential(
        [keras.Input((40, 2), name="signal"), layers.Conv1D(3, 3), layers.GlobalMaxPooling1D()],
        name="ears",
    )
    with pytest.raises(InputError, match=r"Model 'ears' does not take one photo but 'signal"):
        start(model, tmp_path)


@pytest.fixture(scope="module")
def thousand() -> keras.Model:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1000)])
    remember(model, Card(class_names=imagenet_names()))
    return model


def test_an_ambiguous_target_lists_its_indices(thousand: keras.Model) -> None:
    with pytest.raises(TargetError) as caught:
        named_target(thousand, "crane", None)
    assert str(caught.value) == (
        "'crane' is the name of 2 classes, 134 and 517: give the index of the one."
    )


def test_an_ambiguous_against_lists_its_indices(thousand: keras.Model) -> None:
    with pytest.raises(TargetError, match="638 and 639"):
        named_target(thousand, "tabby", "maillot")


def test_names_ranks_and_indices_become_targets(thousand: keras.Model) -> None:
    assert named_target(thousand, "black-and-tan_coonhound", None) == tfviz.Class(165)
    assert named_target(thousand, "7", "top2") == tfviz.Contrast(tfviz.Class(7), tfviz.Top(2))
    assert named_target(thousand, "top1", None) == tfviz.Top(1)


def test_a_name_for_a_model_without_names_asks_for_labels() -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    with pytest.raises(TargetError) as caught:
        named_target(model, "cat", None)
    assert str(caught.value) == (
        "'cat' is a class name, and this model brings none along: give its index, or the names "
        "with --labels (labels= in Python)."
    )


def test_an_output_without_softmax_is_told_as_it_is_and_not_as_sure(tmp_path: Path) -> None:
    model = _with_head("ones", "plain")
    (result,) = run(model, [photo(tmp_path / "a.png")], tmp_path / "out")
    assert (result.sees, result.confidence) == ("class 0", None)
    assert result.output == pytest.approx(result.score, rel=1e-5)


def test_a_single_sigmoid_says_which_side_and_how_sure() -> None:
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(2, 3, activation="relu"), layers.Flatten(),
         layers.Dense(1, activation="sigmoid", kernel_initializer="zeros",
                      bias_initializer=keras.initializers.Constant(-2.0))]
    )  # fmt: skip
    remember(model, Card(class_names=("cat", "dog")))
    found = tfviz.GradCAM(model)(np.ones((1, 8, 8, 3), "float32"))
    assert says(found, 0) == ("cat", pytest.approx(1 - 1 / (1 + np.exp(2)), abs=1e-6), None)


def test_a_segmentation_says_what_it_mostly_sees(tmp_path: Path) -> None:
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(image)
    bias = keras.initializers.Constant([0.0, 9.0, 0.0])
    model = keras.Model(image, layers.Conv2D(3, 1, activation="softmax", bias_initializer=bias)(x))
    (result,) = run(model, [photo(tmp_path / "a.png")], tmp_path / "out")
    assert (result.sees, result.confidence) == ("mostly class 1", None)


def test_what_can_be_opened_is_told_from_the_header(shared: Path) -> None:
    def reason(name: str) -> str | None:
        return why_not(find_images([str(shared / "odd_images" / name)])[0])

    assert reason("cmyk.jpg") is None
    assert "text_named.png" in reason("text_named.png")
    assert "zero_byte.jpg" in reason("zero_byte.jpg")


def test_an_unknown_sample_has_its_reason() -> None:
    assert "there is no sample 'kat'" in why_not(find_images(["sample:kat"])[0])
