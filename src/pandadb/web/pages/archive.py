"""The archive: its state, days that are due or put off and why, proofs; a day explained."""

from dataclasses import asdict
from datetime import date
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from pandadb.services import archive
from pandadb.services.archive import verification
from pandadb.web.accounts.roles import pages_for
from pandadb.web.accounts.users import Role
from pandadb.web.pages.run_table import run_table
from pandadb.web.rendering import render_section
from pandadb.web.request_state import (
    ARCHIVE_SECONDS,
    Options,
    Recent,
    TheArchive,
    TheDatabase,
    archive_status,
)
from pandadb.web.tables import Column, Row, Table, rows_of

reading = pages_for(Role.READER)
PROOFS = 100
"""Proofs of a page, the newest."""


def _day_address(row: Row) -> str:
    return f"/archive/{row['day']:%Y-%m-%d}"


TABLES = (
    Column("table", "Table", "code"),
    Column("partitions", "Partitions", "number"),
    Column("first", "From", "time"),
    Column("last", "To", "time"),
    Column("unproven", "Without proof", "number"),
    Column("megabytes", "MB", "number"),
)
DAYS = (
    Column("day", "Day", "time", _day_address),
    Column("to", "To", "time"),
    Column("partitions", "Partitions", "number"),
    Column("rows", "Rows", "number"),
    Column("why", "Put off because"),
)
PROVEN = (
    Column("lower_bound", "Day", "time", lambda row: f"/archive/{row['lower_bound']:%Y-%m-%d}"),
    Column("table_name", "Table", "code"),
    Column("how", "How"),
    Column("source_rows", "Rows before", "number"),
    Column("target_rows", "Rows after", "number"),
    Column("is_proof", "Proof"),
    Column("proved_at", "Proved", "time"),
    Column("proved_by", "By"),
)


@reading.get("/archive")
def show_archive(
    request: Request,
    database: TheDatabase,
    other: TheArchive,
    options: Options,
    recent: Recent,
) -> Response:
    """Return the state of the archive, the days that are due, and the newest proofs."""
    state = archive_status(request)
    facts = {
        "Days due": state.due,
        "Days put off": state.put_off,
        "Oldest day due": state.oldest,
        "Hours behind": round(state.lag / 3600, 1),
        "Days copied, not yet dropped": state.waiting or None,
        "Tasks held": state.held or None,
        "Jobs in DEFAULT partitions": state.in_default or None,
        "Paused": state.paused,
    }
    tables = [
        Table("Archive", TABLES, [_in_megabytes(row) for row in rows_of(state.archived)]),
        recent.get("days due", lambda: _days(database, options.policies), ARCHIVE_SECONDS),
        recent.get("proofs", lambda: _proofs(database, other), ARCHIVE_SECONDS),
        run_table(state.runs, "No run of the archive is known: pandadb archive run."),
    ]
    return render_section(request, "Archive", tables, facts=facts, problems=state.problems)


def _days(database: Any, policies: Any) -> Table:
    rows = [
        {
            "day": day.lower,
            "to": day.upper,
            "partitions": len(day.parts),
            "rows": sum(part.rows for part in day.parts),
            "why": day.put_off,
        }
        for day in archive.plan(database, policies, count=False)
    ]
    return Table("Days due", DAYS, rows, empty="No day is due: the archive is up to date.")


def _proofs(database: Any, other: Any) -> Table:
    known = verification.known_proofs(database, other).values()
    newest = sorted(known, key=lambda proof: proof.id, reverse=True)[:PROOFS]
    names = [column.name for column in PROVEN if column.name != "is_proof"]
    rows = [
        {name: getattr(one, name) for name in names} | {"is_proof": verification.is_proof(one)}
        for one in newest
    ]
    return Table("Proofs", PROVEN, rows, empty="Nothing is archived yet: pandadb archive run.")


def _in_megabytes(row: Row) -> Row:
    return {**row, "megabytes": row["bytes"] / 1_000_000}


PLACES = (
    Column("table", "Table", "code"),
    Column("partition", "Partition", "code"),
    Column("place", "Place"),
    Column("rows", "Rows", "number"),
)


@reading.get("/archive/{day}")
def explain_day(
    request: Request, database: TheDatabase, other: TheArchive, options: Options, day: date
) -> Response:
    """Return where the rows of a day are, why they stay there, and their proofs."""
    found = archive.explain_day(
        database, day, options.policies, archive=other, exports=options.exports, waits=options.waits
    )
    facts = {
        "Old enough from": found.due_from,
        "Next": found.next,
        "Stays because": [str(one) for one in found.waits] or None,
        "Held tasks": [f"{one}" for one in found.holds] or None,
    }
    tables = [
        _generic("Places", [asdict(one) for one in found.places], "No row of the day is known."),
        _generic("Proofs", [asdict(one) for one in found.proofs], "The day has no proof."),
    ]
    return render_section(request, f"Archive, {day}", tables, facts=facts)


def _generic(name: str, rows: list[dict[str, Any]], empty: str) -> Table:
    """Return a table of rows with the columns that they have."""
    names = [*rows[0]] if rows else ["table"]
    return Table(name, [Column(one, one.replace("_", " ").capitalize()) for one in names], rows,
                 empty=empty)  # fmt: skip
