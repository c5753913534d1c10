"""Views, functions and triggers: the database against the files of `sql/` that make them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from pandadb.migrating import home
from pandadb.migrating.catalogue import Difference, differences, literal, rows, settle, try_out

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VIEW = r"^CREATE (MATERIALIZED )?VIEW (\S+) AS\n(.*?);$"
INDEX = r"^(CREATE (?:UNIQUE )?INDEX \w+\s+ON \S+ \(.*?\));$"
ROUTINE = r"^CREATE (?:OR REPLACE )?((?:FUNCTION|PROCEDURE) )(\w+)(\.\w+\(.*?\$\$.*?\$\$);$"
TRIGGER = r"^CREATE TRIGGER (\w+)\n(.*?);$"


def newest(folder: Path) -> dict[str, tuple[int, str]]:
    """Return version and text of the newest file of each object in a folder, by `schema.name`."""
    found: dict[str, tuple[int, str]] = {}
    for path in sorted(folder.glob("*.v*.sql")):
        name, _, version = path.stem.rpartition(".v")
        if version.isdecimal():
            found[name] = max(found.get(name, (0, "")), (int(version), path.read_text("utf-8")))
    return found


def written(pattern: str, *folders: str) -> Iterator[tuple[str, ...]]:
    """Yield the matches of a pattern in the newest version of each file of the folders."""
    for folder in folders:
        for _, script in newest(home() / "sql" / folder).values():
            yield from matches(pattern, script)


def matches(pattern: str, script: str) -> Iterator[tuple[str, ...]]:
    """Yield the matches of a pattern in a file."""
    for match in re.finditer(pattern, script, re.DOTALL | re.MULTILINE):
        yield match.groups(default="")


def views(connection: Connection) -> Iterator[Difference]:
    """Compare the views' kinds and queries, as the server itself spells them."""
    files = {name: (kind, body) for kind, name, body in written(VIEW, "views")}
    query = """
        SELECT n.nspname || '.' || c.relname, c.relkind::text, pg_get_viewdef(c.oid)
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('v', 'm') AND n.nspname = ANY(:schemas)
    """
    catalogue = {name: (kind, body) for name, kind, body in rows(connection, query)}
    kinds = {name: "m" if kind else "v" for name, (kind, _) in files.items()}
    wanted = {name: _planned(connection, body) or body for name, (_, body) in files.items()}
    found = {name: body for name, (_, body) in catalogue.items()}
    settle(wanted, found, lambda _, body: _planned(connection, body))
    yield from differences(
        "view",
        {name: (kinds[name], body) for name, body in wanted.items()},
        {name: (catalogue[name][0], body) for name, body in found.items()},
        made_by="sql/views",
    )


def _planned(connection: Connection, query: str) -> str | None:
    statement = literal(f"CREATE TEMP VIEW drift_view AS {query}")
    definition = "SELECT pg_get_viewdef('pg_temp.drift_view'::regclass)"
    return try_out(connection, (statement,), definition)


def view_indexes(connection: Connection) -> Iterator[Difference]:
    """Compare the indexes of materialized views, required for REFRESH CONCURRENTLY."""
    wanted = dict.fromkeys(_folded(index) for (index,) in written(INDEX, "views"))
    query = """
        SELECT pg_get_indexdef(i.indexrelid)
          FROM pg_index i
          JOIN pg_class c ON c.oid = i.indrelid AND c.relkind = 'm'
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ANY(:schemas) AND i.indisvalid
    """
    found = dict.fromkeys(_folded(index) for (index,) in rows(connection, query))
    yield from differences("index", wanted, found)


DEFINITION = r"""
    n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
    CASE WHEN p.prokind <> 'a'
         THEN regexp_replace(pg_get_functiondef(p.oid), '^CREATE OR REPLACE (\w+) [^(]+', '\1') END
"""
"""A routine's signature, and all of its definition but its name."""


def routines(connection: Connection) -> Iterator[Difference]:
    """Compare functions and procedures: arguments, bodies, and how they may be used."""
    wanted = dict(
        _made(connection, *parts) for parts in written(ROUTINE, "functions", "procedures")
    )
    query = f"""
        SELECT {DEFINITION}
          FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname = ANY(:schemas)
           AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    """  # noqa: S608 - a constant
    found = dict(rows(connection, query))
    yield from differences("routine", wanted, found, made_by="sql/")


def _made(connection: Connection, kind: str, schema: str, rest: str) -> tuple[str, str]:
    """Return signature and definition of a routine as the server spells them, tried as its own."""
    query = f"""
        SELECT {DEFINITION} FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.oid = pg_my_temp_schema()
    """  # noqa: S608 - a constant
    with connection.begin_nested() as attempt:
        connection.execute(text("SET LOCAL check_function_bodies = off"))
        connection.execute(literal(f"CREATE {kind}pg_temp{rest}"))
        signature, definition = connection.execute(text(query)).one()
        attempt.rollback()
    return f"{schema}.{signature.partition('.')[2]}", definition


def triggers(connection: Connection) -> Iterator[Difference]:
    """Compare the triggers, and report disabled ones, also of partitions."""
    wanted = {name: _folded(body) for name, body in written(TRIGGER, "triggers")}
    query = """
        SELECT t.tgname, pg_get_triggerdef(t.oid)
          FROM pg_trigger t
          JOIN pg_class c ON c.oid = t.tgrelid AND NOT c.relispartition
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE NOT t.tgisinternal AND n.nspname = ANY(:schemas)
    """
    found = {
        name: _folded(definition.removeprefix(f"CREATE TRIGGER {name} "))
        for name, definition in rows(connection, query)
    }
    yield from differences("trigger", wanted, found)
    query = """
        SELECT t.tgname, string_agg(n.nspname || '.' || c.relname, ', ' ORDER BY c.relname)
          FROM pg_trigger t
          JOIN pg_class c ON c.oid = t.tgrelid
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE t.tgenabled <> 'O' AND (NOT t.tgisinternal OR t.tgparentid <> 0)
           AND n.nspname = ANY(:schemas)
         GROUP BY t.tgname
    """
    for name, tables in rows(connection, query):
        sentence = f"trigger {name} is not enabled as usual on {tables}"
        yield Difference("trigger", name, sentence)


def _folded(definition: str) -> str:
    return (
        " ".join(definition.replace(" USING btree", "").split())
        .replace("( ", "(")
        .replace(" )", ")")
    )
