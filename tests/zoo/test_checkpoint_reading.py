from __future__ import annotations

import shutil
import struct
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch_files as files

from tfviz.errors import ModelError
from tfviz.zoo.checkpoints.reading import read_checkpoint

DATA = Path(__file__).parent / "data"
ODD = ["odd_zip.pth", "odd_legacy.pth", "odd_protocol4.pth", "odd.safetensors"]
SMALL = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "a.bias": np.ones(2, np.float32)}


@pytest.mark.parametrize("name", ODD)
def test_every_kind_of_tensor_is_what_pytorch_says(name: str) -> None:
    checkpoint = read_checkpoint(DATA / name)
    with np.load(DATA / "odd_tensors.npz") as expected:
        names = set(expected.files) - ({"tied.b"} if name.endswith(".safetensors") else set())
        assert set(checkpoint.tensors) == names
        for key, stored in checkpoint.tensors.items():
            np.testing.assert_array_equal(stored.array(), expected[key], strict=True)


@pytest.mark.parametrize("name", ODD)
def test_types_are_told_by_pytorchs_names(name: str) -> None:
    tensors = read_checkpoint(DATA / name).tensors
    found = {key: tensors[key].dtype for key in ("half", "bfloat16", "long", "flags", "counter")}
    assert found == {
        "half": "float16", "bfloat16": "bfloat16", "long": "int64", "flags": "bool",
        "counter": "int64",
    }  # fmt: skip


def test_the_kind_is_told_by_the_content_and_not_by_the_name(tmp_path: Path) -> None:
    for name, kind in zip(ODD, ("zip", "legacy", "zip", "safetensors"), strict=True):
        shutil.copy(DATA / name, tmp_path / "weights.bin")
        assert read_checkpoint(tmp_path / "weights.bin").kind == kind


def test_a_checkpoint_with_an_optimizer_gives_its_state_dict_without_prefix() -> None:
    checkpoint = read_checkpoint(DATA / "wrapped.pth.tar")
    assert list(checkpoint.tensors) == [
        "fc.weight", "fc.bias", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var",
        "bn.num_batches_tracked",
    ]  # fmt: skip
    assert checkpoint.notes == (
        "taken from 'state_dict' of the checkpoint",
        "'module.' before each name left off (DataParallel)",
    )
    assert checkpoint.parameters == 2 * 2 + 2 + 4 * 2


def test_a_real_legacy_checkpoint_has_the_parameters_of_a_resnet20(shared: Path) -> None:
    checkpoint = read_checkpoint(shared / "models" / "resnet20-12fca82f.th")
    running = sum(v.size for k, v in checkpoint.tensors.items() if "running_" in k)
    assert checkpoint.parameters - running == 269_722


def test_big_endian_storages_are_turned(tmp_path: Path) -> None:
    members = files.members_of({"a": np.array([1.0, 2.0], ">f4").astype(np.float32)})
    members["archive/data/0"] = np.array([1.0, 2.0], ">f4").tobytes()
    members["archive/byteorder"] = b"big"
    tensors = read_checkpoint(files.write_zip(tmp_path / "big.pth", members)).tensors
    assert tensors["a"].array().tolist() == [1.0, 2.0]


def test_two_names_for_one_storage_see_the_same_values(tmp_path: Path) -> None:
    members = files.members_of({"a": np.arange(6, dtype=np.float32)})
    entry = files.tensor("0", 6, (3, 2), (2, 1))
    members["archive/data.pkl"] = files.dictionary({"a": entry, "b": entry})
    tensors = read_checkpoint(files.write_zip(tmp_path / "tied.pth", members)).tensors
    assert np.shares_memory(tensors["a"].array(), tensors["b"].array())


def test_what_is_read_is_a_window_of_the_file_that_nobody_can_write_to() -> None:
    array = read_checkpoint(DATA / "odd_zip.pth").tensors["whole"].array()
    assert not array.flags.owndata
    assert not array.flags.writeable


@pytest.fixture(scope="module")
def fifty_megabytes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same weights in every kind of file."""
    from safetensors.numpy import save_file

    folder = tmp_path_factory.mktemp("large")
    random = np.random.default_rng(0)
    arrays = {f"layer{i}.weight": random.random((250, 1000), np.float32) for i in range(50)}
    entries = {
        name: files.tensor(str(i), 250_000, (250, 1000), (1000, 1)) for i, name in enumerate(arrays)
    }
    legacy = files.legacy_of(files.dictionary(entries), list(arrays.values()))
    (folder / "legacy.pth").write_bytes(legacy)
    save_file(arrays, folder / "large.safetensors")
    return {
        "zip": files.write_weights(folder / "zip.pth", arrays),
        "legacy": folder / "legacy.pth",
        "safetensors": folder / "large.safetensors",
    }


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_fifty_megabytes_are_read_in_half_a_second(
    fifty_megabytes: dict[str, Path], kind: str
) -> None:
    path = fifty_megabytes[kind]
    assert path.stat().st_size > 50_000_000
    read_checkpoint(DATA / "odd.safetensors")  # imports what is imported once
    start = time.perf_counter()
    checkpoint = read_checkpoint(path)
    values = {name: np.array(each.array()) for name, each in checkpoint.tensors.items()}
    assert time.perf_counter() - start < 0.5
    assert checkpoint.kind == kind
    random = np.random.default_rng(0)
    for i in range(50):
        found = values[f"layer{i}.weight"]
        np.testing.assert_array_equal(found, random.random((250, 1000), np.float32))


def test_looking_at_a_file_imports_neither_torch_nor_tensorflow_nor_keras() -> None:
    script = (
        "import sys, tfviz.zoo\n"
        f"tfviz.zoo.read_checkpoint({str(DATA / 'odd_zip.pth')!r})\n"
        "tfviz.zoo.TABLES\n"
        "print([m for m in ('torch', 'tensorflow', 'keras') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def refusal(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        read_checkpoint(path)
    told = str(caught.value)
    assert told.startswith(f"'{path}' ")
    return told.removeprefix(f"'{path}' ")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty (0 bytes): download it again."),
        (bytes(4096), "holds nothing but zeros: its download was broken off, get it again."),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2\nsize 46830571\n",
            "is a Git LFS pointer, not the weights themselves: run `git lfs pull` where it was "
            "cloned.",
        ),
        (
            b"<!DOCTYPE html><html><body>Sign in</body></html>",
            "is a web page saved under this name: download the file itself, not the page that "
            "shows it.",
        ),
        (
            b"\x89HDF\r\n\x1a\n" + bytes(100),
            "is an HDF5 file, so Keras's and not PyTorch's: tfviz.load_model reads .h5, and "
            "model.load_weights reads .weights.h5.",
        ),
        (b'{"a": 1}', "is JSON: a model's settings or a list of its files, not its weights."),
        (b"\x80\x02\x8a\n", "is cut short: 4 bytes are all there is. Download it again."),
        (
            b"hello, world",
            "is no file of weights: known are .pth, .pt, .th, .bin of PyTorch, and .safetensors.",
        ),
        (
            b"\x80\x04}.",
            "is a pickle that PyTorch didn't write: save the weights with "
            "torch.save(model.state_dict(), 'weights.pth').",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_what_is_no_weights_is_named(
    tmp_path: Path, content: bytes, words: str, suffix: str
) -> None:
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(content)
    assert refusal(path) == words


def test_a_missing_file_offers_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "resnet18.pth").write_bytes(b"x")
    with pytest.raises(ModelError, match=r"no file of weights .* Did you mean 'resnet18.pth'"):
        read_checkpoint(tmp_path / "resnet81.pth")


def test_a_folder_is_no_file_of_weights(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is a folder: give the file of weights inside it"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("share", [0.3, 0.7, 0.999])
def test_a_file_cut_short_says_so(tmp_path: Path, name: str, share: float) -> None:
    whole = (DATA / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(whole[: int(len(whole) * share)])
    told = refusal(path)
    assert "cut short" in told or "no whole .safetensors" in told or "damaged" in told
    assert "ownload it again" in told


@pytest.mark.parametrize(
    ("name", "network"),
    [("module_zip.pth", "torch.nn.modules.container.Sequential"), ("own_module_zip.pth", "Net")],
)
def test_a_whole_module_is_refused_with_what_to_save_instead(name: str, network: str) -> None:
    told = refusal(DATA / name)
    assert told.startswith("is a whole pickled module (")
    assert network in told
    assert "save model.state_dict(): torch.save(model.state_dict(), 'weights.pth')" in told


def test_a_legacy_whole_module_is_known_by_its_persistent_id(tmp_path: Path) -> None:
    described = b"(U\x06modulectorch\nFloatStorage\nU\x01aU\x01btQ."
    path = files.write_pickle(tmp_path / "old.pth", b"\x80\x02" + described, legacy=True)
    assert refusal(path).startswith("is a whole pickled module and not its weights")


def test_a_torchscript_archive_is_named(tmp_path: Path) -> None:
    members = {"net/data.pkl": b"\x80\x02N.", "net/code/__torch__.py": b"", "net/version": b"3"}
    told = refusal(files.write_zip(tmp_path / "net.pt", members))
    assert told.startswith("is a TorchScript archive, a program with its weights inside")
    assert "torch.jit.load(file).state_dict()" in told


def test_other_archives_are_named(tmp_path: Path) -> None:
    keras_like = {"config.json": b"{}", "metadata.json": b"{}"}
    assert "is a Keras model already" in refusal(files.write_zip(tmp_path / "a.pth", keras_like))
    np.savez(tmp_path / "b.npz", a=np.ones(3))
    assert "is an archive of NumPy arrays" in refusal(tmp_path / "b.npz")
    plain = refusal(files.write_zip(tmp_path / "c.pth", {"a.txt": b"hello"}))
    assert plain == "is a zip archive without PyTorch's 'data.pkl': it is no file of weights."


@pytest.fixture(scope="module")
def sentinel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What comes to be when a file has run something."""
    return tmp_path_factory.mktemp("ran") / "it_ran"


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
@pytest.mark.parametrize("name", files.attacks(Path("x")))
def test_an_attack_is_refused_by_name_and_runs_nothing(
    tmp_path: Path, sentinel: Path, name: str, legacy: bool
) -> None:
    data, words = files.attacks(sentinel)[name]
    path = files.write_pickle(tmp_path / "evil.pth", data, legacy=legacy)
    start = time.perf_counter()
    with pytest.raises(ModelError, match=words):
        read_checkpoint(path)
    assert time.perf_counter() - start < 5
    assert not sentinel.exists()


def test_the_attack_runs_in_pythons_own_unpickler(sentinel: Path, tmp_path: Path) -> None:
    import pickle

    data, _ = files.attacks(tmp_path / "ran")["os.system by REDUCE"]
    pickle.loads(data)
    assert (tmp_path / "ran").exists()


def test_a_plain_pickle_that_runs_something_is_refused(tmp_path: Path, sentinel: Path) -> None:
    data, words = files.attacks(sentinel)["os.system by REDUCE"]
    (tmp_path / "evil.pth").write_bytes(data)
    with pytest.raises(ModelError, match=words):
        read_checkpoint(tmp_path / "evil.pth")
    assert not sentinel.exists()


def test_compressed_members_are_refused(tmp_path: Path) -> None:
    path = files.write_zip(tmp_path / "bomb.pth", files.members_of(SMALL), packed=True)
    assert refusal(path).startswith("has compressed 'archive/data.pkl'")


def test_a_zip_bomb_is_never_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pth"
    members = files.members_of({"a": np.zeros(5_000_000, np.float32)})
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            packed = zipfile.ZIP_DEFLATED if "/data/" in name else zipfile.ZIP_STORED
            archive.writestr(name, data, packed)
    assert path.stat().st_size < 100_000
    # The description alone tells: no storage is larger than the file.
    assert "storage of 20,000,000 bytes" in refusal(path)


@pytest.mark.parametrize("name", ["../../evil", "/etc/passwd", "a/../../b", "C:\\evil", "..\\evil"])
def test_names_that_lead_out_of_the_archive_are_refused(tmp_path: Path, name: str) -> None:
    members = {**files.members_of(SMALL), name: b"x"}
    assert "which leads out of the archive" in refusal(
        files.write_zip(tmp_path / "out.pth", members)
    )


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    pairs = [*files.members_of(SMALL).items(), ("archive/data/0", bytes(24))]
    assert refusal(files.write_zip(tmp_path / "twice.pth", pairs)).startswith(
        "has the member 'archive/data/0' twice"
    )


def test_a_member_of_another_length_than_described_is_refused(tmp_path: Path) -> None:
    members = {**files.members_of(SMALL), "archive/data/0": bytes(20)}
    told = refusal(files.write_zip(tmp_path / "short.pth", members))
    assert told.startswith("has 20 bytes in 'archive/data/0' and describes them as 24")


def test_a_missing_member_is_named(tmp_path: Path) -> None:
    members = files.members_of(SMALL)
    del members["archive/data/1"]
    told = refusal(files.write_zip(tmp_path / "lacks.pth", members))
    assert told.startswith("lacks the member 'data/1' that holds weights")


def test_a_member_that_claims_to_lie_beyond_the_end_is_refused(tmp_path: Path) -> None:
    path = files.write_weights(tmp_path / "far.pth", SMALL)
    data = bytearray(path.read_bytes())
    # The length of the name in a local header, which no directory repeats.
    at = data.index(b"archive/data/0") - 4
    struct.pack_into("<H", data, at, 65_000)
    path.write_bytes(data)
    assert "reaches beyond its end" in refusal(path)


def test_several_sets_of_tensors_without_a_usual_name_are_named(tmp_path: Path) -> None:
    entry = files.dictionary({"w": files.tensor("0", 2, (2,), (1,))})[2:-1]
    members = files.members_of({"w": np.ones(2, np.float32)})
    members["archive/data.pkl"] = files.dictionary({"left": entry, "right": entry})
    told = refusal(files.write_zip(tmp_path / "both.pth", members))
    assert told.startswith("holds several sets of tensors ('left', 'right')")


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (b'{"a":{"dtype":"F32","shape":[9],"data_offsets":[0,8]}}', "no whole .safetensors"),
        (b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}', "no whole .safetensors"),
        (b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}', "no whole .safetensors"),
    ],
)
def test_a_false_header_of_safetensors_is_refused(
    tmp_path: Path, header: bytes, words: str
) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    assert words in refusal(path)


def test_a_type_of_safetensors_that_is_not_read_is_named(tmp_path: Path) -> None:
    header = b'{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}'
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    assert refusal(path).startswith("has tensor 'a' of type F8_E4M3, which is not read")


def legacy_file(path: Path, count: int, arrays: list[np.ndarray]) -> Path:
    """A legacy file that describes one storage of so many values."""
    data = files.dictionary({"a": files.tensor("0", count, (2,), (1,))})
    path.write_bytes(files.legacy_of(data, arrays))
    return path


def test_a_legacy_file_is_read_and_each_of_its_lies_refused(tmp_path: Path) -> None:
    three = np.arange(3, dtype=np.float32)
    whole = legacy_file(tmp_path / "a.pth", 3, [three])
    assert read_checkpoint(whole).tensors["a"].array().tolist() == [0, 1]
    told = refusal(legacy_file(tmp_path / "b.pth", 2, [three]))
    assert told.startswith("has 3 values in storage '0' and describes 2")
    told = refusal(legacy_file(tmp_path / "c.pth", 3, []))
    assert told.startswith("is damaged: it lists 0 storages and describes 1")
    told = refusal(legacy_file(tmp_path / "d.pth", 3, [three, three]))
    assert told.startswith("is damaged: it lists 2 storages and describes 1")
    whole.write_bytes(whole.read_bytes()[:-5])
    assert refusal(whole).startswith("is cut short: 5 bytes of its weights are missing")


def test_a_description_of_too_many_instructions_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tfviz.zoo.checkpoints.opcodes.MOST_INSTRUCTIONS", 1000)
    path = files.write_pickle(tmp_path / "long.pth", b"\x80\x02" + 600 * b"N0" + b"}.")
    assert refusal(path) == "has more than 1,000 instructions, which no weights do."
