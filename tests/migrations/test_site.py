"""Revisions of a site's own: a branch beside pandadb's, applied and undone with it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from pandadb.database import Database
from pandadb.services import schema
from tests.migrations.test_offline import psql
from tests.typed import typed

pytestmark = pytest.mark.any_server

HEAD = schema.history()[-1].revision


@pytest.fixture
def a_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for revisions that the settings name."""
    folder = tmp_path / "100% ours"
    folder.mkdir()
    monkeypatch.setenv("PANDADB_REVISIONS", str(folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # a file may change twice in a second
    return folder


def revision(folder: Path, body: str, undo: str = "pass", message: str = "something") -> str:
    """Write a revision of the site's that does something; return its name."""
    path = schema.write(message)
    assert path.parent == folder.resolve()
    script = path.read_text()
    for function, does in (("upgrade", body), ("downgrade", undo)):
        head = f"def {function}() -> None:\n    "
        assert f"{head}pass" in script
        script = script.replace(f"{head}pass", head + does)
    path.write_text(script)
    return path.stem[:9]


def has(database: Database, name: str) -> bool:
    with database.engine.connect() as connection:
        return bool(
            connection.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": name})
        )


MAKE, DROP = "op.execute('CREATE SCHEMA dashboard')", "op.execute('DROP SCHEMA dashboard CASCADE')"
EMPTY = "op.drop_table('filled', schema='dashboard')"
FILL = "op.execute('CREATE TABLE dashboard.filled AS SELECT 1 AS one')"


@pytest.fixture
def two(a_site: Path) -> list[str]:
    """Two revisions of a site."""
    return [revision(a_site, MAKE, DROP), revision(a_site, FILL, EMPTY)]


@pytest.mark.slow
def test_an_upgrade_applies_both_and_the_numbers_do_not_collide(
    database: Database, two: list[str]
) -> None:
    assert two == ["site_0001", "site_0002"]
    assert [name.split()[0] for name in schema.current(database).pending] == two

    schema.upgrade(database)

    version = schema.current(database)
    assert (version.revision, version.head, version.site) == (HEAD, HEAD, ("site_0002",))
    assert version.pending == ()
    assert has(database, "dashboard.filled")
    assert schema.check(database) == []
    schema.upgrade(database)
    assert schema.last_revision(database) == HEAD


@pytest.mark.slow
def test_a_new_database_gets_both_in_an_order_that_works(
    empty_database_url: str, two: list[str]
) -> None:
    with Database(empty_database_url) as database:
        pending = [name.split()[0] for name in schema.pending(database)]
        assert pending[-3:] == [HEAD, *two]

        schema.upgrade(database)

        assert schema.current(database).pending == ()


def test_the_sites_can_be_undone_alone(database: Database, two: list[str]) -> None:
    schema.upgrade(database)

    assert [name.split()[0] for name in schema.undone(database, "site@base")] == two[::-1]
    schema.downgrade(database, "site@base")

    version = schema.current(database)
    assert (version.revision, version.site) == (HEAD, ())
    assert not has(database, "dashboard.filled")


def test_what_depends_on_a_revision_is_undone_before_it(database: Database, two: list[str]) -> None:
    schema.upgrade(database)
    before = f"{int(HEAD) - 1:04d}"

    assert [name.split()[0] for name in schema.undone(database, before)] == [*two[::-1], HEAD]
    schema.downgrade(database, before)

    version = schema.current(database)
    assert (version.revision, version.site) == (before, ())
    schema.upgrade(database)
    assert schema.current(database).site == ("site_0002",)


@pytest.mark.slow
def test_pandadbs_next_revision_goes_on_beside_the_sites(database: Database, a_site: Path) -> None:
    schema.downgrade(database, "0027")
    name = revision(a_site, MAKE, DROP)
    path = next(a_site.glob("site_0001*.py"))
    path.write_text(path.read_text().replace(f'depends_on = "{HEAD}"', 'depends_on = "0028"'))
    schema.upgrade(database, "site@head")
    version = schema.current(database)
    assert (version.revision, version.site) == ("0028", (name,))
    assert version.pending[0].startswith("0029 ")

    schema.upgrade(database)

    assert schema.current(database).pending == ()
    assert schema.check(database) == []


def test_who_lacks_the_sites_folder_is_told_so(
    database: Database, two: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    schema.upgrade(database)
    monkeypatch.delenv("PANDADB_REVISIONS")

    with pytest.raises(schema.MigrationError, match=r"site_0002, .* set PANDADB_REVISIONS"):
        schema.current(database)


@pytest.mark.parametrize("number", ["0001", "0999"])
def test_a_number_of_pandadbs_is_refused(a_site: Path, number: str) -> None:
    revision(a_site, MAKE)
    path = next(a_site.glob("*.py"))
    path.write_text(path.read_text().replace("site_0001", number))

    with pytest.raises(schema.InvalidRevisions, match=f"called site_0001|called site_{number}"):
        schema.history()


def test_a_folder_that_is_missing_is_refused_and_a_revision_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PANDADB_REVISIONS", str(tmp_path / "new"))
    with pytest.raises(schema.InvalidRevisions, match="no such folder"):
        schema.history()

    assert schema.write("first").name == "site_0001_first.py"
    assert [one.revision for one in schema.history() if one.is_site] == ["site_0001"]


def test_without_the_setting_there_is_no_place_for_a_revision() -> None:
    with pytest.raises(schema.InvalidRevisions, match="set PANDADB_REVISIONS to a folder"):
        schema.write("first")


@pytest.mark.slow
def test_autogenerate_writes_what_makes_the_database_like_the_models(
    database: Database, a_site: Path
) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("CREATE INDEX ours ON doma_panda.jobsactive4 (pandaid)"))

    script = schema.write("mend", database).read_text()

    assert 'revision = "site_0001"' in script or "revision = 'site_0001'" in script
    assert "op.drop_index" in script
    schema.downgrade(database, f"{int(HEAD) - 1:04d}")
    with pytest.raises(schema.MigrationError, match=r"missing here: .* First: pandadb db upgrade"):
        schema.write("again", database)
    assert len([*a_site.glob("*.py")]) == 1


@pytest.mark.slow
def test_the_commands_list_stamp_and_write(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "revisions"
    environment = {
        "PANDADB_URL": database.engine.url.render_as_string(hide_password=False),
        "PANDADB_REVISIONS": str(folder),
        "PATH": "/usr/bin:/bin",
    }

    def pandadb(*words: str) -> str:
        ran = typed(*words, environment=environment)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    written = pandadb("db", "revision", "-m", "an index")
    path = folder / "site_0001_an_index.py"
    assert written == f"Fill in {path}, then: pandadb db upgrade\n"
    assert 'revision = "site_0001"' in path.read_text()
    listed = json.loads(pandadb("db", "history", "--json"))
    assert [one["revision"] for one in listed][-2:] == [HEAD, "site_0001"]
    assert listed[-1]["after"] == [HEAD]
    assert f"site_0001 an index (after {HEAD})" in pandadb("db", "history")
    assert pandadb("db", "upgrade", "--dry-run") == "site_0001 an index\n"
    pandadb("db", "upgrade")
    assert "site_0001 of the site, the newest." in pandadb("db", "current")
    assert json.loads(pandadb("db", "current", "--json"))["site"] == ["site_0001"]
    words = f"was site_0001 and {{}} {HEAD}."
    assert words.format("would be") in pandadb("db", "stamp", "site@base", "--dry-run")
    assert words.format("is") in pandadb("db", "stamp", "site@base", "--yes")
    assert pandadb("db", "upgrade", "--dry-run") == "site_0001 an index\n"


def test_a_stamp_of_head_says_nothing_of_the_sites(database: Database, two: list[str]) -> None:
    def stamped(goal: str) -> tuple[str, ...]:
        after = schema.stamp(database, goal, compared=False).after
        with database.engine.connect() as connection:
            there = connection.scalars(text("SELECT version_num FROM pandadb.alembic_version"))
            assert tuple(sorted(there)) == after
        return after

    assert stamped("base") == ()
    assert stamped("head") == (HEAD,)
    assert schema.current(database).pending == ("site_0001 something", "site_0002 something")
    assert stamped("site_0001") == ("site_0001",)
    assert stamped("head") == ("site_0001",)
    assert stamped("site@head") == ("site_0002",)


@pytest.mark.slow
def test_a_stamp_of_head_keeps_those_of_the_site(database: Database, a_site: Path) -> None:
    name = revision(a_site, MAKE, DROP)
    path = next(a_site.glob("site_0001*.py"))
    path.write_text(path.read_text().replace(f'depends_on = "{HEAD}"', 'depends_on = "0028"'))
    schema.stamp(database, "0028", compared=False)
    assert schema.stamp(database, name, compared=False).after == (name,)

    assert schema.stamp(database, "head").after == (HEAD, name)

    assert schema.current(database).pending == ()


def depending_on_the_one_before(database: Database) -> str:
    """Let the site's revisions depend on pandadb's last but one, and apply them; return that."""
    before = f"{int(HEAD) - 1:04d}"
    for path in Path(os.environ["PANDADB_REVISIONS"]).glob("site_*.py"):
        path.write_text(
            path.read_text().replace(f'depends_on = "{HEAD}"', f'depends_on = "{before}"')
        )
    schema.downgrade(database, before)
    schema.upgrade(database, "site_0002")
    return before


def test_what_the_sites_depends_on_is_nothing_to_undo(database: Database, two: list[str]) -> None:
    before = depending_on_the_one_before(database)

    assert schema.undone(database, before) == ()
    schema.downgrade(database, before)

    assert schema.current(database).site == ("site_0002",)
    with pytest.raises(schema.UnknownRevision, match=f"{HEAD} is not applied.* is at site_0002"):
        schema.downgrade(database, HEAD)


def test_a_script_for_a_site_begins_at_its_revision(database: Database, two: list[str]) -> None:
    before = depending_on_the_one_before(database)
    url = database.libpq_url()

    with pytest.raises(AssertionError, match=r"HINT: .*only one of the site's, such as site_0001"):
        psql(url, schema.sql(f"{before}:{HEAD}"))
    psql(url, schema.sql(f"site_0002:{HEAD}"))

    version = schema.current(database)
    assert (version.pending, version.site) == ((), ("site_0002",))


def test_a_site_without_ruff_gets_its_revision_as_alembic_has_written_it(
    a_site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pandadb.migrating import ruff_hook

    monkeypatch.setattr(ruff_hook.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(a_site))
    path = a_site / "odd.py"
    path.write_text("a = 'b'\n")

    ruff_hook.format_file(path)

    assert path.read_text() == "a = 'b'\n"
    monkeypatch.undo()
    ruff_hook.format_file(path)
    assert path.read_text() == 'a = "b"\n'
