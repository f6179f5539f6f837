"""The ResNets against PyTorch's own answers, made once by data/make_torch_references.py."""

from __future__ import annotations

import io
from pathlib import Path

import keras
import numpy as np
import pytest
from seeded_weights import image, seeded
from torch_files import write_weights

import tfviz
from tfviz import zoo
from tfviz.errors import InputError
from tfviz.zoo.porting.slots import slots_of
from tfviz.zoo.tables import TABLES

DATA = Path(__file__).parent / "data"
# Demanded of the logits: relative to the largest.
CLOSE = 1e-5
TRAINABLE = {
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet20": 269_722,
    "resnet32": 464_154,
    "resnet44": 658_586,
    "resnet56": 853_018,
}


def with_seeded_weights(name: str) -> keras.Model:
    """Of any input size, with the weights that PyTorch's network had."""
    shape = (None, None, 3)
    model = getattr(zoo, name)(input_shape=shape)
    for slot in slots_of(model):
        slot.variable.assign(slot.turned(seeded(slot.key, slot.shape)))
    return model


def worst_logits(model: keras.Model, name: str) -> float:
    """The largest difference from PyTorch over its largest logit, over all sizes."""
    apart = []
    with np.load(DATA / f"torch_{name}.npz") as reference:
        for key in reference.files:
            if key.startswith("output_"):
                height, width = map(int, key.removeprefix("output_").split("x"))
                expected = reference[key]
                found = model(image(height, width, batch=len(expected)), training=False)
                apart.append(np.abs(found - expected).max() / np.abs(expected).max())
    assert len(apart) >= 2
    return float(max(apart))


@pytest.fixture(scope="module")
def resnet18() -> keras.Model:
    return with_seeded_weights("resnet18")


@pytest.fixture(scope="module")
def resnet20(shared: Path) -> keras.Model:
    file = shared / "models" / "resnet20-12fca82f.th"
    return zoo.resnet20(weights=file, input_shape=(None, None, 3))


def test_resnet18_gives_pytorchs_logits_also_for_odd_sizes(resnet18: keras.Model) -> None:
    assert worst_logits(resnet18, "resnet18") < CLOSE


def test_resnet56_gives_pytorchs_logits_also_for_odd_sizes() -> None:
    assert worst_logits(with_seeded_weights("resnet56"), "resnet56") < CLOSE


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet34", "resnet50"])
def test_the_deep_resnets_give_pytorchs_logits_also_for_odd_sizes(name: str) -> None:
    assert worst_logits(with_seeded_weights(name), name) < CLOSE


def test_the_real_resnet20_gives_pytorchs_logits(resnet20: keras.Model) -> None:
    assert worst_logits(resnet20, "resnet20") < CLOSE


def test_the_real_resnet20_gives_pytorchs_sums_in_every_stage(resnet20: keras.Model) -> None:
    found = zoo.reference_of(resnet20, image(32, 32, batch=4)).stages
    with np.load(DATA / "torch_resnet20.npz") as reference:
        names = [each for each in reference.files if each.startswith("sum/")]
        assert len(names) == 12
        for name in names:
            stage = found[name.removeprefix("sum/")]
            ours = stage.reshape(len(stage), -1).sum(1, dtype=np.float64)
            scale = np.abs(stage).reshape(len(stage), -1).sum(1)
            assert (np.abs(ours - reference[name]) < CLOSE * scale).all(), name


def cifar10(shared: Path, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The first test images, decoded as `tfviz.read_rgb` does, and their labels."""
    import tensorflow as tf
    from PIL import Image

    features = {
        "image": tf.io.FixedLenFeature([], tf.string),
        "label": tf.io.FixedLenFeature([], tf.int64),
    }
    photos, labels = [], []
    for record in tf.data.TFRecordDataset(str(shared / "cifar10" / "test.tfrecord")).take(count):
        parsed = tf.io.parse_single_example(record, features)
        photos.append(np.asarray(Image.open(io.BytesIO(parsed["image"].numpy())).convert("RGB")))
        labels.append(int(parsed["label"]))
    return np.stack(photos), np.array(labels)


def share_right(model: keras.Model, shared: Path, count: int) -> float:
    photos, labels = cifar10(shared, count)
    assert len(photos) == count
    inputs = tfviz.preprocess(model, photos)
    found = model.predict(inputs, batch_size=500, verbose=0).argmax(1)
    return float((found == labels).mean())


def test_the_real_resnet20_is_right_on_81_of_100_of_2000_test_images(
    resnet20: keras.Model, shared: Path
) -> None:
    assert share_right(resnet20, shared, 2000) >= 0.81


@pytest.mark.slow
def test_the_real_resnet20_is_right_on_81_of_100_of_all_test_images(
    resnet20: keras.Model, shared: Path
) -> None:
    assert share_right(resnet20, shared, 10_000) >= 0.81


@pytest.mark.parametrize("name", TRAINABLE)
def test_table_and_model_agree_in_names_shapes_and_stages(name: str) -> None:
    table = TABLES[name]
    model = table.build()
    assert {slot.key: slot.shape for slot in slots_of(model)} == table.tensors()
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == TRAINABLE[name]
    assert set(table.stages) <= {layer.name for layer in model.layers}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "count"), [("resnet101", 44_549_160), ("resnet152", 60_192_808)])
def test_the_deepest_resnets_have_torchvisions_parameters(name: str, count: int) -> None:
    model = TABLES[name].build()
    assert {slot.key: slot.shape for slot in slots_of(model)} == TABLES[name].tensors()
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == count


def test_without_the_top_the_last_block_is_the_output(resnet18: keras.Model) -> None:
    body = zoo.resnet18(include_top=False, input_shape=(64, 96, 3))
    assert body.output_shape == (None, 2, 3, 512)
    assert len(body.weights) == len(resnet18.weights) - 2


def test_batch_norms_count_as_pytorchs_do(resnet18: keras.Model) -> None:
    norms = [each for each in resnet18.layers if isinstance(each, keras.layers.BatchNormalization)]
    assert {(each.epsilon, each.momentum) for each in norms} == {(1e-5, 0.9)}
    assert len(norms) == 20


def test_the_file_loads_in_keras_alone_and_gives_the_same(
    tmp_path: Path, resnet20: keras.Model
) -> None:
    resnet20.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    batch = image(32, 32, batch=2)
    np.testing.assert_array_equal(again(batch), resnet20(batch))


def test_a_heatmap_is_taken_at_the_last_block(resnet18: keras.Model) -> None:
    assert tfviz.layers_of(resnet18).path == "layer4.1"
    explanation = tfviz.GradCAM(resnet18)(image(64, 64))
    assert explanation.maps.shape == (1, 2, 2)


def test_it_knows_what_it_expects_of_photos(resnet18: keras.Model, cat: np.ndarray) -> None:
    card = tfviz.card_of(resnet18)
    assert (card.input_size, card.resize, card.value_range) == ((224, 224), "crop", "torch")
    assert card.class_names[281] == "tabby"
    assert tfviz.preprocess(resnet18, [cat]).shape == (1, 224, 224, 3)


def test_it_is_not_taken_for_the_model_of_keras_applications_without_its_card() -> None:
    model = zoo.resnet50(input_shape=(32, 32, 3))
    twin = keras.Model(model.inputs, model.outputs, name=model.name)
    from tfviz.model.pixels import plan_pixels

    assert plan_pixels(twin).value_range != "caffe"


def test_an_input_with_the_channels_first_is_refused() -> None:
    with pytest.raises(InputError, match=r"\(3, 224, 224\) must be \(height, width, 3\)"):
        zoo.resnet18(input_shape=(3, 224, 224))


def test_the_head_can_end_in_probabilities(resnet20: keras.Model, shared: Path) -> None:
    file = shared / "models" / "resnet20-12fca82f.th"
    model = zoo.resnet20(weights=file, classifier_activation="softmax")
    batch = image(32, 32)
    logits = np.asarray(resnet20(batch))
    expected = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(model(batch), expected, rtol=1e-4)


def test_it_trains_and_the_running_values_move_by_a_tenth(tmp_path: Path) -> None:
    model = zoo.resnet20(input_shape=(16, 16, 3))
    before = model.get_layer("bn1").moving_mean.numpy()
    batch = image(16, 16, batch=8)
    mean = model.get_layer("conv1")(batch).numpy().mean((0, 1, 2))
    model(batch, training=True)
    after = model.get_layer("bn1").moving_mean.numpy()
    np.testing.assert_allclose(after, 0.9 * before + 0.1 * mean, atol=1e-5)


def test_weights_of_all_layers_survive_the_way_through_a_file(tmp_path: Path) -> None:
    arrays = {name: seeded(name, shape) for name, shape in TABLES["resnet20"].tensors().items()}
    model = zoo.resnet20(weights=write_weights(tmp_path / "r.pth", arrays))
    kernel = model.get_layer("layer2.0.conv1").kernel.numpy()
    np.testing.assert_array_equal(kernel, arrays["layer2.0.conv1.weight"].transpose(2, 3, 1, 0))
    np.testing.assert_array_equal(
        model.get_layer("linear").kernel.numpy(), arrays["linear.weight"].T
    )
