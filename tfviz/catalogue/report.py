"""What was read of an error or a log: the form that diagnoses are matched against.

Text in here is clean: no colours, no quote marks, no progress bars. Messages have each run of white
space as one blank, so that a pattern need not care where a terminal broke the line.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_LIBRARY = re.compile(
    r"[/\\](?:site|dist)-packages[/\\]|[/\\]lib[/\\]python\d|<frozen |<__array_fun|\.p(?:yx|xi)$|"
    r"<attrs generated"
)
# Words in a path or a type that tell whose code it is.
_FRAMEWORKS = {
    "torch": re.compile(r"(?:^|[/\\.])torch(?:vision|audio)?(?:[/\\.]|$)"),
    "tensorflow": re.compile(r"(?:^|[/\\.])(?:tensorflow|keras|tf_keras)\w*(?:[/\\.]|$)"),
}


@dataclass(frozen=True)
class Line:
    """A clean line of the text and its number in the original, from 1."""

    number: int
    text: str


@dataclass(frozen=True)
class Frame:
    """One step of a traceback.

    Attributes:
        file: As printed: a path, `Cell In[5]`, `<ipython-input-3-...>`.
        line: Line in that file, None when not printed.
        function: '' when not printed.
        code: The line of code, '' when not printed.
        at: Number of the line in the text that shows the code, or else names the file.
    """

    file: str
    line: int | None
    function: str
    code: str
    at: int

    @property
    def installed(self) -> bool:
        """Whether it is installed code, not the user's."""
        return bool(_LIBRARY.search(self.file))

    def __str__(self) -> str:
        return f"{self.file} in {self.function}: {self.code}"


@dataclass(frozen=True)
class ErrorBlock:
    """One exception with its traceback, as far as it was there.

    Attributes:
        type: As printed, `tensorflow.python...InvalidArgumentError`; '' when there was none.
        message: All of it, white space collapsed.
        line: Number of the line where type and message begin.
        end: Number of the last line of the message.
        frames: Outermost first; empty when only the last line was pasted.
        link: How it follows the block before it: 'cause' ('the direct cause of'), 'context'
            ('during handling'), or '' when it doesn't.
    """

    type: str
    message: str
    line: int
    end: int
    frames: tuple[Frame, ...] = ()
    link: str = ""

    @property
    def name(self) -> str:
        """The last part of the type."""
        return self.type.rsplit(".", 1)[-1]

    @property
    def own_frame(self) -> Frame | None:
        """The innermost frame in the user's own code."""
        own = [frame for frame in self.frames if not frame.installed]
        return own[-1] if own else None


@dataclass(frozen=True)
class Report:
    """All that was read from one text.

    Attributes:
        lines: Clean lines, without harmless noise; of a long log those that say something.
        errors: In the order of the text.
        noise: What was ignored and how often, by label.
        cut: What seems to be missing from the text, in words; '' when nothing does.
        loose: The lines that belong to no error.
    """

    lines: tuple[Line, ...]
    errors: tuple[ErrorBlock, ...] = ()
    noise: Mapping[str, int] = field(default_factory=dict)
    cut: str = ""
    loose: tuple[Line, ...] = ()

    @functools.cached_property
    def flat(self) -> str:
        """All lines in one, white space collapsed."""
        return " ".join(" ".join(line.text.split()) for line in self.lines)

    @functools.cached_property
    def flat_loose(self) -> str:
        """The lines of no error in one, white space collapsed."""
        return " ".join(" ".join(line.text.split()) for line in self.loose)

    @functools.cached_property
    def flat_lower(self) -> str:
        """All lines and messages in lower case, to look for words in."""
        return " ".join([self.flat, *(block.message for block in self.errors)]).lower()

    @functools.cached_property
    def frameworks(self) -> frozenset[str]:
        """'torch' and 'tensorflow' (with Keras), as far as tracebacks tell."""
        seen = [block.type for block in self.errors]
        seen += [frame.file for block in self.errors for frame in block.frames]
        return frozenset(
            name for name, pattern in _FRAMEWORKS.items() if any(map(pattern.search, seen))
        )
