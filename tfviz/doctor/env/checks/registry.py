"""All checks, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Sequence

from tfviz.doctor.env.check import Check
from tfviz.doctor.env.checks import (
    compiled,
    disk,
    drawing,
    fitting,
    frameworks,
    graphics,
    hiding,
    interpreter,
    keras_kinds,
    memory,
    network,
    opencv,
    processor,
    starting,
    table,
    variables,
    weights,
)
from tfviz.errors import InputError, nearest

CHECKS = (
    Check("python", "Python", "its version, its environment, and who else uses it", interpreter.look),
    Check("tensorflow", "TensorFlow", "under any of its names, once and whole", frameworks.look),
    Check("keras", "Keras", "Keras 3, Keras 2, tf_keras, and the backend", keras_kinds.look),
    Check("versions", "Versions", "what the packages require of each other", fitting.look),
    Check("compiled", "Compiled", "NumPy, protobuf, h5py and all that is built against them", compiled.look),
    Check("opencv", "OpenCV", "installed once, with its system libraries", opencv.look),
    Check("matplotlib", "Matplotlib", "its backend, and a display", drawing.look),
    Check("gpu", "GPU", "driver, cards, CUDA's libraries, or why there is none", graphics.look, 9.0),
    Check("processor", "Processor", "AVX, emulation", processor.look, 7.0),
    Check("memory", "Memory", "free, allowed, shared; Windows' page file", memory.look),
    Check("disk", "Disk", "room here, for temporary files, for downloads", disk.look),
    Check("network", "Network", "proxies and certificates", network.look),
    Check("weights", "Weights", "what Keras has downloaded, and what was cut off", weights.look),
    Check("files", "Own files", "files of yours that hide a module", hiding.look),
    Check("variables", "Variables", "environment variables that bite", variables.look),
    Check("packages", "Packages", "the deep-learning packages and their versions", table.look),
    Check(
        "start", "Start", "TensorFlow computes on each device (only with --deep)",
        starting.look, starting.SECONDS, deep=True,
    ),
)  # fmt: skip


def chosen(names: Sequence[str] = (), *, deep: bool = False) -> tuple[Check, ...]:
    """The checks of these names; all when none are given.

    Args:
        names: As `tfviz doctor env --list` shows them.
        deep: Whether to start TensorFlow as well.

    Raises:
        InputError: When there is no such check; near names are offered.
    """
    known = {check.name: check for check in CHECKS}
    for name in names:
        if name not in known:
            raise InputError(
                f"There is no check '{name}'.{nearest(name, known)} There are {', '.join(known)}."
            )
    # The order is ours: what comes later often follows from what comes first.
    return tuple(
        check
        for check in CHECKS
        if check.name in names or (not names and not check.deep) or (check.deep and deep)
    )
