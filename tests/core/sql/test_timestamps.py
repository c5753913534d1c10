"""Times that Python does not have: read on every path, shown and written back as they are."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import DateTime, literal, select, text

from pandadb.core.sql import timestamps
from pandadb.core.sql.copy import copy_rows
from pandadb.core.sql.timestamps import TimeBeyond
from pandadb.models import JobsActive4

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

BEYOND = (
    "infinity",
    "-infinity",
    "0044-03-15 00:00:00 BC",
    "10000-01-01 00:00:00",
    "294276-12-31 23:59:59.999999",
)
"""As PostgreSQL writes them."""
TIME = text("SELECT CAST(CAST(:time AS text) AS timestamp)")
SAME = text("SELECT CAST(:read AS timestamp) = CAST(CAST(:time AS text) AS timestamp)")


@pytest.mark.parametrize("time", BEYOND)
def test_it_is_read_shown_and_written_back_as_it_is(session: Session, time: str) -> None:
    read = session.scalar(TIME, {"time": time})

    assert isinstance(read, TimeBeyond)
    assert (str(read), f"{read:%Y-%m}", json.dumps([read], default=str)) == (
        time,
        time,
        f'["{time}"]',
    )
    assert session.scalar(SAME, {"read": read, "time": time})
    assert session.scalar(select(literal(read, DateTime) == text(f"timestamp '{time}'")))
    seen = literal(read, DateTime, literal_execute=True)
    assert session.scalar(select(seen == text(f"timestamp '{time}'")))


@pytest.mark.parametrize("time", BEYOND)
def test_a_bare_connection_reads_and_copies_it_too(session: Session, time: str) -> None:
    driver = session.connection().connection.driver_connection
    (read,) = driver.execute("SELECT %s::text::timestamp", [time]).fetchone()
    row = [(1, "activated", read, read)]

    copy_rows(session, JobsActive4, ["pandaid", "jobstatus", "endtime", "modificationtime"], row)

    query = text("SELECT CAST(endtime AS text) FROM doma_panda.jobsactive4 WHERE pandaid = 1")
    assert session.scalar(query) == time
    session.rollback()


@pytest.mark.parametrize("time", BEYOND)
def test_it_is_compared_as_the_nearest_time_and_is_the_same_when_it_is_copied(time: str) -> None:
    read = timestamps.read(time)
    past = time.startswith("-") or time.endswith("BC")

    assert read == (timestamps.FIRST if past else timestamps.LAST)
    assert (read < datetime(2026, 1, 1)) is past
    for copied in (copy.copy(read), copy.deepcopy(read), pickle.loads(pickle.dumps(read))):
        assert (str(copied), timestamps.is_beyond(copied)) == (time, True)
    later = read + timedelta(1) if past else read - timedelta(1)
    assert not timestamps.is_beyond(later)
    assert str(later).startswith("0001-01-02" if past else "9999-12-30")


def test_what_is_no_time_is_refused() -> None:
    for said in ("tomorrow", "infinity'; DROP", "99999", ""):
        with pytest.raises(ValueError, match="is no time"):
            timestamps.read(said)
