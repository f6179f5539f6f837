"""Files whose parts contradict each other, or claim what no memory holds."""

from __future__ import annotations

import io
import json
import os
import struct
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch_files as files

from tfviz.errors import ModelError
from tfviz.zoo.checkpoints.reading import Checkpoint, read_checkpoint

SMALL = {"a.weight": np.arange(6, dtype=np.float32)}


def refusal(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        read_checkpoint(path)
    return str(caught.value).removeprefix(f"'{path}' ")


def window(folder: Path, shape: tuple[int, ...], strides: tuple[int, ...]) -> Path:
    """One tensor with a shape and strides of its own on a storage of six values."""
    members = files.members_of(SMALL)
    members["archive/data.pkl"] = files.dictionary({"a": files.tensor("0", 6, shape, strides)})
    return files.write_zip(folder / "window.pth", members)


def named(folder: Path, name: str) -> Checkpoint:
    members = files.members_of(SMALL)
    members["archive/data.pkl"] = files.dictionary({name: files.tensor("0", 6, (6,), (1,))})
    return read_checkpoint(files.write_zip(folder / "named.pth", members))


def safe(folder: Path, header: bytes, data: bytes = b"") -> Path:
    path = folder / "a.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)
    return path


def changed(folder: Path, member: bytes, *, at: int, form: str, values: tuple[int, ...]) -> Path:
    """An archive with numbers in the directory's entry of a member overwritten."""
    data = bytearray(files.write_weights(folder / "changed.pth", SMALL).read_bytes())
    entry = data.rindex(member) - 46
    assert data[entry : entry + 4] == b"PK\x01\x02"
    struct.pack_into(form, data, entry + at, *values)
    (folder / "changed.pth").write_bytes(data)
    return folder / "changed.pth"


@pytest.mark.parametrize("shape", [(1,), (6, 1), (1,) * 32])
def test_the_stride_of_an_axis_of_one_value_means_nothing(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    strides = tuple(1 if n > 1 else 2**62 for n in shape)
    found = read_checkpoint(window(tmp_path, shape, strides)).tensors["a"].array()
    assert found.shape == shape
    assert found.ravel().tolist() == list(range(found.size))


@pytest.mark.parametrize("shape", [(0, 2**62), (2**62, 2**62, 0)])
def test_no_values_along_one_axis_and_more_than_fit_along_another_are_refused(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    assert "which no memory holds" in refusal(window(tmp_path, shape, (1,) * len(shape)))


def test_a_tensor_without_values_is_read(tmp_path: Path) -> None:
    path = window(tmp_path, (0, 5000), (5000, 1))
    assert read_checkpoint(path).tensors["a"].array().shape == (0, 5000)


@pytest.mark.parametrize("shape", [[0, 2**63], [0, 2**40, 2**22], [0] + [1] * 99])
def test_shapes_of_safetensors_are_held_to_the_same_bounds(
    tmp_path: Path, shape: list[int]
) -> None:
    header = {"a": {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]}}
    told = refusal(safe(tmp_path, json.dumps(header).encode()))
    assert "which no memory holds" in told or "100 axes" in told


def test_a_header_of_safetensors_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    one = b'"%07d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
    header = b"{" + b",".join(one % i for i in range(200_000)) + b"}"
    start = time.perf_counter()
    assert refusal(safe(tmp_path, header)).startswith("has a header of 11,600,001 bytes")
    assert time.perf_counter() - start < 1


def test_what_safetensors_says_of_a_hostile_name_is_short_and_printable(tmp_path: Path) -> None:
    name = "\x1b[31m" + 100_000 * "x"
    header = {name: {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}
    raw = json.dumps(header, ensure_ascii=False).replace("\x1b", "\\u001b").encode()
    told = refusal(safe(tmp_path, raw, bytes(8)))
    assert len(told) < 400
    assert told.isprintable()


def test_a_prefix_written_a_million_times_is_left_off_a_few_times(tmp_path: Path) -> None:
    start = time.perf_counter()
    checkpoint = named(tmp_path, 1_000_000 * "module." + "a.weight")
    assert time.perf_counter() - start < 2
    assert len(checkpoint.notes) < 10


def directory_of(count: int) -> bytes:
    """An archive of so many members, all of them the same few bytes."""
    out = io.BytesIO()
    out.write(b"PK\x03\x04" + bytes(26))
    fixed = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", *(14 * [0])[:9], 7, *(7 * [0])[:6])
    for i in range(count):
        out.write(fixed[:28] + struct.pack("<H", 7) + fixed[30:46] + b"%07d" % i)
    size = out.tell() - 30
    out.write(b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 65535, 65535, size, 30, 0))
    return out.getvalue()


def test_a_directory_that_would_fill_the_memory_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "many.pth"
    path.write_bytes(directory_of(400_000))
    start = time.perf_counter()
    assert refusal(path).startswith("has a directory of 21,200,000 bytes, which no weights need")
    assert time.perf_counter() - start < 0.5


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfviz.zoo.checkpoints.archive.MOST_MEMBERS", 100)
    path = tmp_path / "many.pth"
    path.write_bytes(directory_of(101))
    assert refusal(path) == "is an archive of 101 members, which no weights need."


def test_a_member_that_calls_itself_otherwise_is_refused(tmp_path: Path) -> None:
    path = files.write_weights(tmp_path / "local.pth", SMALL)
    path.write_bytes(path.read_bytes().replace(b"archive/data/0", b"archive/data/9", 1))
    assert "'archive/data/0' calls itself 'archive/data/9' where it lies" in refusal(path)


def test_a_member_that_lies_where_another_does_is_refused(tmp_path: Path) -> None:
    path = changed(tmp_path, b"archive/data/0", at=42, form="<L", values=(0,))
    assert "'archive/data/0' calls itself 'archive/data.pkl' where it lies" in refusal(path)


def test_members_with_letters_of_any_alphabet_are_read(tmp_path: Path) -> None:
    members = {k.replace("archive", "größe-重み"): v for k, v in files.members_of(SMALL).items()}
    path = files.write_zip(tmp_path / "letters.pth", members)
    assert read_checkpoint(path).tensors["a.weight"].array().tolist() == [0, 1, 2, 3, 4, 5]


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = changed(tmp_path, b"archive/data/0", at=8, form="<H", values=(1,))
    assert "is not stored as it is" in refusal(path)


def test_sizes_beyond_the_file_are_refused(tmp_path: Path) -> None:
    huge = (2**32 - 2, 2**32 - 2)
    path = changed(tmp_path, b"archive/data/0", at=20, form="<LL", values=huge)
    assert "reaches beyond its end" in refusal(path)


def test_two_descriptions_in_one_archive_are_refused(tmp_path: Path) -> None:
    members = {**files.members_of(SMALL), "other/data.pkl": files.dictionary({})}
    path = files.write_zip(tmp_path / "two.pth", members)
    assert refusal(path).startswith("has two descriptions, 'archive/data.pkl' and 'other/data.pkl'")


def test_an_unknown_byte_order_is_refused(tmp_path: Path) -> None:
    members = {**files.members_of(SMALL), "archive/byteorder": b"middle"}
    assert "byte order 'middle'" in refusal(files.write_zip(tmp_path / "order.pth", members))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in folders")
def test_pipes_and_devices_are_no_files_of_weights(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pth")
    for path in (tmp_path / "pipe.pth", Path("/dev/null"), Path("/dev/zero")):
        assert refusal(path) == (
            "is a pipe or a device, which can't be memory-mapped: save it to a file first."
        )


def test_names_that_no_file_can_have_are_told_in_one_sentence(tmp_path: Path) -> None:
    for name in (300 * "x", "nul\0"):
        with pytest.raises(ModelError, match=r"can't be read|There is no file of weights"):
            read_checkpoint(tmp_path / name)
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(ModelError, match="There is no file of weights"):
        read_checkpoint(tmp_path / "file" / "inside.pth")


def test_a_stored_zip_with_bytes_before_it_is_read_where_its_members_lie(tmp_path: Path) -> None:
    whole = files.write_weights(tmp_path / "plain.pth", SMALL).read_bytes()
    (tmp_path / "behind.pth").write_bytes(b"PK\x03\x04" + bytes(60) + whole)
    with zipfile.ZipFile(tmp_path / "behind.pth") as archive:
        assert len(archive.namelist()) == 3
    array = read_checkpoint(tmp_path / "behind.pth").tensors["a.weight"].array()
    assert array.tolist() == [0, 1, 2, 3, 4, 5]


def test_a_link_that_leads_nowhere_is_said_to_be_one(tmp_path: Path) -> None:
    link = tmp_path / "weights.pth"
    link.symlink_to("nowhere.pth")
    with pytest.raises(ModelError, match="It is a link to one that isn't there"):
        read_checkpoint(link)


@pytest.mark.parametrize("flag", ["neg", "conj"])
def test_values_that_pytorch_would_change_when_they_are_used_are_refused(
    tmp_path: Path, flag: str
) -> None:
    members = files.members_of(SMALL)
    for value, refused in ((b"\x89", False), (b"\x88", True)):
        entry = files.tensor("0", 6, (6,), (1,))
        entry = entry.removesuffix(b"tR") + b"}" + files.text(flag) + value + b"stR"
        members["archive/data.pkl"] = files.dictionary({"a.weight": entry})
        path = files.write_zip(tmp_path / "lazy.pth", members)
        if refused:
            assert f"save it after tensor.resolve_{flag}()" in refusal(path)
        else:
            assert read_checkpoint(path).tensors["a.weight"].array().tolist() == [*range(6)]


def test_tensors_of_other_kinds_are_named_unless_more_is_asked_for(tmp_path: Path) -> None:
    quantised = b"\x80\x02ctorch._utils\n_rebuild_qtensor\n0"
    path = files.write_pickle(tmp_path / "q.pth", quantised + b"ctorch\nper_tensor_affine\n.")
    assert refusal(path).startswith("holds tensors that are quantised, which are not read")
    path = files.write_pickle(tmp_path / "evil.pth", quantised + b"cos\nsystem\n.")
    assert "is refused" in refusal(path)
