"""Usage counts what ran, and only that."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pandadb.core.jobs.search.counts import usage_by_site
from tests.factories import make_job

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def test_a_job_that_never_started_has_used_nothing(session: Session) -> None:
    times = {"endtime": datetime(2026, 1, 1, 2), "computingsite": "CERN"}
    make_job(session, "finished", starttime=datetime(2026, 1, 1, 1), corecount=4, **times)
    make_job(session, "closed", starttime=datetime(1970, 1, 1), **times)
    make_job(session, "closed", starttime=None, **times)

    (used,) = usage_by_site(session)

    assert (used.jobs, used.core_hours) == (1, 4)
