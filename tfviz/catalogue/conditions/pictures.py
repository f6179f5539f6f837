"""Conditions on pictures: plots, OpenCV, Pillow, visdom."""

from __future__ import annotations

import re

from tfviz.catalogue.conditions.registry import numbers, predicate
from tfviz.catalogue.report import ErrorBlock, Report


@predicate
def stacked_first(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """Of three axes the first counts pictures: (32, 28, 28), (5, 480, 640)."""
    return _stacked(numbers(match["shape"]))


@predicate
def stacked_last(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """Of three axes the last counts pictures or channels: (28, 28, 64), (14, 14, 512)."""
    return not _stacked(numbers(match["shape"]))


def _stacked(axes: list[int]) -> bool:
    first, middle, last = axes
    if first == middle:
        return False
    return middle == last or first < min(middle, last)


# Where an empty picture came from, as far as the text tells. OpenCV's own words say nothing of it.
_CAMERA = re.compile(
    r"VideoCapture|VideoStream|VIDEOIO|cap_(?:v4l|msmf|ffmpeg|gstreamer|dshow|images)|"
    r"\b(?:cap|capture|cam|camera|video|vid|vs|stream|webcam)\w*\.read\(|\b[Ww]eb ?cam|"
    r"(?:resize|cvtColor|flip|imshow|GaussianBlur|blobFromImage|rotate|imencode)\("
    r"\s*(?:['\"][^'\"]*['\"],\s*)?(?:\w+\.)?(?:frame|cap)\w*\b"
)
_FILE = re.compile(
    r"\bimread\w*\(|can't open/read file|imread_\('|open/read file: check file path|cv2\.imdecode"
)
_CROP = re.compile(r"\w\[[^\]\[]*\w?\s*:[^\]\[]*\w[^\]\[]*\]|\b(?:crop|roi|face|patch)\w*\b", re.I)


def _source(report: Report, block: ErrorBlock | None) -> str:
    own = block.own_frame if block else None
    camera, file = _CAMERA.search(report.flat), _FILE.search(report.flat)
    if camera and file:
        if "can't open/read file" in report.flat:
            return "file"
        return "camera" if own is not None and _CAMERA.search(own.code) else ""
    if camera:
        return "camera"
    if file:
        return "file"
    if own is not None and _CROP.search(own.code):
        return "crop"
    return ""


@predicate
def picture_from_camera(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """The text shows a camera or video."""
    return _source(report, block) == "camera"


@predicate
def picture_from_file(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """The text shows a picture that was read from a file, and no camera."""
    return _source(report, block) == "file"


@predicate
def picture_from_crop(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """The line that failed cuts a part out of a picture."""
    return _source(report, block) == "crop"


@predicate
def picture_from_anywhere(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """Nothing tells where the empty picture came from."""
    return not _source(report, block)
