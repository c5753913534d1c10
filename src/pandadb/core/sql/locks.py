"""Row locks: the ways in which a statement treats rows that another transaction has locked."""

from __future__ import annotations

from enum import StrEnum


class Lock(StrEnum):
    """The treatment of rows that another transaction has locked, in PostgreSQL's words."""

    WAIT = "wait"
    SKIP = "skip"
    NOWAIT = "nowait"
