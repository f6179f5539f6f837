"""The textbook's layers in NumPy, against TensorFlow's tape, and what checks them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfviz.errors import InputError
from tfviz.learn.textbook.check import check_gradient
from tfviz.learn.textbook.layers import Affine, ReLU, Sigmoid, SoftmaxWithLoss
from tfviz.learn.textbook.lesson import LAYERS, textbook_layer
from tfviz.learn.textbook.network import TwoLayerNet

RANDOM = np.random.default_rng(5)


def _affine(inputs: int = 6, outputs: int = 3) -> Affine:
    return Affine(RANDOM.normal(size=(inputs, outputs)), RANDOM.normal(size=outputs))


ONE_HOT = np.eye(3)[[0, 2, 1, 1]]
CASES: dict[str, tuple[Any, Any, Any]] = {
    "affine, one vector": (_affine(), RANDOM.normal(size=6), None),
    "affine, batch": (_affine(), RANDOM.normal(size=(4, 6)), None),
    "affine, images": (_affine(12), RANDOM.normal(size=(4, 2, 3, 2)), None),
    "sigmoid": (Sigmoid(), 4 * RANDOM.normal(size=(4, 3)), None),
    "relu": (ReLU(), RANDOM.normal(size=(4, 3)), None),
    "relu at 0": (ReLU(), np.array([[0.0, -1.0, 2.0]]), None),
    "softmax, one-hot": (SoftmaxWithLoss(), RANDOM.normal(size=(4, 3)), ONE_HOT),
    "softmax, labels": (SoftmaxWithLoss(), RANDOM.normal(size=(4, 3)), [0, 2, 1, 1]),
    "softmax, one vector": (SoftmaxWithLoss(), RANDOM.normal(size=3), 1),
    "two layers": (TwoLayerNet(5, 7, 3), RANDOM.normal(size=(4, 5)), ONE_HOT),
}


@pytest.mark.parametrize("case", CASES)
def test_backward_is_that_of_differences_and_of_the_tape(case: str) -> None:
    layer, x, t = CASES[case]
    found = check_gradient(layer, x, t, tape=True)
    assert found.agrees, str(found)
    for each in found.compared:
        assert each.apart < 1e-7
        assert each.tape_apart is not None
        assert each.tape_apart < 1e-12


def test_the_bias_of_a_batch_gets_the_sum_over_it() -> None:
    affine = Affine(np.ones((2, 3)), np.zeros(3))
    affine.forward([[1, 2], [3, 4]])
    affine.backward([[1, 2, 3], [4, 5, 6]])
    assert affine.db is not None
    assert affine.db.tolist() == [5, 7, 9]


def test_a_tensor_is_flattened_and_its_gradient_has_its_shape() -> None:
    affine = _affine(12)
    x = RANDOM.normal(size=(4, 2, 3, 2))
    out = affine.forward(x)
    np.testing.assert_allclose(out, x.reshape(4, 12) @ affine.W + affine.b)
    assert affine.backward(np.ones_like(out)).shape == x.shape


def test_softmax_with_loss_hands_back_how_far_it_is_off() -> None:
    layer = SoftmaxWithLoss()
    loss = layer.forward([[0.0, 0.0], [0.0, 0.0]], [0, 1])
    assert loss == pytest.approx(np.log(2))
    np.testing.assert_allclose(layer.backward(), [[-0.25, 0.25], [0.25, -0.25]])
    np.testing.assert_allclose(layer.backward(2.0), [[-0.5, 0.5], [0.5, -0.5]])


def test_labels_and_one_hot_are_the_same() -> None:
    logits = RANDOM.normal(size=(4, 3))
    by_label, by_row = SoftmaxWithLoss(), SoftmaxWithLoss()
    assert by_label.forward(logits, [0, 2, 1, 1]) == by_row.forward(logits, ONE_HOT)
    np.testing.assert_array_equal(by_label.backward(), by_row.backward())


def test_far_logits_do_not_overflow() -> None:
    layer = SoftmaxWithLoss()
    assert layer.forward([[1e4, 0.0]], [1]) == 1e4
    assert np.isfinite(layer.backward()).all()
    assert Sigmoid().forward([-1e4, 1e4]).tolist() == [0.0, 1.0]


class Wrong(Sigmoid):
    """As one writes it at first."""

    def backward(self, dout: Any) -> np.ndarray:
        return np.asarray(dout) * (1 - np.square(self._y))


class WrongAtZero(ReLU):
    """Outside of both slopes at the kink, and right elsewhere."""

    def backward(self, dout: Any) -> np.ndarray:
        return super().backward(dout) + np.where(self._at_zero, 3.0 * np.sign(dout), 0.0)

    def forward(self, x: Any) -> np.ndarray:
        self._at_zero = np.asarray(x) == 0
        return super().forward(x)


class NoSumOverBatch(Affine):
    def gradients(self) -> dict[str, np.ndarray]:
        found = super().gradients()
        return {"W": found["W"], "b": found["b"] / 2}


@pytest.mark.parametrize(
    ("layer", "x", "names"),
    [
        (Wrong(), [[0.3, -0.2]], {"x"}),
        (WrongAtZero(), [[0.0, 1.0]], {"x"}),
        (NoSumOverBatch(np.ones((2, 3)), np.zeros(3)), [[1.0, 2.0], [0.5, 3.0]], {"b"}),
    ],
)
def test_a_wrong_backward_is_found_and_named(layer: Any, x: Any, names: set[str]) -> None:
    found = check_gradient(layer, x)
    assert not found
    assert {each.name for each in found.compared if not each.agrees} == names
    assert "DIFFERS" in str(found)


def test_a_kink_is_counted_and_nothing_between_its_slopes_is_wrong() -> None:
    found = check_gradient(ReLU(), [[0.0, 1.0, -1e-7]], dout=[[1.0, 1.0, 1.0]])
    assert found["x"].kinks.tolist() == [[True, False, True]]
    assert found.agrees


def test_a_check_leaves_the_layer_as_it_was() -> None:
    affine = Affine(np.eye(2), np.zeros(2))
    affine.forward([[1.0, 2.0]])
    affine.backward([[1.0, 1.0]])
    before = affine.W.copy(), affine.dW
    check_gradient(affine, RANDOM.normal(size=(3, 2)))
    np.testing.assert_array_equal(affine.W, before[0])
    assert affine.dW is before[1]
    assert affine.backward([[1.0, 0.0]]).shape == (1, 2)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Affine([[1, 2]], [1]), r"W must be \(inputs, outputs\)"),
        (lambda: _affine().forward([1.0, 2.0]), "has 2 inputs a sample, and W"),
        (lambda: _affine().backward([1.0]), "call forward"),
        (lambda: Sigmoid().backward([1.0]), "call forward"),
        (lambda: _affine().gradients(), "no gradients yet"),
        (lambda: SoftmaxWithLoss().forward([[1.0, 2.0]], [[1.0, 1.0]]), "adding up to 1"),
        (lambda: SoftmaxWithLoss().forward([[1.0, 2.0]], [2]), "from 0 to 1"),
        (lambda: SoftmaxWithLoss().forward([[1.0, 2.0]], [0, 1]), "neither as one-hot"),
        (lambda: SoftmaxWithLoss().forward([["a"]], [0]), "array of numbers"),
        (lambda: check_gradient(object(), [1.0]), "no method 'forward'"),
        (lambda: check_gradient(Sigmoid(), [1.0], dout=[1.0, 2.0]), "as large as the output"),
        (lambda: check_gradient(Sigmoid(), np.zeros(30_000)), "too|smaller"),
        (lambda: check_gradient(_Own(), [1.0], tape=True), "not for _Own"),
        (lambda: textbook_layer("afine"), "Did you mean 'affine'"),
        (lambda: textbook_layer("affine", batch=0), "batch must be"),
    ],
)
def test_what_does_not_fit_is_told_in_the_textbook(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        call()


class _Own:
    def forward(self, x: np.ndarray) -> np.ndarray:
        self.x = x
        return x**3

    def backward(self, dout: np.ndarray) -> np.ndarray:
        return 3 * self.x**2 * dout


def test_a_layer_of_ones_own_can_be_checked() -> None:
    assert check_gradient(_Own(), [[1.0, -2.0], [0.5, 0.0]])


def test_relu_broadcasts_nothing() -> None:
    relu = ReLU()
    relu.forward([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(InputError, match="as large as the output"):
        relu.backward([1.0, 1.0])


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("single", [False, True])
def test_each_lesson_agrees_and_draws_the_shapes(layer: str, single: bool) -> None:
    lesson = textbook_layer(layer, batch=5, single=single)
    assert lesson.check.agrees
    marks = lesson.diagram().marks
    inside = "2" if layer in ("affine", "two-layer") else "3"
    shape = f"({inside},)" if single else f"(5, {inside})"
    assert marks[0].above == shape
    assert marks[0].below == f"dX {shape}"
    assert max(len(line) for line in str(lesson).split("\n")) <= 80


def test_the_graph_of_affine_has_shapes_on_its_edges() -> None:
    svg = textbook_layer("affine", batch=5).svg()
    for each in ("(5, 2)", "dX (5, 2)", "dW (2, 3)", "db (3,)", "Y (5, 3)", "dY (5, 3)"):
        assert f">{each}<" in svg


def test_the_command_writes_what_it_says(tfviz_cli: Callable[..., Any], tmp_path: Path) -> None:
    said = tfviz_cli("learn", "textbook", "relu", "softmax-loss", "--save", "html,json",
                     "--out", tmp_path)  # fmt: skip
    assert said.code == 0
    twin = json.loads((tmp_path / "textbook-softmax-loss.json").read_text())
    y, t = (np.array(twin[part][name]) for part, name in (("between", "Y"), ("inputs", "T")))
    np.testing.assert_allclose(twin["gradients"]["X"], (y - t) / 4)
    assert "Backward" in (tmp_path / "textbook-relu.html").read_text()


def test_an_unknown_layer_is_one_sentence_with_the_nearest(tfviz_cli: Callable[..., Any]) -> None:
    said = tfviz_cli("learn", "textbook", "softmax", "--save", "none")
    assert said.code == 2
    assert "Did you mean 'softmax-loss'?" in said.err


def test_a_seed_that_is_none_is_one_sentence(tfviz_cli: Callable[..., Any]) -> None:
    said = tfviz_cli("learn", "textbook", "relu", "--seed", "-1", "--save", "none")
    assert said.code == 2
    assert "whole number from 0 on, not -1" in said.err


def test_capital_letters_make_no_difference() -> None:
    assert textbook_layer("Softmax_Loss").name == textbook_layer("softmax-loss").name


def test_a_net_of_these_layers_learns() -> None:
    x = RANDOM.normal(size=(60, 2))
    t = (x[:, 0] * x[:, 1] > 0).astype(int)
    net = TwoLayerNet(2, 16, 2, scale=0.5)
    before = net.forward(x, t)
    for _ in range(300):
        net.forward(x, t)
        net.backward()
        gradients = net.gradients()
        for name, array in net.parameters().items():
            array -= gradients[name]
    assert net.forward(x, t) < before / 3
    assert (net.predict(x).argmax(axis=1) == t).mean() > 0.9
