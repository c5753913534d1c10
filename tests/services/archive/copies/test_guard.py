"""The guard in the database: the archiver drops what is proven to be copied, and nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pandadb.core.archive import ledger, proofs
from pandadb.core.archive.checksums import Fingerprint, fingerprint
from pandadb.core.archive.layout import ARCHIVE_OF, Part
from pandadb.services import grants

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pandadb.database import Database

pytestmark = pytest.mark.slow

LIVE = "doma_panda.filestable4"
PART = Part(
    datetime(2026, 10, 1),
    datetime(2026, 10, 2),
    LIVE,
    ARCHIVE_OF[LIVE],
    "doma_panda",
    "filestable4_p2026_10_01",
)
DROP = f"SELECT pandadb.drop_archived('filestable4', '{PART.name}')"
ROWS = "SELECT count(*) FROM doma_panda.filestable4"


@pytest.fixture
def archiver(database: Database, prefix: str) -> str:
    """The archiver's role; there is a partition with two rows."""
    with database.session() as session:
        for statement in (
            f"CREATE TABLE doma_panda.{PART.name} PARTITION OF doma_panda.filestable4"
            " FOR VALUES FROM ('2026-10-01') TO ('2026-10-02')",
            "INSERT INTO doma_panda.filestable4 (row_id, modificationtime, lfn)"
            " VALUES (1, '2026-10-01', 'a'), (2, '2026-10-01', 'b')",
        ):
            session.execute(text(statement))
    return grants.grant(database, prefix).roles["archiver"]


def found(session: Session) -> Fingerprint:
    return fingerprint(session, "doma_panda", PART.name)


def prove(
    database: Database, archiver: str, how: str = "copy", off: Fingerprint | None = None
) -> None:
    """Book a copy as the archiver; `off` is what the copy has more than it should."""
    with database.session() as session:
        session.execute(text(f'SET LOCAL ROLE "{archiver}"'))
        source = found(session)
        target = Fingerprint(source.rows + off.rows, source.sum + off.sum) if off else source
        proofs.prove(session, PART, how, source, target)
        ledger.enter(session, PART, "Y", is_gone=False)


def drop(database: Database, role: str, statement: str = DROP) -> str:
    """Try to drop the partition as a role; return what the database says against it."""
    try:
        with database.session() as session:
            session.execute(text(f'SET LOCAL ROLE "{role}"'))
            session.execute(text(statement))
    except DBAPIError as error:
        return str(error.orig)
    return ""


def test_what_is_proven_is_dropped_and_the_ledger_says_when(
    database: Database, archiver: str
) -> None:
    prove(database, archiver)

    assert drop(database, archiver) == ""
    with database.session() as session:
        assert session.scalar(text(ROWS)) == 0
        deleted = "SELECT deleted_on IS NOT NULL FROM doma_panda.tablepart4copying"
        assert session.scalar(text(deleted))
    assert "is no partition of a day" in drop(database, archiver)


@pytest.mark.parametrize(
    "ledger",
    ["DELETE FROM {}", "UPDATE {} SET deleted_on = now()", "UPDATE {} SET copied_to_arch = 'N'"],
)
def test_a_partition_of_which_the_ledger_says_something_else_stays(
    database: Database, archiver: str, ledger: str
) -> None:
    prove(database, archiver)
    with database.session() as session:  # as of a day that came back
        session.execute(text(ledger.format("doma_panda.tablepart4copying")))

    assert "the ledger does not say that" in drop(database, archiver)


def test_the_archiver_cannot_drop_or_detach_the_table_itself(
    database: Database, archiver: str
) -> None:
    prove(database, archiver)

    for statement in (
        f"DROP TABLE doma_panda.{PART.name}",
        f"ALTER TABLE doma_panda.filestable4 DETACH PARTITION doma_panda.{PART.name}",
        f"TRUNCATE doma_panda.{PART.name}",
    ):
        said = drop(database, archiver, statement)
        assert "must be owner" in said or "permission denied" in said


@pytest.mark.parametrize("role", ["writer", "reader"])
def test_nobody_else_may_ask(database: Database, prefix: str, archiver: str, role: str) -> None:
    prove(database, archiver)

    assert "permission denied" in drop(database, f"{prefix}_{role}")


def test_what_is_not_proven_stays(database: Database, archiver: str) -> None:
    assert "there is no proof of a copy" in drop(database, archiver)


@pytest.mark.parametrize("how", ["swap", "restore"])
def test_a_partition_is_no_copy_of_itself(database: Database, archiver: str, how: str) -> None:
    prove(database, archiver)
    prove(database, archiver, how)

    assert "there is no proof of a copy" in drop(database, archiver)


@pytest.mark.parametrize("off", [Fingerprint(1, 0), Fingerprint(0, 1)])
def test_a_day_whose_proof_fails_is_not_dropped(
    database: Database, archiver: str, off: Fingerprint
) -> None:
    prove(database, archiver)
    prove(database, archiver, off=off)

    assert "says that the copy differs" in drop(database, archiver)


def test_a_proof_that_is_not_finished_is_none(database: Database, archiver: str) -> None:
    with database.session() as session:
        proofs.prove(session, PART, "copy", found(session))
        ledger.enter(session, PART, "Y", is_gone=False)

    assert "says that the copy differs" in drop(database, archiver)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE doma_panda.filestable4 SET lfn = 'c' WHERE row_id = 1",
        "DELETE FROM doma_panda.filestable4 WHERE row_id = 1",
        "INSERT INTO doma_panda.filestable4 (row_id, modificationtime) VALUES (3, '2026-10-01')",
        "UPDATE doma_panda.filestable4 SET lfn = CASE lfn WHEN 'a' THEN 'b' ELSE 'a' END",
        "ALTER TABLE doma_panda.filestable4 ADD unknown text DEFAULT 'not copied'",
    ],
)
def test_what_has_changed_by_a_byte_since_is_not_dropped(
    database: Database, archiver: str, change: str
) -> None:
    prove(database, archiver)
    with database.session() as session:
        session.execute(text(change))

    assert "has changed since it was copied" in drop(database, archiver)
    with database.session() as session:
        assert session.scalar(text(ROWS)) > 0


def test_a_table_that_somebody_writes_to_is_not_waited_for(
    database: Database, archiver: str
) -> None:
    prove(database, archiver)
    with database.session() as session:
        session.execute(text("UPDATE doma_panda.filestable4_default SET lfn = 'c'"))
        session.execute(text("LOCK TABLE ONLY doma_panda.filestable4 IN ROW EXCLUSIVE MODE"))

        assert "lock timeout" in drop(database, archiver)
    assert drop(database, archiver) == ""


def test_a_transaction_that_sees_an_older_moment_is_refused(
    database: Database, archiver: str
) -> None:
    prove(database, archiver)

    said = drop(
        database,
        archiver,
        f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; {DROP}",
    )
    assert "READ COMMITTED" in said


@pytest.mark.parametrize(
    ("table", "partition"),
    [
        ("filestable4", "filestable4_default"),
        ("filestable4", "filestable4_live"),
        ("jobs_statuslog", "jobs_statuslog_default"),
        ("jobsarchived4", PART.name),
    ],
)
def test_only_days_of_jobs_are_dropped(
    database: Database, archiver: str, table: str, partition: str
) -> None:
    said = drop(database, archiver, f"SELECT pandadb.drop_archived('{table}', '{partition}')")

    assert "is no partition of a day" in said


def test_the_archiver_cannot_change_a_proof(database: Database, archiver: str) -> None:
    prove(database, archiver)

    for statement in ("UPDATE pandadb.archive_proof SET how = 'copy'",
                      "DELETE FROM pandadb.archive_proof"):  # fmt: skip
        assert "permission denied" in drop(database, archiver, statement)
