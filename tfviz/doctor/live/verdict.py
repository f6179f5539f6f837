"""What is said of a script that ended in a way that it could not tell of itself."""

from __future__ import annotations

import contextlib
import linecache
import os
import re
import signal
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

from tfviz.catalogue.report import Frame
from tfviz.doctor.answer import WIDTH, Answer
from tfviz.doctor.explain import explain_error
from tfviz.doctor.live.crash import Crash
from tfviz.doctor.live.ending import HEADLINE
from tfviz.doctor.live.examine import Examination
from tfviz.doctor.live.interpreters import other_python
from tfviz.doctor.live.memory import gigabytes
from tfviz.doctor.live.recursion import cycle_sentence
from tfviz.doctor.live.script import Outcome

SCHEMA = 1
# Signals of native code that went wrong, and their usual meaning.
CRASHES = {
    "SIGSEGV": "it touched memory that isn't its own",
    "SIGBUS": "it touched memory that isn't there",
    "SIGILL": "it met an instruction that this processor doesn't have",
    "SIGFPE": "it divided an integer by zero",
    "SIGABRT": "it gave up by itself",
    "SIGTRAP": "it gave up by itself",
    "SIGSYS": "it made a system call that isn't allowed here",
}
# Windows tells the same as exit codes.
WINDOWS = {
    0xC0000005: "SIGSEGV",  # STATUS_ACCESS_VIOLATION
    0xC0000006: "SIGBUS",  # STATUS_IN_PAGE_ERROR
    0xC000001D: "SIGILL",  # STATUS_ILLEGAL_INSTRUCTION
    0xC0000094: "SIGFPE",  # STATUS_INTEGER_DIVIDE_BY_ZERO
    0xC00000FD: "SIGSEGV",  # STATUS_STACK_OVERFLOW
    0xC0000374: "SIGABRT",  # STATUS_HEAP_CORRUPTION
    0xC0000409: "SIGABRT",  # STATUS_STACK_BUFFER_OVERRUN, which abort() ends with as well
    0xC0000135: "DLL",  # STATUS_DLL_NOT_FOUND
    0xC0000139: "DLL",  # STATUS_ENTRYPOINT_NOT_FOUND
}
STACK_OVERFLOW = 0xC00000FD
OTHERS = {
    "SIGXCPU": "it used up the processor time that it was allowed (`ulimit -t`)",
    "SIGXFSZ": "a file grew beyond what is allowed (`ulimit -f`)",
    "SIGALRM": "an alarm clock that it, or a library, had set went off and nothing handled it",
    "SIGTERM": "somebody, a scheduler or a time limit asked it to end",
    "SIGUSR1": "somebody, or a scheduler before its time limit, sent it and nothing handled it",
    "SIGUSR2": "somebody, or a scheduler before its time limit, sent it and nothing handled it",
}
# Whoever sent one of these knows.
SILENT = ("SIGINT", "SIGQUIT", "SIGHUP", "SIGPIPE")
MOST_MODULES = 8


def say(outcome: Outcome) -> str:
    """What there is to say beyond what the script itself printed; '' when nothing.

    Args:
        outcome: What `run_script` returned.
    """
    answers = [explain_error(text) for text in outcome.unexamined]
    # Python has shown the lines; without a scene and a cause nothing is to be added to them.
    parts = [str(Examination(each, None)) for each in answers if each.recognised]
    parts += end_in_words(outcome)
    ours = [*outcome.unsaid, *(["\n".join(["", HEADLINE, "\n\n".join(parts)])] if parts else [])]
    return "\n".join(ours)


def to_dict(outcome: Outcome) -> dict[str, Any]:
    """The same and more, for `--json`."""
    import json

    ended = outcome.ended
    errors = [json.loads(text) for text in outcome.examined]
    errors += [{"answer": explain_error(text).to_dict()} for text in outcome.unexamined]
    crash = outcome.crash
    return {
        "schema": SCHEMA,
        "command": list(outcome.command),
        "exit_code": ended.code,
        "signal": None if ended.signal is None else signal_name(ended.signal),
        "peak_bytes": ended.peak,
        "errors": errors,
        "last_seen": [
            {"file": each.file, "line": each.line, "function": each.function}
            for each in crash.frames
        ],
        "verdict": "\n\n".join(end_in_words(outcome)),
    }


def signal_name(number: int) -> str:
    """'SIGSEGV' for 11; 'signal 63' for one without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def end_in_words(outcome: Outcome) -> list[str]:
    """The parts about a signal, an exit code of Windows, or a worker that crashed."""
    ended = outcome.ended
    if ended.signal is not None:
        name = signal_name(ended.signal)
        if ended.signal in ended.passed_on or name in SILENT:
            return []
        if name == "SIGKILL":
            return [_killed(outcome)]
        if name in CRASHES:
            return _crashed(name, outcome.crash, "The process")
        why = OTHERS.get(name, "")
        return [_wrap(f"{name} ended the process" + (f": {why}." if why else "."))]
    code = (ended.code or 0) & 0xFFFFFFFF
    if os.name == "nt" and code in WINDOWS:
        return of_windows(code, outcome.crash)
    # Windows tells faulthandler of faults as well that a library then handles.
    if outcome.crash.what and os.name != "nt":
        # Only a process that was forked from the script writes to the same file.
        return _crashed("", outcome.crash, "A worker process")
    if any('"ModuleNotFoundError' in text for text in outcome.examined):
        return [_wrap(each) for each in other_python(sys.executable)]
    return []


def of_windows(code: int, crash: Crash) -> list[str]:
    """What an exit code of Windows means that is no choice of the program.

    Args:
        code: As Windows gives it, one of `WINDOWS`.
        crash: What faulthandler saw.
    """
    name = WINDOWS[code]
    if name == "DLL":
        told = f"Process finished with exit code -{(1 << 32) - code} (0x{code:X})"
        start = "Python could not start: Windows did not find a library (DLL) that it needs."
        return [_wrap(start), *_answers(told)]
    parts = _crashed(name, crash, "The process", told=f"0x{code:X}")
    if code == STACK_OVERFLOW:
        parts.insert(1, _wrap("The stack is full: a recursion went too deep."))
    return parts


def _killed(outcome: Outcome) -> str:
    if outcome.evidence:
        answer = explain_error("Killed")
        head = _wrap(f"Killed, most likely for memory: {outcome.evidence}")
        return "\n\n".join([head, str(answer)]) if answer.recognised else head
    peak = outcome.ended.peak
    held = f" It held {gigabytes(peak)} at its peak." if peak else ""
    return _wrap(
        f"Killed by somebody or something (SIGKILL, as `kill -9` sends it); nothing shows that it "
        f"was for memory.{held} A time limit of a scheduler, a container or a CI runner ends "
        f"processes so; its log tells."
    )


def _crashed(name: str, crash: Crash, who: str, *, told: str = "") -> list[str]:
    """Where a native crash was seen, and what is known of such ones."""
    signs = ", ".join(each for each in (name, told, crash.what.lower()) if each)
    why = f": {CRASHES[name]}" if name in CRASHES else ""
    parts = [_wrap(f"{who} crashed in native code ({signs}){why}.")]
    if crash.frames:
        parts.append("\n".join(_place(crash)))
        calls = [(each.file, each.line, each.function) for each in crash.frames]
        if repeated := cycle_sentence(calls, cut=crash.cut):
            full = "The stack is full: a recursion went too deep. " if name == "SIGSEGV" else ""
            return [*parts, _wrap(full + repeated)]
    elif crash.what:
        parts.append("No Python code was running.")
    answers = _answers(_as_text(name, crash))
    if answers:
        return [*parts, *answers]
    if crash.modules:
        shown = ", ".join(crash.modules[:MOST_MODULES])
        more = len(crash.modules) - MOST_MODULES
        parts.append(_wrap(f"Native modules in it: {shown}{f' and {more} more' * (more > 0)}."))
    if name in ("SIGABRT", "SIGTRAP") or crash.what == "Aborted":
        parts.append(
            _wrap(
                "Who gives up says why first: the lines that a library printed just above tell "
                "more, and `tfviz doctor explain` reads them."
            )
        )
    return parts


def _place(crash: Crash) -> list[str]:
    """The user's line and what it was in, in the form of a scene."""
    own, last = crash.own_frame, crash.frames[-1]
    lead = "Last seen: " if crash.in_python else "It ran no Python; the main thread meanwhile: "
    if own is None:
        return [lead + _where(last)]
    lines = [lead + _where(own)]
    code = own.code or linecache.getline(own.file, own.line or 0).strip()
    if code:
        lines.append(f"    {code}")
    if last is not own:
        lines.append(f"  in it {_where(last)}")
    return lines


def _where(frame: Frame) -> str:
    file = frame.file
    if frame.installed:
        file = re.split(r"(?:site|dist)-packages[/\\]", file)[-1]
    else:
        # The working directory may be gone.
        with contextlib.suppress(OSError):
            file = os.path.relpath(file) if Path(file).is_relative_to(Path.cwd()) else file
    inside = f", in {frame.function}" if frame.function not in ("", "<module>") else ""
    return f"{file}, line {frame.line}{inside}"


def _as_text(name: str, crash: Crash) -> str:
    """The crash in the words that a log would have, for the catalogue."""
    said = {"SIGILL": "Illegal instruction (core dumped)"}.get(name, "")
    lines = [f"Fatal Python error: {crash.what}"] if crash.what else []
    lines += [f'  File "{each.file}", line {each.line} in {each.function}' for each in crash.frames]
    return "\n".join([*lines, said])


def _answers(text: str) -> list[str]:
    answer = explain_error(text)
    if any(finding.id == "env.illegal_instruction" for finding in answer.findings):
        return [without_avx(answer)]
    return [str(answer)] if answer.recognised else []


def without_avx(answer: Answer, processor: Path = Path("/proc/cpuinfo")) -> str:
    """Hold 'the processor has no AVX' against what the processor says.

    Args:
        answer: With the finding `env.illegal_instruction`.
        processor: Where Linux lists what it can do.
    """
    try:
        flags = re.search(r"^flags\s*:(.*)$", processor.read_text(errors="replace"), re.MULTILINE)
    except OSError:
        flags = None
    if flags is None:
        return str(answer)
    if "avx" in flags[1].split():
        return _wrap(
            "This processor has AVX, which TensorFlow asks for. A newer instruction is missing "
            "(AVX2, FMA, AVX-512), or a module was built for another machine: the innermost place "
            "above names it."
        )
    here = ("this processor's list of abilities holds no AVX.",)
    return str(
        replace(answer, findings=tuple(replace(each, live=here) for each in answer.findings))
    )


def _wrap(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
