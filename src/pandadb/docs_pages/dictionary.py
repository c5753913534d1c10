"""The data dictionary: tables and columns of the models with comments, as Markdown."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import Sequence, String, UniqueConstraint

from pandadb.docs_pages import markdown
from pandadb.docs_pages.families import POSTGRESQL, families, mappers, type_of
from pandadb.models import Base
from pandadb.models.jobs.all_tables import JOB_TABLES
from pandadb.models.jobs.columns import JobColumns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import Column, Index, Table

    from pandadb.docs_pages.families import Family

HEADER = ("Column", "Type", "Null", "Default", "Meaning")

Described = tuple[str, ...]
"""A column as the cells of a row."""


def pages() -> dict[str, str]:
    """Return the pages by path: the index, and one page per family."""
    everything = families()
    homes = {table: family for family in everything for table in family.tables}
    return {
        "dictionary.md": _index(everything),
        **{f"dictionary/{family.name}.md": _page(family, homes) for family in everything},
    }


def _index(everything: list[Family]) -> str:
    tables = sorted(
        (table.name, str(table.schema), family.name, _text(table.comment))
        for family in everything
        for table in family.tables
    )
    return markdown.joined(
        "# Data dictionary",
        "Every table of the database and every column, written from the models by `pandadb docs"
        " dictionary`. How the tables hang together is in the [diagrams](diagrams.md).",
        "## Families",
        markdown.table(("Family", "Tables", "What it is"), (
            (f"[{f.name}](dictionary/{f.name}.md)", str(len(f.tables)), f.meaning)
            for f in everything
        )),
        "## Tables from A to Z",
        markdown.table(("Table", "Schema", "Family", "Meaning"), (
            (f"[{name}](dictionary/{family}.md#{name})", f"`{schema}`", family, meaning)
            for name, schema, family, meaning in tables
        )),
        "## Sequences",
        markdown.table(("Sequence", "Feeds"), _sequences()),
    )  # fmt: skip


def _page(family: Family, homes: Mapping[Table, Family]) -> str:
    is_home = homes[JOB_TABLES[0].__table__] is family
    return markdown.joined(
        f"# {family.name.capitalize()}",
        family.meaning,
        f"[Diagram](../diagrams.md#{family.name}) · [All families](../dictionary.md)",
        *(_job_columns() if is_home else []),
        *(part for table in family.tables for part in _section(table, homes)),
    )


def _section(table: Table, homes: Mapping[Table, Family]) -> Iterator[str]:
    """Return the parts of a table: comment, facts, and columns or differences from a twin."""
    yield f"## {table.name}"
    yield _text(table.comment)
    yield "\n".join(f"- {fact}" for fact in _facts(table, homes[table]))
    twin = _twin(table, homes)
    if _is_job(table):
        differences = _differing(table, _usual_job())
        words = "The columns are those [of a job](jobs.md#columns-of-a-job)"
    elif twin is not None:
        differences = _differing(table, {c.name: _described(c) for c in twin.columns})
        words = f"The columns are those of [{twin.name}]({homes[twin].name}.md#{twin.name})"
    else:
        yield markdown.table(HEADER, map(_described, table.columns))
        return
    yield f"{words}, except for:" if differences else f"{words}."
    if differences:
        yield markdown.table(HEADER, differences)


def _facts(table: Table, family: Family) -> Iterator[str]:
    class_ = mappers()[table].class_
    yield (
        f"`{table.fullname}`, class `{class_.__name__}`, [diagram](../diagrams.md#{family.name})"
    )
    identity = ", ".join(f"`{column.name}`" for column in mappers()[table].primary_key)
    if table.primary_key.columns:
        yield "Primary key: " + ", ".join(f"`{c.name}`" for c in table.primary_key.columns)
    else:
        yield f"No primary key; the class tells rows apart by {identity}"
    partition = table.dialect_options["postgresql"].get("partition_by")
    if partition:
        yield f"Partitioned by `{partition}`"
    for constraint in sorted(_uniques(table)):
        yield f"Unique: {constraint}"
    indexes = "; ".join(map(_index_words, sorted(table.indexes, key=lambda index: str(index.name))))
    if indexes:
        yield f"Indexes: {indexes}"


def _uniques(table: Table) -> Iterator[str]:
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield ", ".join(f"`{column.name}`" for column in constraint.columns)


def _index_words(index: Index) -> str:
    columns = ", ".join(
        " ".join(str(getattr(part, "name", None) or part).split()) for part in index.expressions
    )
    return f"{'unique ' if index.unique else ''}`{index.name}` ({columns})"


def _is_job(table: Table) -> bool:
    return any(job.__table__ is table for job in JOB_TABLES)


def _job_columns() -> list[str]:
    """Return the description of a job's columns, by group."""
    usual = _usual_job()
    parts = [
        "## Columns of a job",
        (
            "The tables of jobs have the same columns, here as most of them have them. Each table"
            " says in what it differs."
        ),
    ]
    for group in JobColumns.__bases__:
        names = [name.rstrip("_") for name in group.__annotations__]
        parts += [f"### {group.__name__}", _text(group.__doc__)]
        parts.append(markdown.table(HEADER, (usual[name] for name in names)))
    return parts


def _usual_job() -> dict[str, Described]:
    """Return the most common description of each column of the job tables."""
    seen: defaultdict[str, list[Described]] = defaultdict(list)
    for job in JOB_TABLES:
        for column in job.__table__.columns:
            seen[column.name].append(_described(column))
    return {name: Counter(words).most_common(1)[0][0] for name, words in seen.items()}


def _differing(table: Table, usual: Mapping[str, Described]) -> list[Described]:
    return [
        words for c in table.columns if (words := _described(c)) != usual.get(c.name)
    ]  # fmt: skip


def _twin(table: Table, homes: Iterable[Table]) -> Table | None:
    """Return the earlier table with the same mixin of columns, if any."""
    maps = mappers()
    mixins = _mixins(maps[table].class_)
    for other in homes:
        if other is table:
            return None
        if mixins & _mixins(maps[other].class_):
            return other
    return None


def _mixins(class_: type) -> set[type]:
    return {base for base in class_.__bases__ if base.__name__.endswith("Columns")}


def _described(column: Column[Any]) -> Described:
    null = "" if column.nullable else "no"
    default = _default(column)
    meaning = _text(column.comment)
    return f"`{column.name}`", type_of(column), null, default, meaning


def _default(column: Column[Any]) -> str:
    """Return the server default in SQL, and the sequence for client-side defaults."""
    words = []
    if column.identity is not None:
        words.append("identity")
    elif column.server_default is not None:
        words.append(f"`{_server_default(column)}`")
    if isinstance(column.default, Sequence):
        words.append(f"drawn from `{column.default.name}`")
    return ", ".join(words)


def _server_default(column: Column[Any]) -> str:
    value = getattr(column.server_default, "arg", None)
    if isinstance(value, str) and not isinstance(column.type, String):
        return value
    return str(POSTGRESQL.ddl_compiler(POSTGRESQL, None).get_column_default_string(column))


def _sequences() -> Iterator[Described]:
    """Return each sequence with the columns that draw from it."""
    feeds: defaultdict[str, list[str]] = defaultdict(list)
    for table in Base.metadata.tables.values():
        for column in table.columns:
            drawn = (column.default, getattr(getattr(column.server_default, "arg", None),
                                             "sequence", None))  # fmt: skip
            for sequence in drawn:
                if isinstance(sequence, Sequence):
                    feeds[_name(sequence)].append(f"`{table.fullname}.{column.name}`")
    for sequence in sorted(_all_sequences(), key=_name):
        name = _name(sequence)
        yield f"`{name}`", ", ".join(sorted(feeds[name])) or "no column: programs draw from it"


def _all_sequences() -> list[Sequence]:
    return [*Base.metadata._sequences.values()]


def _name(sequence: Sequence) -> str:
    return f"{sequence.schema}.{sequence.name}"


def _text(words: str | None) -> str:
    """Return a comment on one line."""
    return " ".join((words or "").split())
