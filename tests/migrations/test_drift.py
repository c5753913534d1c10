"""`alembic check` is silent on our schema, and loud on each kind of difference from it."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from pandadb.database import Database
from pandadb.services import schema


@pytest.mark.slow
def test_models_sql_files_and_database_agree(database: Database) -> None:
    assert schema.check(database) == []


CHANGES = [
    {
        "ALTER TABLE doma_panda.cache DROP CONSTRAINT cache_pkey": (
            "primary key of doma_panda.cache"
        ),
        "ALTER TABLE doma_panda.ddm_endpoint DROP CONSTRAINT blacklisted_check": (
            "check doma_panda.ddm_endpoint.blacklisted_check is missing"
        ),
        (
            "ALTER TABLE doma_panda.panda_site DROP CONSTRAINT panda_site_is_local_check,"
            " ADD CONSTRAINT panda_site_is_local_check CHECK (is_local IN ('Y', 'N', 'M'))"
        ): "check doma_panda.panda_site.panda_site_is_local_check: expected",
        "ALTER SEQUENCE doma_panda.jedi_datasets_id_seq INCREMENT 2": (
            "sequence doma_panda.jedi_datasets_id_seq: expected"
        ),
        "CREATE SEQUENCE doma_panda.surplus_seq": "sequence doma_panda.surplus_seq is in",
        "DROP TABLE doma_panda.filestable4_default": (
            "table doma_panda.filestable4 has no DEFAULT partition: a row that no partition"
        ),
        (
            "CREATE OR REPLACE VIEW doma_pandabigmon.requests_view AS SELECT server"
            " FROM doma_pandabigmon.all_requests_daily WHERE server IS NOT NULL"
        ): "view doma_pandabigmon.requests_view differs from its file",
        "CREATE VIEW doma_panda.surplus AS SELECT 1 AS one": "view doma_panda.surplus is in",
        "DROP VIEW doma_pandaarch.jobsarchview_7days": "view doma_pandaarch.jobsarchview_7days",
        "DROP PROCEDURE doma_panda.jedi_refr_mintaskids_bystatus": (
            "routine doma_panda.jedi_refr_mintaskids_bystatus("
        ),
        (
            "CREATE OR REPLACE FUNCTION doma_panda.bitor(p_bits1 integer, p_bits2 integer)"
            " RETURNS integer LANGUAGE sql AS 'SELECT 1'"
        ): "routine doma_panda.bitor(p_bits1 integer, p_bits2 integer) differs from its file",
        "CREATE FUNCTION doma_panda.to_number(text) RETURNS numeric LANGUAGE sql AS 'SELECT 1'": (
            "routine doma_panda.to_number(text) is in the database only"
        ),
        (
            "ALTER TABLE doma_panda.filestable4 DETACH PARTITION doma_panda.filestable4_live;"
            " DROP TABLE doma_panda.filestable4_live"
        ): "partition doma_panda.filestable4_live is missing",
        "DROP TABLE doma_panda.metatable_live": "partition doma_panda.metatable_live is missing",
        "DROP INDEX doma_panda.ux_mv_wn_summary": "UNIQUE INDEX ux_mv_wn_summary ON",
        (
            "DO $$ DECLARE body text := pg_get_viewdef('doma_panda.mv_worker_node_gpu_summary'"
            "\\:\\:regclass); BEGIN DROP MATERIALIZED VIEW doma_panda.mv_worker_node_gpu_summary"
            " CASCADE; EXECUTE 'CREATE VIEW doma_panda.mv_worker_node_gpu_summary AS ' || body;"
            " END $$"
        ): "view doma_panda.mv_worker_node_gpu_summary differs",
        "ALTER TABLE doma_panda.jedi_tasks DISABLE TRIGGER update_realmodificationtime": (
            "trigger update_realmodificationtime is not enabled as usual on doma_panda.jedi_tasks"
        ),
        "ALTER TABLE doma_panda.jobsactive4 SET UNLOGGED": "jobsactive4 is UNLOGGED",
    },
    {
        "ALTER FUNCTION doma_panda.bitor VOLATILE": (
            "routine doma_panda.bitor(p_bits1 integer, p_bits2 integer) differs from its file"
        ),
        "DROP FUNCTION doma_panda.to_number": (
            "routine doma_panda.to_number(p_number integer) is missing"
        ),
        "ALTER TABLE doma_panda.filestable4_live SET SCHEMA public": (
            "partition doma_panda.filestable4_live is missing"
        ),
        (
            "DROP TABLE doma_panda.metatable_live; CREATE TABLE doma_panda.metatable_live PARTITION"
            " OF doma_panda.metatable FOR VALUES FROM (MINVALUE) TO ('2026-01-01')"
        ): "partition doma_panda.metatable_live: expected",
        "ALTER TABLE doma_panda.jedi_tasks_default DISABLE TRIGGER update_realmodificationtime": (
            "is not enabled as usual on doma_panda.jedi_tasks_default"
        ),
        "ALTER SEQUENCE doma_panda.jedi_datasets_id_seq MINVALUE 0": (
            "sequence doma_panda.jedi_datasets_id_seq: expected"
        ),
    },
]
"""Statements that have nothing to do with each other, and what is said of each."""


@pytest.mark.slow
@pytest.mark.parametrize("changes", CHANGES)
def test_each_kind_of_difference_is_named(database: Database, changes: dict[str, str]) -> None:
    with database.engine.begin() as connection:
        for change in changes:
            connection.execute(text(change))

    found = [str(one) for one in schema.check(database)]

    for said in changes.values():
        assert [one for one in found if said in one], "\n".join([said, *found])
    assert len(found) == len(changes) + ("MATERIALIZED" in str(changes)), found  # its index, too


SENTENCES = {
    "DROP TRIGGER update_realmodificationtime ON doma_panda.jedi_tasks": (
        "trigger update_realmodificationtime is missing in the database"
    ),
    "DROP TABLE doma_panda.panda_site": "table doma_panda.panda_site is missing in the database",
    "CREATE TABLE doma_panda.surplus ()": "table doma_panda.surplus is in the database only",
    "DROP TABLE doma_panda.sql_queue": ("table doma_panda.sql_queue is missing in the database"),
    "ALTER TABLE doma_panda.cache ADD surplus integer": (
        "column doma_panda.cache.surplus, INTEGER, is in the database only"
    ),
    "ALTER TABLE doma_panda.cache DROP data": (
        "column doma_panda.cache.data, TEXT, is missing in the database"
    ),
    "ALTER TABLE doma_panda.cache ALTER sub_key TYPE varchar(57)": (
        "column doma_panda.cache.sub_key: expected type VARCHAR(56), found type VARCHAR(57)"
    ),
    "ALTER TABLE doma_panda.secrets ALTER updated_at DROP NOT NULL": (
        "column doma_panda.secrets.updated_at: expected NOT NULL, found NULL allowed"
    ),
    "ALTER TABLE doma_panda.jobsactive4 ALTER attemptnr SET DEFAULT 7": (
        "column doma_panda.jobsactive4.attemptnr: expected default '0', found default 7"
    ),
    "ALTER TABLE doma_panda.jobsactive4 ALTER grid SET DEFAULT 'EGEE'": (
        "column doma_panda.jobsactive4.grid: expected no default, found default 'EGEE'::"
    ),
    "COMMENT ON COLUMN doma_panda.cache.main_key IS 'other'": (
        "column doma_panda.cache.main_key: expected comment 'First part of the key, the kind of"
        " data', found comment 'other'"
    ),
    "COMMENT ON TABLE doma_panda.secrets IS NULL": (
        "table doma_panda.secrets: expected comment 'Secrets that users entrust to the server for"
        " their jobs.', found no comment"
    ),
    "DROP INDEX doma_panda.jobsactive4_jobname_idx": (
        "index doma_panda.jobsactive4_jobname_idx on doma_panda.jobsactive4 (jobname) is missing in"
        " the database"
    ),
    "CREATE UNIQUE INDEX mine ON doma_panda.cache (last_update)": (
        "unique index doma_panda.mine on doma_panda.cache (last_update) is in the database only"
    ),
    "DROP INDEX doma_panda.jobsactive4_prior_idx; CREATE INDEX jobsactive4_prior_idx"
    " ON doma_panda.jobsactive4 (taskid)": (
        "index doma_panda.jobsactive4_prior_idx: expected (currentpriority, pandaid),"
        " found (taskid)"
    ),
    "ALTER TABLE doma_panda.cache ADD CONSTRAINT mine_too UNIQUE (main_key)": (
        "unique constraint doma_panda.cache.mine_too (main_key) is in the database only"
    ),
    "ALTER TABLE doma_panda.cache ADD CONSTRAINT to_queue FOREIGN KEY (main_key)"
    " REFERENCES doma_panda.ddm_endpoint": (
        "foreign key doma_panda.cache.to_queue (main_key) to doma_panda.ddm_endpoint"
    ),
    "ALTER TABLE doma_panda.filestable4 DETACH PARTITION doma_panda.filestable4_p1": (
        "table doma_panda.filestable4_p1 is in the database only: by its name a partition of"
        " doma_panda.filestable4 that was detached; attach or drop it"
    ),
}


@pytest.mark.slow
def test_what_alembic_finds_is_said_in_sentences(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TABLE doma_panda.filestable4_p1 PARTITION OF doma_panda.filestable4"
                " FOR VALUES FROM ('2026-11-01') TO ('2026-12-01')"
            )
        )
        for statement in SENTENCES:
            connection.execute(text(statement))

    found = [str(one) for one in schema.check(database)]

    assert not [one for one in found if "object at" in one or "_index" in one], found
    for sentence in SENTENCES.values():
        assert [one for one in found if one.startswith(sentence)], "\n".join([sentence, *found])
    assert len(found) == len(SENTENCES), found


@pytest.mark.slow
def test_what_is_missing_does_not_end_the_comparison(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE doma_panda.panda_site DROP is_local"))
        metrics = "ALTER TABLE doma_panda.worker_node_metrics DROP statistics CASCADE"
        connection.execute(text(metrics))

    assert sorted(map(str, schema.check(database))) == [
        "check doma_panda.panda_site.panda_site_is_local_check is missing in the database",
        "column doma_panda.panda_site.is_local, CHAR(1), is missing in the database",
        "column doma_panda.worker_node_metrics.statistics, JSONB, is missing in the database",
        "view doma_panda.worker_node_metrics_by_queue is missing in the database",
    ]


@pytest.mark.slow
def test_a_partial_index_of_another_condition_is_named(database: Database) -> None:
    name = "jobsactive4_dispatch_idx"
    with database.engine.begin() as connection:
        definition = connection.scalar(
            text(f"SELECT pg_get_indexdef('doma_panda.{name}'::regclass)")
        )
        whole, _, _ = str(definition).partition(" WHERE ")
        connection.execute(text(f"DROP INDEX doma_panda.{name}"))
        connection.execute(text(f"{whole} WHERE jobstatus = 'sent'"))

    (found,) = schema.check(database)

    assert (found.kind, found.name) == ("condition of index", f"doma_panda.{name}")
    assert "activated" in found.sentence
    assert "sent" in found.sentence


def test_neither_partitions_nor_the_search_path_of_a_panda_server_are_a_difference(
    database: Database,
) -> None:
    name = database.engine.url.database
    with database.engine.begin() as connection:
        connection.execute(text(f'ALTER DATABASE "{name}" SET search_path = doma_panda, public'))
        connection.execute(
            text(
                "CREATE TABLE doma_panda.jobsarchived4_p2026_11 PARTITION OF"
                " doma_panda.jobsarchived4 FOR VALUES FROM ('2026-11-01') TO ('2026-12-01')"
            )
        )
    database.engine.dispose()

    assert schema.check(database) == []
