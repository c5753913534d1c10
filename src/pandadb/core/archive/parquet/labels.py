"""What a Parquet file says of itself, in its own metadata: of what it was made, and when.

So a file cannot stand for another table or another month, whatever a manifest says.
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
    """Of what a file was made."""

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
        """Say what of this label another one has, which is that of a file.

        Raises:
            ArrowException: It is no Parquet file.
        """
        schema = library("pyarrow.parquet").read_schema(path)
        found = (schema.metadata or {}).get(KEY)
        if found is None:
            return "it does not say of what it was made"
        if found == self.text().encode():
            return None
        theirs, ours = json.loads(found), json.loads(self.text())
        names = [field.name for field in fields(self) if theirs.get(field.name) != ours[field.name]]
        said = [_said(name, theirs.get(name), ours[name]) for name in names]
        return "; ".join(said) or "what it says of itself has another form"


def _said(name: str, theirs: Any, ours: Any) -> str:
    if name == "columns":
        return "its columns are others"
    return f"its {name} is {theirs!r}, and not {ours!r}"


def labelled(schema: Any, label: Label) -> Any:
    """Return an Arrow schema with a label."""
    return schema.with_metadata({KEY: label.text().encode()})
