"""The chain of revisions: one line, each step there and back, nothing left over."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import make_url, text

from pandadb.database import Database
from pandadb.models.base import MIRRORED_SCHEMAS, PANDADB
from pandadb.services import schema

SCRIPTS = ScriptDirectory.from_config(Config(schema.home() / "alembic.ini"))
REVISIONS = [step.revision for step in SCRIPTS.walk_revisions()][::-1]

OBJECTS = text(
    "SELECT n.nspname, c.relname, c.relkind::text FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname LIKE 'doma%' OR n.nspname = 'pandadb'"
    " UNION ALL SELECT n.nspname, p.proname, 'routine' FROM pg_proc p"
    " JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname LIKE 'doma%'"
    " UNION ALL SELECT nspname, '', 'schema' FROM pg_namespace WHERE nspname LIKE 'doma%'"
    " ORDER BY 1, 2, 3"
)


def objects(database: Database) -> list[tuple[str, ...]]:
    with database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(OBJECTS)]


def test_there_is_one_line_of_revisions_numbered_without_gaps() -> None:
    assert [f"{number:04d}" for number in range(1, len(REVISIONS) + 1)] == REVISIONS


@pytest.mark.slow
def test_every_revision_goes_up_down_and_up_again(empty_database_url: str) -> None:
    with Database(empty_database_url) as database:
        states = []
        for revision in REVISIONS:
            schema.upgrade(database, revision)
            states.append(objects(database))
        for revision, state in zip(REVISIONS[-2::-1], states[-2::-1], strict=True):
            schema.downgrade(database, revision)
            assert objects(database) == state, f"after going back to {revision}"
        schema.downgrade(database, "base")
        assert objects(database) == [
            ("pandadb", "alembic_version", "r"),
            ("pandadb", "alembic_version_pkc", "i"),
        ]
        schema.upgrade(database)
        assert objects(database) == states[-1]


@pytest.mark.slow
def test_a_service_may_have_migrations_of_its_own(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "migrations", ModuleType("migrations"))
    before = [*sys.path]

    assert schema.check(database) == []
    schema.downgrade(database, "0018")
    schema.upgrade(database)

    assert sys.path == before


def test_an_upgrade_can_be_repeated(database: Database) -> None:
    before = objects(database)

    schema.upgrade(database)

    assert objects(database) == before


def test_the_version_is_panda_0_1_6_and_nothing_is_pending(database: Database) -> None:
    version = schema.current(database)

    assert (version.revision, version.head) == (REVISIONS[-1], REVISIONS[-1])
    assert version.panda == "0.1.6"
    assert version.pending == ()


def test_an_empty_database_says_that_everything_is_pending(empty_database_url: str) -> None:
    with Database(empty_database_url) as database:
        version = schema.current(database)

    assert version.revision is None
    assert version.panda is None
    assert [name[:4] for name in version.pending] == REVISIONS


def test_an_unknown_revision_is_a_sentence_and_nothing_happens(empty_database_url: str) -> None:
    with Database(empty_database_url) as database:
        with pytest.raises(schema.MigrationError, match="9999"):
            schema.upgrade(database, "9999")

        assert [name for name in objects(database) if name[0] != "pandadb"] == []


def test_seed_rows_are_there(database: Database) -> None:
    counts = {"jedi_work_queue": 3, "resource_types": 1, "config": 2, "pandadb_version": 1}
    with database.engine.connect() as connection:
        for table, rows in counts.items():
            query = text(f"SELECT count(*) FROM doma_panda.{table}")
            assert connection.scalar(query) == rows


@pytest.mark.slow
def test_a_role_that_merely_owns_its_database_can_do_all_of_it(plain_role_url: str) -> None:
    with Database(plain_role_url) as database:
        schema.upgrade(database)
        assert schema.check(database) == []
        with database.engine.connect() as connection:
            assert connection.scalar(
                text("SELECT NOT rolsuper FROM pg_roles WHERE rolname = current_user")
            )
            extensions = text("SELECT extname FROM pg_extension")
            assert [*connection.scalars(extensions)] == ["plpgsql"]
        schema.downgrade(database, "base")


def test_other_schema_names_are_refused_before_anything_is_made(empty_database_url: str) -> None:
    with Database(empty_database_url, schemas={"doma_panda": "ATLAS_PANDA"}) as database:
        with pytest.raises(schema.MigrationError, match="unset PANDADB_SCHEMAS"):
            schema.upgrade(database)

        assert objects(database) == []


@pytest.mark.slow
def test_a_role_that_may_only_read_can_compare(database: Database, plain_role_url: str) -> None:
    role = make_url(plain_role_url).username
    with database.engine.begin() as connection:
        for name in (*MIRRORED_SCHEMAS, PANDADB):
            connection.execute(text(f'GRANT USAGE ON SCHEMA {name} TO "{role}"'))
            connection.execute(text(f'GRANT SELECT ON ALL TABLES IN SCHEMA {name} TO "{role}"'))
    url = make_url(plain_role_url).set(database=database.engine.url.database)

    with Database(url.render_as_string(hide_password=False)) as reader:
        assert schema.check(reader) == []
        assert schema.current(reader).pending == ()
    with database.engine.begin() as connection:
        connection.execute(text(f'DROP OWNED BY "{role}"'))


def test_sql_files_are_ascii_which_every_client_encoding_has() -> None:
    files = [*(schema.home() / "sql").rglob("*.sql")]

    assert len(files) > 20
    assert [path.name for path in files if not path.read_text("utf-8").isascii()] == []


def test_every_sql_file_is_used_by_a_revision() -> None:
    revisions = "".join(
        path.read_text() for path in (schema.home() / "migrations" / "versions").glob("*.py")
    )
    folder = schema.home() / "sql"
    for kind in ("functions", "procedures", "triggers", "views"):
        for path in (folder / kind).glob("*.sql"):
            name = path.name.removesuffix(".v1.sql")
            assert f'"{kind}/{path.name}"' in revisions or f'"{name}"' in revisions, path


def test_no_revision_reads_the_models_or_the_database() -> None:
    for path in (schema.home() / "migrations" / "versions").glob("*.py"):
        script = path.read_text()
        assert "pandadb import" not in script, path.name
        assert "get_bind" not in script, path.name


def test_the_name_of_a_sql_file_is_the_object_that_it_makes() -> None:
    for path in Path(schema.home() / "sql").glob("[fptv]*/*.sql"):
        name = re.sub(r"\.v\d+\.sql$", "", path.name)
        assert name.split(".")[-1] in path.read_text(), path
