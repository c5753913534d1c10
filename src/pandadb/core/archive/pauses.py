"""The pause of the archiver: a row in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from pandadb.core.archive.ledger import CLOCK
from pandadb.models import ArchivePause

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session


def current(session: Session) -> ArchivePause | None:
    """Return the pause, unless there is none or its time is over."""
    lasts = or_(ArchivePause.until.is_(None), ArchivePause.until > CLOCK)
    return session.scalars(select(ArchivePause).where(lasts)).one_or_none()


def begin(session: Session, until: datetime | None, reason: str | None) -> None:
    """Pause the archiver; this replaces an earlier pause with its author."""
    said = {
        "until": until,
        "reason": reason,
        "since": CLOCK,
        "paused_by": text("SESSION_USER"),
    }
    query = insert(ArchivePause).values(id=1, **said)
    session.execute(query.on_conflict_do_update(index_elements=["id"], set_=said))


def end(session: Session) -> bool:
    """End the pause; return whether there was one."""
    was = current(session) is not None
    session.execute(delete(ArchivePause))
    return was
