"""Deep feature factorization: the factors are right, and so are the concepts taken of them."""

from __future__ import annotations

import cam_deeper as twin
import keras
import models
import numpy as np
import pytest
from keras import layers
from matplotlib.text import Text

from tfviz import DeepFeatureFactorization, InputError
from tfviz.explain.factoring import factorize


def table(seed, rows, columns, rank, noise=0.0):
    random = np.random.default_rng(seed)
    X = random.gamma(0.7, size=(rows, rank)) @ random.gamma(0.7, size=(rank, columns))
    return X + noise * random.random((rows, columns)) * X.mean()


def test_parts_that_share_nothing_are_found_exactly():
    random = np.random.default_rng(0)
    W, H = np.zeros((30, 3)), np.zeros((3, 12))
    for j in range(3):
        W[10 * j : 10 * j + 10, j] = random.uniform(1, 2, 10) * (3 - j)
        H[j, 4 * j : 4 * j + 4] = random.uniform(1, 2, 4)
    W *= np.linalg.norm(H, axis=1)
    H /= np.linalg.norm(H, axis=1, keepdims=True)
    order = np.argsort(-np.linalg.norm(W, axis=0))
    found = factorize(W @ H, 3)
    np.testing.assert_allclose(found[0], W[:, order], atol=1e-6)
    np.testing.assert_allclose(found[1], H[order], atol=1e-6)


@pytest.mark.parametrize(("rows", "columns"), [(49, 80), (80, 49), (12, 300)])
def test_error_is_within_a_hundredth_of_the_best_of_slow_random_starts(rows, columns):
    X = table(1, rows, columns, 6, noise=1.0)
    W, H = factorize(X, 4)
    assert min(W.min(), H.min()) >= 0
    best = min(twin.multiplicative_updates(X, 4, seed) for seed in range(4))
    assert np.linalg.norm(X - W @ H) / best <= 1.01


def test_no_single_column_can_be_bettered():
    """At the optimum gradients are 0 where a factor is positive, and not negative where it is 0."""
    X = table(3, 40, 30, 5, noise=0.5)
    W, H = factorize(X, 3)
    slope = (W @ H - X) @ H.T
    scale = np.abs(X @ H.T).max()
    assert np.abs(slope[1e-6 * W.max() < W]).max() < 5e-3 * scale
    assert slope[1e-6 * W.max() >= W].min() > -5e-3 * scale


def test_same_table_gives_the_same_factors_in_any_order_of_rows():
    X = table(4, 36, 20, 4, noise=0.3)
    W, _ = factorize(X, 3)
    again = factorize(X.copy(), 3)
    np.testing.assert_array_equal(again[0], W)
    turned = factorize(X[::-1], 3)
    np.testing.assert_allclose(turned[0][::-1], W, atol=1e-6 * W.max())
    scaled = factorize(1e6 * X, 3)
    np.testing.assert_allclose(scaled[0], 1e6 * W, rtol=1e-6, atol=1e-6 * W.max() * 1e6)


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_more_parts_than_there_are_leave_the_others_blank(rank):
    X = table(5, 20, 10, max(rank, 1), noise=0) * (rank > 0)
    W, H = factorize(X, 4)
    assert np.isfinite(W).all()
    assert np.isfinite(H).all()
    np.testing.assert_allclose(W @ H, X, atol=1e-2 * max(X.max(), 1e-9))
    if rank < 2:
        assert not W[:, rank:].any()


def coloured_model():
    """Channels 0 to 2 are the colours, and each of three classes reads one of them."""
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(3, 1, use_bias=False, activation="relu", name="colours")(image)
    dense = layers.Dense(3, use_bias=False)
    model = keras.Model(image, dense(layers.GlobalAveragePooling2D()(x)))
    model.set_weights([np.eye(3)[None, None], np.eye(3)])
    return model


def coloured_pictures():
    """A red and a green square; a green and a blue one."""
    made = np.zeros((2, 8, 8, 3), "float32")
    made[0, :3, :3, 0], made[0, 5:, 5:, 1] = 5, 3
    made[1, :3, 5:, 1], made[1, 5:, :3, 2] = 3, 2
    return made


def test_map_is_the_concept_that_speaks_for_the_class():
    model, images = coloured_model(), coloured_pictures()
    for unit, present in ((0, (True, False)), (1, (True, True)), (2, (False, True))):
        found = DeepFeatureFactorization(model, "colours", concepts=2)(images, unit)
        for i in (0, 1):
            if present[i]:
                np.testing.assert_allclose(found.maps[i], images[i, ..., unit], atol=1e-5)


def test_concepts_of_a_batch_are_shared():
    model, images = coloured_model(), coloured_pictures()
    found = DeepFeatureFactorization(model, "colours", concepts=3).factorize(images)
    assert found.maps.shape == (2, 8, 8, 3)
    # Red is the strongest over the batch, then green, which both have, then blue.
    np.testing.assert_allclose(found.concepts, np.eye(3), atol=1e-5)
    np.testing.assert_allclose(found.maps, images, atol=1e-5)
    assert found.error < 1e-6
    expected = np.where(images.max(-1) > 0, images.argmax(-1), -1)
    np.testing.assert_array_equal(found.strongest, expected)
    assert found.layer.path == "colours"
    assert "2 into 3 concepts at 'colours' (8, 8); 0% not accounted" in repr(found)


def test_error_is_what_no_concept_accounts_for():
    model, images = coloured_model(), coloured_pictures()
    found = DeepFeatureFactorization(model, "colours", concepts=2).factorize(images)
    # Without blue, the smallest: 9 places of 2 in all of 9 x (25 + 9 + 9 + 4).
    assert found.error == pytest.approx(np.sqrt(4 / 47), rel=1e-3)


def test_batch_size_changes_neither_concepts_nor_maps():
    keras.utils.set_random_seed(3)
    model = models.conv_bn_relu()
    images = models.inputs_for(model, count=5)
    whole = DeepFeatureFactorization(model).factorize(images)
    parts = DeepFeatureFactorization(model, batch_size=2).factorize(images)
    np.testing.assert_allclose(parts.maps, whole.maps, atol=1e-3 * whole.maps.max())
    np.testing.assert_allclose(parts.concepts, whole.concepts, atol=1e-3)


def test_tokens_lie_in_their_grid():
    keras.utils.set_random_seed(3)
    model = models.vit()
    found = DeepFeatureFactorization(model, concepts=2).factorize(models.inputs_for(model))
    assert found.maps.shape == (3, 6, 6, 2)


def test_concepts_are_drawn_over_photos_of_any_size():
    model, images = coloured_model(), coloured_pictures()
    photos = [np.full((40, 60, 3), 90, np.uint8), np.full((30, 30, 3), 90, np.uint8)]
    method = DeepFeatureFactorization(model, "colours", concepts=3)
    figure = method.factorize(images, images=photos).plot()
    titles = [each.get_text() for each in figure.findobj(Text)]
    assert [title for title in titles if title.startswith("concept")] == [
        "concept 0",
        "concept 1",
        "concept 2",
    ] * 2
    with pytest.raises(InputError, match="one uint8 RGB photo for each of the 2 inputs"):
        method.factorize(images).plot()


def test_no_concept_is_asked_for_in_vain():
    with pytest.raises(InputError, match="concepts=0: at least one"):
        DeepFeatureFactorization(coloured_model(), concepts=0)
