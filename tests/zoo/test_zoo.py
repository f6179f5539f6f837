from __future__ import annotations

import socket
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import tfviz
from tfviz.errors import MissingError, ModelError
from tfviz.model.labels import imagenet_names
from tfviz.zoo.embedded import EMBEDDED
from tfviz.zoo.loading import load_structure

CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip


@pytest.fixture(scope="module")
def everyday10() -> keras.Model:
    return tfviz.load_model()


@pytest.fixture(scope="module")
def mobile_weights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """Weights of a MobileNetV2 with three classes, and what it says of an array of ones."""
    model = keras.applications.MobileNetV2(weights=None, classes=3)
    path = tmp_path_factory.mktemp("zoo") / "three.weights.h5"
    model.save_weights(path)
    return path, model(np.ones((1, 224, 224, 3), "float32")).numpy()


def test_the_embedded_model_knows_its_ten_classes(everyday10: keras.Model) -> None:
    card = tfviz.card_of(everyday10)
    assert card.class_names == CLASSES
    assert card.knows == (
        "everyday10 knows only: airplane, automobile, bird, cat, deer, dog, frog, horse, ship and "
        "truck; for 1000 classes use --model MobileNetV2."
    )


def test_the_embedded_model_says_cat_to_the_cat(everyday10: keras.Model) -> None:
    photo = tfviz.read_rgb(tfviz.sample_path("cat"))
    output = everyday10(tfviz.preprocess(everyday10, photo)).numpy()[0]
    assert CLASSES[output.argmax()] == "cat"
    np.testing.assert_allclose(output.sum(), 1, atol=1e-6)


def test_the_embedded_file_is_smaller_than_two_megabytes() -> None:
    assert EMBEDDED["everyday10"].stat().st_size < 2_000_000


def test_the_embedded_model_has_a_last_map_of_eight_by_eight(everyday10: keras.Model) -> None:
    assert tfviz.layers_of(everyday10).shape[1:3] == (8, 8)


def test_the_embedded_model_has_a_model_card_beside_it() -> None:
    card = EMBEDDED["everyday10"].with_suffix(".md").read_text(encoding="utf-8")
    assert all(name in card for name in CLASSES)
    assert "CIFAR-10" in card


def test_a_file_called_like_the_embedded_model_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "everyday10").mkdir()
    with pytest.raises(ModelError, match="'everyday10' is a folder and no model"):
        tfviz.load_model("everyday10")


def test_weights_go_into_an_architecture_with_as_many_classes_as_labels(
    mobile_weights: tuple[Path, np.ndarray],
) -> None:
    path, expected = mobile_weights
    model = tfviz.load_model("mobilenetv2", weights=path, labels=["a", "b", "c"])
    np.testing.assert_array_equal(model(np.ones((1, 224, 224, 3), "float32")), expected)
    card = tfviz.card_of(model)
    assert (card.class_names, card.value_range, card.input_size) == (
        ("a", "b", "c"), "tf", (224, 224),
    )  # fmt: skip


def test_weights_of_another_number_of_classes_say_that_they_do_not_fit(
    mobile_weights: tuple[Path, np.ndarray],
) -> None:
    with pytest.raises(ModelError, match=r"three\.weights\.h5' don't fit model 'mobilenetv2_1.00"):
        tfviz.load_model("MobileNetV2", weights=mobile_weights[0])


def test_missing_weights_say_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"There is no file of weights '.*no\.weights\.h5'"):
        tfviz.load_model("MobileNetV2", weights=tmp_path / "no.weights.h5")


def test_real_weights_tell_an_elephant(shared: Path) -> None:
    model = tfviz.load_model(
        "MobileNetV2", weights=shared / "models" / "mobilenet_v2_1.0_224.weights.h5"
    )
    photo = tfviz.read_rgb(shared / "photos" / "creative_commons_elephant.jpg")
    output = model(tfviz.preprocess(model, photo)).numpy()[0]
    assert tfviz.card_of(model).class_names[output.argmax()] == "African_elephant"


MOBILENET = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keras's cache of weights, empty, on a machine without a network."""

    def offline(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", offline)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    # Keras reads the variable when it is imported, which was before.
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path))
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def test_without_a_network_the_missing_file_and_its_folder_are_named(cache: Path) -> None:
    with pytest.raises(MissingError) as caught:
        tfviz.load_model("MobileNetV2")
    assert str(caught.value) == (
        "The ImageNet weights of MobileNetV2 are not in Keras's cache and can't be downloaded: put "
        f"'{MOBILENET}' into '{cache}', or give a file with --weights (weights= in Python)."
    )


def test_weights_in_kerass_cache_are_taken_without_a_network(cache: Path) -> None:
    made = keras.applications.MobileNetV2(weights=None)
    made.save(cache / MOBILENET)
    loaded = tfviz.load_model("MobileNetV2")
    np.testing.assert_array_equal(loaded.get_weights()[-2], made.get_weights()[-2])
    assert tfviz.card_of(loaded).class_names == imagenet_names()


@pytest.mark.parametrize("content", [b"", b"<html>404</html>"])
def test_a_damaged_file_in_kerass_cache_is_one_sentence(cache: Path, content: bytes) -> None:
    (cache / MOBILENET).write_bytes(content)
    with pytest.raises(ModelError) as caught:
        tfviz.load_model("MobileNetV2")
    assert str(caught.value).startswith(
        f"The ImageNet weights of MobileNetV2 in '{cache}' can't be loaded: "
    )
    assert "Remove the file there, so that it is downloaded again." in str(caught.value)


def test_an_unknown_name_offers_the_nearest() -> None:
    with pytest.raises(ModelError) as caught:
        tfviz.load_model("MobilNetV2")
    assert str(caught.value) == (
        "'MobilNetV2' is neither a file nor a model known by name. Did you mean 'MobileNetV2', "
        "'MobileNet' or 'MobileNetV3Small'? Known are everyday10, the names in keras.applications "
        "(MobileNetV2, ResNet50, ...), and .keras or .h5 files."
    )


def test_a_file_of_a_thousand_classes_without_a_card_is_taken_for_imagenet(tmp_path: Path) -> None:
    keras.Sequential([keras.Input((4,)), layers.Dense(1000)]).save(tmp_path / "m.keras")
    card = tfviz.card_of(tfviz.load_model(tmp_path / "m.keras"))
    assert card.class_names == imagenet_names()


def test_labels_go_over_what_the_file_says(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    keras.Sequential([keras.Input((4,)), layers.Dense(2)]).save(path)
    tfviz.write_card(path, tfviz.Card(class_names=("a", "b"), value_range="tf"))
    (tmp_path / "own.txt").write_text("c\nd\n")
    card = tfviz.card_of(tfviz.load_model(path, labels=tmp_path / "own.txt"))
    assert (card.class_names, card.value_range) == (("c", "d"), "tf")


def test_labels_of_another_number_than_the_models_classes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    keras.Sequential([keras.Input((4,)), layers.Dense(2)]).save(path)
    with pytest.raises(
        tfviz.InputError, match=r"3 names \(a, b, c, \.\.\.\) and model.* has 2 output"
    ):
        tfviz.load_model(path, labels=["a", "b", "c"])


def test_two_labels_fit_a_single_unit(tmp_path: Path) -> None:
    keras.Sequential([keras.Input((4,)), layers.Dense(1)]).save(tmp_path / "m.keras")
    model = tfviz.load_model(tmp_path / "m.keras", labels=["no", "yes"])
    assert tfviz.card_of(model).class_names == ("no", "yes")


def test_the_structure_of_a_named_architecture_needs_no_weights() -> None:
    model = load_structure("mobilenetv2")
    assert model.count_params() == 3_538_984
    assert tfviz.card_of(model).value_range == "tf"
