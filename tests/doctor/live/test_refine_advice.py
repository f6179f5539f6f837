"""Advice for the values that are there: no code that fails, no cause that they refute."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tfviz.doctor.explain import explain_error
from tfviz.doctor.live.frames import frames_of, own_frame
from tfviz.doctor.live.refine import refine


@pytest.fixture
def examined(tmp_path, monkeypatch):
    """The refined first finding on the error that a program ends with."""
    monkeypatch.chdir(tmp_path)

    def run(code, name="script.py"):
        path = tmp_path / name
        path.write_text(code)
        try:
            exec(compile(code, str(path), "exec"), {"__name__": "__main__"})
        except Exception as raised:
            error = raised
            error.__traceback__ = error.__traceback__.tb_next
            return refine(explain_error(error), error, frames_of(error)).findings
        raise AssertionError("it ran")

    return run


SHAPES = [
    ((5, 3), (4, 5)),
    ((4, 3), (4, 2)),
    ((2, 3), (4, 3)),
    ((100, 5), (4, 3)),
    ((2, 3), (4,)),
    ((3,), (4, 2)),
    ((7, 2, 3), (7, 4, 3)),
    ((7, 2, 3), (7, 4, 2)),
    ((7, 2, 3), (5, 4, 3)),
]


@pytest.mark.parametrize(("m", "n"), SHAPES)
def test_code_that_is_advised_for_a_product_runs(examined, m, n):
    first = examined(f"import numpy as np\na, b = np.ones({m}), np.ones({n})\na @ b\n")[0]
    assert first.id == "numpy.matmul_sizes"
    a, b = np.ones(m), np.ones(n)
    if first.code:
        eval(first.code, {"a": a, "b": b, "np": np})
    else:
        assert "No transposing" in first.fix
        turned = [np.swapaxes(x, -1, -2) if x.ndim > 1 else x for x in (a, b)]
        for one, other in ((turned[0], b), (a, turned[1]), turned):
            with pytest.raises(ValueError, match=r"matmul|broadcast"):
                one @ other


@pytest.mark.parametrize(("m", "n"), [((5, 3), (4, 5)), ((4, 3), (4, 2)), ((2, 3), (4, 3))])
def test_a_product_that_can_be_mended_gets_code(examined, m, n):
    first = examined(f"import numpy as np\na, b = np.ones({m}), np.ones({n})\nnp.dot(a, b)\n")[0]
    assert eval(first.code, {"a": np.ones(m), "b": np.ones(n)}).ndim == 2


def test_factors_without_a_name_get_no_code_that_fails(examined):
    first = examined("import numpy as np\nnp.ones((2, 3)) @ np.ones((4,))\n")[0]
    assert "@" not in first.code


def test_a_product_that_is_transposed_already_is_not_advised_to_be(examined):
    code = (
        "import tensorflow as tf\nq, k = tf.ones((2, 10, 8)), tf.ones((2, 10, 9))\n"
        "tf.matmul(q, k, transpose_b=True)\n"
    )
    first = examined(code)[0]
    assert first.id == "shape.matmul_sizes"
    assert "the 8 of `q` and the 9 of `k` must be made the same" in first.fix
    assert first.code == ""
    assert "(2, 10, 9)" in " ".join(first.live)


FLAGGED = [
    ((2, 4, 3), (2, 3, 5), "transpose_a=True"),
    ((2, 3, 4), (2, 4, 5), "transpose_b=True"),
]


@pytest.mark.parametrize(("m", "n", "flag"), FLAGGED)
def test_a_transposition_too_many_is_taken_away(examined, m, n, flag):
    import tensorflow as tf

    code = f"import tensorflow as tf\na, b = tf.ones({m}), tf.ones({n})\ntf.matmul(a, b, {flag})\n"
    advised = examined(code)[0].code
    assert flag not in advised
    assert eval(advised, {"a": tf.ones(m), "b": tf.ones(n), "tf": tf}).shape.rank == 3


def test_a_variable_of_another_type_stays_a_variable(examined):
    code = (
        "import numpy as np, tensorflow as tf\nw = tf.Variable(np.ones((3, 2)))\n"
        "x = tf.ones((5, 3))\nx @ w\n"
    )
    first = examined(code)[0]
    assert first.id == "tf.dtype_mismatch"
    assert first.code == "w = tf.Variable(tf.cast(w, tf.float32))"


LOSS = """
import keras, numpy as np, tensorflow as tf
def loss(y, p):
    return tf.reduce_mean(tf.square(y - p) * {factor})
m = keras.Sequential([keras.Input((4,)), keras.layers.Dense({units})])
m.compile("adam", loss)
m.fit(np.ones((8, 4), "float32"), np.ones((8, 2), "float32"), verbose=0)
"""


@pytest.mark.parametrize("factor", ["tf.constant([1.0, 2.0, 3.0])", "weights", "(weights + 1.0)"])
def test_labels_that_fit_the_output_are_not_blamed_for_a_loss_of_ones_own(examined, factor):
    code = LOSS.format(factor=factor, units=2)
    code = code.replace("def loss", "weights = tf.Variable([1.0, 2.0, 3.0])\ndef loss")
    first = examined(code)[0]
    assert first.id == "shape.broadcast"
    assert "`y` and `p` have the same shape, (None, 2)" in first.fix
    assert factor.strip("()") in first.fix


def test_labels_that_do_not_fit_the_output_still_are(examined):
    assert examined(LOSS.format(factor="1.0", units=3))[0].id == "loss.target_output_shape"


def test_a_batch_that_is_missing_is_told_of_the_array_itself_not_of_a_slice(examined):
    code = (
        "import keras, numpy as np\n"
        "m = keras.Sequential([keras.Input((96, 96, 3)), keras.layers.Flatten()])\n"
        "img = np.zeros((96, 96, 3))\nm.predict(img, verbose=0)\n"
    )
    first = examined(code)[0]
    assert first.id == "shape.missing_batch_dim"
    assert "`img` is (96, 96, 3)" in first.cause
    assert "(32, 96, 3)" not in f"{first.cause} {first.fix} {first.instead} {first.shapes}"
    assert first.code == "m.predict(img[np.newaxis])"


def test_of_many_indices_those_beyond_the_end_are_counted(examined):
    code = "import numpy as np\nidx, emb = np.array([0, 5, 12]), np.zeros((10, 4))\nemb[idx]\n"
    live = " ".join(examined(code)[0].live)
    assert "`idx` goes from 0 to 12" in live
    assert "1 of 3 lies beyond" in live


def test_the_text_that_is_no_number_is_shown_not_the_first(examined):
    live = examined("import numpy as np\na = np.array(['1.5', 'abc'])\na.astype(float)\n")[0].live
    assert "entry 1 is 'abc'" in " ".join(live)


def test_what_an_array_would_take_is_told_beside_what_is_free(examined):
    first = examined("import numpy as np\nnp.zeros((1_000_000, 1_000_000, 3))\n")[0]
    assert first.id == "memory.numpy_array"
    assert "(1000000, 1000000, 3) (float64)" in first.cause
    assert re.search(r"take 22351\.7 GiB, and \d+\.\d GiB are free", " ".join(first.live))


def test_channels_of_pictures_and_filters_are_told_by_name(examined):
    code = (
        "import tensorflow as tf\nx, k = tf.zeros((2, 8, 8, 1)), tf.zeros((3, 3, 3, 4))\n"
        "tf.nn.conv2d(x, k, 1, 'SAME')\n"
    )
    first = examined(code)[0]
    assert "1 channels" not in first.cause
    assert "1 against 3" in " ".join(first.live)


def test_a_tensor_that_cannot_be_changed_is_told_once(examined):
    found = examined("import tensorflow as tf\nt = tf.constant([1.0])\nt[0] = 5\n")
    assert [each.id for each in found] == ["tf.tensor_item_assignment"]


def test_raised_anew_on_the_line_of_its_except_the_first_line_is_shown(tmp_path):
    code = (
        "def f(x):\n    try:\n        return int(x)\n"
        "    except ValueError as e: raise RuntimeError('no') from e\nf('a')\n"
    )
    path = tmp_path / "script.py"
    path.write_text(code)
    with pytest.raises(RuntimeError) as caught:
        exec(compile(code, str(path), "exec"), {})
    assert own_frame(frames_of(caught.value)).line == 3
