"""Conditions on installed packages, model files and PyTorch."""

from __future__ import annotations

import re

from tfviz.catalogue.conditions.registry import numbers, predicate
from tfviz.catalogue.report import ErrorBlock, Report

_KERAS = re.compile(r"[/\\](?:tf_)?keras[/\\]")
_TENSORFLOW = re.compile(r"[/\\](?:tensorflow\w*|tensorboard|(?:tf_)?keras|h5py)[/\\]")
_SIZE = r"(?P<{0}>[\d.]+ (?:bytes|[KMGT]i?B))"
_UNITS = {"b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


@predicate
def no_exception(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """The words stand in a log in which nothing was raised; else what was raised is the matter."""
    return not report.errors


@predicate
def frameless(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """The words stand alone, without a traceback."""
    return block is None or not block.frames


@predicate
def raised_in_tensorflow(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """The innermost frame is TensorFlow's, Keras' or h5py's, not the user's."""
    return (
        block is not None and bool(block.frames) and bool(_TENSORFLOW.search(block.frames[-1].file))
    )


@predicate
def raised_in_keras(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """Keras fails while it imports itself."""
    if block is None or not block.frames:
        return False
    last = block.frames[-1]
    itself = "import" in last.code and "tensorflow" not in last.code
    return last.installed and bool(_KERAS.search(last.file)) and itself


@predicate
def keras_imports_tensorflow(
    report: Report, block: ErrorBlock | None, match: re.Match[str]
) -> bool:
    """Keras fails while it imports a part of TensorFlow."""
    if block is None or not block.frames:
        return False
    last = block.frames[-1]
    return bool(_KERAS.search(last.file)) and "from tensorflow" in last.code


_PACKAGE_FILE = re.compile(
    r"(?:^|[/\\\\])(tensorflow|keras|torch|torchvision|cv2|numpy|matplotlib|PIL|visdom|sklearn|skimage|"
    r"scipy|pandas)\.py$"
)


@predicate
def own_file_of_that_name(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """The traceback runs through a file of the user's that is named like the package."""
    if block is None:
        return False
    own = [_PACKAGE_FILE.search(frame.file) for frame in block.frames if not frame.installed]
    stems = {found.group(1) for found in own if found}
    groups = match.groupdict()
    said = groups.get("name") or groups.get("from") or groups.get("part")
    return said in stems


@predicate
def own_file_imports_its_name(
    report: Report, block: ErrorBlock | None, match: re.Match[str]
) -> bool:
    """A file of the user's is named like the package that a line of the traceback imports from."""
    if block is None:
        return False
    own = [_PACKAGE_FILE.search(frame.file) for frame in block.frames if not frame.installed]
    stems = {found.group(1) for found in own if found}
    return any(
        re.match(rf"\s*(?:from|import) {stem}\b", frame.code)
        for stem in stems
        for frame in block.frames
    )


@predicate
def user_module(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """The module that can't be imported is not Keras' own."""
    return not re.match(r"(?:tf_)?keras(?:\.|$)|tensorflow", match["module"])


@predicate
def only_last_axis(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """Two weight shapes of a Dense layer that differ in the number of units only."""
    have, need = numbers(match["saved"]), numbers(match["model"])
    return len(have) == len(need) and len(have) in (1, 2) and have[:-1] == need[:-1] != have


@predicate
def one_head(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """All tensors of other sizes belong to one module, or to what is called a head."""
    text = block.message if block is not None else report.flat
    if "Missing key" in text:
        return False
    names = {
        name.rsplit(".", 1)[0]
        for name in re.findall(r"size mismatch for ([\w.]+?):? copying", text)
    }
    named = re.compile(r"fc|classif|head|logit|last_linear|predict|out_proj|output|cls", re.I)
    return len(names) == 1 or (bool(names) and all(map(named.search, names)))


def _memory(report: Report, block: ErrorBlock | None) -> dict[str, float]:
    """What PyTorch says of a GPU's memory, in bytes, by name."""
    text = block.message if block is not None else report.flat
    said = {
        "tried": r"Tried to allocate " + _SIZE.format("n"),
        "total": r"(?:total capaci?ty of "
        + _SIZE.format("n")
        + r"|"
        + _SIZE.format("m")
        + " total",
        "allocated": _SIZE.format("n") + r" (?:is )?(?:already )?allocated",
        "free": _SIZE.format("n") + r" (?:is )?free",
        "reserved": _SIZE.format("n") + r" (?:cached|reserved in total)",
        "idle": _SIZE.format("n") + r" is reserved by PyTorch but unallocated",
        "own": r"this process has " + _SIZE.format("n"),
        "other": r"Process \d+ has " + _SIZE.format("n"),
    }
    said["total"] += ")"
    found: dict[str, float] = {}
    for name, pattern in said.items():
        match = re.search(pattern, text)
        if match is not None:
            groups = match.groupdict()
            number, unit = (groups["n"] or groups["m"]).split()
            found[name] = float(number) * _UNITS[unit[0].lower()]
    if "idle" not in found and "reserved" in found and "allocated" in found:
        found["idle"] = found["reserved"] - found["allocated"]
    return found


def _is_free(said: dict[str, float]) -> bool:
    return "free" in said and "tried" in said and said["free"] >= 1.2 * said["tried"]


@predicate
def oom_though_free(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """More memory is free than was asked for."""
    return _is_free(_memory(report, block))


@predicate
def oom_other_process(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """The GPU is full, and not of what this process holds."""
    said = _memory(report, block)
    if _is_free(said) or "total" not in said or said.get("free", 1e30) > 0.2 * said["total"]:
        return False
    own = said.get("own", max(said.get("allocated", 0), said.get("reserved", 0)))
    if said.get("tried", 0) > 0.7 * said["total"]:
        return False
    return own < 0.3 * said["total"] or said.get("other", 0) > own > 0


@predicate
def oom_fragmented(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """Much of what is reserved is not in use, yet no piece of it is large enough."""
    said = _memory(report, block)
    if _is_free(said) or "idle" not in said or "tried" not in said:
        return False
    return said["idle"] >= 1.5 * said["tried"] and said["idle"] >= 0.15 * said.get("total", 0)


@predicate
def raised(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """The words are an exception's, not a line of a log."""
    return block is not None
