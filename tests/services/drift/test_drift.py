"""`pandadb db check` beside the schema: each statement that spoils a database is a sentence."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from pandadb.database import Database
from pandadb.services import drift, grants
from tests.databases import Server, temporary_database

PUBLIC_REVOKE = "REVOKE DELETE, INSERT, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON"


@pytest.fixture(scope="module")
def granted(server: Server, template: str) -> Iterator[tuple[Database, str]]:
    """A database with the roles of `pandadb db grant`, and their prefix."""
    prefix = f"pandadb_test_{secrets.token_hex(4)}"
    with temporary_database(server, template) as url, Database(url) as database:
        with database.engine.begin() as connection:
            for login in (f"{prefix}_server", f"{prefix}_bigmon"):
                connection.execute(text(f'CREATE ROLE "{login}" LOGIN'))
        members = {f"{prefix}_server": "writer", f"{prefix}_bigmon": "monitor"}
        grants.grant(database, prefix, members)
        yield database, prefix
        with database.engine.begin() as connection:
            names = [*grants.grant(database, prefix, dry_run=True).roles.values(), *members]
            for name in names:
                connection.execute(text(f'DROP OWNED BY "{name}" CASCADE'))
                connection.execute(text(f'DROP ROLE "{name}"'))


@pytest.fixture
def prefix(granted: tuple[Database, str]) -> str:
    return granted[1]


@pytest.fixture
def with_roles(granted: tuple[Database, str]) -> Iterator[Session]:
    """A session in the database with roles, whose work is undone."""
    with granted[0].engine.connect() as connection, connection.begin() as transaction:
        with Session(connection) as session:
            yield session
        transaction.rollback()


def spoil(session: Session, statements: str) -> list[str]:
    """Run statements, and return the sentences about what they have changed."""
    for statement in statements.split("; "):
        session.execute(text(statement.replace(":", r"\:")))
    return [str(one) for one in drift.find(session)]


@pytest.mark.slow
def test_a_fresh_database_is_as_it_should_be(database: Database) -> None:
    assert drift.check(database) == []


@pytest.mark.slow
def test_a_database_with_roles_is_as_it_should_be(granted: tuple[Database, str]) -> None:
    assert drift.check(granted[0]) == []


def test_a_table_of_tomorrow_has_the_rights_of_today(with_roles: Session, prefix: str) -> None:
    statements = (
        f'SET LOCAL ROLE "{prefix}"; CREATE TABLE doma_panda.tomorrow (id int);'
        " CREATE TABLE pandadb.tomorrow (id int);"
        " CREATE TABLE doma_panda.jobsarchived4_p2026_11 PARTITION OF"
        " doma_panda.jobsarchived4 FOR VALUES FROM ('2026-11-01') TO ('2026-12-01')"
    )

    assert spoil(with_roles, statements) == []


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "ALTER TABLE doma_panda.jobsactive4 ENABLE ROW LEVEL SECURITY",
            "table doma_panda.jobsactive4 has row level security, which hides rows:"
            " ALTER TABLE doma_panda.jobsactive4 DISABLE ROW LEVEL SECURITY",
        ),
        (
            "CREATE RULE quiet AS ON DELETE TO doma_panda.jobsactive4 DO INSTEAD NOTHING",
            "rule quiet on doma_panda.jobsactive4 rewrites DELETE:"
            " DROP RULE quiet ON doma_panda.jobsactive4",
        ),
        (
            "ALTER TABLE doma_panda.jobsactive4 SET (autovacuum_enabled = off)",
            "table doma_panda.jobsactive4 is left out by autovacuum:"
            " ALTER TABLE doma_panda.jobsactive4 RESET (autovacuum_enabled)",
        ),
        (
            "ALTER TABLE doma_panda.filestable4_live SET (toast.autovacuum_enabled = false)",
            "table doma_panda.filestable4_live is left out by autovacuum:"
            " ALTER TABLE doma_panda.filestable4_live RESET (toast.autovacuum_enabled)",
        ),
        (
            "UPDATE doma_panda.pandadb_version SET patch = 7",
            "row doma_panda.pandadb_version (component PanDA): expected major 0, minor 1,"
            " patch 6, found major 0, minor 1, patch 7",
        ),
        (
            "DELETE FROM doma_panda.jedi_work_queue WHERE queue_id = 2",
            "row doma_panda.jedi_work_queue (queue_id 2) is missing in the database",
        ),
        (
            "UPDATE doma_panda.resource_types SET mincore = NULL",
            "row doma_panda.resource_types (resource_name Undefined): expected mincore 1,"
            " found mincore None",
        ),
        (
            "DELETE FROM doma_panda.config WHERE key = 'TIMEOUT_holding'",
            "row doma_panda.config (app pandaserver, component job_timeout, vo wlcg,"
            " key TIMEOUT_holding) is missing in the database",
        ),
        (
            "GRANT ALL ON doma_panda.secrets TO PUBLIC",
            f"PUBLIC has DELETE, INSERT, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE on table"
            f" doma_panda.secrets: {PUBLIC_REVOKE} doma_panda.secrets FROM PUBLIC",
        ),
        (
            "GRANT SELECT (data) ON doma_panda.secrets TO PUBLIC",
            "PUBLIC has SELECT on column doma_panda.secrets.data:"
            " REVOKE SELECT (data) ON doma_panda.secrets FROM PUBLIC",
        ),
        (
            "GRANT SELECT ON doma_panda.filestable4_live TO PUBLIC",
            "PUBLIC has SELECT on table doma_panda.filestable4_live:"
            " REVOKE SELECT ON doma_panda.filestable4_live FROM PUBLIC",
        ),
        (
            "GRANT CREATE ON SCHEMA pandadb TO PUBLIC",
            "PUBLIC has CREATE on schema pandadb: REVOKE CREATE ON SCHEMA pandadb FROM PUBLIC",
        ),
        (
            "GRANT EXECUTE ON FUNCTION pandadb.drop_archived TO PUBLIC",
            "PUBLIC has EXECUTE on function pandadb.drop_archived(text, text):"
            " REVOKE EXECUTE ON FUNCTION pandadb.drop_archived(text, text) FROM PUBLIC",
        ),
        (
            "ALTER DEFAULT PRIVILEGES IN SCHEMA doma_panda GRANT SELECT ON TABLES TO PUBLIC",
            "PUBLIC has SELECT on new tables in doma_panda: ALTER DEFAULT PRIVILEGES …"
            " IN SCHEMA doma_panda REVOKE SELECT ON TABLES FROM PUBLIC",
        ),
    ],
)
def test_what_is_spoilt_without_roles_is_a_sentence(
    session: Session, statement: str, sentence: str
) -> None:
    (found,) = spoil(session, statement)

    assert found.replace("MAINTAIN, ", "") == sentence  # a right since PostgreSQL 17


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "REVOKE INSERT ON doma_panda.jobsactive4 FROM {p}_writer",
            "{p}_writer lacks INSERT on table doma_panda.jobsactive4:"
            " pandadb db grant --prefix {p}",
        ),
        (
            "REVOKE USAGE ON SCHEMA doma_panda FROM {p}_reader",
            "{p}_reader lacks USAGE on schema doma_panda: pandadb db grant --prefix {p}",
        ),
        (
            "REVOKE EXECUTE ON FUNCTION pandadb.drop_archived FROM {p}_archiver",
            "{p}_archiver lacks EXECUTE on function pandadb.drop_archived(text, text):"
            " pandadb db grant --prefix {p}",
        ),
        (
            "REVOKE UPDATE ON SEQUENCE doma_panda.jobsdefined4_pandaid_seq FROM {p}_writer",
            "{p}_writer lacks UPDATE on sequence doma_panda.jobsdefined4_pandaid_seq:"
            " pandadb db grant --prefix {p}",
        ),
        (
            "GRANT SELECT ON doma_panda.secrets TO {p}_reader",
            "{p}_reader has SELECT on table doma_panda.secrets:"
            " REVOKE SELECT ON doma_panda.secrets FROM {p}_reader",
        ),
        (
            "GRANT UPDATE ON pandadb.archive_proof TO {p}_archiver",
            "{p}_archiver has UPDATE on table pandadb.archive_proof:"
            " REVOKE UPDATE ON pandadb.archive_proof FROM {p}_archiver",
        ),
        (
            "ALTER DEFAULT PRIVILEGES FOR ROLE {p} IN SCHEMA doma_panda"
            " REVOKE SELECT ON TABLES FROM {p}_monitor",
            "{p}_monitor lacks SELECT on new tables in doma_panda: pandadb db grant --prefix {p}",
        ),
        (
            "ALTER TABLE doma_panda.jobsactive4 OWNER TO {p}_server",
            "table doma_panda.jobsactive4 belongs to {p}_server, not to {p}:"
            " ALTER TABLE doma_panda.jobsactive4 OWNER TO {p}",
        ),
        (
            "ALTER FUNCTION pandadb.drop_archived OWNER TO {p}_server",
            "function pandadb.drop_archived(text, text) belongs to {p}_server, not to {p}:"
            " ALTER FUNCTION pandadb.drop_archived(text, text) OWNER TO {p}",
        ),
        (
            "ALTER SCHEMA pandadb OWNER TO {p}_server",
            "schema pandadb belongs to {p}_server, not to {p}: ALTER SCHEMA pandadb OWNER TO {p}",
        ),
        (
            'ALTER DATABASE "{d}" SET search_path = public',
            "the database has search_path=public, PanDA's server needs"
            " one that begins with doma_panda: pandadb db grant --prefix {p}",
        ),
        (
            'ALTER DATABASE "{d}" RESET search_path',
            "the database has no search_path, PanDA's server needs"
            " one that begins with doma_panda: pandadb db grant --prefix {p}",
        ),
        (
            "ALTER ROLE {p}_server SET search_path = public",
            "role {p}_server has search_path=public, PanDA's server needs doma_panda in it:"
            " ALTER ROLE {p}_server RESET search_path, and IN DATABASE",
        ),
        (
            'ALTER ROLE {p}_bigmon IN DATABASE "{d}" RESET search_path',
            "role {p}_bigmon has no search_path, a monitor needs"
            " search_path=doma_pandabigmon, doma_panda, public, pg_catalog:"
            " pandadb db grant --prefix {p} --member {p}_bigmon=monitor",
        ),
    ],
)
def test_what_is_spoilt_with_roles_is_a_sentence(
    with_roles: Session, prefix: str, statement: str, sentence: str
) -> None:
    database = with_roles.scalar(text("SELECT current_database()"))

    assert spoil(with_roles, statement.format(p=prefix, d=database)) == [sentence.format(p=prefix)]


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE doma_panda.jobsactive4 SET (fillfactor = 70, autovacuum_enabled = on)",
        "UPDATE doma_panda.config SET value = '48', descr = 'Two days'",
        "UPDATE doma_panda.jedi_work_queue SET queue_share = 10, criteria = 'cloud = CERN'",
        "INSERT INTO doma_panda.resource_types (resource_name, mincore) VALUES ('SCORE', 1)",
        "INSERT INTO doma_panda.pandadb_version VALUES ('site', 1, 2, 3)",
        "ALTER TABLE doma_panda.resource_types DROP mincore; DROP TABLE doma_panda.config",
        "CREATE ROLE pandadb_test_site; GRANT SELECT ON doma_panda.cache TO pandadb_test_site",
    ],
)
def test_what_a_site_decides_is_no_difference(with_roles: Session, statement: str) -> None:
    assert spoil(with_roles, statement) == []


def test_a_schema_of_a_site_in_the_search_path_is_no_difference(with_roles: Session) -> None:
    database = with_roles.scalar(text("SELECT current_database()"))
    path = "doma_panda, public, dashboard"

    assert spoil(with_roles, f'ALTER DATABASE "{database}" SET search_path = {path}') == []


def test_names_have_their_schema_whatever_the_search_path_is(with_roles: Session) -> None:
    statements = (
        "SET LOCAL search_path = doma_panda; ALTER TABLE jobsactive4 ENABLE ROW LEVEL SECURITY"
    )

    (found,) = spoil(with_roles, statements)

    assert found.startswith("table doma_panda.jobsactive4 has")


def test_without_roles_tables_of_several_owners_are_a_difference(
    session: Session, prefix: str
) -> None:
    (found,) = spoil(session, f"ALTER TABLE doma_panda.cache OWNER TO {prefix}_server")

    assert found.startswith(f"table doma_panda.cache belongs to {prefix}_server, not to ")


def test_a_role_of_a_site_that_is_called_like_ours_is_the_sites(session: Session) -> None:
    statements = (
        "CREATE ROLE pandadb_test_atlas; CREATE ROLE pandadb_test_atlas_reader;"
        " GRANT SELECT ON doma_panda.secrets TO pandadb_test_atlas_reader"
    )

    assert spoil(session, statements) == []


def test_a_detach_that_was_interrupted_is_a_sentence(database: Database) -> None:
    """Half a detach is what a cancelled DETACH … CONCURRENTLY leaves, which waits for readers."""
    table, part = "doma_panda.tablepart4copying", "doma_panda.tablepart4copying_n"
    with database.engine.begin() as reader:
        reader.execute(text(f"DROP TABLE {table}_default"))
    with database.engine.connect() as reader, database.engine.connect() as detaching:
        reader.execute(text(f"SELECT count(*) FROM {table}"))
        auto = detaching.execution_options(isolation_level="AUTOCOMMIT")
        auto.execute(text("SET lock_timeout = '200ms'"))
        with pytest.raises(Exception, match="lock timeout"):
            auto.execute(text(f"ALTER TABLE {table} DETACH PARTITION {part} CONCURRENTLY"))
    with database.session() as session:
        (found,) = drift.find(session)

    assert found.sentence == (
        f"partition {part} of {table} is detached by half:"
        f" ALTER TABLE {table} DETACH PARTITION {part} FINALIZE"
    )
