"""Pictures as Mermaid, and the page that shows them all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pandadb.models.base import PANDA

if TYPE_CHECKING:
    from pandadb.core.diagrams.families import Line
    from pandadb.core.diagrams.pictures import Picture, Row


def mermaid(picture: Picture) -> str:
    """Return a picture as a Mermaid `erDiagram`."""
    text = ["---", f'title: "{picture.title}"', "---", "erDiagram", "    direction LR"]
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
    """Return type, name and keys; Mermaid takes no spaces, commas or dollar signs."""
    kind = re.sub(r"[^\w()]+", "-", row.type or "table")
    name = re.sub(r"\W", "_", row.name)
    words = [kind, name, ", ".join(row.marks), "" if name == row.name else f'"{row.name}"']
    return " ".join(filter(None, words))


def cardinality(line: Line) -> str:
    """Return how many parents a child has, and how many children a parent, in Mermaid's signs."""
    left = "}o" if line.parent.many else "|o" if line.parent.optional else "||"
    return f"{left}--{'o{' if line.child.many else 'o|'}"


def index(shown: dict[str, Picture]) -> str:
    """Return the Markdown page that shows the drawings, which lie in `diagrams/` beside it."""
    text = [
        "# Entity diagrams",
        "",
        (
            "Drawn from the models by `pandadb docs erd`. A full box is a table of the family,"
            " with its keys and the columns that lines join; a dashed box is a table of another"
            " family. PK marks the primary key, FK a column that names a row elsewhere: the"
            " database enforces hardly any of these, the lines say what the values mean. A line"
            " ends with a crow's foot where there may be many rows, with a bar where there is one,"
            " and has a circle where there may be none. Its word is the relationship of the class,"
            " such as `JediTasks.datasets`. What each column means is in the"
            " [dictionary](dictionary.md)."
        ),
        "",
    ]
    for name, picture in shown.items():
        text += [
            f"## {name.capitalize()}",
            "",
            f"{picture.title} ([Mermaid](diagrams/{name}.mmd))",
            "",
            f"![Entity diagram: {name}](diagrams/{name}.svg)",
            "",
        ]
    return "\n".join(text)
