"""Outcomes of operations on one thing: a sentence, its details, and whether there is a change."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class OutcomeText:
    """The outcome of an operation."""

    sentence: str
    details: list[str] = field(default_factory=list)
    changes: bool = True
    """Whether it changes something, so that there is something to confirm."""
