"""Roles: who may do what, today and with tomorrow's tables; tried, not read from a list."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
from typing import Any

import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url, text
from sqlalchemy.exc import ProgrammingError

from pandadb.database import Database
from pandadb.demo.sample_records import sample
from pandadb.services import drift, grants, jobs, schema
from pandadb.services.grants import GrantRefused
from pandadb.services.maintenance import last_runs

pytestmark = pytest.mark.slow

ACTIONS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")

# What writer, reader and archiver may do; the owner may do everything.
MATRIX = {
    "doma_panda.jedi_tasks": ("SELECT INSERT UPDATE DELETE", "SELECT", "SELECT"),
    "doma_panda.jobsdefined4": ("SELECT INSERT UPDATE DELETE", "SELECT", "SELECT"),
    "doma_panda.jobsactive4": ("SELECT INSERT UPDATE DELETE", "SELECT", "SELECT"),
    "doma_panda.jobsarchived4": (
        "SELECT INSERT UPDATE DELETE",
        "SELECT",
        "SELECT INSERT UPDATE DELETE",
    ),
    "doma_panda.filestable4": (
        "SELECT INSERT UPDATE DELETE",
        "SELECT",
        "SELECT INSERT UPDATE DELETE",
    ),
    "doma_panda.tablepart4copying": (
        "SELECT INSERT UPDATE DELETE",
        "SELECT",
        "SELECT INSERT UPDATE DELETE",
    ),
    "doma_panda.network_matrix_kv_temp": (
        "SELECT INSERT UPDATE DELETE TRUNCATE",
        "SELECT",
        "SELECT",
    ),
    "doma_panda.jobsdebug": ("SELECT INSERT UPDATE DELETE", "SELECT", "SELECT DELETE"),
    "doma_panda.pandadb_version": ("SELECT", "SELECT", "SELECT"),
    "doma_panda.secrets": ("SELECT INSERT UPDATE DELETE", "", ""),
    "doma_panda.pilottoken": ("SELECT INSERT UPDATE DELETE", "", ""),
    "doma_pandameta.proxykey": ("SELECT INSERT UPDATE DELETE", "", ""),
    "doma_pandameta.sitedata": ("SELECT INSERT UPDATE DELETE", "SELECT", "SELECT"),
    "doma_deft.t_task": ("SELECT INSERT UPDATE DELETE", "SELECT", "SELECT"),
    "doma_pandaarch.jobsarchived": ("SELECT UPDATE", "SELECT", "SELECT INSERT UPDATE DELETE"),
    "doma_pandaarch.filestable_arch": ("SELECT", "SELECT", "SELECT INSERT UPDATE DELETE"),
    "doma_pandabigmon.visits": ("SELECT", "SELECT", "SELECT"),
    "doma_pandabigmon.auth_user": ("", "", ""),
    "doma_pandabigmon.authtoken_token": ("", "", ""),
    "doma_pandaarch.jobsarchview_7days": ("SELECT", "SELECT", "SELECT INSERT UPDATE DELETE"),
    "doma_panda.mv_worker_node_summary": ("SELECT INSERT UPDATE DELETE", "SELECT", "SELECT"),
    "pandadb.alembic_version": ("SELECT", "SELECT", "SELECT"),
    "pandadb.archive_proof": ("SELECT", "SELECT", "SELECT INSERT"),
    "pandadb.archive_hold": ("SELECT", "SELECT", "SELECT INSERT UPDATE DELETE"),
    "pandadb.archive_pause": ("SELECT", "SELECT", "SELECT INSERT UPDATE DELETE"),
    "pandadb.archive_range": ("SELECT", "SELECT", "SELECT INSERT UPDATE DELETE"),
    "pandadb.job_control": (
        "SELECT INSERT UPDATE DELETE",
        "SELECT",
        "SELECT INSERT UPDATE DELETE",
    ),
    "pandadb.job_lease": (
        "SELECT INSERT UPDATE DELETE",
        "SELECT",
        "SELECT INSERT UPDATE DELETE",
    ),
    "pandadb.end_listener": (
        "SELECT INSERT UPDATE DELETE",
        "SELECT",
        "SELECT INSERT UPDATE DELETE",
    ),
    "pandadb.outbox": (
        "SELECT INSERT UPDATE DELETE",
        "SELECT",
        "SELECT INSERT UPDATE DELETE",
    ),
    "pandadb.job_control_arch": ("SELECT", "SELECT", "SELECT INSERT UPDATE DELETE"),
    "pandadb.job_dependency_arch": ("SELECT", "SELECT", "SELECT INSERT UPDATE DELETE"),
    "pandadb.outbox_arch": ("SELECT", "SELECT", "SELECT INSERT UPDATE DELETE"),
    "pandadb.worker": (
        "SELECT INSERT UPDATE DELETE",
        "SELECT",
        "SELECT INSERT UPDATE DELETE",
    ),
    "pandadb.site_change": ("SELECT INSERT", "SELECT", "SELECT INSERT UPDATE DELETE"),
    "pandadb.maintenance_run": (
        "SELECT INSERT UPDATE",
        "SELECT",
        "SELECT INSERT UPDATE DELETE",
    ),
    "pandadb.harvester_worker_time": (
        "SELECT INSERT UPDATE DELETE",
        "SELECT",
        "SELECT INSERT UPDATE DELETE",
    ),
    "pandadb.jobs": ("SELECT", "SELECT", "SELECT INSERT UPDATE DELETE"),
    # made after the grant
    "doma_panda.jobsarchived4_tomorrow": ("SELECT INSERT UPDATE DELETE", "SELECT", "SELECT"),
    "doma_pandaarch.jobsarchived_tomorrow": ("SELECT", "SELECT", "SELECT INSERT UPDATE DELETE"),
    "doma_panda.tomorrow": ("SELECT INSERT UPDATE DELETE", "SELECT", "SELECT"),
    "pandadb.tomorrow": ("SELECT", "SELECT", "SELECT INSERT UPDATE DELETE"),
}


def may(database: Database, role: str, action: str, table: str) -> bool:
    query = text("SELECT has_table_privilege(:role, :table, :action)")
    with database.engine.connect() as connection:
        words = {"role": role, "table": table, "action": action}
        return bool(connection.scalar(query, words))


def attempt(database: Database, role: str, statement: str) -> bool:
    """Tell whether a role gets through with a statement, which is undone."""
    state = None
    with database.engine.connect() as connection:
        connection.execute(text(f'SET ROLE "{role}"'))
        try:
            connection.execute(text(statement))
        except ProgrammingError as error:
            state = getattr(error.orig, "sqlstate", "unknown")
        connection.rollback()
    return {None: True, "42501": False}[state]


TOMORROW = (
    "CREATE TABLE doma_panda.jobsarchived4_tomorrow PARTITION OF doma_panda.jobsarchived4"
    " FOR VALUES FROM ('2030-01-01') TO ('2030-01-02')",
    "CREATE TABLE doma_pandaarch.jobsarchived_tomorrow PARTITION OF doma_pandaarch.jobsarchived"
    " FOR VALUES FROM ('2030-01-01') TO ('2030-01-02')",
    "CREATE TABLE doma_panda.tomorrow (id int)",
    "CREATE TABLE pandadb.tomorrow (id int)",
)


def follow_the_matrix(database: Database, roles: dict[str, str], matrix: dict[str, Any]) -> None:
    for table, allowed in matrix.items():
        for role, words in zip(("writer", "reader", "archiver"), allowed, strict=True):
            found = [action for action in ACTIONS if may(database, roles[role], action, table)]
            assert found == words.split(), f"{role} on {table}"
        assert all(may(database, roles["owner"], action, table) for action in ACTIONS), table


@pytest.mark.parametrize("maker", ["who granted", "owner"])
def test_each_role_may_do_what_the_matrix_says(database: Database, prefix: str, maker: str) -> None:
    roles = grants.grant(database, prefix).roles
    with database.engine.begin() as connection:
        if maker == "owner":
            connection.execute(text(f'SET LOCAL ROLE "{prefix}"'))
        for statement in TOMORROW:
            connection.execute(text(statement))

    follow_the_matrix(database, roles, MATRIX)


@pytest.mark.slow
@pytest.mark.parametrize("revision", ["0006", "base"])
def test_the_rights_are_the_same_after_going_back_and_up_again(
    database: Database, prefix: str, revision: str
) -> None:
    roles = grants.grant(database, prefix).roles

    schema.downgrade(database, revision)
    schema.upgrade(database)

    assert schema.check(database) == []
    with database.engine.begin() as connection:
        for statement in TOMORROW:
            connection.execute(text(f'SET LOCAL ROLE "{prefix}"'))
            connection.execute(text(statement))
    follow_the_matrix(database, roles, MATRIX)


def test_secrets_that_a_script_makes_anew_are_read_by_nobody_else_until_the_next_grant(
    database: Database, prefix: str
) -> None:
    roles = grants.grant(database, prefix).roles
    secret = {table: ("", "", "") for table, words in MATRIX.items() if not words[1]}
    secret["doma_panda.pandadb_version"] = ("SELECT", "SELECT", "SELECT")
    schema.downgrade(database, "0013")
    script = re.sub(r"^\\.*|CONCURRENTLY", "", schema.sql("0013:head"), flags=re.MULTILINE)
    with database.engine.connect() as connection:
        connection.exec_driver_sql(f'SET ROLE "{prefix}"')
        connection.connection.cursor().execute(script)
        connection.connection.commit()
        connection.invalidate()

    follow_the_matrix(database, roles, secret)
    grants.grant(database, prefix)
    follow_the_matrix(database, roles, {table: MATRIX[table] for table in secret})


def test_a_member_of_the_owner_upgrades_alters_indexes_drops_and_grants(
    database: Database, prefix: str
) -> None:
    login = f"{prefix}_me"
    with database.engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE \"{login}\" LOGIN PASSWORD 'secret'"))
    grants.grant(database, prefix, {login: "owner"})
    with Database(database.engine.url.set(username=login, password="secret")) as member:
        schema.downgrade(member, "0018")
        schema.upgrade(member)
        with member.engine.begin() as connection:
            for statement in (
                "ALTER TABLE doma_panda.jobsactive4 ADD surplus int",
                "CREATE INDEX surplus ON doma_panda.jobsactive4 (surplus)",
                "DROP TABLE doma_panda.metatable_default",
                "DROP VIEW doma_pandabigmon.requests_view",
                "DROP FUNCTION doma_panda.to_number(integer)",
                "CREATE TABLE doma_panda.by_hand (id int)",
                "ALTER SEQUENCE doma_panda.jobsdefined4_pandaid_seq CACHE 7",
            ):
                connection.execute(text(statement))
        granted = grants.grant(member, prefix, {login: "owner"})

    assert granted.made == []
    assert f"ALTER TABLE doma_panda.by_hand OWNER TO {prefix}" in granted.statements
    with database.engine.connect() as connection:
        others = text(
            "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE nspname ~ '^(doma_|pandadb$)' AND pg_get_userbyid(relowner) <> :owner"
        )
        assert [*connection.scalars(others, {"owner": prefix})] == []


@pytest.mark.parametrize(
    ("role", "statement", "allowed"),
    [
        ("writer", "INSERT INTO doma_panda.jobsdefined4 (pandaid) VALUES (1)", True),
        ("writer", "SELECT nextval('doma_panda.jobsdefined4_pandaid_seq')", True),
        ("writer", "SELECT setval('doma_panda.jobsdefined4_pandaid_seq', 1)", True),
        ("writer", "SELECT setval('doma_deft.prodsys2_task_id_seq', 1)", True),
        ("writer", "SELECT setval('doma_panda.jedi_datasets_id_seq', 1)", False),
        ("writer", "CALL doma_panda.jedi_refr_mintaskids_bystatus()", True),
        ("writer", "SELECT doma_panda.bitor(1, 2)", True),
        ("writer", "TRUNCATE doma_panda.network_matrix_kv_temp", True),
        ("writer", "LOCK TABLE doma_panda.site IN SHARE ROW EXCLUSIVE MODE", True),
        ("writer", "DELETE FROM pandadb.site_change", False),
        ("writer", "TRUNCATE doma_panda.jobsactive4", False),
        ("writer", "UPDATE doma_pandaarch.jobsarchived SET superrorcode = 1", True),
        ("writer", "DELETE FROM doma_pandaarch.jobsarchived", False),
        ("writer", "CREATE TABLE doma_panda.mine (id int)", False),
        ("writer", "DROP TABLE doma_panda.cache", False),
        ("reader", "SELECT * FROM doma_pandabigmon.combined_wait_act_def_arch4", True),
        ("reader", "SELECT * FROM doma_panda.secrets", False),
        ("reader", "DELETE FROM doma_panda.jobsactive4", False),
        ("reader", "SELECT nextval('doma_panda.jobsdefined4_pandaid_seq')", False),
        ("archiver", "DELETE FROM doma_panda.filestable4", True),
        ("archiver", "DELETE FROM doma_panda.jobsactive4", False),
        ("archiver", "INSERT INTO doma_pandaarch.metatable_arch (pandaid) VALUES (1)", True),
        ("archiver", "SELECT * FROM doma_pandabigmon.auth_user", False),
        ("owner", "CREATE TABLE doma_panda.mine (id int)", True),
        ("owner", "SELECT * FROM doma_panda.secrets", True),
    ],
)
def test_a_role_that_tries_gets_through_or_does_not(
    database: Database, prefix: str, role: str, statement: str, allowed: bool
) -> None:
    roles = grants.grant(database, prefix).roles

    assert attempt(database, roles[role], statement) is allowed


def test_psql_runs_the_files_by_hand(database: Database, prefix: str) -> None:
    program = shutil.which("psql")
    if program is None:
        pytest.skip("there is no psql here")
    roles = {"owner": prefix, **{role: f"{prefix}_{role}" for role in grants.ROLES[1:]}}
    words = {**roles, "database": database.engine.url.database, "ON_ERROR_STOP": "on"}
    command = [program, "--no-psqlrc", "--quiet"]
    command += [f"--set={name}={value}" for name, value in words.items()]
    for file in ("roles", "database", "ownership", "privileges", "defaults", "monitor"):
        command.append(f"--file={schema.home() / 'sql' / 'grants' / file}.v1.sql")
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)

    ran = subprocess.run([*command, url], capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")
    planned = grants.grant(database, prefix, dry_run=True).statements
    assert not [line for line in planned if "OWNER TO" in line or "DATABASE" in line]
    with database.engine.begin() as connection:
        for statement in TOMORROW:
            connection.execute(text(statement))
    follow_the_matrix(database, roles, MATRIX)


def test_nobody_else_gets_anything(database: Database, prefix: str) -> None:
    grants.grant(database, prefix)
    with database.engine.begin() as connection:
        connection.execute(text(f'CREATE ROLE "{prefix}_stranger"'))

    assert not attempt(database, f"{prefix}_stranger", "SELECT * FROM doma_panda.cache")
    assert not attempt(database, f"{prefix}_stranger", "CREATE TABLE pandadb.mine (id int)")


def test_it_can_be_repeated_and_makes_only_what_is_missing(database: Database, prefix: str) -> None:
    first = grants.grant(database, prefix)
    again = grants.grant(database, prefix)

    assert first.made == [
        prefix,
        f"{prefix}_writer",
        f"{prefix}_reader",
        f"{prefix}_archiver",
        f"{prefix}_monitor",
    ]
    assert again.made == []


def test_a_dry_run_prints_everything_and_does_nothing(database: Database, prefix: str) -> None:
    planned = grants.grant(database, prefix, dry_run=True)

    assert any(f'CREATE ROLE "{prefix}_writer"' in line for line in planned.statements)
    with database.engine.connect() as connection:
        made = text("SELECT count(*) FROM pg_roles WHERE starts_with(rolname, :name)")
        assert connection.scalar(made, {"name": prefix}) == 0


def test_a_member_may_do_what_its_role_may_and_finds_procedures_by_their_bare_names(
    database: Database, prefix: str
) -> None:
    with database.engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE \"{prefix}_server\" LOGIN PASSWORD 'x'"))
    grants.grant(database, prefix, {f"{prefix}_server": "writer"})

    assert attempt(database, f"{prefix}_server", "DELETE FROM doma_panda.jobsactive4")
    with database.engine.connect() as connection:
        settings = connection.scalar(
            text(
                "SELECT setconfig::text FROM pg_db_role_setting s JOIN pg_database d"
                " ON d.oid = s.setdatabase WHERE d.datname = current_database() AND setrole = 0"
            )
        )
    assert "search_path=doma_panda, public" in str(settings)


def test_a_writer_loads_records(database: Database, prefix: str) -> None:
    with database.engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE \"{prefix}_me\" LOGIN PASSWORD 'secret'"))
    grants.grant(database, prefix, {f"{prefix}_me": "writer"})

    with Database(database.engine.url.set(username=f"{prefix}_me", password="secret")) as writer:
        loaded = jobs.load_records(writer, sample(3), 5, dt.date(2026, 11, 20))

    assert loaded.loaded == 3


def test_a_writer_ends_late_jobs_and_notes_that(database: Database, prefix: str) -> None:
    with database.engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE \"{prefix}_me\" LOGIN PASSWORD 'secret'"))
    grants.grant(database, prefix, {f"{prefix}_me": "writer"})

    with Database(database.engine.url.set(username=f"{prefix}_me", password="secret")) as writer:
        jobs.expire(writer)

    (noted,) = last_runs(database, "jobs expire")
    assert noted.run_by == f"{prefix}_me"


def test_a_member_that_is_not_there_is_a_sentence(database: Database, prefix: str) -> None:
    with pytest.raises(GrantRefused, match=f"{prefix}_nobody.*is not there"):
        grants.grant(database, prefix, {f"{prefix}_nobody": "writer"})
    with pytest.raises(GrantRefused, match="no role 'king'"):
        grants.grant(database, prefix, {f"{prefix}_nobody": "king"})


@pytest.mark.parametrize("odd", ["Drop it", "", "1st", 'a"b', "a;b", "ä", "a\n", "a" * 55])
def test_a_prefix_that_is_no_plain_name_is_a_sentence(database: Database, odd: str) -> None:
    with pytest.raises(GrantRefused, match="is no plain name: write up to 54 letters"):
        grants.grant(database, odd)


def test_a_strange_name_is_a_name_and_nothing_else(database: Database, prefix: str) -> None:
    strange = f'{prefix}"; DROP SCHEMA pandadb CASCADE; --'[:50]
    with database.engine.begin() as connection:
        connection.exec_driver_sql(SQL("CREATE ROLE {}").format(Identifier(strange)).as_string())
    first = grants.grant(database, prefix, {strange: "reader"})
    again = grants.grant(database, prefix, {strange: "reader"})
    with database.engine.begin() as connection:
        for name in (prefix, *(f"{prefix}_{role}" for role in grants.ROLES[1:])):
            new = Identifier(name.replace(prefix, strange + "_"))
            rename = SQL("ALTER ROLE {} RENAME TO {}").format(Identifier(name), new)
            connection.exec_driver_sql(rename.as_string())
    schema.downgrade(database, "0021")
    schema.upgrade(database)  # gives the rights again, to the names that the roles have now

    assert (first.joined, again.joined) == ([(strange, f"{prefix}_reader")], [])
    assert attempt(database, strange.replace('"', '""'), "SELECT 1 FROM doma_panda.cache")


@pytest.mark.slow
def test_who_may_not_make_roles_is_told_what_a_superuser_has_to_run_and_goes_on_after_it(
    plain_role_url: str, database: Database, prefix: str
) -> None:
    with Database(plain_role_url) as plain:
        schema.upgrade(plain)
        with pytest.raises(GrantRefused, match="may not do that: CREATE ROLE") as refused:
            grants.grant(plain, prefix)
        with database.engine.begin() as superuser:
            for statement in str(refused.value).partition("db grant: ")[2].split("; "):
                superuser.execute(text(statement))
        granted = grants.grant(plain, prefix)
        with plain.engine.begin() as connection:
            connection.execute(text(f'SET LOCAL ROLE "{prefix}"'))
            for statement in TOMORROW:
                connection.execute(text(statement))
        schema.downgrade(plain, "0013")
        schema.upgrade(plain)

    assert granted.made == []
    with Database(database.engine.url.set(database=make_url(plain_role_url).database)) as superuser:
        follow_the_matrix(superuser, granted.roles, MATRIX)
        for name in granted.roles.values():
            with superuser.engine.begin() as connection:
                connection.execute(text(f'DROP OWNED BY "{name}" CASCADE'))


@pytest.mark.slow
def test_an_owner_that_may_make_roles_needs_no_superuser(
    plain_role_url: str, database: Database, prefix: str
) -> None:
    url = make_url(plain_role_url)
    with database.engine.begin() as connection:
        connection.execute(text(f'ALTER ROLE "{url.username}" CREATEROLE'))
    with Database(plain_role_url) as plain:
        schema.upgrade(plain)
        with plain.engine.begin() as connection:  # since PostgreSQL 16 it is only its admin
            connection.execute(text(f'CREATE ROLE "{prefix}"'))
        first = grants.grant(plain, prefix)
        schema.downgrade(plain, "base")
        schema.upgrade(plain)
        again = grants.grant(plain, prefix)
        differences = drift.check(plain)

    assert (len(first.made), again.made) == (4, [])
    assert differences == []
    assert not [line for line in again.statements if "OWNER TO" in line or "DATABASE" in line]
    with Database(database.engine.url.set(database=url.database)) as superuser:
        matrix = {table: words for table, words in MATRIX.items() if "tomorrow" not in table}
        follow_the_matrix(superuser, first.roles, matrix)
        for name in first.roles.values():
            with superuser.engine.begin() as connection:
                connection.execute(text(f'DROP OWNED BY "{name}" CASCADE'))


def test_who_owns_nothing_is_told_who_may_give_rights(
    plain_role_url: str, database: Database, prefix: str
) -> None:
    url = make_url(plain_role_url)
    grants.grant(database, prefix, {str(url.username): "writer"})
    with (
        Database(url.set(database=database.engine.url.database)) as writer,
        pytest.raises(GrantRefused, match=f'Let a superuser run only this.*GRANT "{prefix}"'),
    ):
        grants.grant(writer, prefix)
