"""Rights of pandadb's roles, as the files of `sql/grants/` give them, and of PUBLIC: none.

Rights of other roles are the site's. Where `pandadb db grant` was never run, only PUBLIC is
looked at. Partitions are asked for what is too much only: who reads them reads their table.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from pandadb.migrating.catalogue import Difference, rows
from pandadb.services import grants
from pandadb.services.drift.roles import lacking, option, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy.orm import Session

PUBLIC = "PUBLIC"
STATEMENT = re.compile(
    r"(?:ALTER DEFAULT PRIVILEGES .*? IN SCHEMA (?P<schemas>.+?) )?"
    r"(?P<verb>GRANT|REVOKE) (?P<privileges>[A-Z, ]+) ON (?P<what>.+) (?:TO|FROM) (?P<roles>.+)"
)
ALL_IN_SCHEMA = re.compile(r"ALL (TABLE|SEQUENCE)S IN SCHEMA (.+)")
GRANTED_OBJECT = re.compile(r"(SCHEMA|SEQUENCE|FUNCTION)? ?(.+)")
COMMA = re.compile(r", (?![^(]*\))")

ENTRIES = """
WITH ours AS (SELECT oid, nspname, nspacl, nspowner FROM pg_namespace
               WHERE nspname = ANY(:schemas)),
object (kind, name, partition, acl) AS (
    SELECT 'schema', nspname::text, false, nspacl FROM ours
     UNION ALL
    SELECT CASE relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, nspname || '.' || relname,
           relispartition, relacl
      FROM pg_class c JOIN ours ON ours.oid = c.relnamespace
     WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
     UNION ALL
    SELECT 'column', nspname || '.' || relname || '.' || attname, true, attacl
      FROM pg_class c JOIN ours ON ours.oid = c.relnamespace
      JOIN pg_attribute a ON a.attrelid = c.oid AND attacl IS NOT NULL
     UNION ALL
    SELECT 'function', nspname || '.' || proname || '('
           || oidvectortypes(proargtypes) || ')', false,
           coalesce(proacl, acldefault('f', proowner))
      FROM pg_proc p JOIN ours ON ours.oid = p.pronamespace
     WHERE prosecdef
     UNION ALL
    SELECT 'new ' || CASE defaclobjtype WHEN 'r' THEN 'table' WHEN 'S' THEN 'sequence'
                                        ELSE defaclobjtype::text END || 's', nspname, false,
           defaclacl
      FROM pg_default_acl d JOIN ours ON ours.oid = d.defaclnamespace
     WHERE CAST(:owner AS text) IS NULL OR pg_get_userbyid(defaclrole) = :owner
)
SELECT kind, name, partition, CASE WHEN a.grantee = 0 THEN 'PUBLIC'
                                   ELSE pg_get_userbyid(a.grantee) END AS grantee,
       a.privilege_type AS privilege
  FROM object LEFT JOIN LATERAL aclexplode(acl) AS a ON true
"""


class Thing(NamedTuple):
    """What rights are for."""

    kind: str
    name: str


Rights = dict[tuple[Thing, str], set[str]]
"""Privileges by object and grantee."""


def find(session: Session, roles: Mapping[str, str]) -> Iterator[Difference]:
    """Yield what roles lack, and what they or PUBLIC have beyond."""
    partitions, found = _found(session, roles.get("owner"))
    later = [role for role in lacking(session, roles) if role in grants.ROLES_SINCE]
    things = {thing for thing, _ in found}
    wanted = _wanted(roles, later, things - partitions) if roles else {}
    known = {PUBLIC, *(name for role, name in roles.items() if role not in ("owner", *later))}
    for thing, grantee in sorted({*wanted, *found}):
        if grantee not in known or not (thing in things or thing.kind.startswith("new ")):
            continue
        there, due = found.get((thing, grantee), set()), wanted.get((thing, grantee), set())
        if thing not in partitions and (less := due - there):
            yield _less(thing, grantee, less, option(roles))
        if (more := there - due) and not (thing in partitions and grantee != PUBLIC):
            yield _more(thing, grantee, more)


def _found(session: Session, owner: str | None) -> tuple[set[Thing], Rights]:
    """Return the partitions, and the rights of all objects; one without any has those of nobody."""
    partitions, rights = set[Thing](), defaultdict[tuple[Thing, str], set[str]](set)
    for kind, name, is_partition, grantee, privilege in rows(
        session.connection(), ENTRIES, owner=owner
    ):
        thing = Thing(kind, name)
        if is_partition:
            partitions.add(thing)
        rights[thing, grantee or ""].update({privilege} - {None})
    return partitions, rights


def _wanted(roles: Mapping[str, str], lacking: list[str], things: Iterable[Thing]) -> Rights:
    """Return the rights that the files give, read as PostgreSQL would read them."""
    wanted: Rights = defaultdict(set)
    for statement in grants.rights({role: role for role in roles}, lacking):
        words = STATEMENT.fullmatch(" ".join(statement.split()))
        assert words, statement  # noqa: S101 - a test reads all files
        privileges = {*words["privileges"].split(", ")}
        for thing in _meant(words["schemas"], words["what"], things):
            for role in words["roles"].split(", "):
                have = wanted[thing, roles[role.strip('"')]]
                if words["verb"] == "GRANT":
                    have |= privileges
                elif "ALL" in privileges:
                    have.clear()
                else:
                    have -= privileges
    return wanted


def _meant(schemas: str | None, what: str, things: Iterable[Thing]) -> Iterator[Thing]:
    """Yield the objects that a statement is for."""
    if schemas:
        yield from (Thing(f"new {what.lower()}", schema) for schema in schemas.split(", "))
    elif every := ALL_IN_SCHEMA.fullmatch(what):
        kind, inside = every[1].lower(), {*every[2].split(", ")}
        yield from (
            thing
            for thing in things
            if thing.kind == kind and thing.name.partition(".")[0] in inside
        )
    elif named := GRANTED_OBJECT.fullmatch(what):
        for name in COMMA.split(named[2]):
            yield Thing((named[1] or "table").lower(), name)


def _less(thing: Thing, grantee: str, privileges: set[str], prefix: str) -> Difference:
    which = ", ".join(sorted(privileges))
    sentence = f"{grantee} lacks {which} on {_said(thing)}: pandadb db grant{prefix}"
    return Difference("right", thing.name, sentence)


def _more(thing: Thing, grantee: str, privileges: set[str]) -> Difference:
    which = ", ".join(sorted(privileges))
    to = PUBLIC if grantee == PUBLIC else quoted(grantee)
    kind, name = thing
    table, _, column = name.rpartition(".")
    revoke = {
        "table": f"REVOKE {which} ON {name} FROM {to}",
        "column": f"REVOKE {which} ({column}) ON {table} FROM {to}",
    }.get(kind, f"REVOKE {which} ON {kind.upper()} {name} FROM {to}")
    if kind.startswith("new "):
        on = kind.removeprefix("new ").upper()
        revoke = f"ALTER DEFAULT PRIVILEGES … IN SCHEMA {name} REVOKE {which} ON {on} FROM {to}"
    return Difference("right", name, f"{grantee} has {which} on {_said(thing)}: {revoke}")


def _said(thing: Thing) -> str:
    return f"{thing.kind} in {thing.name}" if thing.kind.startswith("new ") else " ".join(thing)
