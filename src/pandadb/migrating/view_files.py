"""The files of `sql/views/`: the tables that they read, and those that a revision has to recreate.

PostgreSQL rejects a change of a column's type, and its drop, if a view reads the column; and a view
that is `SELECT *` of a table lacks columns that are added to it later.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pandadb.migrating import home
from pandadb.migrating.sql_files import VIEW, matches, newest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def dependent(tables: Iterable[str]) -> list[tuple[str, str]]:
    """Return the files of views that read tables, in the versions before and after a new revision.

    Paths are below `sql/`, in the order in which they can be applied. Views of views are among
    them.
    """
    folder = home() / "sql" / "views"
    versions = newest(folder)
    scripts = {name: script for name, (_, script) in versions.items()}
    names = {name: views(script) for name, script in scripts.items()}
    found: list[str] = []
    wanted = {*tables}
    while more := [
        name for name in sorted(scripts) if name not in found and _reads(scripts[name], wanted)
    ]:
        found += more
        wanted = {view for name in more for view in names[name]}
    return [
        (_path(name, applied(folder, name)), _path(name, versions[name][0]))
        for name in _ordered(found, scripts, names)
    ]


def views_of(path: str) -> dict[str, str]:
    """Return the views that a file makes, by its path below `sql/`; see `views`."""
    return views((home() / "sql" / path).read_text("utf-8"))


def views(script: str) -> dict[str, str]:
    """Return the views that a file makes, in its order, each with the kind that DROP wants."""
    return {name: f"{kind}VIEW" for kind, name, _ in matches(VIEW, script)}


def applied(folder: Path, name: str) -> int:
    """Return the newest version of a file that a revision applies."""
    version, _ = newest(folder)[name]
    while version > 1 and not _mentions(f"{name}.v{version}.sql"):
        version -= 1
    return version


def is_frozen(folder: Path, name: str) -> bool:
    """Return whether a revision before the newest one applies the newest version of a file."""
    version, _ = newest(folder)[name]
    return version == 1 or _mentions(f"{name}.v{version}.sql", before_newest=True)


def _mentions(file: str, *, before_newest: bool = False) -> bool:
    revisions = sorted((home() / "migrations" / "versions").glob("*.py"))
    looked_at = revisions[:-1] if before_newest else revisions
    return any(file in revision.read_text("utf-8") for revision in looked_at)


def _path(name: str, version: int) -> str:
    return f"views/{name}.v{version}.sql"


def _reads(script: str, relations: Iterable[str]) -> bool:
    return any(re.search(rf"\b{re.escape(one)}\b", script) for one in relations)


def _ordered(
    files: list[str], scripts: dict[str, str], names: dict[str, dict[str, str]]
) -> Iterator[str]:
    """Yield files in the order of their dependencies."""
    left = sorted(files)
    while left:
        ready = [
            name
            for name in left
            if not any(_reads(scripts[name], names[other]) for other in left if other != name)
        ]
        yield from ready or left
        left = [name for name in left if name not in (ready or left)]
