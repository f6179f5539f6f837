"""What is known of single environment variables: one function a kind of bite."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from tfviz.doctor.env.machine import Machine, exists
from tfviz.doctor.env.private import own
from tfviz.doctor.env.result import Problem, warning, wrong
from tfviz.doctor.env.versions import Version

Bite = Callable[[Machine, str, str], list[Problem]]
_CUDA_LIBRARY = re.compile(r"lib(cudart|cudnn|cublas)\.so\.(\d+)$")


def _unset(machine: Machine, name: str, text: str, diagnosis: str = "") -> list[Problem]:
    return [warning(text, machine.shell.unset(name), diagnosis=diagnosis)]


def _says(text: str, *values: str, diagnosis: str = "") -> Bite:
    """A variable that bites with these values, or with any when none are given."""

    def bite(machine: Machine, name: str, value: str) -> list[Problem]:
        if values and value.strip().lower() not in values:
            return []
        shown = value.strip() if values else own(value, "value")
        return _unset(machine, name, text.format(name=name, value=shown), diagnosis)

    return bite


def _one_of(*allowed: str, then: str) -> Bite:
    """A variable that is only understood with these values."""

    def bite(machine: Machine, name: str, value: str) -> list[Problem]:
        if value.strip().lower() in allowed:
            return []
        text = f"{name}={own(value, 'value')} isn't understood; only {' and '.join(allowed)} are. {then}"
        return [warning(text, machine.shell.set(name, allowed[0]))]

    return bite


def _threads(machine: Machine, name: str, value: str) -> list[Problem]:
    """A number of threads."""
    numbers = value.split(",") if name == "OMP_NUM_THREADS" else [value]
    least = 0 if name.startswith("TF_") else 1
    if all(each.strip().isdigit() and int(each) >= least for each in numbers):
        return []
    text = f"{name}={own(value, 'value')} is no number of threads."
    return _unset(machine, name, text)


def _is_xla_flag(word: str) -> bool:
    """Whether XLA may know a flag: all of its own begin alike; a slip in a common one is seen."""
    flag = word.split("=")[0].lstrip("-")
    if flag in _XLA_FLAGS:
        return True
    return flag.startswith("xla_") and not difflib.get_close_matches(flag, _XLA_FLAGS, 1, 0.93)


# Those that people set, to recognise slips of the pen.
_XLA_FLAGS = (
    "xla_gpu_cuda_data_dir", "xla_force_host_platform_device_count", "xla_dump_to",
    "xla_dump_hlo_as_text", "xla_dump_hlo_as_html", "xla_gpu_autotune_level",
    "xla_gpu_deterministic_ops", "xla_gpu_enable_triton_gemm", "xla_cpu_multi_thread_eigen",
    "xla_gpu_enable_latency_hiding_scheduler", "xla_gpu_strict_conv_algorithm_picker",
    "xla_gpu_per_fusion_autotune_cache_dir", "xla_gpu_force_compilation_parallelism",
)  # fmt: skip


def _xla_flags(machine: Machine, name: str, value: str) -> list[Problem]:
    problems = []
    words = value.split()
    if words and not words[0].startswith("-") and not exists(machine.cwd / words[0]):
        problems.append(
            wrong(
                f"{name} ({own(value, 'value')}) begins without `--`, so XLA takes it for the name "
                f"of a file, and ends the process because there is none.",
                machine.shell.unset(name),
            )
        )
    odd = [word for word in words if word.startswith("-") and not _is_xla_flag(word)]
    if odd:
        problems.append(
            warning(
                f"{name} holds {own(odd[0], 'flag')}, which is no flag of XLA's by its name. "
                f"XLA ends the process at the first flag that it doesn't know; "
                f"`tfviz doctor --deep` tries it.",
                machine.shell.unset(name),
            )
        )
    for word in words:
        folder = word.removeprefix("--xla_gpu_cuda_data_dir=")
        if folder != word and not exists(Path(folder) / "nvvm" / "libdevice"):
            problems.append(
                wrong(
                    f"{name} sends XLA to {machine.place(folder)} for CUDA's libdevice, and there "
                    f"is no nvvm/libdevice in it.",
                    machine.shell.unset(name),
                    diagnosis="env.xla_libdevice_missing",
                )
            )
    return problems


def _cluster(machine: Machine, name: str, value: str) -> list[Problem]:
    try:
        held = json.loads(value or "{}")
        good = isinstance(held, dict)
    except ValueError:
        good = False
    if not good:
        return [
            wrong(
                f"{name} isn't JSON: strategies for several machines fail at their start.",
                machine.shell.unset(name),
            )
        ]
    if not held:
        return []
    return _unset(
        machine,
        name,
        f"{name} names a cluster: MultiWorkerMirroredStrategy waits until all its machines are "
        f"there.",
    )


def _library_path(machine: Machine, name: str, value: str) -> list[Problem]:
    """CUDA of another version before the one that came with TensorFlow."""
    wheels = {
        "cudart": machine.version_of("nvidia-cuda-runtime-cu12"),
        "cudnn": machine.version_of("nvidia-cudnn-cu12"),
        "cublas": machine.version_of("nvidia-cublas-cu12"),
    }
    for folder in filter(None, value.split(":")):
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for match in filter(None, map(_CUDA_LIBRARY.match, sorted(names))):
            wheel = Version.parse(wheels[match[1]] or "")
            if wheel is not None and str(wheel.release[0]) != match[2]:
                return _unset(
                    machine,
                    name,
                    f"{name} puts {match[0]} of {machine.place(folder)} before the version "
                    f"{wheels[match[1]]} that was installed for TensorFlow.",
                    "env.cudnn_version_mismatch",
                )
    return []


def _preloaded(machine: Machine, name: str, value: str) -> list[Problem]:
    missing = [
        each for each in re.split(r"[:\s]+", value) if "/" in each and not exists(Path(each))
    ]
    if not missing:
        return []
    return _unset(machine, name, f"{name} names {machine.place(missing[0])}, which doesn't exist.")


def _python_path(machine: Machine, name: str, value: str) -> list[Problem]:
    """Packages of another Python, or of another environment, before this one's."""
    separator = ";" if machine.system == "Windows" else ":"
    mine = f"python{machine.version[0]}.{machine.version[1]}"
    for folder in filter(None, value.split(separator)):
        other = re.search(r"python(\d\.\d+)[/\\](?:site|dist)-packages", folder.lower())
        if other and f"python{other[1]}" != mine:
            return _unset(
                machine,
                name,
                f"{name} puts packages of Python {other[1]} ({machine.place(folder)}) before those "
                f"of the {mine[6:]} that runs: what is compiled among them can't be imported.",
            )
        path = machine.cwd / folder
        if any(copies[0].folder == path for copies in machine.installed.values()) and not (
            path.is_relative_to(machine.prefix)
        ):
            return _unset(
                machine,
                name,
                f"{name} puts the packages in {machine.place(folder)} before those of this "
                f"environment.",
            )
    return []


def _protobuf(machine: Machine, name: str, value: str) -> list[Problem]:
    have = Version.parse(machine.version_of("protobuf") or "")
    if value == "cpp" and have is not None and have.release[0] >= 4:
        text = (
            f"{name}=cpp asks for what protobuf no longer has since version 4: importing it fails."
        )
        return [wrong(text, machine.shell.unset(name), diagnosis="env.protobuf_mismatch")]
    if value == "python":
        text = f"{name}=python makes protobuf many times slower; it hides versions that don't fit."
        return _unset(machine, name, text, "env.protobuf_mismatch")
    return []


def _folder_exists(machine: Machine, name: str, value: str) -> list[Problem]:
    if exists(Path(value)):
        return []
    return _unset(machine, name, f"{name} names {machine.place(value)}, which doesn't exist.")


def _log_level(machine: Machine, name: str, value: str) -> list[Problem]:
    if value.strip() in ("0", "1", "2", ""):
        return []
    if value.strip() == "3":
        text = f"{name}=3 also hides TensorFlow's errors, such as why it uses no GPU."
    else:
        text = f"{name}={own(value, 'value')} isn't understood: it goes from 0 to 3."
    return [warning(text, machine.shell.set(name, "2"))]


# What bites, by the variable's name. The rest of those that matter is only listed.
BITES: Mapping[str, Bite] = {
    "TF_CPP_MIN_LOG_LEVEL": _log_level,
    "TF_CPP_MAX_VLOG_LEVEL": _says("{name} floods the output and slows everything down.", "1", "2", "3", "4", "5"),
    "TF_CPP_VMODULE": _says("{name} floods the output of parts of TensorFlow."),
    "TF_FORCE_GPU_ALLOW_GROWTH": _one_of(
        "true", "false", then="TensorFlow takes all of the GPU's memory, as if it weren't set."
    ),
    "TF_ENABLE_ONEDNN_OPTS": _one_of("1", "0", "true", "false", then="It counts as not set."),
    "TF_GPU_ALLOCATOR": _one_of("cuda_malloc_async", then="It counts as not set."),
    "TF_DETERMINISTIC_OPS": _says(
        "{name} makes GPUs slower, and ops that can't be repeated exactly fail.", "1", "true"
    ),
    "TF_CUDNN_DETERMINISTIC": _says("{name} makes convolutions slower.", "1", "true"),
    "TF_NUM_INTRAOP_THREADS": _threads,
    "TF_NUM_INTEROP_THREADS": _threads,
    "TF_CONFIG": _cluster,
    "XLA_FLAGS": _xla_flags,
    "OMP_NUM_THREADS": _threads,
    "MKL_NUM_THREADS": _threads,
    "OPENBLAS_NUM_THREADS": _threads,
    "KMP_DUPLICATE_LIB_OK": _says(
        "{name} lets two OpenMP libraries run in one process, which can give wrong numbers.",
        "true", "1", diagnosis="env.openmp_twice",
    ),
    "CUDA_LAUNCH_BLOCKING": _says("{name} makes the GPU wait after every step; it is for debugging.", "1"),
    "CUDA_CACHE_DISABLE": _says("{name} compiles the GPU's code anew at every start.", "1"),
    "CUDA_HOME": _folder_exists,
    "CUDA_PATH": _folder_exists,
    "LD_LIBRARY_PATH": _library_path,
    "LD_PRELOAD": _preloaded,
    "PYTHONPATH": _python_path,
    "PYTHONHOME": _says("{name} sends Python to another library than its own."),
    "PYTHONOPTIMIZE": _says("{name}={value} removes docstrings, which some packages read, and all assertions.", "2"),
    "PYTHONWARNINGS": _says("{name}={value} turns warnings of TensorFlow and Keras into errors.", "error"),
    "PYTHONMALLOC": _says("{name}={value} makes Python slower; it is for debugging.", "debug", "malloc_debug"),
    "PYTHONIOENCODING": _says(
        "{name}={value} can't print the bars and letters of most programs.",
        "ascii", "us-ascii", "ascii:strict",
    ),
    "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": _protobuf,
    "HDF5_DISABLE_VERSION_CHECK": _says(
        "{name} lets two versions of HDF5 meet, which can spoil files.", "1", "2",
        diagnosis="env.hdf5_version_mismatch",
    ),
}  # fmt: skip
