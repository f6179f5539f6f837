"""A ported model is told from its original, and its preprocessing from the original's."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from seeded_weights import image, seeded

from tfviz import zoo
from tfviz.errors import InputError, ModelError
from tfviz.model.pixels import TORCH_MEAN, TORCH_STD
from tfviz.zoo.porting.recipe import RECIPE
from tfviz.zoo.porting.slots import slots_of
from tfviz.zoo.porting.verifying import relative_difference

DATA = Path(__file__).parent / "data"
TORCH = DATA / "torch_resnet18_stages.npz"


def seeded_resnet18(**options) -> keras.Model:
    model = zoo.resnet18(input_shape=(64, 47, 3), **options)
    for slot in slots_of(model):
        slot.variable.assign(slot.turned(seeded(slot.key, slot.shape)))
    return model


@pytest.fixture(scope="module")
def resnet18() -> keras.Model:
    return seeded_resnet18()


def changed(model: keras.Model, layer: str, **settings: object) -> keras.Model:
    """The same model and weights with other settings of one layer."""

    def clone(each: keras.layers.Layer) -> keras.layers.Layer:
        config = each.get_config()
        if each.name == layer:
            config |= settings
        return type(each).from_config(config)

    twin = keras.models.clone_model(model, clone_function=clone)
    twin.set_weights(model.get_weights())
    return twin


def test_every_stage_of_resnet18_is_pytorchs(resnet18: keras.Model) -> None:
    found = zoo.verify(resnet18, TORCH)
    assert found.same_model
    assert found.first is None
    assert found.not_found == ()
    assert [stage.name for stage in found.stages] == [
        "conv1", "bn1", "maxpool", "layer1.0", "layer1.1", "layer2.0", "layer2.1", "layer3.0",
        "layer3.1", "layer4.0", "layer4.1", "avgpool", "fc", "output",
    ]  # fmt: skip
    assert max(stage.difference for stage in found.stages) < 1e-5


@pytest.mark.parametrize(
    ("layer", "settings", "first"),
    [
        ("bn1", {"epsilon": 1e-3}, "bn1"),
        ("layer2.0.bn2", {"epsilon": 1e-3}, "layer2.0"),
        ("layer3.0.conv1.pad", {"padding": ((0, 2), (0, 2))}, "layer3.0"),
        ("layer4.1", {"activation": "gelu"}, "layer4.1"),
    ],
)
def test_the_first_stage_that_differs_is_named(
    resnet18: keras.Model, layer: str, settings: dict[str, object], first: str
) -> None:
    found = zoo.verify(changed(resnet18, layer, **settings), TORCH)
    assert found.first is not None
    assert found.first.name == first
    assert not found.same_model
    assert f"another one from '{first}' on" in str(found)
    before = [stage.name for stage in found.stages].index(first)
    assert all(stage.difference <= found.tolerance for stage in found.stages[:before])


def test_a_single_other_weight_is_found(resnet18: keras.Model) -> None:
    twin = changed(resnet18, "none")
    kernel = twin.get_layer("layer3.1.conv2").kernel
    kernel.assign(kernel.numpy()[::-1])
    found = zoo.verify(twin, TORCH)
    assert found.first is not None
    assert found.first.name == "layer3.1"
    assert "('layer3.0' is still equal)" in str(found)


def test_a_model_that_ends_in_a_softmax_is_compared_after_it() -> None:
    found = zoo.verify(seeded_resnet18(classifier_activation="softmax"), TORCH)
    assert found.same_model
    assert "compared after it" in found.note


def test_a_larger_tolerance_lets_a_wrong_epsilon_pass(resnet18: keras.Model) -> None:
    twin = changed(resnet18, "bn1", epsilon=1e-4)
    assert not zoo.verify(twin, TORCH).same_model
    assert zoo.verify(twin, TORCH, tolerance=1e-2).first is None


def test_stages_that_the_model_lacks_are_told(resnet18: keras.Model, tmp_path: Path) -> None:
    renamed = keras.models.clone_model(
        resnet18,
        clone_function=lambda each: type(each).from_config(
            each.get_config() | {"name": each.name.replace("layer1.0", "first")}
        ),
    )
    renamed.set_weights(resnet18.get_weights())
    found = zoo.verify(renamed, TORCH)
    assert found.not_found == ("layer1.0",)
    assert found.same_model
    assert "no layer of the name: layer1.0" in str(found)


def test_a_reference_of_another_size_is_refused(resnet18: keras.Model) -> None:
    with pytest.raises(InputError, match=r"build the model with input_shape=\(64, 47, 3\)"):
        zoo.verify(zoo.resnet18(input_shape=(32, 32, 3)), TORCH)


def test_a_reference_is_written_and_read_back(tmp_path: Path, resnet18: keras.Model) -> None:
    made = zoo.reference_of(resnet18, image(64, 47))
    again = zoo.read_reference(made.save(tmp_path / "r.npz"))
    assert list(again.stages) == list(made.stages)
    np.testing.assert_array_equal(again.stages["layer2.1"], made.stages["layer2.1"])
    assert zoo.verify(resnet18, again).first is None


def test_the_activations_leave_the_model_as_it_was(resnet18: keras.Model) -> None:
    before = [dict(each.__dict__) for each in resnet18.layers]
    zoo.reference_of(resnet18, image(64, 47))
    assert [set(each.__dict__) for each in resnet18.layers] == [set(each) for each in before]


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda path: path.write_bytes(b"hello"), "is no reference"),
        (lambda path: path.write_bytes(TORCH.read_bytes()[:9000]), "or was cut short"),
        (lambda path: np.savez(path, other=np.ones(3)), "has no 'input'.*it holds other"),
        (lambda path: np.savez(path, input=np.array([{}])), "is no reference"),
    ],
)
def test_what_is_no_reference_is_refused(tmp_path: Path, write, words: str) -> None:
    path = tmp_path / "r.npz"
    write(path)
    with pytest.raises(InputError, match=words):
        zoo.read_reference(path)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"input": np.array(["a"])}, "has 'input' of type <U1, and real numbers are compared"),
        ({"output": np.ones((1, 2), complex)}, "has 'output' of type complex128"),
        ({"output": np.full((1, 2), np.nan)}, "has values in 'output' that are no numbers"),
        ({"input": np.ones((0, 3, 8, 8))}, "has values in 'input' that are no numbers, or none"),
    ],
)
def test_a_reference_that_nothing_can_be_equal_to_is_refused(
    tmp_path: Path, parts: dict[str, np.ndarray], words: str
) -> None:
    np.savez(
        tmp_path / "r.npz", **{"input": np.ones((1, 3, 8, 8)), "output": np.ones((1, 2)), **parts}
    )
    with pytest.raises(InputError, match=words):
        zoo.read_reference(tmp_path / "r.npz")


def test_a_damaged_a_lying_and_another_kind_of_reference_are_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "damaged.npz", input=np.arange(1000.0), output=np.ones(3))
    data = bytearray((tmp_path / "damaged.npz").read_bytes())
    data[70:90] = 20 * b"\xff"
    (tmp_path / "damaged.npz").write_bytes(data)
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,), }"
    with zipfile.ZipFile(tmp_path / "lying.npz", "w") as archive:
        archive.writestr("input.npy", b"\x93NUMPY\x01\x00v\x00" + header.ljust(117) + b"\n")
    np.save(tmp_path / "plain.npy", np.ones(3))
    for name in ("damaged.npz", "lying.npz", "plain.npy"):
        with pytest.raises(InputError, match=f"{name}' is no reference"):
            zoo.read_reference(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in folders")
def test_a_pipe_is_no_reference_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(InputError, match="it is no ordinary file"):
        zoo.read_reference(tmp_path / "pipe.npz")


def test_a_missing_reference_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no reference"):
        zoo.read_reference(tmp_path / "no.npz")


def test_a_model_with_several_outputs_is_refused() -> None:
    x = keras.Input((4, 4, 3))
    y = keras.layers.Flatten()(x)
    with pytest.raises(ModelError, match="several outputs"):
        zoo.reference_of(keras.Model(x, [y, y]), np.zeros((1, 4, 4, 3), np.float32))


def slowly(photo: np.ndarray) -> np.ndarray:
    """torchvision's transform, step by step as its documentation has it."""
    picture = Image.fromarray(photo)
    width, height = picture.size
    if width <= height:
        picture = picture.resize((256, int(256 * height / width)), Image.Resampling.BILINEAR)
    else:
        picture = picture.resize((int(256 * width / height), 256), Image.Resampling.BILINEAR)
    values = np.asarray(picture, np.float64) / 255
    top, left = round((values.shape[0] - 224) / 2), round((values.shape[1] - 224) / 2)
    values = values[top : top + 224, left : left + 224]
    return (values - TORCH_MEAN.astype(np.float64)) / TORCH_STD


@pytest.mark.parametrize("turned", [False, True])
def test_torchvisions_preprocessing_is_what_its_steps_say(cat: np.ndarray, turned: bool) -> None:
    photo = cat.transpose(1, 0, 2).copy() if turned else cat
    found = zoo.torchvision_preprocess(photo)
    assert found.shape == (1, 224, 224, 3)
    np.testing.assert_allclose(found[0], slowly(photo), atol=1e-6)


@pytest.fixture(scope="module")
def photographed(cat: np.ndarray) -> tuple[keras.Model, zoo.Reference]:
    """A model, and what it says of the cat prepared as torchvision does."""
    model = zoo.resnet18()
    return model, zoo.reference_of(model, zoo.torchvision_preprocess(cat), photo=cat)


def test_the_preprocessing_is_told_from_the_model(
    photographed: tuple[keras.Model, zoo.Reference],
) -> None:
    model, reference = photographed
    found = zoo.verify(model, reference)
    assert found.same_model
    assert not found.same_photos
    assert found.photos is not None
    assert found.photos.torchvision
    assert found.photos.difference > 0.1
    assert found.photos.effect > 1e-4
    assert "the reference's is torchvision's (resize 256, crop 224, mean, deviation)" in str(found)
    assert "model: computes the same" in str(found)


def test_a_wrong_model_is_not_laid_at_the_door_of_the_preprocessing(
    photographed: tuple[keras.Model, zoo.Reference],
) -> None:
    model, reference = photographed
    bias = model.get_layer("fc").bias
    before = bias.numpy()
    try:
        bias.assign(before + 100 * np.eye(1000, dtype=np.float32)[3])
        found = zoo.verify(model, reference)
    finally:
        bias.assign(before)
    assert found.first is not None
    assert found.first.name == "fc"
    assert found.photos is not None
    # The class that the wrong bias prefers, whichever way the photo is made ready.
    assert found.photos.same_class
    assert found.photos.effect < 0.1


def test_the_same_preprocessing_is_said_to_be_the_same(
    photographed: tuple[keras.Model, zoo.Reference], cat: np.ndarray
) -> None:
    import tfviz

    model, _ = photographed
    reference = zoo.reference_of(model, tfviz.preprocess(model, cat), photo=cat)
    found = zoo.verify(model, reference)
    assert found.same_photos
    assert found.photos is not None
    assert not found.photos.torchvision
    assert "preprocessing: the same (crop to 224x224" in str(found)


def test_a_relative_difference_counts_what_is_no_number_as_infinite() -> None:
    one = np.ones(3)
    assert relative_difference(one, one) == 0
    assert relative_difference(one * np.nan, one) == np.inf
    assert relative_difference(np.ones(4), one) == np.inf
    assert relative_difference(np.array([1.0, 1.0, 1.5]), 2 * one) == 0.5


def test_the_recipe_is_python_and_names_what_a_reference_needs() -> None:
    compile(RECIPE, "recipe", "exec")
    assert all(word in RECIPE for word in ("input=", "output=", "photo=", '"stage/"'))
