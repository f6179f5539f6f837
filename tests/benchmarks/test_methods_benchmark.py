"""benchmarks/methods.py: what is measured of a photo, and that it goes on where it was stopped."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import tfviz

BENCHMARKS = Path(tfviz.__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def methods() -> Iterator[ModuleType]:
    sys.path.insert(0, str(BENCHMARKS))
    import methods

    yield methods
    sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def bright(methods: ModuleType) -> Any:
    """A model of two classes whose first is how bright a picture is, and three pictures of it."""
    image = keras.Input((8, 8, 3))
    conv = layers.Conv2D(1, 1, use_bias=False, kernel_initializer="ones", name="conv")
    pooled = layers.GlobalAveragePooling2D()(conv(image))
    network = keras.Model(image, layers.Softmax()(layers.Dense(2)(pooled)))
    network.layers[-2].set_weights([np.array([[1.0, -1.0]]), np.zeros(2)])
    random = np.random.default_rng(0)
    inputs = random.uniform(0, 0.2, (3, 8, 8, 3)).astype(np.float32)
    inputs[:, 2:4, 4:6] = 1
    inside = np.zeros((8, 8), bool)
    inside[2:4, 4:6] = True
    pixels = np.zeros((8, 8, 3), np.uint8)
    photos = [methods.BoxedPhoto(each, pixels, {}, {}) for each in ("a", "b", "c")]
    asked = [methods.Question(i, 0, inside) for i in range(3)]
    black = np.zeros((8, 8, 3), np.float32)

    def forward(x: np.ndarray) -> np.ndarray:
        return network(x, training=False).numpy()

    return methods.Model("bright", network, photos, inputs, asked, black, forward)


def key_of(methods: ModuleType, name: str) -> dict[str, object]:
    return methods.key_of(name, {})


def test_the_map_of_what_is_bright_hits_it_and_has_its_energy_there(
    methods: ModuleType, bright: Any, tmp_path: Path
) -> None:
    kept = methods.Kept.read(tmp_path / "a.json", key_of(methods, "gradcam"), again=False)
    methods.explain(bright, "gradcam", {}, kept, [0, 1, 2])
    for i, name in enumerate("abc"):
        row, sums = kept.rows[name], bright.inputs[i].sum(axis=-1)
        assert row["hit"] == 1
        assert row["energy"] == pytest.approx(sums[2:4, 4:6].sum() / sums.sum(), abs=1e-5)
        through = bright.inputs[i] * (sums / sums.max())[..., None]
        before, after = bright.forward(np.stack([bright.inputs[i], through]))[:, 0]
        assert row["before"] == pytest.approx(before, abs=1e-6)
        assert row["after"] == pytest.approx(after, abs=1e-6)
    assert kept.cost > 0


def test_a_second_run_measures_only_what_is_missing(
    methods: ModuleType, bright: Any, tmp_path: Path
) -> None:
    path, key = tmp_path / "a.json", key_of(methods, "hirescam")
    methods.explain(bright, "hirescam", {}, methods.Kept.read(path, key, again=False), [0])
    first = path.read_text()
    kept = methods.Kept.read(path, key, again=False)
    methods.explain(bright, "hirescam", {}, kept, [0])
    assert path.read_text() == first
    methods.explain(bright, "hirescam", {}, kept, [0, 2])
    assert set(methods.Kept.read(path, key, again=False).rows) == {"a", "c"}


def test_figures_of_other_code_or_settings_are_forgotten(
    methods: ModuleType, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    methods.Kept(path, key_of(methods, "scorecam"), {"a": {"hit": 1.0}}).write()
    assert methods.Kept.read(path, key_of(methods, "scorecam"), again=False).rows
    assert not methods.Kept.read(path, key_of(methods, "scorecam"), again=True).rows
    assert not methods.Kept.read(path, methods.key_of("scorecam", {"channels": 4}), False).rows
    assert not methods.Kept.read(path, key_of(methods, "ablationcam"), False).rows


def test_what_a_method_says_where_it_cannot_be_applied_is_kept(
    methods: ModuleType, bright: Any, tmp_path: Path
) -> None:
    path, key = tmp_path / "a.json", key_of(methods, "rollout")
    methods.explain(bright, "rollout", {}, methods.Kept.read(path, key, again=False), [0])
    assert "needs attention between its tokens" in methods.Kept.read(path, key, False).said


def test_a_files_words_are_no_part_of_its_code(methods: ModuleType, tmp_path: Path) -> None:
    one, other, changed = (tmp_path / f"{each}.py" for each in "abc")
    one.write_text('"""One."""\ndef f():\n    """Says."""\n    return 1\n')
    other.write_text('"""Other."""\ndef f():\n    # why\n    return 1\n')
    changed.write_text("def f():\n    return 2\n")
    assert methods._code_of(one) == methods._code_of(other) != methods._code_of(changed)


def test_photos_are_spread_evenly_from_the_first_to_the_last(methods: ModuleType) -> None:
    assert methods.spread(82, 4) == [0, 27, 54, 81]
    assert methods.spread(3, 12) == [0, 1, 2]


def test_controls_are_the_same_in_every_run_and_see_only_the_photo(
    methods: ModuleType, bright: Any
) -> None:
    for name in methods.CONTROLS:
        whole = methods.control(name, bright.inputs, [0, 1, 2])
        alone = methods.control(name, bright.inputs[2:], [2])
        np.testing.assert_array_equal(whole[2], alone[0])
    edges = methods.control("Sobel edges", bright.inputs, [0, 1, 2])
    bare = np.ones((8, 8), bool)
    bare[1:5, 3:7] = False
    assert edges[:, 1:5, 3:7].mean() > 3 * edges[:, bare].mean()
