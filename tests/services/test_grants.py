"""Roles: who may do what, today and with tomorrow's tables; tried, not read from a list."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url, text
from sqlalchemy.exc import ProgrammingError

from pandadb.database import Database
from pandadb.services import grants, schema
from pandadb.services.grants import GrantRefused

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
    # made after the grant
    "doma_panda.jobsarchived4_tomorrow": ("SELECT INSERT UPDATE DELETE", "SELECT", "SELECT"),
    "doma_pandaarch.jobsarchived_tomorrow": ("SELECT", "SELECT", "SELECT INSERT UPDATE DELETE"),
    "doma_panda.tomorrow": ("SELECT INSERT UPDATE DELETE", "SELECT", "SELECT"),
    "pandadb.tomorrow": ("SELECT", "SELECT", "SELECT INSERT UPDATE DELETE"),
}


@pytest.fixture
def prefix(database: Database) -> Iterator[str]:
    """A name that no role has; roles of it are dropped afterwards, since all databases see them."""
    name = f"pandadb_test_{secrets.token_hex(4)}"
    yield name
    with database.engine.begin() as connection:
        made = connection.scalars(
            text("SELECT rolname FROM pg_roles WHERE starts_with(rolname, :name)"), {"name": name}
        ).all()
        for role in map(Identifier, made):
            for statement in ("DROP OWNED BY {}", "DROP ROLE {}"):
                connection.exec_driver_sql(SQL(statement).format(role).as_string())


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


def test_each_role_may_do_what_the_matrix_says(database: Database, prefix: str) -> None:
    roles = grants.grant(database, prefix).roles
    with database.engine.begin() as connection:
        for statement in (
            "CREATE TABLE doma_panda.jobsarchived4_tomorrow PARTITION OF doma_panda.jobsarchived4"
            " FOR VALUES FROM ('2030-01-01') TO ('2030-01-02')",
            "CREATE TABLE doma_pandaarch.jobsarchived_tomorrow PARTITION OF"
            " doma_pandaarch.jobsarchived FOR VALUES FROM ('2030-01-01') TO ('2030-01-02')",
            "CREATE TABLE doma_panda.tomorrow (id int)",
            "CREATE TABLE pandadb.tomorrow (id int)",
        ):
            connection.execute(text(statement))

    for table, allowed in MATRIX.items():
        for role, words in zip(("writer", "reader", "archiver"), allowed, strict=True):
            found = [action for action in ACTIONS if may(database, roles[role], action, table)]
            assert found == words.split(), f"{role} on {table}"
        assert all(may(database, roles["owner"], action, table) for action in ACTIONS), table


@pytest.mark.parametrize(
    ("role", "statement", "allowed"),
    [
        ("writer", "INSERT INTO doma_panda.jobsdefined4 (pandaid) VALUES (1)", True),
        ("writer", "SELECT nextval('doma_panda.jobsdefined4_pandaid_seq')", True),
        ("writer", "SELECT setval('doma_panda.jobsdefined4_pandaid_seq', 1)", False),
        ("writer", "CALL doma_panda.jedi_refr_mintaskids_bystatus()", True),
        ("writer", "SELECT doma_panda.bitor(1, 2)", True),
        ("writer", "TRUNCATE doma_panda.network_matrix_kv_temp", True),
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


def test_nobody_else_gets_anything(database: Database, prefix: str) -> None:
    grants.grant(database, prefix)
    with database.engine.begin() as connection:
        connection.execute(text(f'CREATE ROLE "{prefix}_stranger"'))

    assert not attempt(database, f"{prefix}_stranger", "SELECT * FROM doma_panda.cache")
    assert not attempt(database, f"{prefix}_stranger", "CREATE TABLE pandadb.mine (id int)")


def test_it_can_be_repeated_and_makes_only_what_is_missing(database: Database, prefix: str) -> None:
    first = grants.grant(database, prefix)
    again = grants.grant(database, prefix)

    assert first.made == [prefix, f"{prefix}_writer", f"{prefix}_reader", f"{prefix}_archiver"]
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


def test_a_member_that_is_not_there_is_a_sentence(database: Database, prefix: str) -> None:
    with pytest.raises(GrantRefused, match=f"{prefix}_nobody.*is not there"):
        grants.grant(database, prefix, {f"{prefix}_nobody": "writer"})
    with pytest.raises(GrantRefused, match="no role 'king'"):
        grants.grant(database, prefix, {f"{prefix}_nobody": "king"})


def test_a_strange_prefix_is_a_name_and_nothing_else(database: Database, prefix: str) -> None:
    strange = f'{prefix}"; DROP SCHEMA pandadb CASCADE; --'[:50]
    roles = grants.grant(database, strange).roles

    assert attempt(database, roles["reader"].replace('"', '""'), "SELECT 1 FROM doma_panda.cache")


def test_who_may_not_make_roles_is_told_so_and_nothing_is_changed(
    plain_role_url: str, prefix: str
) -> None:
    with Database(plain_role_url) as database:
        schema.upgrade(database)
        with pytest.raises(GrantRefused, match=r"may not do that: CREATE ROLE .* superuser"):
            grants.grant(database, prefix)


def test_the_plain_owner_of_a_database_gives_rights_to_roles_that_are_there(
    plain_role_url: str, database: Database, prefix: str
) -> None:
    with database.engine.begin() as connection:
        for name in (prefix, *(f"{prefix}_{role}" for role in grants.ROLES[1:])):
            connection.execute(text(f'CREATE ROLE "{name}"'))
    with Database(plain_role_url) as plain:
        schema.upgrade(plain)
        granted = grants.grant(plain, prefix)
    owned = make_url(plain_role_url).database

    with Database(database.engine.url.set(database=owned)) as superuser:
        assert granted.made == []
        assert attempt(superuser, f"{prefix}_reader", "SELECT * FROM doma_panda.cache")
        for name in granted.roles.values():
            with superuser.engine.begin() as connection:
                connection.execute(text(f'DROP OWNED BY "{name}"'))
