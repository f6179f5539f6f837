"""Environment variables that bite."""

from __future__ import annotations

import re

from tfviz.doctor.env.checks.biting import BITES
from tfviz.doctor.env.checks.drawing import plugin_path
from tfviz.doctor.env.machine import Machine
from tfviz.doctor.env.private import own, printable
from tfviz.doctor.env.result import Problem, Result

# Variables that steer Python and the frameworks begin so; they are listed on request.
_STEER = ("TF_", "XLA_", "KERAS_", "CUDA_", "CUDNN_", "NVIDIA_", "PYTHON", "OMP_", "KMP_", "MKL_",
          "OPENBLAS_", "NCCL_", "ONEDNN_", "DNNL_", "HDF5_", "OPENCV_", "PROTOCOL_BUFFERS_", "LD_",
          "DYLD_", "MPL", "QT_")  # fmt: skip
# Written there by other tools for themselves.
_NOT_OURS = ("TF_CLI_", "TF_VAR_", "TF_DATA_DIR", "TF_LOG", "TF_WORKSPACE", "TF_INPUT",
             "TF_IN_AUTOMATION", "TF_PLUGIN_CACHE_DIR", "TF_BUILD")  # fmt: skip


def look(machine: Machine) -> Result:
    """Hold the variables that are set against what is known of them."""
    steering = sorted(
        name
        for name in machine.environ
        if name.startswith(_STEER) and not name.startswith(_NOT_OURS)
    )
    problems: list[Problem] = []
    for name, bite in BITES.items():
        value = machine.environ.get(name)
        if value:
            problems += bite(machine, name, value)
    problems += plugin_path(machine)
    rows = tuple((printable(name), _value(machine.environ[name])) for name in steering)
    if problems:
        bad = len(problems)
        return Result(
            f"{bad} of {max(len(steering), bad)} deserve{'s' * (bad == 1)} a look",
            tuple(problems),
            rows,
        )
    if not steering:
        return Result("none that matters is set", (), rows)
    return Result(
        f"{len(steering)} that matter{'s' * (len(steering) == 1)} set, none bites", (), rows
    )


def _value(value: str) -> str:
    """What a variable holds; numbers and switches are nobody's secret."""
    public = re.fullmatch(r"-?\d{1,5}|true|false", value.strip(), re.IGNORECASE)
    return value.strip() if public else own(value, "value")
