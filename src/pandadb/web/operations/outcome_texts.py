"""Outcomes of operations on one thing: a sentence, its details, and whether there is a change."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class OutcomeText:
    """The outcome of an operation."""

    sentence: str
    details: list[str] = field(default_factory=list)
    changes: bool = True
    """Whether it changes something, so that there is something to confirm."""
    steps: list[str] = field(default_factory=list)
    """What changes, each as `THING:BEFORE>AFTER`: a confirmation is for these only."""
