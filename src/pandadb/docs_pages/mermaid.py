"""Entity diagrams as Mermaid, and the page of them all."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from pandadb.docs_pages.entities import pictures
from pandadb.docs_pages.families import families, lines
from pandadb.models.base import PANDA

if TYPE_CHECKING:
    from pandadb.docs_pages.entities import Picture, Row
    from pandadb.docs_pages.families import Family, Line


def er_diagram(picture: Picture) -> str:
    """Return the diagram of a family as a Mermaid `erDiagram`."""
    text = ["erDiagram", "    direction LR"]
    for box in picture.boxes:
        if not box.rows:
            text.append(f"    {_entity(box.name)}")
            continue
        text.append(f"    {_entity(box.name)} {{")
        text += [f"        {_attribute(row)}" for row in box.rows]
        text.append("    }")
    text += [
        f"    {_entity(line.parent.table.fullname)} {cardinality(line)}"
        f" {_entity(line.child.table.fullname)} : {line.parent.name or line.child.name}"
        for line in picture.lines
    ]
    return "\n".join(text) + "\n"


def _entity(name: str) -> str:
    short = name.removeprefix(f"{PANDA}.")
    return short if re.fullmatch(r"\w+", short) else f'"{short}"'


def _attribute(row: Row) -> str:
    """Return type, name and keys; Mermaid allows no spaces, commas or dollar signs."""
    kind = re.sub(r"[^\w()]+", "-", row.type)
    name = re.sub(r"\W", "_", row.name)
    words = [kind, name, ", ".join(row.marks), "" if name == row.name else f'"{row.name}"']
    return " ".join(filter(None, words))


def cardinality(line: Line) -> str:
    """Return the cardinality of parents and children, in Mermaid's notation."""
    left = "}o" if line.parent.many else "|o" if line.parent.optional else "||"
    return f"{left}--{'o{' if line.child.many else 'o|'}"


def overview(everything: list[Family], every_line: list[Line]) -> str:
    """Return a Mermaid flowchart of the families, with the number of relationships between two."""
    of = {table: family.name for family in everything for table in family.tables}
    pairs = Counter((of[line.parent.table], of[line.child.table]) for line in every_line)
    text = ["flowchart LR"]
    text += [f"    {family.name}_[{family.name}: {len(family.tables)}]" for family in everything]
    text += [
        f"    {parent}_ -->|{number}| {child}_"
        for (parent, child), number in sorted(pairs.items())
        if parent != child
    ]
    return "\n".join(text) + "\n"


def page() -> str:
    """Return the Markdown page of the overview and the diagram of each family."""
    everything = families()
    text = [HEAD, _block(overview(everything, lines()))]
    for name, picture in pictures().items():
        text += [f"## {name.capitalize()}\n\n{picture.title}\n", _block(er_diagram(picture))]
    return "\n".join(text)


def _block(diagram: str) -> str:
    return f"```mermaid\n{diagram}```\n"


HEAD = """# Entity diagrams

Generated from the models by `pandadb docs erd`, as [Mermaid](https://mermaid.js.org). The diagram
of a family has its tables with their keys and the columns of relationships, and, without columns,
the referenced tables of other families. PK marks the primary key, FK a column that references
another row: the database enforces hardly any of these. A line ends with a crow's foot for many
rows, with a bar for one, and has a circle for optional ends. Its label is the relationship of the
class, such as `JediTasks.datasets`. The [dictionary](dictionary.md) describes each column.

## Overview

The families with their numbers of tables, and the number of relationships between them.
"""
