"""Schemas of other names: each command works on them, or refuses before anything is done."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from pandadb.database import Database
from pandadb.services import archive, grants, harvester, schema, sequences, sites
from tests.databases import render
from tests.typed import typed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NAMES = {"doma_panda": "atlas_panda"}
PARTITION = (
    "CREATE TABLE atlas_panda.{0}_d1 PARTITION OF atlas_panda.{0}"
    " FOR VALUES FROM ('2019-01-01') TO ('2019-01-02')"
)
OBJECTS = text(
    "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname NOT LIKE 'pg%'"
)


@pytest.fixture
def renamed(database: Database) -> Iterator[Database]:
    """A database whose schema doma_panda has another name."""
    with database.engine.begin() as connection:
        connection.execute(text("ALTER SCHEMA doma_panda RENAME TO atlas_panda"))
    with Database(render(database.engine.url), schemas=NAMES) as theirs:
        yield theirs


@pytest.mark.parametrize(
    "work",
    [
        schema.upgrade,
        lambda database: schema.downgrade(database, "base"),
        lambda database: schema.stamp(database, "head"),
        schema.current,
        schema.check,
        grants.grant,
        sequences.fix,
    ],
)
def test_what_does_not_know_other_names_refuses_by_name(
    renamed: Database, work: Callable[[Database], Any]
) -> None:
    with renamed.engine.connect() as connection:
        before = connection.scalar(OBJECTS)

    with pytest.raises(schema.MigrationError, match="PANDADB_SCHEMAS gives schemas other names"):
        work(renamed)

    with renamed.engine.connect() as connection:
        assert connection.scalar(OBJECTS) == before


def test_an_export_and_an_archive_of_its_own_refuse_too(
    renamed: Database, there: Database, tmp_path: Path
) -> None:
    with pytest.raises(schema.MigrationError, match="unset PANDADB_SCHEMAS"):
        archive.run(renamed, archive=there)
    with pytest.raises(schema.MigrationError, match="unset PANDADB_SCHEMAS"):
        archive.export(renamed, "2019-01", tmp_path / "months")
    with pytest.raises(schema.MigrationError, match="unset PANDADB_SCHEMAS"):
        archive.import_month(renamed, "2019-01", tmp_path)

    assert not (tmp_path / "months").exists()


def test_sites_work_on_them(renamed: Database) -> None:
    given = sites.generate(5)

    assert sites.load(renamed, given).changes
    assert not sites.load(renamed, given)
    assert sites.load_network(renamed, [["A", "B", "k", 1, None]]).added == 1
    assert len(sites.find(renamed)) == sum(
        one["state"] == "ACTIVE" for one in given["sites"].values()
    )


@pytest.mark.slow
def test_jobs_partitions_and_the_archive_work_on_them(
    renamed: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def pandadb(*words: str, code: int = 0) -> str:
        ended = typed(*words, environment=os.environ)
        assert ended.returncode == code, ended.stderr
        return ended.stdout

    (tmp_path / "jobs.json").write_text('[{"computingsite": "CERN", "prodsourcelabel": "test"}]')
    (tmp_path / "records.csv").write_text("pandaid,wall_time\n4711,60\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PANDADB_URL", render(renamed.engine.url))
    monkeypatch.setenv("PANDADB_SCHEMAS", "doma_panda=atlas_panda")

    pandaid = pandadb("jobs", "submit", "jobs.json").strip()
    pandadb("jobs", "move", "activate", pandaid)
    pandadb("jobs", "kill", pandaid)
    pandadb("jobs", "retry", pandaid)
    pandadb("jobs", "expire")
    pandadb("jobs", "load", "records.csv", "--jeditaskid", "5")
    assert json.loads(pandadb("jobs", "show", "4711", "--json"))["pandaid"] == 4711
    assert pandaid in pandadb("jobs", "list", "--json")
    pandadb("jobs", "count", "--json")
    pandadb("jobs", "history", pandaid)

    with renamed.engine.begin() as connection:
        for table in ("jobs_statuslog", "jobsarchived4", "filestable4"):
            connection.execute(text(PARTITION.format(table)))
        connection.execute(
            text(
                "INSERT INTO atlas_panda.jobsarchived4 (pandaid, modificationtime)"
                " VALUES (77, '2019-01-01')"
            )
        )
    planned = json.loads(pandadb("partitions", "plan", "jobs_statuslog", "--json"))
    assert ("drop", "jobs_statuslog_d1") in {(one["do"], one["partition"]) for one in planned}
    maintained = json.loads(pandadb("partitions", "maintain", "jobs_statuslog", "--json"))
    assert maintained["done"] == [one for one in planned if one["do"] in ("make", "drop")]
    pandadb("partitions", "status")

    assert len(json.loads(pandadb("archive", "run", "--json"))["done"]) == 1
    pandadb("archive", "status")
    pandadb("archive", "verify")
    assert "Days due: 0" in pandadb("archive", "status")
    pandadb("archive", "hold", "5")
    pandadb("archive", "pause", "--reason", "a disk")
    pandadb("archive", "resume")
    pandadb("archive", "compact", "--dry-run")
    pandadb("archive", "restore", "--pandaid", "77", "--yes")
    with renamed.session() as session:
        live = text("SELECT count(*) FROM atlas_panda.jobsarchived4 WHERE pandaid = 77")
        assert session.scalar(live) == 1


def test_harvester_works_on_them(renamed: Database) -> None:
    harvester.hear(renamed, "H1", "me", "host")
    reports = [{"workerID": 1, "status": "failed", "syncLevel": 1, "pandaid_list": [1]}]
    (number,) = harvester.send_commands(renamed, harvester.HarvesterCommand("H1", "A"))

    assert harvester.update_workers(renamed, "H1", reports).new == [0]
    assert [one.command_id for one in harvester.take_commands(renamed, "H1", 1)] == [number]
    assert harvester.report_counts(renamed, "H1", {"Q": {"m": {"S": {"idle": 1}}}}) == {}
    assert harvester.count_workers(renamed, "H1") == 0
    assert harvester.add_metrics(renamed, "H1", [["2026-01-02 03:04:05", "host", "{}"]]) == {}
    assert harvester.page(renamed, "H1").page.workers[0]["pandaids"] == [1]
    assert harvester.clean(renamed).deleted == {"harvester_metrics": 1}
