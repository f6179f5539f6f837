"""What a file really is when no image can be read from it."""

from __future__ import annotations

import codecs

HEAD_BYTES = 512
"""How much of a file's beginning `what_it_is` wants to see."""

_BRANDS = {
    b"heic": "a HEIC photo",
    b"heix": "a HEIC photo",
    b"heim": "a HEIC photo",
    b"heis": "a HEIC photo",
    b"hevc": "a HEIC photo",
    b"mif1": "a HEIC photo",
    b"msf1": "a HEIC photo",
    b"avif": "an AVIF image",
    b"avis": "an AVIF image",
}

_REMEDY = {
    "a HEIC photo": "run `pip install pillow-heif`, or convert it to JPEG",
    "an AVIF image": "update Pillow (`pip install -U pillow`) or convert it to JPEG",
}

_BEGINNINGS = (
    (b"\x1aE\xdf\xa3", "a video (Matroska or WebM)", "save the frames you want as images"),
    (b"\x00\x00\x01\xb3", "a video (MPEG)", "save the frames you want as images"),
    (b"\x00\x00\x01\xba", "a video (MPEG)", "save the frames you want as images"),
    (b"FLV\x01", "a video (Flash)", "save the frames you want as images"),
    (b"0&\xb2u\x8ef\xcf\x11", "a video (Windows Media)", "save the frames you want as images"),
    (b"OggS", "a video or sound (Ogg)", "save the frames you want as images"),
    (b"G@", "a video (MPEG transport stream)", "save the frames you want as images"),
    (b"%PDF", "a PDF document", "save its pages as PNG"),
    (b"%!PS", "a PostScript document", "save its pages as PNG"),
    (b"PK\x03\x04", "a ZIP archive", "unpack it and give the images inside"),
    (b"PK\x05\x06", "an empty ZIP archive", "give the images themselves"),
    (b"Rar!", "a RAR archive", "unpack it and give the images inside"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it and give the images inside"),
    (b"FUJIFILMCCD-RAW", "a camera's raw file (Fujifilm)", "develop it to JPEG or TIFF"),
    (b"FOVb", "a camera's raw file (Sigma)", "develop it to JPEG or TIFF"),
    (b"IIRO", "a camera's raw file (Olympus)", "develop it to JPEG or TIFF"),
    (b"IIU\0", "a camera's raw file (Panasonic)", "develop it to JPEG or TIFF"),
    (b"v/1\x01", "an OpenEXR image", "save it as PNG or as a TIFF of floats"),
    (b"#?RADIANCE", "a Radiance HDR image", "save it as PNG or as a TIFF of floats"),
    (b"\x1f\x8b", "a gzip archive", "unpack it and give the images inside"),
    (b"\x89HDF", "an HDF5 file", "give an image; a model belongs in the model argument"),
    (b"\x93NUMPY", "a NumPy array", "save it as PNG"),
    (b"\xff\x0a", "a JPEG XL image", "convert it to JPEG or PNG"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL image", "convert it to JPEG or PNG"),
    (b"version https://git-lfs", "a Git LFS pointer, not the image itself", "run `git lfs pull`"),
)

_MARKUP = (
    (b"<svg", "an SVG drawing", "export it as PNG"),
    (b"<!doctype", "a web page", "download the image itself, not the page that shows it"),
    (b"<html", "a web page", "download the image itself, not the page that shows it"),
)


def what_it_is(head: bytes) -> str | None:
    """Names a file by its first bytes, with what to do about it.

    Args:
        head: The first `HEAD_BYTES` bytes, or all there are.

    Returns:
        `"is a web page: download ..."` without a full stop, or None if nothing is known of it.

    >>> what_it_is(b"%PDF-1.7")
    'is a PDF document: save its pages as PNG'
    >>> what_it_is(bytes([137, 80, 78, 71])) is None
    True
    """
    if not head:
        return "is empty (0 bytes): download or copy it again"
    if not any(head):
        return "holds nothing but zeros: its download or copy was broken off, so get it again"
    for beginning, kind, remedy in _BEGINNINGS:
        if head.startswith(beginning):
            return f"is {kind}: {remedy}"
    if head[128:132] == b"DICM":
        return "is a DICOM file of medicine: export its picture as PNG"
    if head[4:8] in (b"moov", b"mdat", b"wide"):
        return "is a video (QuickTime): save the frames you want as images"
    if head[4:8] == b"ftyp":
        return _container(head[8:12])
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "is a video (AVI): save the frames you want as images"
    return _text(head)


def is_heic(head: bytes) -> bool:
    """Whether a file begins as the photos of phones do that aren't JPEG."""
    return head[4:8] == b"ftyp" and _BRANDS.get(head[8:12]) == "a HEIC photo"


def _container(brand: bytes) -> str:
    """HEIC, AVIF, MP4 and QuickTime share one container and differ in its brand."""
    if brand == b"crx ":
        return "is a camera's raw file (Canon): develop it to JPEG or TIFF"
    kind = _BRANDS.get(brand)
    if kind is None:
        return "is a video (MP4 or QuickTime): save the frames you want as images"
    return f"is {kind}, which this Pillow can't read: {_REMEDY[kind]}"


def _text(head: bytes) -> str | None:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for tag, kind, remedy in _MARKUP:
        if start.startswith(tag) or (start.startswith(b"<?xml") and tag in start):
            return f"is {kind}: {remedy}"
    try:
        # Incremental, because the last character may be cut in two.
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return None
    if any(ord(each) < 32 and each not in "\t\n\r\f" for each in text):
        return None
    return "is a text file: give an image"
