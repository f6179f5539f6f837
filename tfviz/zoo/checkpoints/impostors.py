"""What a file really is when it holds no weights of PyTorch."""

from __future__ import annotations

HEAD_BYTES = 512

_BEGINNINGS = (
    (
        b"version https://git-lfs",
        "is a Git LFS pointer, not the weights themselves: run `git lfs pull` where it was cloned",
    ),
    (
        b"\x89HDF",
        "is an HDF5 file, so Keras's and not PyTorch's: tfviz.load_model reads .h5, and "
        "model.load_weights reads .weights.h5",
    ),
    (b"GGUF", "is a GGUF file, whose weights are quantised: use the original .safetensors"),
    (b"\x1f\x8b", "is a gzip archive: unpack it and use the file inside"),
    (b"\x93NUMPY", "is a NumPy array, not weights that PyTorch wrote"),
    (b"BZh", "is a bzip2 archive: unpack it and use the file inside"),
    (b"\xfd7zXZ", "is an xz archive: unpack it and use the file inside"),
    (b"7z\xbc\xaf", "is a 7z archive: unpack it and use the file inside"),
    (b"Rar!", "is a RAR archive: unpack it and use the file inside"),
    (b"\x08", "is perhaps an ONNX model: save the weights of the original PyTorch model"),
)


def what_it_is(head: bytes) -> str:
    """Names a file by its first bytes, with what to do about it.

    Args:
        head: The first `HEAD_BYTES` bytes, or all there are.

    Returns:
        The rest of a sentence without its full stop.

    >>> what_it_is(b"<!DOCTYPE html>")
    'is a web page saved under this name: download the file itself, not the page that shows it'
    """
    if not head:
        return "is empty (0 bytes): download it again"
    if not any(head):
        return "holds nothing but zeros: its download was broken off, get it again"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return (
            "is a web page saved under this name: download the file itself, not the page that "
            "shows it"
        )
    for beginning, said in _BEGINNINGS:
        if head.startswith(beginning):
            return said
    if head[257:262] == b"ustar":
        return "is a tar archive: unpack it and use the file inside"
    if text.startswith((b"{", b"[")):
        return "is JSON: a model's settings or a list of its files, not its weights"
    return "is no file of weights: known are .pth, .pt, .th, .bin of PyTorch, and .safetensors"
