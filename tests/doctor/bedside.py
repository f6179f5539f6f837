"""Failing scripts as people write them, each with its answer: how often is the doctor right?

    python tests/doctor/bedside.py                      # all of tests/doctor/scripts
    python tests/doctor/bedside.py cv2 labels --verbose # those whose names hold these words
    python tests/doctor/bedside.py --healthy            # their healthy twins, which must run

A script's first comments are TOML: `ids` (which diagnoses are right), `says` (what the live
sentences must name), `healthy` (what is replaced by what to make it run). The line that fails ends
in `# <- here`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import sys
import tempfile
import tomllib
import traceback
import types
import warnings
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "catalogue"))
import running

FOLDER = Path(__file__).parent / "scripts"
MARK = "# <- here"


@dataclass(frozen=True)
class Script:
    """One failing script and what is right about it."""

    name: str
    code: str
    ids: tuple[str, ...]
    says: tuple[str, ...]
    healthy: tuple[tuple[str, str], ...]
    advises: tuple[str, ...] = ()
    never: tuple[str, ...] = ()

    @property
    def line(self) -> int:
        """The number of the line that fails."""
        marked = [i for i, line in enumerate(self.code.splitlines(), 1) if line.endswith(MARK)]
        assert len(marked) == 1, f"{self.name}: {len(marked)} lines are marked"
        return marked[0]

    @property
    def twin(self) -> str:
        """The script made healthy."""
        code = self.code
        for old, new in self.healthy:
            assert code.count(old) == 1, f"{self.name}: {code.count(old)} times {old!r}"
            code = code.replace(old, new)
        return code


def scripts(words=()) -> list[Script]:
    """All scripts, or those whose name holds one of the words."""
    found = []
    for path in sorted(FOLDER.glob("*.py")):
        if words and not any(word in path.stem for word in words):
            continue
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        count = next(i for i, line in enumerate(lines) if not line.startswith("#"))
        header = tomllib.loads("".join(line[1:].lstrip(" ") for line in lines[:count]))
        healthy = tuple((old, new) for old, new in header["healthy"])
        # Without its head, so that the answers can't be read off it; the lines keep their numbers.
        code = "\n" * count + "".join(lines[count:])
        always = (tuple(header.get(key, ())) for key in ("ids", "says"))
        more = (tuple(header.get(key, ())) for key in ("advises", "never"))
        found.append(Script(path.stem, code, *always, healthy, *more))
    return found


@dataclass(frozen=True)
class Run:
    """What a script printed, the type of what ended it, and what was made of that on the spot."""

    output: str
    error: str
    made: object = None


def run(code: str, name: str, look=None) -> Run:
    """Run a script in this process, in a folder of its own.

    Args:
        code: The script.
        name: Its file's name without suffix.
        look: Called with the exception while its frames and files are there.
    """
    before, arguments, main = Path.cwd(), sys.argv, sys.modules["__main__"]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        path = Path(folder, f"{name}.py")
        path.write_text(code, encoding="utf-8")
        log = Path(folder, "..", f"{Path(folder).name}.txt").resolve()
        module = types.ModuleType("__main__")
        module.__file__ = str(path)
        sys.argv, sys.modules["__main__"] = [str(path)], module
        error, made = "", None
        try:
            with running.captured(log), warnings.catch_warnings():
                warnings.simplefilter("always")
                warnings.showwarning = running.show_warning
                try:
                    exec(compile(code, str(path), "exec"), module.__dict__)
                except BaseException as raised:
                    error = type(raised).__name__
                    raised.__traceback__ = raised.__traceback__.tb_next
                    traceback.print_exception(raised)
                    if look is not None:
                        sys.stdout.flush(), sys.stderr.flush()
                        said = log.read_text(encoding="utf-8", errors="replace")
                        with contextlib.redirect_stderr(sys.stdout):
                            made = look(raised, said)
            return Run(log.read_text(encoding="utf-8", errors="replace"), error, made)
        finally:
            sys.argv, sys.modules["__main__"] = arguments, main
            log.unlink(missing_ok=True)
            os.chdir(before)
            running._tidy()


@dataclass(frozen=True)
class Verdict:
    """What the doctor said of one script."""

    text_ids: tuple[str, ...]
    live_ids: tuple[str, ...]
    answer: str
    live: str
    line: int
    broken: tuple[str, ...] = ()
    unfilled: tuple[str, ...] = ()

    def right(self, script: Script, live=True) -> bool:
        """Whether the best finding is one of the right ones, and alone."""
        ids = self.live_ids if live else self.text_ids
        return bool(ids) and set(ids) <= set(script.ids)

    def missing(self, script: Script) -> list[str]:
        """What the live sentences should have named."""
        flat = " ".join(self.answer.split())
        unsaid = [each for each in script.says if each not in self.live]
        unsaid += [each for each in script.advises if each not in flat]
        return unsaid + [f"not: {each}" for each in script.never if each in flat]


def judge(script: Script) -> Verdict | None:
    """Run one script and ask the doctor; None when it didn't fail."""
    return run(script.code, script.name, look).made


def look(error, said) -> Verdict:
    """What the doctor says of an exception in our hands, and of what was printed."""
    from tfviz.doctor.explain import explain_error
    from tfviz.doctor.live.frames import frames_of, own_frame, told_place
    from tfviz.doctor.live.refine import refine

    frames = frames_of(error)
    own = own_frame(frames)
    answer = refine(explain_error(error), error, frames)
    live = " ".join(each for finding in answer.findings[:1] for each in finding.live)
    # Another stack's line stands in the words alone: of a worker, of a function in a dataset.
    place = told_place(error, frames) or own
    line = place.line if place else 0
    words = " ".join(f"{each.title} {each.cause} {each.fix}" for each in answer.findings[:1])
    return Verdict(
        best(explain_error(said)),
        best(answer),
        str(answer),
        live,
        line,
        answer.broken,
        tuple(re.findall(r"\{[a-z_]\w*\}", words)),
    )


def best(answer) -> tuple[str, ...]:
    """The ids of the answer: one, or all of 'one of'."""
    found = answer.findings
    if found and found[0].confidence == "one of":
        return tuple(each.id for each in found if each.confidence == "one of")
    return tuple(each.id for each in found[:1])


def main() -> None:
    """Print how many are right, by the text alone and with live values."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--healthy", action="store_true")
    arguments = parser.parse_args()
    os.environ.setdefault("MPLBACKEND", "agg")
    chosen = scripts(arguments.words)
    if arguments.healthy:
        failed = 0
        for script in chosen:
            done = run(script.twin, script.name)
            failed += bool(done.error)
            if done.error:
                print(f"FAILED {script.name}\n{done.output[-1500:]}", flush=True)
        print(f"{len(chosen) - failed} of {len(chosen)} healthy twins run")
        return
    counts = {"text": 0, "live": 0, "line": 0, "said": 0}
    for script in chosen:
        verdict = judge(script)
        if verdict is None:
            print(f"NO ERROR {script.name}", flush=True)
            continue
        text, live = verdict.right(script, live=False), verdict.right(script)
        line, missing = verdict.line == script.line, verdict.missing(script)
        for key, right in zip(counts, (text, live, line, not missing), strict=True):
            counts[key] += right
        if (
            not (live and line)
            or missing
            or verdict.broken
            or verdict.unfilled
            or arguments.verbose
        ):
            marks = "".join("✓" if each else "✗" for each in (text, live, line, not missing))
            print(f"{marks} {script.name}: text {verdict.text_ids}, live {verdict.live_ids}")
            print(f"     line {verdict.line}, marked {script.line}; not named {missing}")
            if verdict.broken or verdict.unfilled:
                print(f"     broken {verdict.broken}, names without value {verdict.unfilled}")
            if arguments.verbose:
                print(verdict.answer)
            sys.stdout.flush()
    total = len(chosen)
    print(
        f"{total} scripts: cause by text alone {counts['text'] / total:.3f}, with live values "
        f"{counts['live'] / total:.3f}, failing line {counts['line'] / total:.3f}, "
        f"values named {counts['said'] / total:.3f}"
    )


if __name__ == "__main__":
    main()
