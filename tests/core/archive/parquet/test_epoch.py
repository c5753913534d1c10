"""Times as numbers, and as PostgreSQL reads them: the far ones, too."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from psycopg import sql

from pandadb.core.archive.parquet.epoch import INFINITY, Microseconds, written
from pandadb.core.sql.copy import driving

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

FAR = [
    "infinity",
    "-infinity",
    "4714-11-24 00:00:00.000001 BC",
    "0001-02-28 23:59:59.999999 BC",
    "0001-01-01 00:00:00.000000",
    "1999-12-31 23:59:59.999999",
    "2000-02-29 12:30:45.000001",
    "9999-12-31 23:59:59.999999",
    "10000-01-01 00:00:00.000000",
    "294246-12-31 23:59:59.999999",
]


@pytest.mark.parametrize("said", FAR)
def test_a_time_is_read_as_a_number_and_written_as_it_was(session: Session, said: str) -> None:
    query = sql.SQL("SELECT {}::timestamp").format(sql.Literal(said))
    with driving(session, query) as driver, driver.cursor(binary=True) as cursor:
        cursor.adapters.register_loader("timestamp", Microseconds)
        (number,) = cursor.execute(query).fetchone() or (None,)

    assert written(number) == said


def test_the_numbers_are_microseconds_since_1970() -> None:
    assert written(0) == "1970-01-01 00:00:00.000000"
    assert written(-1) == "1969-12-31 23:59:59.999999"
    assert written(INFINITY) == "infinity"


def test_days_are_those_of_the_calendar() -> None:
    for days in range(-25_000, 25_000, 997):
        moment = datetime(1970, 1, 1) + timedelta(days, microseconds=days % 7)
        number = (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)
        assert datetime.fromisoformat(written(number)) == moment
