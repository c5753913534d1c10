"""The roles of `pandadb db grant` that have rights in a database."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from psycopg import sql
from sqlalchemy import text

from pandadb.migrating.catalogue import OUR_SCHEMAS
from pandadb.services.grants import ROLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

GRANTEES = text("""
SELECT r.rolname, count(*)
  FROM (SELECT nspname, nspacl FROM pg_namespace
         UNION ALL
        SELECT nspname, relacl FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       ) AS object (schema, acl)
 CROSS JOIN LATERAL aclexplode(acl) AS a
  JOIN pg_roles r ON r.oid = a.grantee
 WHERE schema = ANY(:schemas)
 GROUP BY 1
""")
ROLE_EXISTS = text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :name)")


def given(session: Session) -> dict[str, str]:
    """Return the names of the five roles if two of them have rights here, else nothing.

    One alone, `atlas_reader` perhaps, may be a site's own. If roles of several prefixes have
    rights, it is the prefix with most of them; there has to be an owner of that name.
    """
    found: dict[str, list[int]] = defaultdict(list)
    for name, number in session.execute(GRANTEES, {"schemas": [*OUR_SCHEMAS]}):
        prefix, _, role = name.rpartition("_")
        if role in ROLES and session.scalar(ROLE_EXISTS, {"name": prefix}):
            found[prefix].append(number)
    several = {prefix: sum(rights) for prefix, rights in found.items() if len(rights) > 1}
    if not several:
        return {}
    prefix = max(several, key=several.__getitem__)
    return {role: prefix if role == "owner" else f"{prefix}_{role}" for role in ROLES}


def lacking(session: Session, roles: Mapping[str, str]) -> list[str]:
    """Return the roles that have no right here at all."""
    rights = {name for name, _ in session.execute(GRANTEES, {"schemas": [*OUR_SCHEMAS]})}
    return [role for role, name in roles.items() if name not in rights]


def option(roles: Mapping[str, str]) -> str:
    """Return what `pandadb db grant` needs to be for these roles."""
    return "" if roles["owner"] == "panda" else f" --prefix {roles['owner']}"


def quoted(name: str) -> str:
    """Return the name of a role as in SQL."""
    return name if name.isidentifier() and name.islower() else sql.Identifier(name).as_string()
