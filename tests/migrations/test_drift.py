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
            "routine doma_panda.bitor: expected",
        ),
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

    assert len(differences) == 1
    assert said in differences[0]


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
