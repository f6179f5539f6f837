"""TensorFlow itself: started in a child process, and made to compute on each device."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tfviz.doctor.env.checks import hiding
from tfviz.doctor.env.children import Ran
from tfviz.doctor.env.machine import Machine
from tfviz.doctor.env.names import tensorflow_of
from tfviz.doctor.env.private import own, printable
from tfviz.doctor.env.result import Problem, Result, State, warning, wrong

# A cold disk, or a GPU's code compiled at its first start, take their time.
SECONDS = 180.0
# Float32 sums of 27 products; GPUs since Ampere multiply with ten bits of mantissa (TF32).
TOLERANCE = {"CPU": 1e-5, "GPU": 5e-3, "TPU": 2e-2}
_DOING = {
    "": "before it began",
    "import": "while TensorFlow was imported",
    "keras": "while `tf.keras` was imported",
    "devices": "while the devices were started",
    "device": "while computing on {device}",
    "xla": "while XLA compiled for {device}",
}
# What an exit code of Windows means.
_WINDOWS = {0xC000001D: -4, 0xC0000005: -11, 0xC0000409: -6, 0xC0000017: -9}


def look(machine: Machine) -> Result:
    """Import TensorFlow, run one convolution and one gradient on each device, hold both against
    NumPy.
    """
    code = "from tfviz.doctor.env.starting_child import main; main()"
    ran = machine.run(
        # As `python train.py` would: the current folder is the first on the path.
        [str(machine.executable), "-X", "faulthandler", "-c", code],
        SECONDS - 5,
        extra={"PYTHONUNBUFFERED": "1"},
    )
    steps = _steps(ran.out)
    imported = _one(steps, "imported")
    rows = _rows(machine, steps)
    if ran.code == 0 and steps and steps[-1]["step"] == "end":
        return _computed(machine, ran, steps, rows)
    summary = "starts, and then fails" if imported else "doesn't start"
    if ran.trouble not in ("", "time"):
        return Result(f"could not find out: {ran.trouble}", (), tuple(rows), known=False)
    return Result(summary, (_failed(machine, ran, steps),), tuple(rows))


def _steps(out: str) -> list[dict[str, Any]]:
    found = []
    for line in out.splitlines():
        # Other libraries write to standard output too.
        if line.startswith('{"step"'):
            try:
                found.append(json.loads(line))
            except ValueError:
                break
    return found


def _one(steps: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    return next((step for step in steps if step["step"] == name), None)


def _rows(machine: Machine, steps: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    rows = []
    for step in steps:
        if step["step"] == "imported":
            rows.append(("TensorFlow", f"{step['version']} in {machine.place(step['file'])}"))
            rows.append(("import took", f"{step['seconds']:.1f} s"))
        elif step["step"] == "devices":
            rows.append(("tf.keras", str(step["keras"])))
        elif step["step"] == "listed" and step["build"].get("cuda_version"):
            build = step["build"]
            rows.append(
                ("built for", f"CUDA {build['cuda_version']}, cuDNN {build.get('cudnn_version')}")
            )
        elif step["step"] == "computed":
            worst = max(step["convolution"], step["gradient"])
            rows.append(
                (_short(step["device"]), f"right to {worst:.1e} in {step['seconds']:.2f} s")
            )
        elif step["step"] == "compiled":
            rows.append((f"{_short(step['device'])} by XLA", f"in {step['seconds']:.2f} s"))
        elif step["step"] == "failed":
            rows.append((_short(step["device"]), "failed"))
    return rows


def _computed(
    machine: Machine, ran: Ran, steps: Sequence[Mapping[str, Any]], rows: list[tuple[str, str]]
) -> Result:
    problems = []
    right = []
    for step in steps:
        if step["step"] == "failed":
            problems.append(_explained(step["error"], f"{_short(step['device'])} fails: "))
        if step["step"] == "uncompiled":
            lead = f"XLA, which Keras compiles with on GPUs, fails on {_short(step['device'])}: "
            problems.append(_explained(step["error"], lead))
        if step["step"] == "compiled":
            problem = _wrong_numbers(f"{_short(step['device'])} by XLA", step)
            problems += [problem] if problem else []
        if step["step"] != "computed":
            continue
        name = _short(step["device"])
        problem = _wrong_numbers(name, step)
        if problem:
            problems.append(problem)
        else:
            right.append(name)
    listed = _one(steps, "listed") or {"devices": ()}
    if not any("GPU" in name for name in listed["devices"]):
        problems += _gpu_not_used(machine, ran)
    imported = _one(steps, "imported") or {"seconds": math.nan}
    said = f"starts in {imported['seconds']:.1f} s"
    if right:
        said += f"; convolution and gradient are right on {', '.join(right)}"
    return Result(said, tuple(problems), tuple(rows))


def _wrong_numbers(name: str, step: Mapping[str, Any]) -> Problem | None:
    allowed = TOLERANCE.get(name.split(":")[0], 1e-2)
    for what in ("convolution", "gradient"):
        # `not <=` so that a NaN counts as wrong.
        if not step[what] <= allowed:
            return wrong(
                f"{name} computes a wrong {what}: it is off by {step[what]:.1e} of its size, where "
                f"{allowed:.0e} would be rounding.",
                fix="Reinstall TensorFlow; if a GPU is wrong, its driver too. Broken memory does "
                "this as well.",
            )
    return None


def _gpu_not_used(machine: Machine, ran: Ran) -> list[Problem]:
    """TensorFlow says in its log why it leaves a GPU aside."""
    from tfviz.doctor.env.checks import nvidia

    if machine.system == "Darwin" or not nvidia.ask(machine).cards:
        return []
    problem = _explained(_words(ran.err), "There is a GPU, and TensorFlow sees none: ")
    return (
        [problem]
        if problem.diagnosis
        else [
            warning(
                "There is a GPU, and TensorFlow sees none; its log doesn't say why.",
                diagnosis="env.no_gpu_listed",
            )
        ]
    )


def _is_named(machine: Machine, hiding_file: Problem, words: str) -> bool:
    """Whether an error tells of the file, or of the module that it hides."""
    match = re.match("`([^`]+)`", hiding_file.text)
    if match is None:
        return False
    name = match[1].rstrip("/")
    quoted = re.search(rf"'{re.escape(name.partition('.')[0])}(?:\.[\w.]+)?'", words)
    return str(machine.cwd / name) in words or quoted is not None


def _failed(machine: Machine, ran: Ran, steps: Sequence[Mapping[str, Any]]) -> Problem:
    last = steps[-1] if steps else {"step": ""}
    doing = _DOING.get(last["step"], "after it had started").format(
        device=_short(str(last.get("device", "")))
    )
    if ran.trouble == "time":
        return wrong(
            f"It did not finish within {SECONDS - 5:.0f} s, and was ended {doing}.",
            fix="A GPU newer than TensorFlow compiles its code at the first start, which takes "
            "long once; a hanging driver takes for ever.",
            diagnosis="env.gpu_too_new" if last["step"] == "device" else "",
        )
    code = _WINDOWS.get(ran.code or 0, ran.code or 0)
    # A shell or container in between reports 128 + the signal.
    signal = -code if code < 0 else code - 128 if 128 < code < 160 else 0
    if signal == 4:
        return wrong(
            f"The processor met an instruction that it doesn't have (Illegal instruction) {doing}.",
            fix="See the line on the processor: TensorFlow's packages need AVX.",
            diagnosis="env.illegal_instruction",
        )
    if signal == 9:
        return wrong(
            f"The system ended it {doing} (killed): the usual reason is that memory ran out.",
            fix="See the line on memory.",
            diagnosis="memory.killed",
        )
    if signal in (6, 7, 8, 11):
        name = {6: "aborted", 7: "bus error", 8: "floating point error", 11: "segmentation fault"}
        problem = _explained(_words(ran.err), f"It crashed ({name[signal]}) {doing}. ")
        if problem.diagnosis:
            return problem
        return wrong(
            f"It crashed ({name[signal]}) {doing}.",
            machine.shell.pip("install", "--force-reinstall", "--no-deps", *_named(machine)),
            fix="First mend what stands above, memory and variables too. Where nothing does, a "
            "compiled package is broken:",
        )
    hidden = [each for each in hiding.look(machine).problems if each.state is State.WRONG]
    # Of several the one that the error speaks of: the others come to light when that one is mended.
    hiding_file = next((each for each in hidden if _is_named(machine, each, ran.err)), None)
    hiding_file = hiding_file or next(iter(hidden), None)
    if hiding_file is not None:
        # The error's own words are about what the file lacks, which misleads.
        return wrong(
            f"It failed {doing}. {hiding_file.text}",
            *hiding_file.commands,
            diagnosis=hiding_file.diagnosis,
        )
    return _explained(_words(ran.err), f"It failed {doing}. ")


def _explained(text: str, lead: str) -> Problem:
    """What the catalogue says of an error's text; its last line, where it says nothing."""
    from tfviz.doctor.explain import explain_error

    answer = explain_error(text)
    real = [finding for finding in answer.findings if not finding.harmless]
    if real:
        finding = real[0]
        return wrong(
            f"{lead}{own(printable(finding.cause), 'cause')}",
            *(own(printable(command), "command") for command in finding.commands),
            fix=own(printable(finding.fix), "fix"),
            diagnosis=finding.id,
        )
    lines = [line for line in text.splitlines() if line.strip()]
    last = printable(lines[-1])[:300] if lines else "no words"
    return wrong(f"{lead}Its last words: {own(last, 'error')}")


def _named(machine: Machine) -> list[str]:
    """TensorFlow's own package, in the version that is installed."""
    found = tensorflow_of(machine)
    return [f"{found.name}=={found.version}"] if found else ["tensorflow"]


def _words(err: str) -> str:
    """The end of a log, where an error stands."""
    return "\n".join(err.splitlines()[-400:])


def _short(device: str) -> str:
    """'/device:GPU:0' as 'GPU:0'."""
    found = re.search(r"[A-Z]+:\d+$", device)
    return found.group() if found else printable(device)
