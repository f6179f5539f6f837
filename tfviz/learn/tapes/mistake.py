"""One thing done wrong in a tape loop, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Mistake:
    """One thing done wrong.

    Attributes:
        name: A short name.
        title: What was done, in a few words.
        wrong: The lines as they were written.
        right: The lines as they should be.
        happens: What comes of it, in sentences.
        losses: Before each step and after the last, done wrong; empty where no loop is needed.
        facts: More numbers, by what they are.
        error: What TensorFlow or Keras says; '' where nothing is said.
        torch: What the same slip is in PyTorch.
    """

    name: str
    title: str
    wrong: str
    right: str
    happens: str
    losses: tuple[float, ...] = ()
    facts: dict[str, float | str | None] = field(default_factory=dict)
    error: str = ""
    torch: str = ""
