"""Row locks: what a statement does about rows that another transaction has locked."""

from __future__ import annotations

from enum import StrEnum


class Lock(StrEnum):
    """What to do about rows that another transaction has locked: PostgreSQL's words."""

    WAIT = "wait"
    SKIP = "skip"
    NOWAIT = "nowait"
