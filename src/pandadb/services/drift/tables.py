"""What statements by hand leave on tables: row security, rules, no autovacuum, half a detach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.migrating.catalogue import Difference, rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

OUR_TABLES = """
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = ANY(:schemas)
"""
ROW_SECURITY = (
    f"SELECT format('%I.%I', n.nspname, c.relname) {OUR_TABLES} WHERE c.relrowsecurity ORDER BY 1"
)
RULES = f"""
SELECT format('%I.%I', n.nspname, c.relname), quote_ident(r.rulename),
       CASE r.ev_type WHEN '2' THEN 'UPDATE' WHEN '3' THEN 'INSERT' WHEN '4' THEN 'DELETE'
                      ELSE 'SELECT' END
  {OUR_TABLES} JOIN pg_rewrite r ON r.ev_class = c.oid AND r.rulename <> '_RETURN'
 ORDER BY 1, 2
"""
UNVACUUMED = f"""
SELECT format('%I.%I', n.nspname, c.relname), prefix || option_name
  {OUR_TABLES} LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
 CROSS JOIN LATERAL (VALUES ('', c.reloptions), ('toast.', t.reloptions)) AS given (prefix, options)
 CROSS JOIN LATERAL pg_options_to_table(options)
 WHERE option_name = 'autovacuum_enabled' AND NOT option_value::boolean
 ORDER BY 1, 2
"""
PENDING_DETACH = f"""
SELECT format('%I.%I', n.nspname, c.relname), format('%I.%I', pn.nspname, p.relname)
  {OUR_TABLES} JOIN pg_inherits i ON i.inhrelid = c.oid AND i.inhdetachpending
  JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
 ORDER BY 1
"""


def find(session: Session) -> Iterator[Difference]:
    """Yield what no revision makes; other storage parameters, as fillfactor, are the site's."""
    connection = session.connection()
    for (name,) in rows(connection, ROW_SECURITY):
        sentence = (
            f"table {name} has row level security, which hides rows:"
            f" ALTER TABLE {name} DISABLE ROW LEVEL SECURITY"
        )
        yield Difference("table", name, sentence)
    for name, rule, event in rows(connection, RULES):
        sentence = f"rule {rule} on {name} changes what {event} does: DROP RULE {rule} ON {name}"
        yield Difference("rule", f"{name}.{rule}", sentence)
    for name, option in rows(connection, UNVACUUMED):
        sentence = f"table {name} is left out by autovacuum: ALTER TABLE {name} RESET ({option})"
        yield Difference("table", name, sentence)
    for name, parent in rows(connection, PENDING_DETACH):
        sentence = (
            f"partition {name} of {parent} is detached by half:"
            f" ALTER TABLE {parent} DETACH PARTITION {name} FINALIZE"
        )
        yield Difference("partition", name, sentence)
