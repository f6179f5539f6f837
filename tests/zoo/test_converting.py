from __future__ import annotations

import os
from pathlib import Path

import keras
import numpy as np
import pytest
from seeded_weights import image, state_dict
from torch_files import write_weights

import tfviz
from tfviz import zoo
from tfviz.errors import InputError, ModelError, OutputError
from tfviz.zoo.porting.loading import verify_weights
from tfviz.zoo.tables import TABLES

SHAPES = TABLES["resnet20"].tensors()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_weights(tmp_path_factory.mktemp("weights") / "r20.pth", state_dict(SHAPES))


@pytest.fixture(scope="module")
def converted(file: Path) -> zoo.Converted:
    return zoo.convert(file, file.with_name("out.keras"))


def test_the_architecture_is_recognised_and_the_file_knows_itself(
    converted: zoo.Converted,
) -> None:
    assert (converted.architecture, converted.classes) == ("resnet20", 10)
    card = tfviz.card_of(tfviz.load_model(converted.path))
    assert (card.input_size, card.value_range, card.class_names[3]) == ((32, 32), "torch", "cat")


def test_keras_alone_loads_it_and_it_answers_as_the_model_does(
    converted: zoo.Converted, file: Path
) -> None:
    loaded = keras.saving.load_model(converted.path)
    expected = zoo.resnet20(weights=file)(image(32, 32))
    np.testing.assert_allclose(loaded(image(32, 32)), expected, rtol=1e-6)


def test_other_classes_get_the_users_names(tmp_path: Path) -> None:
    shapes = {**SHAPES, "linear.weight": (2, 64), "linear.bias": (2,)}
    file = write_weights(tmp_path / "two.pth", state_dict(shapes))
    made = zoo.convert(file, tmp_path / "two.keras", class_names=("left", "right"))
    assert made.card.class_names == ("left", "right")
    assert zoo.convert(file, tmp_path / "two.keras").card.class_names == ()
    with pytest.raises(InputError, match=r"3 class names and .* has 2 classes"):
        zoo.convert(file, tmp_path / "two.keras", class_names=("a", "b", "c"))


def test_the_wrong_architecture_is_refused_and_nothing_is_written(
    tmp_path: Path, file: Path
) -> None:
    with pytest.raises(ModelError, match="the file is resnet20 with 10 classes"):
        zoo.convert(file, tmp_path / "out.keras", to="resnet18")
    assert not list(tmp_path.iterdir())


def test_weights_of_nothing_known_are_refused_with_the_nearest(tmp_path: Path) -> None:
    shapes = {k: v for k, v in SHAPES.items() if not k.startswith("layer3.2")}
    file = write_weights(tmp_path / "w.pth", state_dict(shapes))
    with pytest.raises(ModelError, match=r"nearest is resnet20 \(8\d% of the tensors"):
        zoo.convert(file, tmp_path / "out.keras")


def test_an_unknown_architecture_offers_the_nearest(tmp_path: Path, file: Path) -> None:
    with pytest.raises(ModelError, match=r"'resnet19' is no architecture.* Did you mean 'resnet1"):
        zoo.convert(file, tmp_path / "out.keras", to="resnet19")


def test_only_a_keras_file_can_carry_the_card(tmp_path: Path, file: Path) -> None:
    with pytest.raises(OutputError, match=r"must end in \.keras"):
        zoo.convert(file, tmp_path / "out.h5")


def test_the_weights_of_the_result_are_those_of_the_file(
    converted: zoo.Converted, file: Path
) -> None:
    model = tfviz.load_model(converted.path)
    found = verify_weights(model, file)
    assert found.same_model
    kernel = model.get_layer("layer2.1.conv1").kernel
    values = kernel.numpy()
    values[0, 0, 0, 0] += 0.5
    kernel.assign(values)
    found = verify_weights(model, file)
    assert not found.same_model
    assert found.apart == {"layer2.1.conv1.weight": pytest.approx(0.5)}
    assert "values differ  1: layer2.1.conv1.weight" in str(found)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of files")
def test_a_disk_that_is_full_is_one_sentence_and_leaves_nothing(tmp_path: Path, file: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Beyond the limit the system refuses to write, as it does when no space is left.
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OutputError) as caught:
            zoo.convert(file, tmp_path / "out.keras")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert str(caught.value).startswith(f"can't write '{tmp_path / 'out.keras'}': ")
    assert not list(tmp_path.iterdir())
