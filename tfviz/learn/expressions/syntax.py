"""Text to trees: a small language of formulas, parsed by recursive descent.

    program    statement (";" or a new line) statement ...
    statement  [name "="] sum
    sum        product (("+" | "-") product)*
    product    signed (("*" | "/") signed)*
    signed     ("-" | "+") signed | power
    power      atom ["**" signed]
    atom       number | name | function "(" sum ("," sum)* ")" | "(" sum ")"

Precedence is Python's: `-x**2` is `-(x**2)`, and `a**b**c` is `a**(b**c)`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tfviz.errors import InputError, nearest
from tfviz.learn.expressions.place import fault

FUNCTIONS = {"exp": 1, "log": 1, "sigmoid": 1, "tanh": 1, "relu": 1, "max": 2}
"""How many arguments each takes; max takes two or more."""
DEEPEST = 60
MOST_OPERATIONS = 80
"""Beyond it nobody can follow the graph, and a page of its steps would weigh megabytes."""

_TOKEN = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[^\W\d]\w*)"
    r"|(?P<sign>\*\*|[-+*/(),=])|(?P<stop>[;\n])|(?P<blank>[^\S\n]+)"
)
_BINARY = {"+": "add", "-": "sub", "*": "mul", "/": "div", "**": "pow"}
_INSTEAD = {
    "^": "**",
    "×": "*",
    "·": "*",
    "∙": "*",
    "⋅": "*",
    "−": "-",
    "–": "-",
    "÷": "/",
    "²": "**2",
    "³": "**3",
    "[": "(",
    "]": ")",
    "{": "(",
    "}": ")",
}


@dataclass(frozen=True)
class Tree:
    """A part of a formula.

    Attributes:
        op: 'number', 'name', or what is done: 'add', 'sub', 'mul', 'div', 'pow', 'neg' or a
            function.
        parts: What it is done to.
        text: The name; '' otherwise.
        value: The number; 0 otherwise.
        start: Index of its first character in the source.
        end: Index after its last one.
    """

    op: str
    parts: tuple[Tree, ...] = ()
    text: str = ""
    value: float = 0.0
    start: int = 0
    end: int = 0


@dataclass(frozen=True)
class Statement:
    """One formula and the name it is given, if any."""

    name: str
    tree: Tree
    start: int
    end: int


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


def parse(source: str) -> list[Statement]:
    """The statements of a program.

    Args:
        source: Such as "e = (a + b) * (b + 1)" or "c = a + b; d = b + 1; e = c * d".

    Raises:
        InputError: With a caret under the place, if the text is no program, or too long a one.
    """
    if not isinstance(source, str):
        raise InputError(
            f"an expression is text, and this is a {type(source).__name__}; "
            'write it like "e = (a + b) * (b + 1)".'
        )
    if not source.strip(" \t\n;"):
        raise InputError('the expression is empty; write one like "e = (a + b) * (b + 1)".')
    return _Parser(source).program()


def _tokens(source: str) -> Iterator[_Token]:
    at = 0
    while at < len(source):
        found = _TOKEN.match(source, at)
        if found is None:
            raise fault(source, at, at + 1, _unknown_letter(source[at]))
        kind, start, at = str(found.lastgroup), at, found.end()
        if kind == "name" and not found.group().isidentifier():
            # A raised 2 is a letter to regular expressions.
            for place, letter in enumerate(found.group(), start):
                if not f"x{letter}".isidentifier():
                    raise fault(source, place, place + 1, _unknown_letter(letter))
        if kind != "blank":
            yield _Token(kind, found.group(), start, at)
    yield _Token("stop", "", len(source), len(source))


def _unknown_letter(letter: str) -> str:
    if letter in _INSTEAD:
        return f"'{letter}' is not understood here; write {_INSTEAD[letter]} instead."
    return (
        f"'{letter}' is not understood here; there are + - * / **, parentheses, "
        f"{', '.join(FUNCTIONS)}, names and numbers."
    )


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = list(_tokens(source))
        self.at = self.depth = self.operations = 0

    @property
    def now(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def fault(self, token: _Token, sentence: str) -> InputError:
        return fault(self.source, token.start, token.end, sentence)

    def program(self) -> list[Statement]:
        statements = []
        while self.at < len(self.tokens):
            if self.now.kind == "stop":
                self.take()
                continue
            statements.append(self.statement())
        return statements

    def statement(self) -> Statement:
        first, name = self.now, ""
        if first.kind == "name" and self.tokens[self.at + 1].text == "=":
            name = self.take().text
            if name in FUNCTIONS:
                raise self.fault(first, f"'{name}' is a function and can't name a result.")
            self.take()
        tree = self.sum()
        if self.now.kind != "stop":
            raise self.fault(self.now, self.why_no_end(self.now))
        return Statement(name, tree, first.start, tree.end)

    def why_no_end(self, token: _Token) -> str:
        if token.text == ")":
            return "this ')' closes a parenthesis that was never opened; remove it."
        if token.text == "=":
            if "=" in (self.tokens[self.at - 1].text, self.tokens[self.at + 1].text):
                return (
                    "'==' compares, and there is nothing to compare; a result gets its name by '='."
                )
            return "'=' gives a name to a result: one name, '=' and a formula."
        if token.text == ",":
            return "a comma stands only between the arguments of max."
        return f"an operator is missing before '{token.text}'; to multiply, write *."

    def sum(self) -> Tree:
        return self.chain(self.product, "+", "-")

    def product(self) -> Tree:
        return self.chain(self.signed, "*", "/")

    def chain(self, part: Callable[[], Tree], *signs: str) -> Tree:
        left = part()
        while self.now.text in signs:
            sign = self.take()
            right = part()
            left = self.node(_BINARY[sign.text], (left, right), left.start, right.end)
        return left

    def signed(self) -> Tree:
        if self.now.text not in ("-", "+"):
            return self.power()
        sign = self.take()
        with self.deeper(sign):
            inner = self.signed()
        if sign.text == "+":
            return inner
        if inner.op == "number" and self.source[inner.start] not in "(-+":
            # -3 is a number; there is no node that would turn 3 around.
            return Tree("number", value=-inner.value, start=sign.start, end=inner.end)
        return self.node("neg", (inner,), sign.start, inner.end)

    def power(self) -> Tree:
        base = self.atom()
        if self.now.text != "**":
            return base
        sign = self.take()
        with self.deeper(sign):
            exponent = self.signed()
        return self.node("pow", (base, exponent), base.start, exponent.end)

    def atom(self) -> Tree:
        token = self.now
        if token.kind == "number":
            self.take()
            value = float(token.text)
            if not math.isfinite(value):
                raise self.fault(token, f"{token.text} is beyond the largest float64, 1.8e308.")
            return Tree("number", value=value, start=token.start, end=token.end)
        if token.kind == "name":
            self.take()
            return self.call(token) if self.now.text == "(" else self.name(token)
        if token.text == "(":
            self.take()
            with self.deeper(token):
                inner = self.sum()
            end = self.close(token)
            return Tree(inner.op, inner.parts, inner.text, inner.value, token.start, end)
        raise self.fault(token, self.why_no_atom(token))

    def why_no_atom(self, token: _Token) -> str:
        before = self.tokens[self.at - 1] if self.at else None
        if before is not None and before.text == "*" and token.text == "*":
            return "a power is written **, without a blank between."
        if token.kind == "stop":
            return "the expression ends where a name, a number or a parenthesis should come."
        if token.text == "=":
            return self.why_no_end(token)
        if token.text == ")" and before is not None and before.text == "(":
            return "there is nothing between these parentheses; write a formula or remove them."
        return f"'{token.text}' stands where a name, a number or a parenthesis should come."

    def name(self, token: _Token) -> Tree:
        if token.text in FUNCTIONS:
            raise self.fault(
                token, f"'{token.text}' is a function: write {token.text}(...) with what it is of."
            )
        return Tree("name", text=token.text, start=token.start, end=token.end)

    def call(self, token: _Token) -> Tree:
        if token.text not in FUNCTIONS:
            raise self.fault(token, _unknown_function(token.text))
        opening = self.take()
        parts = []
        with self.deeper(token):
            parts.append(self.sum())
            while self.now.text == ",":
                self.take()
                parts.append(self.sum())
        end = self.close(opening)
        wanted = FUNCTIONS[token.text]
        if len(parts) < wanted:
            raise fault(
                self.source, token.start, end, "the function max needs two arguments or more."
            )
        if len(parts) > wanted and token.text != "max":
            raise fault(
                self.source,
                token.start,
                end,
                f"the function {token.text} takes one argument, not {len(parts)}.",
            )
        if wanted == 1:
            return self.node(token.text, tuple(parts), token.start, end)
        # As TensorFlow's maximum, which takes two.
        whole = parts[0]
        for part in parts[1:]:
            whole = self.node("max", (whole, part), token.start, end)
        return whole

    def close(self, opening: _Token) -> int:
        if self.now.text == ")":
            return self.take().end
        if self.now.kind == "stop":
            raise self.fault(opening, "this '(' is never closed; add a ')'.")
        raise self.fault(self.now, self.why_no_end(self.now))

    def node(self, op: str, parts: tuple[Tree, ...], start: int, end: int) -> Tree:
        self.operations += 1
        if self.operations > MOST_OPERATIONS:
            raise fault(
                self.source,
                start,
                end,
                f"the expression has more than {MOST_OPERATIONS} operations, too many to follow "
                "as a graph; take a part of it.",
            )
        return Tree(op, parts, start=start, end=end)

    def deeper(self, token: _Token) -> _Depth:
        return _Depth(self, token)


class _Depth:
    """One level of nesting, so that Python's own limit is never met."""

    def __init__(self, parser: _Parser, token: _Token) -> None:
        self.parser, self.token = parser, token

    def __enter__(self) -> None:
        self.parser.depth += 1
        if self.parser.depth > DEEPEST:
            raise self.parser.fault(self.token, f"the nesting is deeper than {DEEPEST} levels.")

    def __exit__(self, *error: object) -> None:
        self.parser.depth -= 1


_ELSEWHERE = {
    "sqrt": "write (...)**0.5",
    "ln": "write log(...)",
    "min": "write -max(-a, -b)",
    "abs": "write max(a, -a)",
    "pow": "write a**b",
    "maximum": "write max(a, b)",
    "softplus": "write log(1 + exp(x))",
    "square": "write (...)**2",
}


def _unknown_function(name: str) -> str:
    if name in _ELSEWHERE:
        return f"there is no function '{name}' here; {_ELSEWHERE[name]}."
    return (
        f"there is no function '{name}'.{nearest(name, FUNCTIONS)} "
        f"There are {', '.join(FUNCTIONS)}; to multiply by a parenthesis, write *."
    )
