"""Versions and what is required of them, as packages' metadata writes it.

The package `packaging` does the same, but comes with TensorFlow: where that is missing or broken,
the doctor must still be able to read.

Source: PEP 440 (versions, specifiers), compared with `packaging` in the tests.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace

_VERSION = re.compile(
    r"v?(?:(?P<epoch>\d+)!)?(?P<release>\d+(?:\.\d+)*)"
    r"(?:[-_.]?(?P<pre>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?P<pre_number>\d*))?"
    r"(?P<post>-(?P<post_bare>\d+)|[-_.]?(?:post|rev|r)[-_.]?(?P<post_number>\d*))?"
    r"(?P<dev>[-_.]?dev[-_.]?(?P<dev_number>\d*))?"
    r"(?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"(===|~=|==|!=|<=|>=|<|>)\s*(\S+)")
_PRE = {"alpha": "a", "a": "a", "beta": "b", "b": "b"}
_LAST = float("inf")


@functools.total_ordering
@dataclass(frozen=True, eq=False)
class Version:
    """A version of a package; ordered as PEP 440 orders.

    Attributes:
        epoch: Nearly always 0.
        release: The numbers.
        pre: ('a' | 'b' | 'rc', number), None for a final release.
        post: Number of the post-release, None for none.
        dev: Number of the development release, None for none.
        local: What stands behind '+', in its parts.
    """

    epoch: int
    release: tuple[int, ...]
    pre: tuple[str, int] | None
    post: int | None
    dev: int | None
    local: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Version | None:
        """A version, None when the text is none.

        >>> Version.parse("2.18.0") < Version.parse("2.18.1rc0") < Version.parse("2.18.1")
        True
        """
        match = _VERSION.fullmatch(text.strip())
        if match is None:
            return None
        pre = post = dev = None
        if match["pre"]:
            pre = (_PRE.get(match["pre"].lower(), "rc"), int(match["pre_number"] or 0))
        if match["post"]:
            post = int(match["post_bare"] or match["post_number"] or 0)
        if match["dev"]:
            dev = int(match["dev_number"] or 0)
        release = tuple(int(each) for each in match["release"].split("."))
        local = tuple(re.split(r"[-_.]", match["local"].lower())) if match["local"] else ()
        return cls(int(match["epoch"] or 0), release, pre, post, dev, local)

    @property
    def is_pre(self) -> bool:
        """Whether it is no final release."""
        return self.pre is not None or self.dev is not None

    @property
    def base(self) -> tuple[int, tuple[int, ...]]:
        """Epoch and numbers, without what follows them."""
        return self.epoch, self._trimmed

    @property
    def public(self) -> Version:
        """Without what stands behind '+'."""
        return Version(self.epoch, self.release, self.pre, self.post, self.dev)

    @property
    def _trimmed(self) -> tuple[int, ...]:
        numbers = self.release
        while len(numbers) > 1 and numbers[-1] == 0:
            numbers = numbers[:-1]
        return numbers

    @property
    def _key(self) -> tuple[object, ...]:
        if self.pre is not None:
            pre: tuple[object, ...] = (1, *self.pre)
        else:
            # 1.0.dev1 comes before 1.0a1, which comes before 1.0.
            pre = (0,) if self.post is None and self.dev is not None else (2,)
        local = tuple((1, int(each), "") if each.isdigit() else (0, 0, each) for each in self.local)
        return (
            self.epoch,
            self._trimmed,
            pre,
            -1 if self.post is None else self.post,
            _LAST if self.dev is None else self.dev,
            local,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._key == other._key

    def __lt__(self, other: Version) -> bool:
        return self._key < other._key

    def __hash__(self) -> int:
        return hash(self._key)


def allows(specifier: str, version: str) -> bool | None:
    """Whether a version fulfils '<8.0.0,>=6.31.1'; pre-releases count as `pip check` counts them.

    Returns:
        None when one of the two can't be read.

    >>> allows("<8.0.0,>=6.31.1", "7.36.2"), allows("==1.*", "2.0"), allows("~=2.2", "2.9")
    (True, False, True)
    """
    answers = [_clause(each.strip(), version) for each in specifier.split(",") if each.strip()]
    if False in answers:
        return False
    return None if None in answers else True


def _clause(clause: str, text: str) -> bool | None:
    match = _CLAUSE.fullmatch(clause)
    if match is None:
        return None
    operator, wanted = match.groups()
    if operator == "===":
        return text.lower() == wanted.lower()
    have = Version.parse(text)
    if have is None:
        return None
    if wanted.endswith(".*"):
        begins = _begins_with(have, wanted[:-2])
        if begins is None or operator not in ("==", "!="):
            return None
        return begins == (operator == "==")
    need = Version.parse(wanted)
    if need is None:
        return None
    return _compare(operator, have, need)


def _compare(operator: str, have: Version, need: Version) -> bool | None:
    if operator in ("==", "!="):
        same = (have if need.local else have.public) == need
        return same == (operator == "==")
    if operator == "<=":
        return have.public <= need
    if operator == ">=":
        return have >= need
    if operator == "<":
        # 2.0rc1 is before 2.0, and still not what '<2.0' means.
        return have < (need if need.is_pre else replace(need, dev=0, local=()))
    if operator == ">":
        return _after(have, need)
    if len(need.release) < 2:
        return None
    stem = ".".join(map(str, need.release[:-1]))
    prefix = f"{need.epoch}!{stem}" if need.epoch else stem
    return have.public >= need and bool(_begins_with(have, prefix))


def _after(have: Version, need: Version) -> bool:
    """Whether a version is later than another, and more than a post-release of it."""
    if need.dev is not None:
        return have >= replace(need, dev=need.dev + 1, local=())
    if need.post is not None:
        return have >= replace(need, post=need.post + 1, dev=0, local=())
    return have > need and not (have.base == need.base and have.pre == need.pre)


def _begins_with(have: Version, stem: str) -> bool | None:
    need = Version.parse(stem)
    if need is None:
        return None
    count = len(need.release)
    numbers = (*have.release, *([0] * count))[:count]
    return have.epoch == need.epoch and numbers == need.release
