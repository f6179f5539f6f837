"""All mistakes of a tape loop, each really made."""

from __future__ import annotations

from tfviz.learn.tapes import asking, loops
from tfviz.learn.tapes.mistake import Mistake


def all_mistakes() -> list[Mistake]:
    """Every one of them, run now."""
    return [
        loops.accumulated(),
        loops.not_applied(),
        loops.applied_twice(),
        loops.not_scalar(),
        loops.outside(),
        loops.replaced(),
        asking.unwatched(),
        asking.used_twice(),
        asking.persistent(),
        asking.inside(),
    ]
