"""Roles and what they may do: the files of `sql/grants/`, run as one transaction."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from pandadb.errors import PandaDBError
from pandadb.migrating import home

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy.orm import Session

    from pandadb.database import Database

ROLES = ("owner", "writer", "reader", "archiver")
FILES = ("privileges.v1.sql", "defaults.v1.sql", "search_path.v1.sql")

EVERYWHERE = ("23505", "42710", "XX000")
"""SQLSTATEs of two sessions that make or change the same role: roles belong to all databases."""


class GrantRefused(PandaDBError):
    """Roles that the user of the database may not make, or rights that it may not give."""


@dataclass(frozen=True)
class Granted:
    """What was done, or would be done."""

    roles: dict[str, str]
    """The name of each role."""
    made: list[str]
    """Roles that were missing."""
    statements: list[str]


def grant(
    database: Database,
    prefix: str = "panda",
    members: Mapping[str, str] | None = None,
    *,
    dry_run: bool = False,
) -> Granted:
    """Make the roles that are missing and give them their rights, all or nothing.

    The roles are named after the prefix: `panda`, `panda_writer`, `panda_reader`,
    `panda_archiver`. `members` are roles that log in, each with the role (`writer` …) that it
    becomes a member of. It can be repeated, after each upgrade for instance.

    Raises:
        GrantRefused: The user of the database may not do that; nothing is changed.
    """
    roles = {role: prefix if role == "owner" else f"{prefix}_{role}" for role in ROLES}
    unknown = sorted({*(members or {}).values()} - {*ROLES})
    if unknown:
        raise GrantRefused(f"There is no role {unknown[0]!r}: there are {', '.join(ROLES)}")

    def work(session: Session) -> Granted:
        done = _plan(session, roles, members or {})
        if not dry_run:
            _run(session, done)
        return done

    return _again(database, work)


def _again(database: Database, work: Callable[[Session], Granted]) -> Granted:
    """Do the work, and once more if somebody has changed the same role at the same time."""
    for last in (False, False, True):
        try:
            return database.retrying(work)
        except DBAPIError as error:
            if last or getattr(error.orig, "sqlstate", None) not in EVERYWHERE:
                raise
    raise AssertionError


def _plan(session: Session, roles: Mapping[str, str], members: Mapping[str, str]) -> Granted:
    found = {*session.scalars(text("SELECT rolname FROM pg_roles"))}
    absent = [member for member in members if member not in found]
    if absent:
        raise GrantRefused(f"The role {absent[0]!r} is not there: CREATE ROLE it first, with LOGIN")
    missing = [role for role in ROLES if roles[role] not in found]
    names = {**roles, "database": str(session.scalar(text("SELECT current_database()")))}
    creating = [
        s for role, s in zip(ROLES, _read("roles.v1.sql", names), strict=True) if role in missing
    ]
    granting = [statement for file in FILES for statement in _read(file, names)]
    joining = [
        sql.SQL("GRANT {} TO {}")
        .format(sql.Identifier(roles[role]), sql.Identifier(member))
        .as_string()
        for member, role in members.items()
    ]
    return Granted(dict(roles), [roles[role] for role in missing], creating + granting + joining)


def _read(file: str, names: Mapping[str, str]) -> list[str]:
    """Return the statements of a file, with the names put in as psql does with its variables."""
    script = (home() / "sql" / "grants" / file).read_text(encoding="utf-8")
    script = re.sub(r"^--.*\n", "", script, flags=re.MULTILINE)
    script = re.sub(r':"(\w+)"', lambda word: sql.Identifier(names[word[1]]).as_string(), script)
    return [statement.strip() for statement in script.split(";\n") if statement.strip()]


def _run(session: Session, granted: Granted) -> None:
    for statement in granted.statements:
        try:
            session.connection().exec_driver_sql(statement)
        except ProgrammingError as error:
            if getattr(error.orig, "sqlstate", None) != "42501":
                raise
            first = " ".join(statement.split())
            raise GrantRefused(
                f"The user of this database may not do that: {first}. A superuser has to, once: "
                "pandadb db grant --dry-run prints all of it. Nothing was changed."
            ) from error
