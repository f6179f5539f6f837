"""Lists, files, PIL images and tensors of every framework are pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from picture_of import PHOTO, refused, same
from PIL import Image

from tfviz.draw.displayable import displayable
from tfviz.errors import InputError


def test_a_list_of_alike_pictures_is_a_batch() -> None:
    assert (displayable([PHOTO, PHOTO]) == displayable(np.stack([PHOTO, PHOTO]))).all()


def test_a_list_of_unlike_pictures_shows_each() -> None:
    shown = displayable([PHOTO, PHOTO[:20, :, 0], PHOTO / 255], columns=3)
    assert shown.assumed is not None
    assert [each.values for each in shown.assumed.parts] == ["0-255", "0-255", "0-1"]


def test_a_list_of_one_is_one_picture() -> None:
    assert same([PHOTO[np.newaxis]])


def test_rows_in_a_list_are_one_picture() -> None:
    rows = [np.full(3, value, np.uint8) for value in range(100, 200)]
    assert displayable(rows)[:, 0, 0].tolist() == list(range(100, 200))


def test_nested_lists_of_numbers_are_one_picture() -> None:
    assert same(PHOTO.tolist())


def test_a_path_is_read_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(PHOTO).save(tmp_path / "a.png", exif=exif)
    assert same(str(tmp_path / "a.png"), np.rot90(PHOTO, -1))
    assert same(tmp_path / "a.png", np.rot90(PHOTO, -1))


def test_an_opened_pil_image_is_turned_upright_and_it_is_said(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(PHOTO).save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as image:
        assert same(image, np.rot90(PHOTO, -1))
        assert "EXIF orientation 6" in str(displayable(image).assumed)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "YCbCr", "I", "F", "I;16"])
def test_pil_images_of_every_mode_are_pictures(mode: str) -> None:
    image = Image.new(mode, (6, 4)) if mode == "I;16" else Image.fromarray(PHOTO).convert(mode)
    assert displayable(image).shape == (image.height, image.width, 3)


def test_bfloat16_is_right_to_one_level() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    x = np.array([[[0, 0.5, 1]]], ml_dtypes.bfloat16)
    assert displayable(x).tolist() == [[[0, 128, 255]]]
    assert displayable(x).assumed.dtype == "bfloat16"  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def tf() -> Any:
    return pytest.importorskip("tensorflow")


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32", "float16"])
def test_tensors_of_tensorflow(tf: Any, dtype: str) -> None:
    assert same(tf.constant(PHOTO.astype(dtype)))


def test_bfloat16_tensors_of_tensorflow(tf: Any) -> None:
    shown = displayable(tf.cast(tf.constant([[[0, 0.5, 1]]]), tf.bfloat16))
    assert shown.tolist() == [[[0, 128, 255]]]


def test_variables_of_tensorflow_and_keras(tf: Any) -> None:
    import keras

    assert same(tf.Variable(PHOTO))
    assert same(keras.Variable(PHOTO.astype(np.float32)))


def test_a_kerastensor_is_refused(tf: Any) -> None:
    import keras

    assert "viz.kerastensor_plotted" in refused(keras.Input((8, 8, 3)))


def test_a_tensor_inside_tf_function_is_refused(tf: Any) -> None:
    @tf.function
    def draw(x: Any) -> Any:
        displayable(x)
        return x

    with pytest.raises(InputError, match=r"symbolic.*holds no values"):
        draw(tf.zeros((4, 4, 3)))


def test_ragged_sparse_and_string_tensors_are_refused(tf: Any) -> None:
    assert "unequal lengths" in refused(tf.ragged.constant([[1, 2], [3]]))
    assert "tf.sparse.to_dense" in refused(tf.sparse.from_dense([[1, 0]]))
    assert "tf.io.decode_image" in refused(tf.constant("cat.png"))


def test_a_dataset_is_refused(tf: Any) -> None:
    assert "next(iter(x))" in refused(tf.data.Dataset.from_tensors(PHOTO))


@pytest.mark.parametrize("mode", ["tf", "torch", "caffe"])
def test_what_keras_preprocesses_comes_back(tf: Any, mode: str) -> None:
    from keras.src.applications.imagenet_utils import preprocess_input

    x = preprocess_input(PHOTO.astype(np.float32), mode=mode)
    assert same(x, values=f"imagenet-{mode}")


def test_tensors_of_torch() -> None:
    torch = pytest.importorskip("torch")
    x = torch.tensor(PHOTO / 255).permute(2, 0, 1)[None]
    assert same(x)
    assert same(x.float().requires_grad_())
    assert same(x.bfloat16().float())
    assert displayable(x.bfloat16()).assumed.dtype == "bfloat16"  # type: ignore[union-attr]
    assert displayable(torch.zeros(3, 4, 3)).shape == (4, 3, 3)
    assert "meta" in refused(torch.zeros(3, 4, 4, device="meta"))
    assert same(torch.nn.Parameter(x.float()))


def test_arrays_of_jax() -> None:
    jax = pytest.importorskip("jax")
    assert same(jax.numpy.asarray(PHOTO))
    assert displayable(jax.numpy.ones((2, 2, 3), "bfloat16")).tolist() == [[[255] * 3] * 2] * 2
    with pytest.raises(InputError, match="symbolic"):
        jax.jit(lambda x: displayable(x) and x)(jax.numpy.ones((4, 4, 3)))
