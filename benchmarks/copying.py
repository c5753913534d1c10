"""A yardstick: jobs put in by COPY in text form, which nothing beats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.samples import JOB, satellites
from benchmarks.upstream import now

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import psycopg

LOGGED = ("pandaid", "jobstatus", "prodsourcelabel", "cloud", "computingsite", "modificationtime")


def times() -> dict[str, datetime]:
    """Return the times of a job that begins."""
    names = ("creationtime", "modificationtime", "statechangetime", "proddbupdatetime")
    return dict.fromkeys(names, now())


def draw(connection: psycopg.Connection, sequence: str, number: int) -> list[int]:
    """Draw numbers from a sequence."""
    query = f"SELECT nextval('doma_panda.{sequence}') FROM generate_series(1, %s)"  # noqa: S608
    return sorted(value for (value,) in connection.execute(query.encode(), [number]))


def submit(connection: psycopg.Connection, number: int) -> None:
    """Put jobs with their satellites and their log into the database, in one transaction."""
    with connection.transaction():
        pandaids = draw(connection, "jobsdefined4_pandaid_seq", number)
        row_ids = draw(connection, "filestable4_row_id_seq", 4 * number)
        job = {**JOB, **times()}
        ours = [{**job, "pandaid": pandaid} for pandaid in pandaids]
        belonging = [
            satellites(pandaid, row_ids[4 * place : 4 * place + 4])
            for place, pandaid in enumerate(pandaids)
        ]
        _copy(connection, "jobsdefined4", ours)
        for table in belonging[0]:
            _copy(connection, table, [row for found in belonging for row in found[table]])
        _copy(connection, "jobs_statuslog", [{name: row[name] for name in LOGGED} for row in ours])


def _copy(connection: psycopg.Connection, table: str, found: Sequence[dict[str, Any]]) -> None:
    statement = f"COPY doma_panda.{table} ({', '.join(found[0])}) FROM STDIN"
    with connection.cursor().copy(statement.encode()) as copy:
        for row in found:
            copy.write_row([*row.values()])
