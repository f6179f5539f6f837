"""Tracebacks as Python, IPython and pytest print them, complete or cut, to blocks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tfviz.catalogue.report import ErrorBlock, Frame, Line

_START = re.compile(r"Traceback \(most recent call last\)")
# What IPython prints in front of it.
_BARE_NAME = re.compile(r"[\w.]+")
_CAUSE = re.compile(r"The above exception was the direct cause of the following")
_CONTEXT = re.compile(r"During handling of the above exception, another exception occurred")
_FRAMES = (
    re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>.+?))?[ *]*$'),
    re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+),\s*$'),
    re.compile(r"^\s*File (?P<file>[^\"\s][^:\n]*(?::\\[^:\n]*)?):(?P<line>\d+)(?:, in (?P<function>[^(]+).*)?$"),
    re.compile(r"^\s*(?P<file>(?:Cell )?(?:In|Input In) ?\[\d+\])(?:,|:)? (?:line |in )(?P<line>\d+)?(?:, in )?(?P<function>[\w<>. ]*).*$"),
    re.compile(r"^(?P<file><ipython-input[^>]*>|(?:[A-Za-z]:)?[\w~./\\+ -]+\.pyx?|/tmp/ipykernel_\S+) in (?P<function>[\w<>]+)(?:\(.*\)?)?(?P<line>)$"),
    re.compile(r"^(?P<file>[\w./\\-]+\.py):(?P<line>\d+): (?:in (?P<function>\w+))?"),
)  # fmt: skip
_ARROW = re.compile(r"^\s*-+>\s*(?P<line>\d+)?\s?(?P<code>.*)$")
_WRAPPED_IN = re.compile(r"^\s*in (?P<function>\w+)\s*$")
_NAME = r"(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*"
_ENDS = (
    "Error", "Exception", "Warning", "Interrupt", "Exit", "Iteration", "Failure", "Fault",
    "Timeout", "NotFound", "Empty", "BadZipFile", "BadZipfile", "Expired", "error", "herror",
    "gaierror", "Unavailable", "Refused", "Abort",
)  # fmt: skip
_EXCEPTION = re.compile(
    rf"^(?P<indent>\s*)(?P<type>{_NAME})(?: \(see above for traceback\))?(?::(?:\s+(?P<message>.*))?)?$"
)
# Inside a line of a log or a sentence: only names that nothing else ends in.
_INSIDE = re.compile(
    r"(?:^|[\s:'\"(>\]])(?P<type>(?:[a-z_]\w*\.)*[A-Z]\w*(?:Error|Exception)): (?P<message>\S.*)$"
)
_LOG = re.compile(
    r"^(?:\d{4}-\d\d-\d\d[ T]\d\d:\d\d|[IWEF]\d{4} \d\d:|\[\s*(?:INFO|WARN|ERROR|DEBUG)|WARNING:|INFO:|"
    r"\S*[$%] |In \[\d|Out\[\d|```|={5,}|-{20,}|Process finished|##\[|\d+/\d+ \[|Epoch \d)"
)
_CONTINUES = re.compile(
    r"^(?:\s|Arguments received|Call arguments|Input \d|Inputs? |Detected at node|Node: |\(\d\) |\[\[|•|"
    r"Original stack|Original error|The following|Received|Expected|Full shape|If you|Please|"
    r"Exception encountered|Hint|Did you|Layer |Model |Argument|config=|Errors may|"
    r"\d+ root error|Function call stack|Operation defined|Missing key|Unexpected key|size mismatch|"
    r"Make sure|This |You |To |Allowed|In addition|A KerasTensor|```|However|For more|see |No gradients|"
    r"(?:Tried|Attempted|Example|Known|Available|Existing|Stack trace|Possible)\b)"
)
LONGEST_MESSAGE = 80
# Weak: a sentence may quote an error it isn't about.
_RAISE = re.compile(r"^\s*(?:raise|except|#|//|import|from|def|class|return|assert)\b")


@dataclass
class _Open:
    """A traceback whose exception line hasn't come yet."""

    frames: list[Frame] = field(default_factory=list)
    link: str = ""
    start: int = 0


def parse(lines: Sequence[Line]) -> tuple[list[ErrorBlock], list[Line], str]:
    """Find the errors in clean lines.

    Args:
        lines: From `tfviz.doctor.cleaning.clean`, without noise.

    Returns:
        The errors in order; the lines that belong to none; and what is missing from a text that was
        cut, in words.
    """
    return _Parser(lines).run()


class _Parser:
    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = list(lines)
        self.at = 0
        self.blocks: list[ErrorBlock] = []
        self.loose: list[Line] = []
        self.open: _Open | None = None
        self.link = ""

    def run(self) -> tuple[list[ErrorBlock], list[Line], str]:
        while self.at < len(self.lines):
            self._step()
        cut = ""
        if self.open is not None and self.open.frames:
            cut = (
                "the text ends inside a traceback: its last line, with the error itself, is missing"
            )
        return self.blocks, self.loose, cut

    def _step(self) -> None:
        line = self.lines[self.at]
        text = line.text
        start = _START.search(text)
        if start:
            glued = text[: start.start()].strip()
            if glued and not _BARE_NAME.fullmatch(glued):
                self.loose.append(Line(line.number, glued))
            self.open = _Open(link=self.link, start=line.number)
            self.link = ""
            rest = text[start.end() :].lstrip(": ")
            if rest:
                # All of it pasted as one line: what follows is read as a line of its own.
                self.lines[self.at] = Line(line.number, rest)
            else:
                self.at += 1
        elif _CAUSE.search(text) or _CONTEXT.search(text):
            self.link = "cause" if _CAUSE.search(text) else "context"
            self.open = None
            self.at += 1
        elif self._frame() or self._exception():
            pass
        else:
            # Also inside a traceback that never ends in an error: the words may stand there.
            self.loose.append(line)
            self.at += 1

    # ---- frames

    def _frame(self) -> bool:
        line = self.lines[self.at]
        match = next((m for m in (each.match(line.text) for each in _FRAMES) if m), None)
        if match is None:
            if self.open is not None and self.open.frames:
                return self._code(line)
            return False
        if self.open is None:
            # A text that begins in the middle of a traceback.
            self.open = _Open(link=self.link, start=line.number)
            self.link = ""
        found = match.groupdict()
        function = (found.get("function") or "").strip()
        self.at += 1
        if not function and self.at < len(self.lines):
            wrapped = _WRAPPED_IN.match(self.lines[self.at].text)
            if wrapped:
                function = wrapped["function"]
                self.at += 1
        number = int(found["line"]) if found.get("line") else None
        self.open.frames.append(Frame(found["file"].strip(), number, function, "", line.number))
        return True

    def _code(self, line: Line) -> bool:
        """The line of code that a frame shows: indented below it, or marked by an arrow."""
        assert self.open is not None
        arrow = _ARROW.match(line.text)
        last = self.open.frames[-1]
        code, number = "", last.line
        if arrow:
            code = arrow["code"].strip()
            number = int(arrow["line"]) if arrow["line"] else number
        elif line.text[:4].isspace() and not last.code and not self._is_exception(line.text):
            code = line.text.strip()
        elif re.match(r"^\s+\d+ ", line.text) or not line.text.strip():
            # Lines around the marked one, or the blank between two frames.
            self.at += 1
            return True
        else:
            return False
        self.open.frames[-1] = Frame(last.file, number, last.function, code, line.number)
        self.at += 1
        return True

    # ---- the exception itself

    def _is_exception(self, text: str) -> re.Match[str] | None:
        match = _EXCEPTION.match(text)
        if match is None:
            return None
        name = match["type"].rsplit(".", 1)[-1]
        if not name.endswith(_ENDS) or name == "ERROR":
            return None
        bare = ":" not in text
        if bare and self.open is None:
            return None
        if name.endswith("Warning") and self.open is None:
            return None
        if name in ("error", "Error", "Exit", "Abort", "Empty") and bare:
            return None
        if len(match["indent"]) > 0 and self.open is None:
            return None
        return match

    def _exception(self) -> bool:
        line = self.lines[self.at]
        match = self._is_exception(line.text)
        if match is None:
            if (self.open is not None and self.open.frames) or _RAISE.match(line.text):
                return False
            match = _INSIDE.search(line.text)
            if match is None or match["type"].endswith("Warning"):
                return False
        said = match["message"] or ""
        self.at += 1
        opened = self.open or _Open(link=self.link)
        if said.strip().startswith("in user code:"):
            # The traceback goes on, indented, with the error at its end.
            self.open = opened
            said = said.strip().removeprefix("in user code:").strip()
            if not said:
                return True
        message, end = self._message(said, line.number, opened)
        block = ErrorBlock(
            type=match["type"],
            message=message,
            line=line.number,
            end=end,
            frames=tuple(opened.frames),
            link=opened.link,
        )
        self.blocks.append(block)
        self.open, self.link = None, ""
        return True

    def _message(self, first: str, number: int, opened: _Open) -> tuple[str, int]:
        parts, end, blank = [first], number, False
        graph = first.startswith("Graph execution error")
        taken = 0
        while self.at < len(self.lines) and taken < LONGEST_MESSAGE:
            line = self.lines[self.at]
            text = line.text
            taken += 1
            if not text.strip():
                blank = True
                self.at += 1
                continue
            if _START.search(text) or _CAUSE.search(text) or _CONTEXT.search(text):
                break
            if graph and _FRAMES[0].match(text):
                # 'defined at (most recent call last)': where the node was made.
                self.at += 2
                continue
            if any(each.match(text) for each in _FRAMES[:4]) or _LOG.match(text):
                break
            if self._is_exception(text) and not text[:1].isspace():
                break
            if blank and not self._goes_on(parts, text, graph):
                break
            blank = False
            parts.append(text)
            end = line.number
            self.at += 1
        return " ".join(" ".join(parts).split()), end

    def _goes_on(self, parts: list[str], text: str, graph: bool) -> bool:
        """Whether a message continues after a blank line."""
        if graph or _CONTINUES.match(text):
            return True
        return parts[-1].rstrip().endswith((":", "call().", "call()", ","))
