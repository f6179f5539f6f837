from __future__ import annotations

import importlib

import pytest

from tfviz.errors import InputError, MissingError
from tfviz.image import SAMPLES, read_rgb, sample_path
from tfviz.image.opencv import cv2


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_is_a_photo(name: str) -> None:
    assert min(read_rgb(sample_path(name)).shape[:2]) >= 300


def test_an_unknown_sample_names_the_near_and_all_others() -> None:
    with pytest.raises(InputError, match=r"astronaut, .* Did you mean 'coffee'\?"):
        sample_path("sample:cofee")


def test_opencv_that_cannot_be_imported_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(name: str) -> None:
        raise ImportError("libGL.so.1: cannot open shared object file")

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(MissingError, match=r"libGL\.so\.1.*opencv-python-headless"):
        cv2.__wrapped__()
