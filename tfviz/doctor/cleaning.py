"""From what people paste to clean lines: no colours, prompts, quote marks or progress bars.

Line numbers stay those of the original, so that evidence can be quoted with them.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from tfviz.catalogue.report import Line

_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
# What is left of a colour when a web page has eaten the escape character.
_HALF_ANSI = re.compile(r"\[(?:\d{1,3}(?:;\d{1,3})*)?m(?![\w\]])|\[(?:0|1|3\d|9\d|0;3\d|1;3\d)m")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\ufffd]+")
_TYPED_OVER = re.compile(r"[^\x08]\x08")
_PREFIXES = re.compile(
    r"^(?:"
    r"(?:> ?)+(?!>)"  # quoted in a mail or an issue
    r"|E {2,}(?=\S)|E$"  # pytest
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z ?"  # a CI runner's clock
    r"|\[rank\d+\]: ?"  # torchrun
    r"|\(\w*(?: \w+)? ?pid=\d+[^)]*\) ?"  # Ray
    r"|[a-z][\w.-]*[-_]\d+ +\| "  # docker compose
    r"|[*_`]+(?=[A-Za-z_.]+(?:Error|Exception)\b)"  # emphasised in an issue
    r"|\s*\| (?=\s|[A-Za-z_.]+(?:Error|Exception)|Traceback)"  # exception groups
    r")"
)
# Cheap first characters of the prefixes above.
_MAY_BE_PREFIXED = frozenset(">E012[(|*_`abcdefghijklmnopqrstuvwxyz ")
_ESCAPED = re.compile(r"(?:\\r)?\\n")

# A log longer than this is thinned: its beginning, its end, and what it doesn't say for the third
# time in between.
MOST_LINES = 20_000
HEAD, TAIL, MIDDLE, REPEATS = 2_000, 6_000, 4_000, 3
LONGEST_LINE = 20_000
LONGEST_JSON = 5_000_000
_DIGITS = re.compile(r"\d+")
_SAYS_SOMETHING = re.compile(
    r"error|exception|traceback|warn|fail|assert|abort|nan|killed|cannot|could not|can't|no such|"
    r"not found|unable|invalid|exhausted|denied|refused|download|dlerror|dll|cuda|cudnn|core dumped|"
    r"segmentation|illegal|mismatch|expected|incompatible|missing|File \"|^-+>",
    re.IGNORECASE,
)


def clean(text: str | bytes) -> list[Line]:
    """Clean lines of a text.

    Args:
        text: As pasted or read.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return list(clean_stream(io.BytesIO(data)))


def clean_stream(stream: BinaryIO) -> list[Line]:
    """Clean lines of a file or pipe, read line by line: memory does not grow with its length."""
    kept: list[Line] = []
    for line in _lines(stream):
        kept.append(line)
        if len(kept) > MOST_LINES:
            kept = _thin(kept)
    return kept


def _lines(stream: BinaryIO) -> Iterator[Line]:
    for number, raw in enumerate(_decoded(stream), start=1):
        for text in _unwrapped(raw[:LONGEST_LINE]):
            yield Line(number, text)


def _decoded(stream: BinaryIO) -> Iterator[str]:
    first = stream.readline()
    encoding = "utf-8"
    if first[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
        yield from (first + stream.read()).decode(encoding, "replace").splitlines()
        return
    if first.lstrip()[:1] in (b"{", b"["):
        rest = first + stream.read(LONGEST_JSON)
        unwrapped = _from_json(rest.decode("utf-8", "replace"))
        if unwrapped is not None:
            yield from unwrapped
            return
        yield from rest.decode("utf-8", "replace").split("\n")
    else:
        yield first.decode("utf-8", "replace").rstrip("\n")
    for raw in stream:
        yield raw.decode("utf-8", "replace").rstrip("\n")


def _from_json(text: str) -> list[str] | None:
    """The words in a JSON-wrapped error (VS Code, notebooks, HTTP services)."""
    try:
        data = json.loads(text)
    except ValueError:
        return None
    found = list(_words_in(data))
    return [line for each in found for line in each.split("\n")] or None


_KEYS = ("traceback", "stack", "stacktrace", "name", "ename", "message", "msg", "evalue", "error",
         "detail", "log", "stderr", "stdout", "output", "text")  # fmt: skip


def _words_in(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        name = data.get("name") or data.get("ename")
        message = data.get("message") or data.get("evalue")
        stack = data.get("stack") or data.get("traceback")
        if isinstance(name, str) and isinstance(message, str):
            if stack:
                yield from _words_in(stack)
            said = f"{name}: {message}"
            if said not in str(stack):
                yield said
            return
        for key, value in data.items():
            if isinstance(value, (dict, list)) or key.lower() in _KEYS:
                yield from _words_in(value)
    elif isinstance(data, list):
        for value in data:
            yield from _words_in(value)
    elif isinstance(data, str):
        yield data


def _unwrapped(raw: str) -> Iterator[str]:
    """The lines that one raw line shows: what a progress bar overwrote, what was escaped."""
    if raw.endswith("\r"):
        raw = raw[:-1]
    if "\r" in raw:
        for part in raw.split("\r"):
            if part.strip():
                yield _plain(part)
        return
    if len(raw) > 120 and raw.count("\\n") >= 2 and ("rror" in raw or "Traceback" in raw):
        for part in _ESCAPED.split(raw):
            yield _plain(part.replace('\\"', '"').replace("\\'", "'"))
        return
    yield _plain(raw)


def _plain(text: str) -> str:
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    if "[" in text and "m" in text:
        text = _HALF_ANSI.sub("", text)
    if "\x08" in text:
        previous = None
        while previous != text:
            previous, text = text, _TYPED_OVER.sub("", text)
    text = _CONTROL.sub("", text.rstrip())
    if text[:1] in _MAY_BE_PREFIXED:
        for _ in range(3):
            shorter = _PREFIXES.sub("", text, count=1)
            if shorter == text:
                break
            text = shorter
    return text


def _thin(lines: list[Line]) -> list[Line]:
    """Shorten the middle of a long log."""
    head, middle, tail = lines[:HEAD], lines[HEAD:-TAIL], lines[-TAIL:]
    seen: dict[str, int] = {}
    fresh = []
    for line in middle:
        shape = _DIGITS.sub("#", line.text[:160])
        seen[shape] = seen.get(shape, 0) + 1
        if seen[shape] <= REPEATS:
            fresh.append(line)
    if len(fresh) > MIDDLE:
        fresh = list(_telling(fresh))[:MIDDLE]
    return [*head, *fresh, *tail]


def _telling(lines: Iterable[Line]) -> Iterator[Line]:
    return (line for line in lines if _SAYS_SOMETHING.search(line.text))
