"""Flipped, cut and inserted bytes: a picture or one sentence, in little time and memory."""

from __future__ import annotations

import io
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from tfviz.errors import InputError
from tfviz.image import check_header, read_rgb

FORMATS: list[tuple[str, dict[str, object]]] = [
    ("JPEG", {}),
    ("JPEG", {"progressive": True}),
    ("PNG", {}),
    ("GIF", {}),
    ("TIFF", {"compression": "tiff_lzw"}),
    ("TIFF", {}),
    ("WEBP", {}),
    ("WEBP", {"lossless": True}),
    ("BMP", {}),
    ("ICO", {"sizes": [(32, 24)]}),
    ("JPEG2000", {}),
    ("PPM", {}),
    ("TGA", {}),
]
if "avif" in features.get_supported():
    FORMATS.append(("AVIF", {}))
EACH = 40
MAX_PIXELS = 1_000_000


def seed_image(format_name: str, options: dict[str, object]) -> bytes:
    rows, columns = np.mgrid[:24, :32]
    pixels = np.stack([rows * 9, columns * 7, (rows * columns) % 256], axis=-1).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format_name, **options)
    return buffer.getvalue()


def mutated(data: bytes, chance: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.randint(1, 5)):
        # Headers are where it matters.
        at = chance.randrange(min(len(out), chance.choice((64, len(out)))))
        kind = chance.randrange(4)
        if kind == 0:
            out[at] = chance.randrange(256)
        elif kind == 1:
            out[at] ^= 1 << chance.randrange(8)
        elif kind == 2:
            del out[at : at + chance.randint(1, 40)]
        else:
            out[at:at] = chance.randbytes(chance.randint(1, 20))
        if not out:
            break
    return bytes(out)


def check(path: Path, data: bytes) -> str:
    """Reads a file in both ways; what came of it."""
    path.write_bytes(data)
    outcome = "refused"
    for allowed in (False, True):
        try:
            picture = read_rgb(path, max_pixels=MAX_PIXELS, allow_truncated=allowed)
        except InputError as error:
            said = str(error)
        else:
            said, outcome = "", "read"
            assert picture.dtype == np.uint8
            assert picture.ndim == 3
            assert picture.shape[2] == 3
            assert 0 < picture.shape[0] * picture.shape[1] <= MAX_PIXELS
            header = check_header(path, max_pixels=MAX_PIXELS, allow_truncated=allowed)
            assert {*header} == {*picture.shape[:2]}
        assert "\n" not in said
        assert len(said) < 600
    return outcome


def all_of_them(folder: Path) -> dict[str, int]:
    outcomes = {"read": 0, "refused": 0}
    for number, (format_name, options) in enumerate(FORMATS):
        data = seed_image(format_name, options)
        chance = random.Random(number)
        for _ in range(EACH):
            before = time.perf_counter()
            outcomes[check(folder / "photo.jpg", mutated(data, chance))] += 1
            assert time.perf_counter() - before < 5
    return outcomes


def test_mutated_images_are_read_or_refused_in_bounded_memory(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="no limit of memory on this system")
    del resource
    program = (
        "import resource, sys; from pathlib import Path; sys.path.insert(0, sys.argv[2]);"
        "import test_mutated_images as here; import numpy, cv2, PIL.Image; PIL.Image.init();"
        "now = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize();"
        "resource.setrlimit(resource.RLIMIT_AS, (now + 400_000_000,) * 2);"
        "print(here.all_of_them(Path(sys.argv[1])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    outcomes = eval(done.stdout.strip().splitlines()[-1])
    assert sum(outcomes.values()) == EACH * len(FORMATS)
    assert min(outcomes.values()) >= 100
