"""A yardstick: moves in SQL written by hand, sent by psycopg without anything in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.models import JobsActive4

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

COLUMNS = tuple(JobsActive4.__table__.c.keys())
NOW = "(statement_timestamp() AT TIME ZONE 'UTC')"
CHANGED = {"modificationtime": NOW, "statechangetime": NOW, "modificationhost": "%(host)s"}

MOVE = """
WITH picked AS MATERIALIZED (
    SELECT pandaid FROM doma_panda.{source}
    WHERE pandaid = ANY(%(pandaids)s) AND {guard}
    ORDER BY pandaid FOR UPDATE
), gone AS (
    DELETE FROM doma_panda.{source} AS job USING picked
    WHERE job.pandaid = picked.pandaid RETURNING {returned}
), moved AS (
    INSERT INTO doma_panda.{target} ({columns}) SELECT {values} FROM gone
    RETURNING pandaid, modificationtime, prodsourcelabel, cloud, computingsite, modificationhost
), logged AS (
    INSERT INTO doma_panda.jobs_statuslog (pandaid, modificationtime, jobstatus, prodsourcelabel,
        cloud, computingsite, modificationhost, modiftime_extended)
    SELECT pandaid, modificationtime, '{state}', prodsourcelabel,
        cloud, computingsite, modificationhost, modificationtime
    FROM moved
){stamps}
SELECT pandaid FROM moved
"""
STAMP = """, {satellite} AS (
    UPDATE doma_panda.{satellite} AS row SET modificationtime = moved.modificationtime FROM moved
    WHERE row.pandaid = moved.pandaid AND row.modificationtime = '1970-01-01'
)"""


def _move(source: str, target: str, state: str, guard: str, satellites: str = "") -> bytes:
    new = {**dict.fromkeys(COLUMNS), **CHANGED, "jobstatus": f"'{state}'"}
    if satellites:
        unset = "endtime IS NULL OR endtime = '1970-01-01'"
        new["endtime"] = f"CASE WHEN {unset} THEN {NOW} ELSE endtime END"
    return MOVE.format(
        source=source,
        target=target,
        state=state,
        guard=guard,
        columns=", ".join(COLUMNS),
        returned=", ".join(f"job.{name}" for name in COLUMNS),
        values=", ".join(sql or name for name, sql in new.items()),
        stamps="".join(STAMP.format(satellite=name) for name in satellites.split()),
    ).encode()


ACTIVATE = _move(
    "jobsdefined4",
    "jobsactive4",
    "activated",
    "jobstatus IN ('defined', 'assigned') AND commandtopilot IS NULL",
)
FINISH = _move(
    "jobsactive4",
    "jobsarchived4",
    "finished",
    "jobstatus IN ('starting', 'stagein', 'running', 'stageout', 'holding', 'transferring')",
    "filestable4 metatable jobparamstable",
)


def move(connection: psycopg.Connection, statement: bytes, pandaids: Sequence[int]) -> int:
    """Move jobs in one statement; return how many went."""
    values = {"pandaids": [*pandaids], "host": "benchmark"}
    return connection.execute(statement, values).rowcount
