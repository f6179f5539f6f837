"""What a package requires: `numpy<2.1,>=1.26; python_version < "3.13"`.

Source: PEP 508 (requirements, markers), compared with `packaging` in the tests.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from tfviz.doctor.env.distributions import canonical
from tfviz.doctor.env.versions import Version, allows

_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*?)\s*(?:\[(?P<extras>[^\]]*)\])?\s*"
    r"(?:\((?P<inside>[^)]*)\)|(?P<specifier>(?:[=<>!~]=?|===).*?))?\s*(?:;(?P<marker>.*))?"
)
_TOKEN = re.compile(r"""\s*(?:(\(|\))|('[^']*'|"[^"]*")|([=<>!~]=?=?)|([\w.]+))""")


@dataclass(frozen=True)
class Requirement:
    """One line of a package's metadata.

    Attributes:
        name: Of the package that is required, normalised.
        specifier: '<2.1,>=1.26', '' for any version.
        marker: When it counts, '' for always.
        text: As it is written there, without the marker.
    """

    name: str
    specifier: str
    marker: str
    text: str

    @classmethod
    def parse(cls, text: str) -> Requirement | None:
        """Read a line, None when it can't be read (or names an address instead of versions)."""
        match = _REQUIREMENT.fullmatch(text.strip())
        if match is None:
            return None
        specifier = (match["inside"] or match["specifier"] or "").strip()
        return cls(
            canonical(match["name"]),
            specifier,
            (match["marker"] or "").strip(),
            text.split(";")[0].strip(),
        )

    def counts(self, facts: Mapping[str, str], extra: str = "") -> bool | None:
        """Whether it counts on a machine; None when its marker can't be read.

        Args:
            facts: The marker's variables: 'python_version', 'sys_platform', ...
            extra: The optional part of the package that is asked about.
        """
        if not self.marker:
            return True
        try:
            return _Marker(self.marker, {**facts, "extra": extra}).value()
        except (ValueError, KeyError, IndexError):
            return None


class _Marker:
    """`a or (b and c)`, read from left to right."""

    def __init__(self, text: str, facts: Mapping[str, str]) -> None:
        self.tokens = _tokens(text)
        self.facts = facts
        self.at = 0

    def value(self) -> bool:
        answer = self._either()
        if self.at != len(self.tokens):
            raise ValueError
        return answer

    def _either(self) -> bool:
        answer = self._both()
        while self._take("or"):
            # Both sides are read, whatever the first says.
            answer = self._both() or answer
        return answer

    def _both(self) -> bool:
        answer = self._one()
        while self._take("and"):
            answer = self._one() and answer
        return answer

    def _one(self) -> bool:
        if self._take("("):
            answer = self._either()
            if not self._take(")"):
                raise ValueError
            return answer
        left, left_name = self._operand()
        negated = self._take("not")
        operator = self._next()
        right, right_name = self._operand()
        return _holds(
            left, f"not {operator}" if negated else operator, right, left_name or right_name
        )

    def _operand(self) -> tuple[str, str]:
        """Its value, and its name when it is a variable."""
        token = self._next()
        return (token[1:-1], "") if token[0] in "'\"" else (self.facts[token], token)

    def _take(self, word: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at] == word:
            self.at += 1
            return True
        return False

    def _next(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]


@functools.lru_cache(maxsize=1024)
def _tokens(text: str) -> tuple[str, ...]:
    found, at, text = [], 0, text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(text)
        found.append(match.group().strip())
        at = match.end()
    return tuple(found)


def _holds(left: str, operator: str, right: str, variable: str) -> bool:
    if operator in ("in", "not in"):
        return (left in right) == (operator == "in")
    if variable == "extra":
        left, right = canonical(left), canonical(right)
    elif Version.parse(right.removesuffix(".*")) is not None and Version.parse(left) is not None:
        answer = allows(f"{operator}{right}", left)
        if answer is not None:
            return answer
    if operator == "==":
        return left == right
    if operator == "!=":
        return left != right
    if operator in ("<", "<=", ">", ">="):
        return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[
            operator
        ]
    raise ValueError(operator)
