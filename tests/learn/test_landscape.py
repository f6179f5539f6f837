"""The loss around a model's weights, against closed forms, and the model is never touched."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfviz.errors import InputError, ModelError
from tfviz.learn.landscapes.checkpoints import find, read_sets
from tfviz.learn.landscapes.directions import (
    filter_axes,
    filter_norms,
    principal,
    random_direction,
)
from tfviz.learn.landscapes.making import landscape

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 6)).astype("float32")
Y = RANDOM.normal(size=(40, 2)).astype("float32")
IMAGES = RANDOM.normal(size=(30, 6, 6, 2)).astype("float32")
CLASSES = RANDOM.integers(0, 3, 30)


def linear() -> keras.Model:
    model = keras.Sequential([keras.Input((6,)), layers.Dense(2, name="d")], name="linear")
    model.layers[0].set_weights([RANDOM.normal(size=(6, 2)), RANDOM.normal(size=2)])
    model.compile("sgd", "mse")
    return model


def small(**compiled: Any) -> keras.Model:
    body = [
        layers.Conv2D(4, 3, use_bias=False, name="conv"),
        layers.BatchNormalization(name="bn"),
        layers.ReLU(),
        layers.Flatten(),
        layers.Dropout(0.4),
        layers.Dense(3, activation="softmax", kernel_regularizer="l2", name="head"),
    ]
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((6, 6, 2)), *body], name="small")
    model.compile("adam", "sparse_categorical_crossentropy", **compiled)
    model.fit(IMAGES, CLASSES, epochs=2, verbose=0)
    return model


@pytest.fixture(scope="module")
def trained() -> keras.Model:
    return small()


def weights_of(model: keras.Model) -> list[np.ndarray]:
    return [each.numpy() for each in model.variables]


def test_a_linear_model_with_squares_has_the_parabola_of_its_closed_form() -> None:
    model = linear()
    found = landscape(model, X, Y, size=7, ignore="none", seed=3)
    random = np.random.default_rng(3)
    first, second = (
        random_direction(model, model.trainable_variables, random, "none") for _ in "ab"
    )
    kernel, bias = (np.float64(each) for each in model.get_weights())
    for j, b in enumerate(found.axes[1]):
        for i, a in enumerate(found.axes[0]):
            moved = kernel + a * first[0] + b * second[0]
            residual = np.float64(X) @ moved + bias + a * first[1] + b * second[1] - Y
            assert found.losses[j, i] == pytest.approx(np.mean(residual**2), rel=1e-5)
    # Third differences of a parabola are 0.
    third = np.diff(found.losses, n=3, axis=1)
    assert np.abs(third).max() < 1e-5 * found.losses.max()


def test_the_centre_is_what_evaluate_gives(trained: keras.Model) -> None:
    found = landscape(trained, IMAGES, CLASSES, size=3)
    assert found.centre == pytest.approx(trained.evaluate(IMAGES, CLASSES, verbose=0), rel=1e-6)
    assert found.losses[1, 1] == pytest.approx(found.centre, rel=1e-6)


def test_batches_give_the_loss_of_the_whole(trained: keras.Model) -> None:
    weights = RANDOM.random(30).astype("float32")
    weighed = {"sample_weight": weights, "batchnorm": "recompute"}
    for given in ({"batchnorm": "stored"}, weighed):
        whole = landscape(trained, IMAGES, CLASSES, size=3, **given)
        parts = landscape(trained, IMAGES, CLASSES, size=3, batch_size=7, **given)
        np.testing.assert_allclose(parts.losses, whole.losses, rtol=2e-5)


def test_a_summed_loss_is_summed_over_batches_and_its_regularizer_counted_once(
    trained: keras.Model,
) -> None:
    loss = keras.losses.SparseCategoricalCrossentropy(reduction="sum")
    whole = landscape(trained, IMAGES, CLASSES, loss, size=3)
    parts = landscape(trained, IMAGES, CLASSES, loss, size=3, batch_size=7)
    np.testing.assert_allclose(parts.losses, whole.losses, rtol=2e-5)


def test_nothing_of_the_model_changes(trained: keras.Model) -> None:
    before = weights_of(trained)
    sets = [[each * k for each in trained.get_weights()] for k in (0.5, 0.8, 1.1, 1.0)]
    sets[0][0] += 0.1
    for given in ({}, {"batchnorm": "recompute"}, {"weights": sets}):
        landscape(trained, IMAGES, CLASSES, size=3, **given)
    assert all(np.array_equal(a, b) for a, b in zip(before, weights_of(trained), strict=True))


def test_after_ctrl_c_the_model_is_as_it_was(trained: keras.Model) -> None:
    before = weights_of(trained)
    seen = []

    def stop(done: int, total: int) -> None:
        seen.append((done, total))
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        landscape(trained, IMAGES, CLASSES, size=5, batchnorm="recompute", progress=stop)
    assert seen == [(1, 25), (2, 25), (3, 25), (4, 25)]
    assert all(np.array_equal(a, b) for a, b in zip(before, weights_of(trained), strict=True))


def test_recomputed_statistics_undo_the_scale_of_what_they_normalise(trained: keras.Model) -> None:
    # Behind the kernel stands batch normalisation: twice the kernel is the same network.
    sets = [trained.get_weights() for _ in range(3)]
    for i, factor in enumerate((4.0, 2.5, 1.0)):
        sets[i][0] = sets[i][0] * factor
        sets[i][5] = sets[i][5] + (0.01 if i == 1 else 0.0)  # so that two directions are spanned
    given = {"weights": sets, "dimensions": 1, "size": 5}
    stored = landscape(trained, IMAGES, CLASSES, **given)
    again = landscape(trained, IMAGES, CLASSES, batchnorm="recompute", **given)
    spread = [np.ptp(each.losses) / each.losses.mean() for each in (stored, again)]
    assert spread[1] < 0.02 * spread[0]


def test_recomputed_statistics_are_those_of_the_data() -> None:
    inputs = keras.Input((6,))
    normalised = layers.BatchNormalization(name="bn", epsilon=1e-3)(inputs)
    model = keras.Model(inputs, layers.Dense(2, name="d")(normalised))
    model.compile("sgd", "mse")
    found = landscape(model, 3 * X + 1, Y, size=3, batchnorm="recompute", batch_size=7)
    data = np.float64(3 * X + 1)
    scaled = (data - data.mean(0)) / np.sqrt(data.var(0) + 1e-3)
    kernel, bias = (np.float64(each) for each in model.layers[-1].get_weights())
    assert found.centre == pytest.approx(np.mean((scaled @ kernel + bias - Y) ** 2), rel=1e-5)
    assert found.numbers()["batchnorm"] == "recompute"


@pytest.mark.parametrize(
    ("layer", "shape", "axes"),
    [
        (layers.Dense(5), (4, 6), (1,)),
        (layers.Conv2D(5, 3), (2, 8, 8, 4), (3,)),
        (layers.Conv1D(5, 3), (2, 8, 4), (2,)),
        (layers.DepthwiseConv2D(3, depth_multiplier=2), (2, 8, 8, 4), (2, 3)),
        (layers.Conv2DTranspose(5, 3), (2, 8, 8, 4), (2,)),
        (layers.Embedding(9, 4), (2, 3), (0,)),
    ],
)
def test_each_filter_of_a_direction_is_as_long_as_the_models_own(
    layer: Any, shape: tuple[int, ...], axes: tuple[int, ...]
) -> None:
    model = keras.Sequential([layer])
    model(np.zeros(shape, "int32" if isinstance(layer, layers.Embedding) else "float32"))
    kernel = model.trainable_variables[0].numpy()
    (drawn, *others) = random_direction(
        model, model.trainable_variables, np.random.default_rng(0), "biasbn"
    )
    within = tuple(i for i in range(kernel.ndim) if i not in axes)
    np.testing.assert_allclose(
        np.linalg.norm(
            drawn.reshape(drawn.shape) if not within else _joined(drawn, within), axis=0
        ),
        np.linalg.norm(_joined(kernel, within), axis=0),
        rtol=1e-5,
    )
    assert not np.allclose(drawn, kernel)
    assert all(not each.any() for each in others)


def _joined(array: np.ndarray, within: tuple[int, ...]) -> np.ndarray:
    """The numbers of each filter along the first axis."""
    filters = [i for i in range(array.ndim) if i not in within]
    moved = np.transpose(array, (*within, *filters))
    return moved.reshape(-1, *(array.shape[i] for i in filters)).astype(np.float64)


def test_vectors_move_only_when_asked(trained: keras.Model) -> None:
    random = np.random.default_rng(0)
    moved = random_direction(trained, trained.trainable_variables, random, "none")
    for each, own in zip(moved, trained.trainable_variables, strict=True):
        axes = filter_axes(None, own)
        np.testing.assert_allclose(
            filter_norms(each, axes), filter_norms(own.numpy(), axes), rtol=1e-5
        )
    with pytest.raises(InputError, match="ignore 'bias'"):
        random_direction(trained, [], random, "bias")


def test_components_are_those_of_a_singular_value_decomposition() -> None:
    random = np.random.default_rng(2)
    sets = [[random.normal(size=(4, 3)) * (1 + i), random.normal(size=3)] for i in range(6)]
    found = principal(sets)
    flat = np.stack([np.concatenate([each.ravel() for each in one]) for one in sets])
    _, values, vectors = np.linalg.svd(flat - flat.mean(0), full_matrices=False)
    np.testing.assert_allclose(found.explained, values**2 / np.sum(values**2), atol=1e-12)
    for i in range(2):
        mine = np.concatenate([each.ravel() for each in found.directions[i]])
        assert abs(mine @ vectors[i]) == pytest.approx(1.0, abs=1e-6)
        np.testing.assert_allclose(found.coordinates[:, i], (flat - flat[-1]) @ mine, atol=1e-5)
    steps = flat - flat[-1]
    on_plane = np.sum(found.coordinates**2, axis=1)
    np.testing.assert_allclose(found.off_plane**2 + on_plane, np.sum(steps**2, axis=1), rtol=1e-9)
    assert not found.coordinates[-1].any()


@pytest.mark.slow
def test_the_trajectory_has_the_losses_that_the_training_had() -> None:
    model = small()
    sets, losses = [], []
    for _ in range(4):
        model.fit(IMAGES, CLASSES, verbose=0)
        sets.append(model.get_weights())
        losses.append(model.evaluate(IMAGES, CLASSES, verbose=0))
    found = landscape(model, IMAGES, CLASSES, weights=sets, size=5)
    assert found.kind == "pca"
    np.testing.assert_allclose([each.loss for each in found.visits], losses, rtol=1e-5)
    assert found.visits[-1].at == (0.0, 0.0)
    assert sum(found.explained) == pytest.approx(1.0)
    assert f"{sum(found.explained[:2]):.1%} of the variance" in " ".join(found.caveats())


def test_the_same_seed_gives_the_same_landscape(trained: keras.Model) -> None:
    one, same, other = (
        landscape(trained, IMAGES, CLASSES, size=3, seed=seed).losses for seed in (4, 4, 5)
    )
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 1e-3


def test_points_without_a_finite_loss_are_counted_and_drawn() -> None:
    model = linear()
    found = landscape(model, X, Y, size=5, radius=1e25)
    assert found.numbers()["not_finite"] == 24
    assert found.lowest[0] == (0.0, 0.0)
    assert "24 of 25 points" in str(found)
    assert len(found.png()) > 10_000


def test_the_picture_and_the_twin_can_be_saved(trained: keras.Model, tmp_path: Any) -> None:
    for number in (1, 2):
        found = landscape(trained, IMAGES, CLASSES, size=5, dimensions=number, log=True)
        png, svg, twin = found.save(tmp_path / str(number), ["png", "svg", "json"])
        numbers = json.loads(twin.read_text())
        assert np.shape(numbers["losses"]) == (5,) * number
        assert numbers["lowest"]["loss"] == np.min(numbers["losses"])
        assert "a slice, not" in svg.read_text()
        assert png.stat().st_size > 10_000
        assert max(map(len, str(found).splitlines())) <= 80


def test_reading_files_of_weights_leaves_model_and_optimizer_as_they_were(tmp_path: Any) -> None:
    model = small()
    files = []
    for i in range(3):
        files.append(tmp_path / f"{i}.weights.h5")
        model.save_weights(files[-1])
        model.fit(IMAGES, CLASSES, verbose=0)
    before = [*weights_of(model), *(each.numpy() for each in model.optimizer.variables)]
    sets = read_sets(model, files)
    after = [*weights_of(model), *(each.numpy() for each in model.optimizer.variables)]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert not np.array_equal(sets[0][0], sets[2][0])


def test_files_come_in_the_order_of_their_numbers(tmp_path: Any) -> None:
    for each in (10, 9, 100, 1):
        (tmp_path / f"e{each}.weights.h5").touch()
    names = [each.name for each in find(str(tmp_path / "*.weights.h5"))]
    assert names == [f"e{each}.weights.h5" for each in (1, 9, 10, 100)]
    with pytest.raises(InputError, match="No file is like"):
        find(str(tmp_path / "*.keras"))


def test_the_picture_says_what_its_cuts_and_its_gray_are(trained: keras.Model) -> None:
    def axes_of(**given: Any) -> Any:
        return landscape(trained, IMAGES, CLASSES, **given).figure().axes

    # With an odd number of points the centre is one of them.
    assert axes_of(size=3)[2].get_title(loc="left") == "Cuts through the centre"
    assert axes_of(size=4)[2].get_title(loc="left") == "Cuts next to the centre"
    far = axes_of(size=3, radius=1e38)
    assert any("where it is finite" in each.get_text() for each in far[0].texts)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"size": 2}, "from 3 to 1001"),
        ({"radius": 0}, "positive number"),
        ({"seed": -1}, "0 or more"),
        ({"directions": "pcaa"}, "Did you mean 'pca'"),
        ({"directions": "pca"}, "needs the weights that a training went through"),
        ({"batchnorm": "new"}, "one of stored, recompute"),
        ({"dimensions": 3}, "a picture has 1 or 2"),
        ({"weights": [[np.zeros((6, 2)), np.zeros(2)]] * 2}, "at least 3 sets"),
        ({"weights": [[np.zeros((6, 2)), np.zeros(2)]] * 3}, "all the same"),
        ({"weights": [[np.zeros((6, 2))]] * 3}, "holds 1 arrays"),
        ({"weights": [[np.zeros((6, 3)), np.zeros(2)]] * 3}, "belongs to another model"),
    ],
)
def test_bad_arguments_are_refused_in_a_sentence(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        landscape(linear(), X, Y, **given)


def test_a_line_through_weights_on_a_line_is_refused_for_a_plane_only() -> None:
    model = linear()
    sets = [[each * k for each in model.get_weights()] for k in (0.0, 0.5, 1.0)]
    with pytest.raises(InputError, match="lie on one line"):
        landscape(model, X, Y, weights=sets, size=3)


def test_a_model_without_loss_says_what_to_type() -> None:
    model = keras.Sequential([keras.Input((6,)), layers.Dense(2)])
    with pytest.raises(ModelError, match=r"has no loss.*--loss NAME"):
        landscape(model, X, Y)
    with pytest.raises(InputError, match="equally many samples"):
        landscape(model, X, Y[:5], "mse")


def test_the_command_draws_where_a_training_went(tfviz_cli: Any, tmp_path: Any) -> None:
    model = small()
    model.save(tmp_path / "m.keras")
    np.savez(tmp_path / "d.npz", x=IMAGES, y=CLASSES)
    for i in range(4):
        model.fit(IMAGES, CLASSES, verbose=0)
        model.save_weights(tmp_path / f"{i}.weights.h5")
    said = tfviz_cli(
        "learn", "landscape", tmp_path / "m.keras", "--data", tmp_path / "d.npz", "--size", "5",
        "--checkpoints", tmp_path / "*.weights.h5", "--out", tmp_path / "out",
    )  # fmt: skip
    assert said.code == 0, said.err
    twin = json.loads(next((tmp_path / "out").glob("landscape-m-data-d-*.json")).read_text())
    assert len(twin["trajectory"]) == 4
    assert twin["trajectory"][-1]["loss"] == pytest.approx(twin["centre"])
    final = model.evaluate(IMAGES, CLASSES, verbose=0)
    assert twin["centre"] == pytest.approx(final, rel=1e-5)
    assert "by component" in said.out


def test_weights_are_arguments_of_one_trace(trained: keras.Model, monkeypatch: Any) -> None:
    traced = []
    forward = trained.call

    def counting(*args: Any, **kwargs: Any) -> Any:
        if not tf.executing_eagerly():
            traced.append(1)
        return forward(*args, **kwargs)

    monkeypatch.setattr(trained, "call", counting)
    landscape(trained, IMAGES, CLASSES, size=5)
    assert len(traced) == 1


def test_a_lowest_point_on_the_rim_is_flagged_and_one_inside_is_not() -> None:
    found = landscape(small(), IMAGES, CLASSES, dimensions=1, size=5)
    down = dataclasses.replace(found, losses=np.array([5.0, 4.0, 3.0, 2.0, 1.0]))
    valley = dataclasses.replace(found, losses=np.array([5.0, 4.0, 1.0, 2.0, 3.0]))
    assert down.lowest_on_rim
    assert "on the rim" in str(down)
    assert not valley.lowest_on_rim
    assert "on the rim" not in str(valley)
