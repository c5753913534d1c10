"""`alembic check` is silent on our schema, and loud on each kind of difference from it."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from pandadb.database import Database
from pandadb.services import schema


def test_models_sql_files_and_database_agree(database: Database) -> None:
    assert schema.check(database) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("ALTER TABLE doma_panda.cache DROP CONSTRAINT cache_pkey", "primary key of"),
        ("ALTER TABLE doma_panda.ddm_endpoint DROP CONSTRAINT blacklisted_check", "check "),
        (
            "ALTER TABLE doma_panda.panda_site DROP CONSTRAINT panda_site_is_local_check,"
            " ADD CONSTRAINT panda_site_is_local_check CHECK (is_local IN ('Y', 'N', 'M'))",
            "check doma_panda.panda_site.panda_site_is_local_check: expected",
        ),
        ("ALTER SEQUENCE doma_panda.jedi_datasets_id_seq INCREMENT 2", "sequence "),
        ("CREATE SEQUENCE doma_panda.surplus", "sequence doma_panda.surplus is in the database"),
        ("DROP TABLE doma_panda.filestable4_default", "partition key and default partition of"),
        (
            "CREATE OR REPLACE VIEW doma_pandabigmon.requests_view AS SELECT server"
            " FROM doma_pandabigmon.all_requests_daily WHERE server IS NOT NULL",
            "view doma_pandabigmon.requests_view is not what its file",
        ),
        ("CREATE VIEW doma_panda.surplus AS SELECT 1 AS one", "view doma_panda.surplus is in"),
        ("DROP VIEW doma_pandaarch.jobsarchview_7days", "view doma_pandaarch.jobsarchview_7days"),
        ("DROP PROCEDURE doma_panda.jedi_refr_mintaskids_bystatus", "routine "),
        (
            "CREATE OR REPLACE FUNCTION doma_panda.bitor(p_bits1 integer, p_bits2 integer)"
            " RETURNS integer LANGUAGE sql AS 'SELECT 1'",
            "routine doma_panda.bitor(p_bits1 integer, p_bits2 integer) is not what its file",
        ),
        (
            "ALTER FUNCTION doma_panda.bitor VOLATILE",
            "routine doma_panda.bitor(p_bits1 integer, p_bits2 integer) is not what its file",
        ),
        (
            "CREATE FUNCTION doma_panda.to_number(text) RETURNS numeric LANGUAGE sql AS 'SELECT 1'",
            "routine doma_panda.to_number(text) is in the database only",
        ),
        (
            "DROP FUNCTION doma_panda.to_number",
            "routine doma_panda.to_number(p_number integer) is missing",
        ),
        (
            "ALTER TABLE doma_panda.filestable4 DETACH PARTITION doma_panda.filestable4_live;"
            " DROP TABLE doma_panda.filestable4_live",
            "partition doma_panda.filestable4_live is missing",
        ),
        (
            "ALTER TABLE doma_panda.filestable4_live SET SCHEMA public",
            "partition doma_panda.filestable4_live is missing",
        ),
        ("DROP TABLE doma_panda.metatable_live", "partition doma_panda.metatable_live is missing"),
        (
            "DROP TABLE doma_panda.metatable_live; CREATE TABLE doma_panda.metatable_live PARTITION"
            " OF doma_panda.metatable FOR VALUES FROM (MINVALUE) TO ('2026-01-01')",
            "partition doma_panda.metatable_live: expected",
        ),
        ("DROP INDEX doma_panda.ux_mv_wn_summary", "UNIQUE INDEX ux_mv_wn_summary ON"),
        (
            "DO $$ DECLARE body text := pg_get_viewdef('doma_panda.mv_worker_node_gpu_summary'"
            "\\:\\:regclass); BEGIN DROP MATERIALIZED VIEW doma_panda.mv_worker_node_gpu_summary"
            " CASCADE; EXECUTE 'CREATE VIEW doma_panda.mv_worker_node_gpu_summary AS ' || body;"
            " END $$",
            "mv_worker_node_gpu_summary",
        ),
        (
            "ALTER TABLE doma_panda.jedi_tasks DISABLE TRIGGER update_realmodificationtime",
            "trigger update_realmodificationtime is not enabled as usual on doma_panda.jedi_tasks",
        ),
        (
            "ALTER TABLE doma_panda.jedi_tasks_default DISABLE TRIGGER update_realmodificationtime",
            "is not enabled as usual on doma_panda.jedi_tasks_default",
        ),
        ("ALTER SEQUENCE doma_panda.jedi_datasets_id_seq MINVALUE 0", "sequence "),
        ("ALTER TABLE doma_panda.jobsactive4 SET UNLOGGED", "jobsactive4 is UNLOGGED"),
        ("DROP TRIGGER update_realmodificationtime ON doma_panda.jedi_tasks", "trigger "),
        ("ALTER TABLE doma_panda.cache ADD surplus integer", "remove_column"),
        ("CREATE TABLE doma_panda.surplus ()", "remove_table"),
        ("DROP INDEX doma_panda.jobsactive4_jobname_idx", "add_index"),
        ("COMMENT ON COLUMN doma_panda.cache.main_key IS 'other'", "modify_comment"),
        ("ALTER TABLE doma_panda.cache ALTER main_key TYPE varchar(57)", "modify_type"),
    ],
)
def test_each_kind_of_difference_is_named(database: Database, change: str, said: str) -> None:
    with database.engine.begin() as connection:
        connection.execute(text(change))

    differences = schema.check(database)

    assert said in "; ".join(differences)
    assert len(differences) == 1 + ("MATERIALIZED" in change), differences  # its index goes with it


def test_a_partition_is_no_difference(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TABLE doma_panda.jobsarchived4_p2026_11 PARTITION OF"
                " doma_panda.jobsarchived4 FOR VALUES FROM ('2026-11-01') TO ('2026-12-01')"
            )
        )

    assert schema.check(database) == []


def test_the_search_path_that_a_panda_server_needs_does_no_harm(database: Database) -> None:
    name = database.engine.url.database
    with database.engine.begin() as connection:
        connection.execute(text(f'ALTER DATABASE "{name}" SET search_path = doma_panda, public'))
    database.engine.dispose()

    assert schema.check(database) == []
