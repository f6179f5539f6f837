"""Lines that TensorFlow prints on nearly every start and that are never the cause of anything."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from tfviz.catalogue.report import Line

# (what to call it, a word that each such line has, the pattern)
_NOISE: tuple[tuple[str, str, re.Pattern[str]], ...] = tuple(
    (label, word, re.compile(pattern))
    for label, word, pattern in (
        (
            "CUDA plugin registration",
            "factory",
            r"Unable to register cu(?:DNN|FFT|BLAS) factory|"
            r"[Aa]ttempting to register factory for plugin",
        ),
        (
            "computation placer",
            "omputation placer",
            r"computation placer (?:is )?already registered",
        ),
        ("oneDNN notice", "oneDNN", r"oneDNN custom operations are on|oneAPI Deep Neural Network"),
        (
            "CPU instructions notice",
            "CPU",
            r"This TensorFlow binary is optimized (?:to use|with)|"
            r"Your CPU supports instructions that this TensorFlow binary|"
            r"To enable (?:them in other operations|the following instructions)",
        ),
        ("log start notice", "absl", r"All log messages before absl::InitializeLog"),
        ("NUMA notice", "NUMA", r"successful NUMA node read from SysFS had negative value"),
        (
            "TensorRT notice",
            "TensorRT",
            r"TF-TRT Warning: (?:Could not find TensorRT|Cannot dlopen)",
        ),
        ("MLIR notice", "MLIR", r"MLIR Optimization Passes|disabling MLIR crash reproducer"),
        (
            "XLA start notice",
            "XLA",
            r"XLA service 0x\w+ (?:initialized|executing)|StreamExecutor device",
        ),
        (
            "GPU found notice",
            "device",
            r"Created (?:TensorFlow )?device .*\(/?device:GPU|Found device \d",
        ),
        ("compiled with XLA notice", "cluster", r"Compiled cluster using XLA"),
        (
            "end of data notice",
            "OUT_OF_RANGE",
            r"Local rendezvous is aborting with status: OUT_OF_RANGE",
        ),
        ("cancelled at end notice", "ancelled", r"\[CANCELLED\]|Operation was cancelled"),
    )
)


def without_noise(lines: Iterable[Line]) -> tuple[list[Line], dict[str, int]]:
    """Drop harmless lines, and count them by what they are."""
    kept: list[Line] = []
    counted: Counter[str] = Counter()
    for line in lines:
        label = _noise_in(line.text)
        if label is None:
            kept.append(line)
        else:
            counted[label] += 1
    return kept, dict(counted)


def _noise_in(text: str) -> str | None:
    for label, word, pattern in _NOISE:
        if word in text and pattern.search(text):
            return label
    return None
