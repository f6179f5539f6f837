"""Which files are taken when a folder is searched, told by their endings alone."""

from __future__ import annotations

import re

IMAGE_SUFFIXES = (
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".png",
    ".bmp",
    ".webp",
    ".tif",
    ".tiff",
    ".gif",
    ".avif",
    ".ppm",
    ".pgm",
    ".pbm",
)
"""What is taken for an image when a folder is searched, in lower case."""

PHONE_SUFFIXES = (".heic", ".heif", ".hif")
"""Photos of phones and cameras that can be read where pillow-heif is installed."""

# Without .ts: among sources of programs it is TypeScript far more often than a transport stream.
VIDEO_SUFFIXES = (
    ".mp4",
    ".mov",
    ".m4v",
    ".avi",
    ".mkv",
    ".webm",
    ".mpg",
    ".mpeg",
    ".wmv",
    ".flv",
    ".3gp",
    ".mts",
    ".m2ts",
)
"""Videos: named in the results with a reason, so that nobody wonders where they are."""

RARE_SUFFIXES = (".mpo", ".ico", ".jp2", ".apng", ".tga", ".pnm", ".fli", ".flc")
"""Images that are seldom photos, but that can be read."""

FOUND_IN_FOLDERS = IMAGE_SUFFIXES + RARE_SUFFIXES + PHONE_SUFFIXES + VIDEO_SUFFIXES

# Pictures that an earlier run made; a folder that holds them is searched for photos again.
RESULT = re.compile(r"\.(?:overlay|panel)\.(?:png|jpg)$")


def is_wanted(name: str) -> bool:
    """Whether a file in a searched folder is an input, in upper or lower case.

    Args:
        name: Its name without the folder.

    Returns:
        True for images, photos of phones and videos, but not for the results of earlier runs.

    >>> [is_wanted(each) for each in ("a.JPG", "a.heic", "a.txt", "a.overlay.png")]
    [True, True, False, False]
    """
    return name.lower().endswith(FOUND_IN_FOLDERS) and not RESULT.search(name)


def why_no_image(name: str) -> str | None:
    """Why a file of this name is no image, as the end of a sentence; None if it may be one.

    >>> why_no_image("clip.MOV")
    'is a video: save the frames you want as images'
    >>> why_no_image("cat.jpg")
    """
    if name.lower().endswith(VIDEO_SUFFIXES):
        return "is a video: save the frames you want as images"
    return None
