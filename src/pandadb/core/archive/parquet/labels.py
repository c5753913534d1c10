"""The label of a Parquet file, in its own metadata: its source and the time of its export.

So a file cannot stand for another table or another month, whatever a manifest has.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from pandadb.core.archive.parquet.libraries import library

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from pandadb.core.sql.table_columns import Column

KEY = b"pandadb"


@dataclass(frozen=True)
class Label:
    """The source of a file."""

    month: str
    exported_at: str
    pandadb: str
    revision: str | None
    panda: str | None
    table: str
    columns: list[Column]

    def text(self) -> str:
        """Return it as a file has it."""
        return json.dumps(asdict(self))

    def differing(self, path: Path) -> str | None:
        """Return the differences between this label and that of a file; None if they are equal.

        Raises:
            ArrowException: It is no Parquet file.
        """
        schema = library("pyarrow.parquet").read_schema(path)
        found = (schema.metadata or {}).get(KEY)
        if found is None:
            return "it has no label"
        if found == self.text().encode():
            return None
        theirs, ours = json.loads(found), json.loads(self.text())
        names = [field.name for field in fields(self) if theirs.get(field.name) != ours[field.name]]
        said = [_said(name, theirs.get(name), ours[name]) for name in names]
        return "; ".join(said) or "its label has another form"


def _said(name: str, theirs: Any, ours: Any) -> str:
    if name == "columns":
        return "its columns are others"
    return f"its {name} is {theirs!r}, and not {ours!r}"


def labelled(schema: Any, label: Label) -> Any:
    """Return an Arrow schema with a label."""
    return schema.with_metadata({KEY: label.text().encode()})
