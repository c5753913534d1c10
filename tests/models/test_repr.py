"""The `repr` of a row: its key and its state, and nothing is loaded for it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, select

from pandadb.models import (
    AuthTokenToken,
    Base,
    Cache,
    DjangoSession,
    JediDatasetContents,
    JobsActive4,
    JobsArchived4,
    PilotToken,
    View,
)
from tests.factories import make_job

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

DAY = datetime(2026, 11, 20, 9)


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        (
            JobsActive4(pandaid=8, jobstatus="running"),
            "JobsActive4(pandaid=8, jobstatus='running')",
        ),
        (JobsActive4(), "JobsActive4()"),
        (
            JobsArchived4(pandaid=8, modificationtime=DAY, jobstatus="failed", computingsite="A"),
            "JobsArchived4(pandaid=8, modificationtime=2026-11-20 09:00:00, jobstatus='failed')",
        ),
        (
            JediDatasetContents(jeditaskid=5, datasetid=6, fileid=7, lfn="x", status="ready"),
            "JediDatasetContents(jeditaskid=5, datasetid=6, fileid=7, status='ready')",
        ),
    ],
)
def test_a_row_shows_its_key_and_its_state(row: Base, shown: str) -> None:
    assert repr(row) == shown


@pytest.mark.parametrize(
    "row",
    [PilotToken(token="geheim"), AuthTokenToken(key="geheim"), DjangoSession(session_key="geheim")],
)
def test_a_key_that_is_a_secret_is_hidden(row: Base) -> None:
    assert repr(row).endswith("=***)")
    assert "geheim" not in repr(row)


def test_a_long_key_is_shortened() -> None:
    assert len(repr(Cache(main_key="k" * 1000, sub_key="s\n"))) < 120


def test_every_class_has_it() -> None:
    for base in (Base, View):
        for mapper in base.registry.mappers:
            assert repr(mapper.class_()) == f"{mapper.class_.__name__}()"


def test_nothing_is_loaded_for_it_and_an_expired_row_shows_its_key(session: Session) -> None:
    pandaid = make_job(session, "running")
    job = session.scalars(select(JobsActive4)).one()
    session.expire(job)
    sent: list[str] = []
    event.listen(session.connection(), "before_cursor_execute", lambda *it: sent.append(it[2]))

    assert repr(job) == f"JobsActive4(pandaid={pandaid})"
    session.expunge(job)
    assert repr(job) == f"JobsActive4(pandaid={pandaid})"
    assert sent == []
