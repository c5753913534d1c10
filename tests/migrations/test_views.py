"""Columns of jobs change under the views that read them: the views are made, and made room for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pandadb.database import Database
from pandadb.docs_pages import writer
from pandadb.migrating import home, view_files
from pandadb.services import schema
from tests.migrations.test_offline import psql

pytestmark = pytest.mark.any_server

COLUMNS = "src/pandadb/models/jobs/columns.py"
NUCLEUS = 'String(52), comment="Main site of the task'
LAST = "    gco2_global: Mapped[Decimal | None] = mapped_column(\n"
NOTE = '    site_note: Mapped[str | None] = mapped_column(String(9), comment="A note")\n'

WRITE_VIEWS = """
from pathlib import Path
from pandadb.docs_pages import writer
print(writer.views(Path("sql/views")).written)
"""
MIGRATE = f"""
{WRITE_VIEWS}
from alembic import command
from alembic.config import Config
from pandadb.database import Database
from pandadb.services import drift, schema
with Database.from_settings() as database:
    head = schema.current(database).head
    command.revision(Config("alembic.ini"), "notes of sites", autogenerate=True)
    schema.upgrade(database)
    print([str(one) for one in drift.check(database)])
    Path("revision.sql").write_text(schema.sql(f"{{head}}:head"))
    with database.engine.connect() as connection:
        query = "SELECT pg_get_viewdef('pandadb.jobs'::regclass)"
        Path("view.sql").write_text(connection.exec_driver_sql(query).scalar())
    schema.downgrade(database, head)
"""


class Checkout:
    """A copy of the project, to change models in and to write a revision."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        for name in ("src", "migrations", "sql"):
            shutil.copytree(home() / name, folder / name)
        for name in ("alembic.ini", "pyproject.toml"):
            shutil.copy(home() / name, folder)
        (folder / ".venv").symlink_to(sys.prefix)

    def replace(self, old: str, new: str) -> None:
        path = self.folder / COLUMNS
        before = path.read_text()
        assert old in before
        path.write_text(before.replace(old, new))

    def run(self, script: str) -> list[str]:
        """Run Python with the models of the copy, and return the lines that it prints."""
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": "src", "PANDADB_URL": self.url},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return [line for line in done.stdout.splitlines() if line.startswith("[")]


@pytest.mark.slow
def test_a_column_is_added_and_another_widened_under_all_views(
    tmp_path: Path, database_url: str, there: Database
) -> None:
    checkout = Checkout(tmp_path / "pandadb", database_url)
    with Database(database_url) as database, database.engine.begin() as connection:
        connection.execute(text("GRANT SELECT ON pandadb.jobs TO PUBLIC"))
    checkout.replace(NUCLEUS, NUCLEUS.replace("52", "60"))
    checkout.replace(LAST, NOTE + LAST)

    views, differences = checkout.run(MIGRATE)

    assert views == "['pandadb.jobs.v2.sql']"
    assert differences == str(
        ["PUBLIC has SELECT on table pandadb.jobs: REVOKE SELECT ON pandadb.jobs FROM PUBLIC"]
    )
    revision = max((checkout.folder / "migrations" / "versions").glob("*.py")).read_text()
    assert revision.count("op.without_views(") == 2
    assert "# view" not in revision
    assert "site_note" in (checkout.folder / "view.sql").read_text()
    with Database(database_url) as database:
        assert schema.check(database) == []  # it has been taken back
    checkout.replace(NOTE, NOTE + NOTE.replace("site_note", "other_note"))
    assert checkout.run(WRITE_VIEWS) == ["['pandadb.jobs.v2.sql']"]
    psql(there.libpq_url(), (checkout.folder / "revision.sql").read_text())
    with there.engine.connect() as connection:
        made = connection.scalar(text("SELECT pg_get_viewdef('pandadb.jobs'::regclass)"))
    assert made == (checkout.folder / "view.sql").read_text()


def test_the_views_are_what_the_models_make() -> None:
    assert writer.views(home() / "sql" / "views", check=True).stale == []


def test_a_view_of_a_site_makes_the_revision_fail_and_stay_as_it_was(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("CREATE VIEW public.mine AS SELECT pandaid FROM pandadb.jobs"))

    with database.engine.connect() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with pytest.raises(DBAPIError, match="other objects depend on it"):
            operations.without_views("views/pandadb.jobs.v1.sql").__enter__()

    with database.session() as session:
        assert session.scalar(text("SELECT count(*) FROM public.mine")) == 0


def test_views_of_views_are_made_after_those_that_they_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "sql" / "views"
    folder.mkdir(parents=True)
    (tmp_path / "migrations" / "versions").mkdir(parents=True)
    for name, read in (("a.top", "b.middle"), ("b.middle", "c.low"), ("c.low", "d.table")):
        script = f"CREATE VIEW {name} AS\nSELECT * FROM {read};\n"
        (folder / f"{name}.v1.sql").write_text(script)
    (folder / "z.other.v1.sql").write_text("CREATE VIEW z.other AS\nSELECT 1 AS one;\n")
    monkeypatch.setattr(view_files, "home", lambda: tmp_path)

    found = [before for before, _ in view_files.dependent(["d.table"])]

    assert found == ["views/c.low.v1.sql", "views/b.middle.v1.sql", "views/a.top.v1.sql"]
