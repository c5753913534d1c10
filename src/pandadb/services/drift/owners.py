"""Owners: one role owns the schemas and all in them, or a member of the others cannot migrate.

A SECURITY DEFINER function has the rights of its owner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.migrating.catalogue import Difference, rows
from pandadb.services.drift.roles import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy.orm import Session

OBJECTS = """
SELECT kind, name, pg_get_userbyid(owner)
  FROM (SELECT 1, 'schema', quote_ident(nspname), nspowner, nspname, oid
          FROM pg_namespace
         UNION ALL
        SELECT 2, CASE relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view'
                               WHEN 'm' THEN 'materialized view' ELSE 'table' END,
               format('%I.%I', nspname, relname), relowner, nspname, c.oid
          FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
         WHERE relkind IN ('r', 'p', 'S', 'v', 'm')
         UNION ALL
        SELECT 3, CASE prokind WHEN 'p' THEN 'procedure' ELSE 'function' END,
               format('%I.%I(%s)', nspname, proname, oidvectortypes(proargtypes)),
               proowner, nspname, p.oid
          FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
       ) AS object (step, kind, name, owner, schema, id)
 WHERE schema = ANY(:schemas)
   AND NOT EXISTS (SELECT 1 FROM pg_depend d  -- of an extension, or a column's sequence
                    WHERE d.objid = id
                      AND (d.deptype = 'e' OR kind = 'sequence' AND d.deptype IN ('a', 'i')))
 ORDER BY step, name
"""


def find(session: Session, roles: Mapping[str, str]) -> Iterator[Difference]:
    """Yield objects of other owners than the owner role; without roles, than the owner of most.

    A database without pandadb's roles is valid if all objects have one owner.
    """
    found = rows(session.connection(), OBJECTS)
    owners = [owner for _, _, owner in found]
    wanted = roles["owner"] if roles else max(owners, key=owners.count, default="")
    for kind, name, owner in found:
        if owner != wanted:
            sentence = (
                f"{kind} {name} belongs to {owner}, not to {wanted}:"
                f" ALTER {kind.upper()} {name} OWNER TO {quoted(wanted)}"
            )
            yield Difference(kind, name, sentence)
