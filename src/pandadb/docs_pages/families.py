"""Families of tables, and the lines for relationships of the models."""

from __future__ import annotations

import importlib
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import RelationshipDirection, configure_mappers

from pandadb.models import Base
from pandadb.models.jobs.all_tables import JOB_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Column, Table
    from sqlalchemy.orm import Mapper, RelationshipProperty

ORDER = [
    "tasks",
    "datasets",
    "events",
    "jobs",
    "archive",
    "queues",
    "control",
    "control_archive",
    "gateway",
    "workflow",
    "deft",
    "sites",
    "harvester",
    "workernodes",
    "errors",
    "statistics",
    "service",
    "meta",
    "bigmon",
]
"""The families in reading order; families not named here follow them."""


JOBS = [job.__tablename__ for job in JOB_TABLES]


JOB_HIGHLIGHTS = ("jobstatus", "currentpriority", "computingsite", "modificationtime")
"""Columns of a job shown in its box beside the keys."""


POSTGRESQL: Any = postgresql.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Family:
    """The tables of one module of the models."""

    name: str
    meaning: str
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class End:
    """The end of a line: table, columns of the join, cardinality, name of the relationship.

    The name is the attribute of this table's class for the other end.
    """

    table: Table
    columns: tuple[str, ...]
    many: bool
    optional: bool
    name: str


@dataclass(frozen=True)
class Line:
    """A relationship between two tables, or of a table with itself, in both directions."""

    parent: End
    child: End

    def touches(self, tables: Iterable[Table]) -> bool:
        """Return whether an end is at one of the tables."""
        return any(table in (self.parent.table, self.child.table) for table in tables)


def mappers() -> dict[Table, Mapper[Any]]:
    """Return the mapper of each table."""
    configure_mappers()
    found = {mapper.local_table: mapper for mapper in Base.registry.mappers}
    return {table: found[table] for table in Base.metadata.tables.values() if table in found}


def families() -> list[Family]:
    """Return every family with its tables in order of declaration, job tables first."""
    tables: defaultdict[str, list[Table]] = defaultdict(list)
    for table, mapper in mappers().items():
        tables[_path(mapper)].append(table)
    found = [Family(_name(path), _meaning(path), tuple(sorted(tables[path], key=_is_not_job)))
             for path in tables]  # fmt: skip
    return sorted(found, key=lambda family: (*_rank(family.name), family.name))


def _path(mapper: Mapper[Any]) -> str:
    """Return the module or folder of a family, below the models."""
    parts = mapper.class_.__module__.removeprefix("pandadb.models.").split(".")
    return ".".join(parts[: 2 if parts[0] == "schemas" else 1])


def _name(path: str) -> str:
    return path.rpartition(".")[2]


def _rank(name: str) -> tuple[int]:
    return (ORDER.index(name) if name in ORDER else len(ORDER),)


def _is_not_job(table: Table) -> bool:
    return table.name not in JOBS


def _meaning(path: str) -> str:
    words = importlib.import_module(f"pandadb.models.{path}").__doc__ or ""
    return " ".join(words.partition("\n\n")[0].split())


def lines() -> list[Line]:
    """Return the lines between all tables; a relationship and its inverse are one line.

    A relationship through a secondary table is not a line: its two halves are.
    """
    joins: defaultdict[frozenset[frozenset[tuple[str, str]]], list[RelationshipProperty[Any]]]
    joins = defaultdict(list)
    maps = mappers()
    for mapper in maps.values():
        for relationship in mapper.relationships:
            if relationship.secondary is None and relationship.target in maps:  # no view
                pairs = relationship.local_remote_pairs or ()
                joins[frozenset(frozenset(map(_column, pair)) for pair in pairs)].append(
                    relationship
                )
    found = [_line(both) for both in joins.values()]
    return sorted(found, key=lambda line: [
        (end.table.fullname, end.name, end.columns) for end in (line.parent, line.child)
    ])  # fmt: skip


def _column(column: Any) -> tuple[str, str]:
    return column.table.fullname, column.name


def _line(both: list[RelationshipProperty[Any]]) -> Line:
    both = sorted(both, key=str)
    up = next((r for r in both if r.direction is RelationshipDirection.MANYTOONE), None)
    down = next((r for r in both if r is not up), None)
    back: RelationshipProperty[Any] | None = up
    if up is None and len(both) == 2:
        down, back = both
    pairs = [(a, b) for a, b in (up or both[0]).local_remote_pairs or ()]
    pairs = pairs if up else [(b, a) for a, b in pairs]
    pairs.sort(key=lambda pair: [*pair[0].table.columns].index(pair[0]))
    child, parent = pairs[0][0].table, pairs[0][1].table
    many = up is None and back is not None
    optional = many or parent.name in JOBS or any(column.nullable for column, _ in pairs)
    return Line(
        End(parent, tuple(b.name for _, b in pairs), many, optional, down.key if down else ""),
        End(child, tuple(a.name for a, _ in pairs), down is None or bool(down.uselist), True,
            back.key if back else ""),
    )  # fmt: skip


def type_of(column: Column[Any]) -> str:
    """Return the PostgreSQL type of a column."""
    return column.type.compile(dialect=POSTGRESQL).lower()
