"""Roles and what they may do: the files of `sql/grants/`, run as one transaction."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from pandadb.database.retry import retry
from pandadb.errors import InvalidInput, PandaDBError, sqlstate
from pandadb.migrating import home
from pandadb.migrating.catalogue import literal
from pandadb.services import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

    from pandadb.database import Database

ROLES = ("owner", "writer", "reader", "archiver", "monitor")
ROLES_SINCE = ("monitor",)
"""Roles that older sites lack until the next grant; the rights of each are in a file of its own."""
RIGHTS = ("privileges.v1.sql", "defaults.v1.sql")
JOIN = sql.SQL("GRANT {} TO {}")
PLAIN = "[A-Za-z_][A-Za-z0-9_]{,53}"
"""Of a prefix, so that nobody has to quote a role; the longest role, with _archiver, has 63."""
SEARCH_PATH = "search_path=doma_panda"
"""How the database's search path begins; a site may add schemas of its own."""
OF_MONITORS = "doma_pandabigmon, doma_panda, public, pg_catalog"
"""The search path of those who log in as a monitor: its to_date comes before PostgreSQL's."""

CONCURRENT_ERRORS = ("23505", "42710", "XX000")
"""SQLSTATEs of two sessions that make or change the same role: roles belong to all databases."""


ROLES_ARE_ELSEWHERE = "Let a superuser run only this, then repeat pandadb db grant: {}"
RIGHTS_ARE_ELSEWHERE = (
    "Repeat pandadb db grant as the owner of the database and of what is in its schemas, "
    "a member of {}, or as a superuser"
)


class GrantRefused(PandaDBError):
    """Roles that the user of the database may not make, or rights that it may not give."""


class InvalidRole(GrantRefused, InvalidInput):
    """The name of a role that cannot be."""


@dataclass(frozen=True)
class Granted:
    """What was done, or would be done."""

    roles: dict[str, str]
    """The name of each role."""
    made: list[str]
    """Roles that were missing."""
    joined: list[tuple[str, str]]
    """Who became a member of which role: those of the call, and perhaps the user itself."""
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
    `panda_archiver`, `panda_monitor`. `members` are roles that log in, each with the role
    (`writer` …) that it becomes a member of; those of `monitor` get its search path. It can be
    repeated, after each upgrade for instance.

    Raises:
        GrantRefused: The user of the database may not do that; nothing is changed.
        NotStamped: It has tables of PanDA's that pandadb has not made.
    """
    schema.refuse_other_names(database)
    schema.refuse_unstamped(database)
    if not re.fullmatch(PLAIN, prefix):
        raise InvalidRole(
            f"The prefix {prefix!r} is no plain name: write up to 54 letters, digits and _, not "
            "beginning with a digit"
        )
    roles = _named(prefix)
    unknown = sorted({*(members or {}).values()} - {*ROLES})
    if unknown:
        raise InvalidRole(f"There is no role {unknown[0]!r}: there are {', '.join(ROLES)}")

    def work(session: Session) -> Granted:
        names = {**roles, "database": str(session.scalar(text("SELECT current_database()")))}
        missing = _missing(session, roles, members or {})
        joining = _joining(session, roles, members or {})
        making = [
            *_creating(missing, names),
            *(JOIN.format(*map(sql.Identifier, pair[::-1])).as_string() for pair in joining),
            *_finding(session, members or {}, names),
        ]
        giving = _giving(session, names, missing)
        if not dry_run:
            _run(session, making, ROLES_ARE_ELSEWHERE.format("; ".join(making)))
            _run(session, giving, RIGHTS_ARE_ELSEWHERE.format(roles["owner"]))
        return Granted(roles, [roles[role] for role in missing], joining, making + giving)

    return _again(database, work)


def act_as_owner(connection: Connection, *, local: bool = False) -> None:
    """Work as the owner of the schemas, if the user may, so that it owns what is made.

    That holds for the connection, or with `local` until the end of its transaction.
    """
    connection.execute(
        text(
            "SELECT set_config('role', pg_get_userbyid(nspowner), :local) FROM pg_namespace"
            " WHERE nspname = 'pandadb' AND pg_has_role(nspowner, 'USAGE')"
            " AND pg_get_userbyid(nspowner) <> current_user"
        ),
        {"local": local},
    )


def give_again(connection: Connection) -> None:
    """Give the roles their rights on what a migration has made, if they had been given before."""
    query = "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'pandadb'"
    names = _named(str(connection.scalar(text(query))))
    query = "SELECT rolname FROM pg_roles WHERE has_schema_privilege(oid, 'pandadb', 'USAGE')"
    there = {*connection.scalars(text(query))}
    lacking = [role for role, name in names.items() if name not in there]
    if {*lacking} <= {*ROLES_SINCE}:
        for statement in rights(names, lacking):
            connection.execute(literal(statement))


def _again(database: Database, work: Callable[[Session], Granted]) -> Granted:
    """Do the work, and up to twice more if another session has changed the same role."""
    return retry(lambda _: database.retrying(work), _is_of_another, (0, 0))


def _is_of_another(error: Exception) -> bool:
    state = sqlstate(error) if isinstance(error, DBAPIError) else None
    return state in CONCURRENT_ERRORS


def _named(prefix: str) -> dict[str, str]:
    return {role: prefix if role == "owner" else f"{prefix}_{role}" for role in ROLES}


def _missing(session: Session, roles: Mapping[str, str], members: Mapping[str, str]) -> list[str]:
    found = {*session.scalars(text("SELECT rolname FROM pg_roles"))}
    absent = [member for member in members if member not in found]
    if absent:
        raise GrantRefused(f"The role {absent[0]!r} is not there: CREATE ROLE it first, with LOGIN")
    return [role for role in ROLES if roles[role] not in found]


def _creating(missing: Sequence[str], names: Mapping[str, str]) -> list[str]:
    statements = _statements(_read("roles.v1.sql", names))
    return [line for role, line in zip(ROLES, statements, strict=True) if role in missing]


def _joining(
    session: Session, roles: Mapping[str, str], members: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Return who is not yet a member of which role, the user itself of the owner among them."""
    query = (
        "SELECT pg_get_userbyid(member), pg_get_userbyid(roleid) FROM pg_auth_members"
        " WHERE pg_has_role(member, roleid, 'USAGE')"  # who made a role may only be its admin
        " UNION SELECT current_user, rolname FROM pg_roles WHERE pg_has_role(oid, 'USAGE')"
    )
    there = {tuple(row) for row in session.execute(text(query))}
    user = str(session.scalar(text("SELECT current_user")))
    is_super = session.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))
    wanted = [(member, roles[role]) for member, role in members.items()]
    if not is_super:
        wanted.insert(0, (user, roles["owner"]))
    return [pair for pair in wanted if pair not in there]


def _finding(session: Session, members: Mapping[str, str], names: Mapping[str, str]) -> list[str]:
    """Return what gives those who log in as a monitor its search path, where they lack it."""
    query = """
        SELECT rolname FROM pg_db_role_setting JOIN pg_roles r ON r.oid = setrole
          JOIN pg_database d ON d.oid = setdatabase
         WHERE datname = :database AND :setting = ANY (setconfig)
    """
    words = {"database": names["database"], "setting": f"search_path={OF_MONITORS}"}
    there = {*session.scalars(text(query), words)}
    path = sql.SQL("ALTER ROLE {} IN DATABASE {} SET search_path = " + OF_MONITORS)
    return [
        path.format(sql.Identifier(name), sql.Identifier(names["database"])).as_string()
        for name, role in members.items()
        if role == "monitor" and name not in there
    ]


def _giving(session: Session, names: Mapping[str, str], missing: Sequence[str]) -> list[str]:
    """Return what gives the rights, without what the database or its owner has already."""
    query = _read("ownership.v1.sql", names).removesuffix("\\gexec\n")
    owning = [*session.scalars(literal(query))]
    prepared = _is_prepared(session, names, missing)
    return [
        *([] if prepared else _statements(_read("database.v1.sql", names))),
        *(["SET LOCAL lock_timeout = '4s'"] if owning else []),  # each table is locked for itself
        *owning,
        *rights(names),
    ]


def rights(names: Mapping[str, str], lacking: Collection[str] = ()) -> list[str]:
    """Return what gives the roles their rights, but those of LATER that are lacking."""
    files = (*RIGHTS, *(f"{role}.v1.sql" for role in ROLES_SINCE if role not in lacking))
    return [statement for file in files for statement in _statements(_read(file, names))]


def _is_prepared(session: Session, names: Mapping[str, str], missing: Sequence[str]) -> bool:
    """Tell whether the database is as its owner makes it, which others need not be then."""
    if {"owner", *ROLES_SINCE} & {*missing}:
        return False
    query = """
        SELECT has_database_privilege(:owner, current_database(), 'CREATE')
           AND has_database_privilege(:monitor, current_database(), 'TEMPORARY')
           AND EXISTS (SELECT 1 FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase
                        WHERE datname = current_database() AND setrole = 0
                          AND EXISTS (SELECT 1 FROM unnest(setconfig) AS setting
                                       WHERE starts_with(setting, :first)))
    """
    words = {"first": SEARCH_PATH, **{name: names[name] for name in ("owner", "monitor")}}
    return bool(session.scalar(text(query), words))


def _read(file: str, names: Mapping[str, str]) -> str:
    """Return a file without comments, with the names put in as psql does with its variables."""
    script = (home() / "sql" / "grants" / file).read_text(encoding="utf-8")
    script = re.sub(r"^--.*\n", "", script, flags=re.MULTILINE)
    script = re.sub(r':"(\w+)"', lambda word: sql.Identifier(names[word[1]]).as_string(), script)
    return re.sub(r":'(\w+)'", lambda word: sql.Literal(names[word[1]]).as_string(), script)


def _statements(script: str) -> list[str]:
    return [statement.strip() for statement in script.split(";\n") if statement.strip()]


def _run(session: Session, statements: Sequence[str], advice: str) -> None:
    for statement in statements:
        try:
            session.execute(literal(statement))
        except ProgrammingError as error:
            if sqlstate(error) != "42501":
                raise
            first = " ".join(statement.split())
            raise GrantRefused(
                f"The user of this database may not do that: {first}. Nothing was changed. {advice}"
            ) from error
