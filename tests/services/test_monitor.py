"""What a BigPanDA monitor, a Django site, writes and reads: keys, logins, times and its role."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from pandadb.database import Database
from pandadb.services import grants, schema
from tests.services.test_grants import attempt, may

KEYS = {
    "visits": ("visitid", "url", "'/jobs/'"),
    "objects_comparison": ("id", "userid", "1"),
    "rucio_accounts": ("id", "rucio_account", "'me'"),
}


def answers(database: Database, *statements: str) -> list[Any]:
    with database.session() as session:
        return [session.scalar(text(statement)) for statement in statements]


@pytest.mark.parametrize("table", [*KEYS])
def test_a_key_that_django_writes_as_null_is_filled_and_one_that_is_given_is_kept(
    database: Database, table: str
) -> None:
    key, column, value = KEYS[table]
    insert = f"INSERT INTO doma_pandabigmon.{table} ({key}, {column}) VALUES ({{}}, {value})"

    first, given, last = answers(
        database, *(f"{insert.format(number)} RETURNING {key}" for number in ("NULL", 77, "NULL"))
    )

    assert given == 77
    assert None not in {first, last}
    assert first < last


def test_users_are_put_into_groups_and_mail_addresses_are_verified(database: Database) -> None:
    numbers = answers(
        database,
        "INSERT INTO doma_pandabigmon.auth_user_groups (user_id, group_id) VALUES (1, 2)"
        " RETURNING id",
        "INSERT INTO doma_pandabigmon.auth_group_permissions (group_id, permission_id)"
        " VALUES (2, 3) RETURNING id",
        "INSERT INTO doma_pandabigmon.social_auth_code (email, code, verified, timestamp)"
        " VALUES ('a@b', 'c', true, localtimestamp) RETURNING id",
        "INSERT INTO doma_pandabigmon.social_auth_partial (token, next_step, backend, timestamp)"
        " VALUES ('t', 1, 'b', localtimestamp) RETURNING id",
    )

    assert None not in numbers


def test_what_is_there_before_the_revision_stays_with_its_meaning(database: Database) -> None:
    schema.downgrade(database, "0028")
    with database.session() as session:
        for statement in (
            "INSERT INTO doma_pandabigmon.social_auth_code (email, code, verified)"
            " VALUES ('yes', 'c', 1), ('no', 'c', 0)",
            "INSERT INTO doma_pandabigmon.auth_user_groups (id, user_id, group_id)"
            " VALUES (40, 1, 2)",
        ):
            session.execute(text(statement))

    schema.upgrade(database)

    new, verified = answers(
        database,
        "INSERT INTO doma_pandabigmon.auth_user_groups (user_id, group_id) VALUES (1, 3)"
        " RETURNING id",
        "SELECT array_agg(email ORDER BY email) FROM doma_pandabigmon.social_auth_code"
        " WHERE verified",
    )
    assert new > 40
    assert verified == ["yes"]


def test_the_monitors_jobs_have_their_resource_type(database: Database) -> None:
    answers(
        database,
        "INSERT INTO doma_panda.jobsactive4 (pandaid, jobstatus, resource_type)"
        " VALUES (1, 'running', 'MCORE') RETURNING 1",
    )

    combined = "SELECT resource_type FROM doma_pandabigmon.combined_wait_act_def_arch4"
    assert answers(database, combined) == ["MCORE"]


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ("SELECT nextval('doma_pandabigmon.all_requests_seq')", True),
        ("INSERT INTO doma_pandabigmon.all_requests_daily (qtime) VALUES (localtimestamp)", True),
        ("INSERT INTO doma_pandabigmon.visits (visitid, url) VALUES (NULL, '/')", True),
        ("DELETE FROM doma_pandabigmon.django_session", True),
        ("UPDATE doma_pandabigmon.auth_user SET is_active = false", True),
        ("CREATE TEMPORARY TABLE tmp_ids1 (id bigint)", True),
        ("SELECT count(*) FROM doma_pandaarch.jobsarchived", True),
        ("UPDATE doma_panda.jobsactive4 SET jobstatus = 'failed'", False),
        ("SELECT * FROM doma_panda.secrets", False),
        ("SELECT * FROM doma_pandameta.proxykey", False),
        ("CREATE TABLE doma_pandabigmon.mine (id bigint)", False),
    ],
)
def test_the_monitors_role_may_what_a_request_needs_and_no_more(
    database: Database, prefix: str, statement: str, allowed: bool
) -> None:
    roles = grants.grant(database, prefix).roles

    assert attempt(database, roles["monitor"], statement) is allowed


def test_the_monitors_role_makes_temporary_tables_in_each_database_that_is_granted(
    database: Database, prefix: str
) -> None:
    monitor = grants.grant(database, prefix).roles["monitor"]
    name = database.engine.url.database
    with database.engine.begin() as connection:  # another database of the role, as far as that goes
        connection.execute(text(f'REVOKE TEMPORARY ON DATABASE "{name}" FROM PUBLIC'))
        connection.execute(text(f'REVOKE TEMPORARY ON DATABASE "{name}" FROM "{monitor}"'))
    statement = "CREATE TEMPORARY TABLE tmp_ids1 (id bigint)"
    assert not attempt(database, monitor, statement)

    grants.grant(database, prefix)

    assert attempt(database, monitor, statement)


def test_who_logs_in_as_a_monitor_finds_a_to_date_that_keeps_the_time_of_day(
    database: Database, prefix: str
) -> None:
    login = f"{prefix}_django"
    with database.engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE \"{login}\" LOGIN PASSWORD 'x'"))

    grants.grant(database, prefix, {login: "monitor"})
    again = grants.grant(database, prefix, {login: "monitor"}, dry_run=True)

    assert not [line for line in again.statements if "ALTER ROLE" in line]
    asked = "SELECT to_date('2026-03-29 02:30:00', 'YYYY-MM-DD HH24:MI:SS')"
    url = database.engine.url.set(drivername="postgresql", username=login, password="x")
    with psycopg.connect(url.render_as_string(hide_password=False)) as monitor:
        monitor.execute("SET timezone = 'Europe/Zurich'")  # where that time is not
        assert monitor.execute(asked).fetchone() == (datetime(2026, 3, 29, 2, 30),)
    assert str(answers(database, asked)[0]) == "2026-03-29"


def test_a_site_without_the_role_upgrades_and_has_it_after_the_next_grant(
    database: Database, prefix: str
) -> None:
    roles = grants.grant(database, prefix).roles
    with database.engine.begin() as connection:
        connection.execute(text(f'DROP OWNED BY "{roles["monitor"]}"'))
        connection.execute(text(f'DROP ROLE "{roles["monitor"]}"'))

    schema.downgrade(database, "0017")
    schema.upgrade(database)

    assert may(database, roles["writer"], "UPDATE", "doma_panda.jobsactive4")
    assert grants.grant(database, prefix).made == [roles["monitor"]]
    assert may(database, roles["monitor"], "DELETE", "doma_pandabigmon.visits")
