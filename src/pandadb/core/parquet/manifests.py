"""The manifest of an export: what is in its files, and by what that can be proven."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pandadb.core.archive.fingerprints import Fingerprint
from pandadb.core.columns import Column
from pandadb.core.parquet.files import sha256
from pandadb.errors import PandaDBError

if TYPE_CHECKING:
    from pathlib import Path

NAME = "manifest.json"
FORMAT = 1


class BadManifest(PandaDBError):
    """A manifest that is not there, or cannot be read."""


@dataclass(frozen=True)
class Filed:
    """A table of an export."""

    table: str
    """With its schema, as in the models."""
    file: str
    rows: int
    sum: int
    """Of the hashes of all rows, see the fingerprints."""
    bytes: int
    sha256: str
    pandaids: tuple[int, int] | None
    """The least and the greatest; None if there are no rows."""
    columns: list[Column]

    @property
    def fingerprint(self) -> Fingerprint:
        """Return rows and sum as those of a table are compared."""
        return Fingerprint(self.rows, self.sum)


@dataclass(frozen=True)
class Manifest:
    """What an export has, when and of what it was made."""

    month: str
    exported_at: str
    pandadb: str
    """The version of the package."""
    revision: str | None
    """Of the database's schema."""
    panda: str | None
    """The version of PanDA's schema."""
    tables: list[Filed]


def write(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of a folder, and have the disk keep it.

    Sums are written as texts, since many readers of JSON would round them.
    """
    data: dict[str, Any] = {"format": FORMAT, **asdict(manifest)}
    for table in data["tables"]:
        table["sum"] = str(table["sum"])
    with (folder / NAME).open("x", encoding="utf-8") as file:
        json.dump(data, file, indent=1)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())


def read(folder: Path) -> Manifest:
    """Return the manifest of a folder.

    Raises:
        BadManifest: It is not there, or cannot be read.
    """
    path = folder / NAME
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data.pop("format") != FORMAT:
            raise BadManifest(f"{path} is of another format than {FORMAT}: use a newer pandadb")
        tables = [_filed(table) for table in data.pop("tables")]
        return Manifest(**data, tables=tables)
    except FileNotFoundError:
        raise BadManifest(f"There is no export in {folder}: it has no {NAME}") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadManifest(f"{path} is no manifest of an export: {error!r}") from None


def _filed(data: dict[str, Any]) -> Filed:
    found = data.pop("pandaids")
    pandaids = (int(found[0]), int(found[1])) if found else None
    columns = [Column(**column) for column in data.pop("columns")]
    return Filed(**{**data, "sum": int(data["sum"])}, pandaids=pandaids, columns=columns)


def fault(folder: Path, manifest: Manifest) -> str | None:
    """Say which file is not as the manifest says; it reads all of them."""
    for table in manifest.tables:
        path = folder / table.file
        if not path.is_file():
            return f"the file {table.file} is missing"
        if path.stat().st_size != table.bytes or sha256(path) != table.sha256:
            return f"the file {table.file} is not as it was written"
    return None
