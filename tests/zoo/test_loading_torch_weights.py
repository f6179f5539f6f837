from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from seeded_weights import state_dict
from torch_files import write_weights

import tfviz
from tfviz import zoo
from tfviz.errors import LayerError, ModelError
from tfviz.zoo.porting.likely import likely_reason, nearest_table
from tfviz.zoo.tables import TABLES

SHAPES = TABLES["resnet20"].tensors()


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return zoo.resnet20()


def file_of(path: Path, shapes: dict[str, tuple[int, ...]]) -> Path:
    return write_weights(path / "weights.pth", state_dict(shapes))


def test_what_fits_is_reported_and_complete(tmp_path: Path, model: keras.Model) -> None:
    counters = {"bn1.num_batches_tracked": np.array(7)}
    file = write_weights(tmp_path / "w.pth", {**state_dict(SHAPES), **counters})
    report = tfviz.load_torch_weights(model, file)
    assert report.complete
    assert set(report.matched) == set(SHAPES)
    assert report.ignored == ("bn1.num_batches_tracked",)
    assert report.reason == ""


def test_comparing_loads_nothing(tmp_path: Path, model: keras.Model) -> None:
    before = [each.copy() for each in model.get_weights()]
    arrays = {name: each + 1 for name, each in state_dict(SHAPES).items()}
    report = zoo.compare_weights(model, write_weights(tmp_path / "w.pth", arrays))
    assert report.complete
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_missing_unexpected_and_differing_are_told_apart(
    tmp_path: Path, model: keras.Model
) -> None:
    shapes = {k: v for k, v in SHAPES.items() if k != "bn1.bias"}
    shapes |= {"extra.weight": (3, 3), "conv1.weight": (16, 3, 5, 5)}
    report = zoo.compare_weights(model, file_of(tmp_path, shapes))
    assert report.missing == ("bn1.bias",)
    assert report.unexpected == ("extra.weight",)
    assert report.differing == (("conv1.weight", (16, 3, 5, 5), (16, 3, 3, 3)),)
    assert len(report.matched) == len(SHAPES) - 2
    assert not report.complete


def test_a_refused_file_leaves_the_model_as_it_was(tmp_path: Path, model: keras.Model) -> None:
    before = [each.copy() for each in model.get_weights()]
    arrays = {k: v + 1 for k, v in state_dict(SHAPES).items() if k != "linear.bias"}
    with pytest.raises(ModelError, match="1 missing besides 96 that match"):
        tfviz.load_torch_weights(model, write_weights(tmp_path / "w.pth", arrays))
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_not_strict_loads_what_fits_and_nothing_else(tmp_path: Path) -> None:
    model = zoo.resnet20(classes=3)
    head = model.get_layer("linear").kernel.numpy()
    arrays = state_dict(SHAPES)
    report = tfviz.load_torch_weights(
        model, write_weights(tmp_path / "w.pth", arrays), strict=False
    )
    assert [name for name, _, _ in report.differing] == ["linear.weight", "linear.bias"]
    np.testing.assert_array_equal(model.get_layer("linear").kernel.numpy(), head)
    np.testing.assert_array_equal(
        model.get_layer("conv1").kernel.numpy(), arrays["conv1.weight"].transpose(2, 3, 1, 0)
    )


def test_not_strict_still_refuses_a_file_of_which_nothing_fits(
    tmp_path: Path, model: keras.Model
) -> None:
    file = file_of(tmp_path, {"a.weight": (2, 2), "b.weight": (3,)})
    with pytest.raises(ModelError, match="nowhere: another architecture, and none of those known"):
        tfviz.load_torch_weights(model, file, strict=False)


def test_skipping_the_head_keeps_the_models_own(tmp_path: Path) -> None:
    model = zoo.resnet20(classes=3)
    head = model.get_layer("linear").kernel.numpy()
    report = tfviz.load_torch_weights(model, file_of(tmp_path, SHAPES), skip_head=True)
    assert report.complete
    assert report.skipped == ("linear.weight", "linear.bias")
    np.testing.assert_array_equal(model.get_layer("linear").kernel.numpy(), head)


def test_skipping_the_head_takes_a_file_without_one(tmp_path: Path, model: keras.Model) -> None:
    body = {k: v for k, v in SHAPES.items() if not k.startswith("linear")}
    file = file_of(tmp_path, body)
    with pytest.raises(ModelError, match=r"the file has no head \('linear.weight'\)"):
        tfviz.load_torch_weights(model, file)
    assert tfviz.load_torch_weights(model, file, skip_head=True).complete


def test_another_number_of_classes_is_the_likely_reason(tmp_path: Path, model: keras.Model) -> None:
    shapes = {**SHAPES, "linear.weight": (100, 64), "linear.bias": (100,)}
    with pytest.raises(ModelError) as caught:
        tfviz.load_torch_weights(model, file_of(tmp_path, shapes))
    assert str(caught.value) == (
        f"'{tmp_path / 'weights.pth'}' doesn't fit model 'resnet20': 2 of another shape "
        f"besides 95 that match. Likely another number of classes: 100 in the file and 10 in the "
        f"model. Build it with classes=100, or keep the model's own head: skip_head=True. To load "
        f"what fits: load_torch_weights(..., strict=False)."
    )


def test_another_width_is_the_likely_reason() -> None:
    wide = {
        k: tuple(n if n == 3 or (k == "linear.weight" and i == 0) else 4 * n
                 for i, n in enumerate(v))
        for k, v in SHAPES.items()
    }  # fmt: skip
    wide |= {"linear.bias": (10,)}
    for name, shape in wide.items():
        if len(shape) == 4:
            wide[name] = (*shape[:2], 3, 3)
    told = likely_reason(SHAPES, wide, model="m", heads=["linear"])
    assert told == (
        "another width: the file's layers have 4 times the channels of the model's "
        "('conv1.weight': 64 and 16)."
    )


@pytest.mark.parametrize("name", TABLES)
def test_every_known_architecture_is_recognised_whatever_its_classes(name: str) -> None:
    table = TABLES[name]
    shapes = table.tensors()
    weight = shapes[f"{table.head}.weight"]
    shapes |= {f"{table.head}.weight": (7, weight[1]), f"{table.head}.bias": (7,)}
    found = nearest_table(shapes)
    assert found is not None
    assert (found.table.name, found.exact, found.classes) == (name, True, 7)


def test_another_architecture_is_named(tmp_path: Path, model: keras.Model) -> None:
    with pytest.raises(ModelError) as caught:
        tfviz.load_torch_weights(model, file_of(tmp_path, TABLES["resnet32"].tensors()))
    assert "Likely another architecture: the file is resnet32 with 10 classes, " in str(
        caught.value
    )
    assert "tfviz.zoo.resnet32() takes it." in str(caught.value)


def test_the_nearest_architecture_is_named_for_one_that_is_not_known() -> None:
    shapes = {**TABLES["resnet18"].tensors(), "conv1.weight": (64, 3, 3, 3)}
    told = likely_reason(SHAPES, shapes, model="m", heads=["linear"])
    assert told == (
        "another architecture: of those known, nearest to the file is resnet18 (99% of the "
        "tensors are the same)."
    )


def test_weights_in_the_layout_of_transformers_are_recognised() -> None:
    found = {"resnet.embedder.embedder.convolution.weight": (64, 3, 7, 7)}
    told = likely_reason(SHAPES, found, model="m", heads=["linear"])
    assert "the layout of another library" in told


def own_model() -> keras.Model:
    """Layers of most kinds, with names of the user's own."""
    image = keras.Input((8, 8, 4))
    x = layers.Conv2D(6, 3, name="first")(image)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, name="depth")(x)
    x = layers.LayerNormalization(name="norm")(x)
    x = layers.Conv2DTranspose(5, 2, name="up")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(3, name="head")(x), name="own")


NAMES = {"first": "features.0", "depth": "features.1", "norm": "ln", "up": "up", "head": "fc"}
OWN = {
    "features.0.weight": (6, 4, 3, 3), "features.0.bias": (6,),
    "features.1.weight": (12, 1, 3, 3), "features.1.bias": (12,),
    "ln.weight": (12,), "ln.bias": (12,),
    "up.weight": (12, 5, 2, 2), "up.bias": (5,),
    "fc.weight": (3, 5), "fc.bias": (3,),
}  # fmt: skip


def test_layers_of_other_names_are_loaded_by_a_table_of_names(tmp_path: Path) -> None:
    model, arrays = own_model(), state_dict(OWN)
    report = tfviz.load_torch_weights(model, write_weights(tmp_path / "w.pth", arrays), names=NAMES)
    assert report.complete
    first = model.get_layer("first").kernel.numpy()
    np.testing.assert_array_equal(first, arrays["features.0.weight"].transpose(2, 3, 1, 0))


def test_a_depthwise_kernel_goes_channel_by_channel(tmp_path: Path) -> None:
    model, arrays = own_model(), state_dict(OWN)
    tfviz.load_torch_weights(model, write_weights(tmp_path / "w.pth", arrays), names=NAMES)
    found = model.get_layer("depth").kernel.numpy()
    for channel in range(6):
        for multiple in range(2):
            expected = arrays["features.1.weight"][2 * channel + multiple, 0]
            np.testing.assert_array_equal(found[:, :, channel, multiple], expected)


def test_a_transposed_kernel_keeps_its_input_channels(tmp_path: Path) -> None:
    model, arrays = own_model(), state_dict(OWN)
    tfviz.load_torch_weights(model, write_weights(tmp_path / "w.pth", arrays), names=NAMES)
    found = model.get_layer("up").kernel.numpy()
    assert found.shape == (2, 2, 5, 12)
    np.testing.assert_array_equal(found[1, 0, 4, 11], arrays["up.weight"][11, 4, 1, 0])


def test_half_precision_becomes_float32(tmp_path: Path) -> None:
    model = own_model()
    arrays = {k: v.astype(np.float16) for k, v in state_dict(OWN).items()}
    tfviz.load_torch_weights(model, write_weights(tmp_path / "w.pth", arrays), names=NAMES)
    found = model.get_layer("head").bias.numpy()
    np.testing.assert_array_equal(found, arrays["fc.bias"].astype(np.float32))


def test_names_of_a_layer_that_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match=r"speaks of layer 'frist'.* Did you mean 'first'"):
        tfviz.load_torch_weights(own_model(), file_of(tmp_path, OWN), names={"frist": "a"})


def test_a_layer_whose_form_in_pytorch_is_not_known_is_named(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4, 3)), layers.LSTM(2, name="memory")])
    with pytest.raises(ModelError, match=r"Layer 'memory.*\(LSTMCell\) has weights whose form"):
        tfviz.load_torch_weights(model, file_of(tmp_path, OWN))


def test_a_model_without_weights_yet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has no weights yet: call it once"):
        tfviz.load_torch_weights(keras.Sequential([layers.Dense(2)]), file_of(tmp_path, OWN))


@pytest.fixture(scope="module")
def transfer() -> keras.Model:
    """A ResNet-18 without its head inside a model with a head of its own."""
    base = zoo.resnet18(include_top=False, input_shape=(32, 32, 3))
    return keras.Sequential(
        [keras.Input((32, 32, 3)), base, layers.GlobalMaxPooling2D(), layers.Dense(3, name="my")],
        name="transfer",
    )


def test_a_backbone_inside_another_model_takes_its_weights(
    tmp_path: Path, transfer: keras.Model
) -> None:
    arrays = state_dict(TABLES["resnet18"].tensors())
    file = write_weights(tmp_path / "w.pth", arrays)
    report = tfviz.load_torch_weights(transfer, file, skip_head=True)
    assert report.complete
    assert report.skipped == ("my.weight", "my.bias", "fc.weight", "fc.bias")
    kernel = transfer.layers[0].get_layer("conv1").kernel.numpy()
    np.testing.assert_array_equal(kernel, arrays["conv1.weight"].transpose(2, 3, 1, 0))


def test_another_head_is_the_likely_reason(tmp_path: Path, transfer: keras.Model) -> None:
    file = file_of(tmp_path, TABLES["resnet18"].tensors())
    assert zoo.compare_weights(transfer, file).reason == (
        "another head ('fc.weight' in the file, 'my.weight' in the model): skip_head=True leaves "
        "the model's as it is and loads the rest."
    )
    assert zoo.compare_weights(transfer.layers[0], file).reason == (
        "the model has no head, and the file has one ('fc.weight'): skip_head=True passes it over."
    )


def test_the_report_reads_well(tmp_path: Path, model: keras.Model) -> None:
    shapes = {**SHAPES, "linear.weight": (100, 64), "linear.bias": (100,)}
    report = zoo.compare_weights(model, file_of(tmp_path, shapes))
    assert str(report).splitlines()[1:] == [
        "  matched        95",
        "  missing        0",
        "  unexpected     0",
        "  shape differs  2: linear.weight (100, 64) in the file, (10, 64) in the model, "
        "linear.bias (100,) in the file, (10,) in the model",
        "  likely         another number of classes: 100 in the file and 10 in the model. Build it "
        "with classes=100, or keep the model's own head: skip_head=True.",
    ]
    assert report.to_dict()["shape_differs"][0] == {
        "name": "linear.weight", "file": [100, 64], "model": [10, 64],
    }  # fmt: skip
