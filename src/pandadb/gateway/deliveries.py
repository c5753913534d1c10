"""Messages as a broker hands them over, and their results."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Delivery:
    """A message of a broker."""

    destination: str
    """The queue: with or without `/queue/`."""
    message_id: str
    """The broker's id; empty if it has given none."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class ReceiptKind(StrEnum):
    """The result of a message."""

    JOB = "job"
    CANCEL = "cancel"
    SKIPPED = "skipped"
    """A run that is not reduced: the reason is in an event."""
    ERROR = "error"
    """A message that never can be worked on: a dead letter, and an event with the reason."""
    REPEATED = "repeated"
    """A message that was received already: nothing has changed."""
    NOTED = "noted"
    """A message of another system's worker: the record of its run has changed."""


@dataclass(frozen=True)
class Receipt:
    """The result of a message, once it is committed: then it may be acknowledged."""

    kind: ReceiptKind
    pandaid: int | None = None
    reason: str | None = None
    warnings: tuple[str, ...] = ()
