from __future__ import annotations

import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from tfviz.errors import InputError, ModelError
from tfviz.model.loading import import_object, load_file, load_weights


def small(**names: str) -> keras.Model:
    return keras.Sequential(
        [keras.Input((3,)), layers.Dense(2, name=names.get("layer", "d"))], name="small"
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same small model in each format."""
    folder = tmp_path_factory.mktemp("files")
    model = small()
    model.save(folder / "model.keras")
    model.save(folder / "model.h5")
    model.save(folder / "model.hdf5")
    model.save_weights(folder / "model.weights.h5")
    # An .h5 file of weights alone, as Keras 2 wrote it.
    (folder / "only_weights.h5").write_bytes((folder / "model.weights.h5").read_bytes())
    return folder


def refusal(path: Path, **options: object) -> str:
    with pytest.raises(ModelError) as caught:
        load_file(path, **options)  # type: ignore[arg-type]
    return str(caught.value)


@pytest.mark.parametrize("name", ["model.keras", "model.h5", "model.hdf5"])
def test_each_format_gives_the_same_numbers(files: Path, name: str) -> None:
    x = np.ones((1, 3), "float32")
    expected = load_file(files / "model.keras")(x)
    np.testing.assert_array_equal(load_file(files / name)(x), expected)


def test_a_missing_file_offers_the_nearest_names(files: Path) -> None:
    assert refusal(files / "modle.keras") == (
        f"There is no model file '{files}/modle.keras'. Did you mean 'model.keras'?"
    )


def test_a_missing_folder_is_said_too(files: Path) -> None:
    assert refusal(files / "no" / "model.keras") == (
        f"There is no model file '{files}/no/model.keras'. The folder '{files}/no' doesn't exist "
        f"either."
    )


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    assert refusal(tmp_path) == (
        f"'{tmp_path}' is a folder and no model: give a .keras or .h5 file."
    )


def test_a_saved_model_says_why_not_and_how_to_convert(tmp_path: Path) -> None:
    folder = tmp_path / "exported"
    folder.mkdir()
    (folder / "saved_model.pb").touch()
    message = refusal(folder)
    assert "is a SavedModel, which Keras 3 can run but not differentiate inside" in message
    assert "tf_keras.models.load_model('exported').save('exported.h5')" in message


def test_weights_alone_ask_for_their_architecture(files: Path) -> None:
    for name in ("model.weights.h5", "only_weights.h5"):
        assert refusal(files / name) == (
            f"'{files}/{name}' holds weights without a model: name its architecture and give the "
            f"weights beside it (--model MobileNetV2 --weights {name})."
        )


def test_weights_of_keras_2_alone_ask_for_their_architecture(tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.attrs["layer_names"] = ["dense"]
        file.create_group("dense").attrs["weight_names"] = []
    assert "holds weights without a model" in refusal(tmp_path / "w.h5")


def test_a_keras_file_that_is_no_zip_says_its_size(tmp_path: Path) -> None:
    (tmp_path / "m.keras").write_bytes(b"x" * 1234)
    assert "is no .keras archive (1,234 bytes that are no zip file)" in refusal(
        tmp_path / "m.keras"
    )


def test_a_truncated_keras_file_may_have_been_cut_short(tmp_path: Path, files: Path) -> None:
    whole = (files / "model.keras").read_bytes()
    (tmp_path / "m.keras").write_bytes(whole[: len(whole) // 2])
    assert "was it cut short, or is it an .h5 file under another name?" in refusal(
        tmp_path / "m.keras"
    )


def test_a_zip_that_is_no_model_is_one_sentence(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("hello.txt", "hello")
    message = refusal(tmp_path / "m.keras")
    assert message.startswith(f"'{tmp_path}/m.keras' can't be loaded by Keras {keras.__version__}:")
    assert "\n" not in message


@pytest.mark.parametrize("content", [b"", b"not a model", b"PK\x03\x04"])
def test_an_h5_file_that_is_none_says_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.h5").write_bytes(content)
    message = refusal(tmp_path / "m.h5")
    assert message.startswith(f"'{tmp_path}/m.h5' is no HDF5 file, or was cut short:")
    assert "\n" not in message


def test_a_truncated_h5_file_may_have_been_cut_short(tmp_path: Path, files: Path) -> None:
    whole = (files / "model.h5").read_bytes()
    (tmp_path / "m.h5").write_bytes(whole[: len(whole) // 2])
    assert "is no HDF5 file, or was cut short" in refusal(tmp_path / "m.h5")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("m.tflite", "a TensorFlow Lite model, which has no gradients"),
        ("m.onnx", "an ONNX model"),
        ("m.pb", "a frozen TensorFlow graph"),
        ("m.pt", "a PyTorch file"),
        ("m.PTH", "a PyTorch file"),
        ("m.safetensors", "a file of weights without a model"),
        ("m.json", "a model's architecture without weights"),
        ("photo.jpg", "no model file: Keras 3 reads .keras, .h5 and .hdf5"),
        ("noending", "no model file: Keras 3 reads .keras, .h5 and .hdf5"),
    ],
)
def test_another_format_is_called_by_its_name(tmp_path: Path, name: str, what: str) -> None:
    (tmp_path / name).touch()
    assert refusal(tmp_path / name).startswith(f"'{tmp_path / name}' is {what}")


def _with_own_class(path: Path) -> type:
    """Save a model with a class that no importable module holds."""

    class Glow(layers.Layer):
        def call(self, x: object) -> object:
            return x

    Glow.__module__ = "elsewhere"
    keras.Sequential([keras.Input((3,)), Glow()]).save(path)
    return Glow


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_an_unknown_class_is_named_with_the_option_that_gives_it(tmp_path: Path, name: str) -> None:
    own = _with_own_class(tmp_path / name)
    assert refusal(tmp_path / name) == (
        f"'{tmp_path / name}' uses the class 'Glow', which Keras doesn't know: say where it "
        f"is defined (--custom-objects module:Glow; "
        f"custom_objects={{'Glow': Glow}} in Python)."
    )
    loaded = load_file(tmp_path / name, custom_objects={"Glow": own})
    assert type(loaded.layers[-1]) is own


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_the_code_of_a_lambda_runs_only_when_it_may(tmp_path: Path, name: str) -> None:
    proof = tmp_path / "it ran"
    code = eval(f"lambda x: (open({str(proof)!r}, 'w').close(), x * 2)[1]")
    keras.Sequential([keras.Input((3,)), layers.Lambda(code, output_shape=(3,))]).save(
        tmp_path / name
    )
    proof.unlink(missing_ok=True)

    assert refusal(tmp_path / name) == (
        f"'{tmp_path / name}' holds a Lambda layer, that is Python code which loading would run: "
        f"it is not loaded. If you trust its origin, use --unsafe (unsafe=True in Python)."
    )
    assert not proof.exists()

    model = load_file(tmp_path / name, unsafe=True)
    assert model(np.ones((1, 3), "float32")).numpy().tolist() == [[2, 2, 2]]
    assert proof.exists()


def test_a_lambda_deep_inside_is_refused_too(tmp_path: Path) -> None:
    inner = keras.Sequential([keras.Input((3,)), layers.Lambda(lambda x: x)])
    keras.Sequential([keras.Input((3,)), inner]).save(tmp_path / "m.keras")
    assert "holds a Lambda layer" in refusal(tmp_path / "m.keras")


def test_a_refusal_leaves_keras_as_safe_as_it_was(tmp_path: Path) -> None:
    keras.Sequential([keras.Input((3,)), layers.Lambda(lambda x: x)]).save(tmp_path / "m.keras")
    load_file(tmp_path / "m.keras", unsafe=True)
    assert "holds a Lambda layer" in refusal(tmp_path / "m.keras")


def test_weights_are_loaded_into_a_model(files: Path) -> None:
    model = small()
    load_weights(model, files / "model.weights.h5")
    expected = load_file(files / "model.keras").get_weights()
    np.testing.assert_array_equal(model.get_weights()[0], expected[0])


def test_weights_of_another_model_say_so(files: Path) -> None:
    other = keras.Sequential([keras.Input((5,)), layers.Dense(7)], name="other")
    with pytest.raises(ModelError, match=r"The weights in '.*' don't fit model 'other': "):
        load_weights(other, files / "model.weights.h5")


def test_weights_with_too_few_layers_name_one_that_gets_none(files: Path) -> None:
    more = keras.Sequential([keras.Input((3,)), layers.Dense(2), layers.Dense(2, name="extra")])
    with pytest.raises(ModelError) as caught:
        load_weights(more, files / "model.weights.h5")
    assert "Layer 'extra' expected 2 variables, but received 0 variables" in str(caught.value)


def test_missing_weights_offer_the_nearest_names(files: Path) -> None:
    with pytest.raises(ModelError, match=r"no file of weights .*Did you mean 'model.weights.h5'"):
        load_weights(small(), files / "modle.weights.h5")


def test_an_object_is_imported_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    (tmp_path / "tfviz_test_own.py").write_text("class Glow: size = 7\n")
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    name, found = import_object("tfviz_test_own:Glow")
    assert (name, found.size) == ("Glow", 7)
    assert sys.path == before


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("Glow", "'Glow' given as custom object must look like module:Name"),
        (":A", "must look like module:Name"),
        ("no_such_module:A", "Can't import 'no_such_module' of 'no_such_module:A'"),
        ("fractions:Fractoin", "Module 'fractions' has no 'Fractoin'. Did you mean 'Fraction'"),
    ],
)
def test_an_object_that_is_not_there_says_which_part(given: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        import_object(given)
    assert message in str(caught.value)


def test_a_module_that_fails_says_with_what(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tfviz_test_broken.py").write_text("1 / 0\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        InputError, match=r"Can't import 'tfviz_test_broken'.*: ZeroDivisionError: "
    ):
        import_object("tfviz_test_broken:A")
