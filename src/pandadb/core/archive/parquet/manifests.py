"""The manifest of an export: an index of its files, with the checksums that prove their content.

It is no authority: each file has a label of its own, and the manifest is compared with the labels
before anything depends on it. Its own checksum detects accidental changes, not forgery.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from pandadb.core.archive.checksums import Fingerprint
from pandadb.core.archive.parquet.labels import Label
from pandadb.core.sql.table_columns import Column  # noqa: TC001 - pydantic reads it
from pandadb.errors import PandaDBError

if TYPE_CHECKING:
    from pathlib import Path

NAME = "manifest.json"
FORMAT = 2
"""Since 2 it has a checksum of itself, and the files have labels."""


class InvalidManifest(PandaDBError):
    """A manifest that is missing, unreadable, or was changed."""


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
    """The least and the greatest; None if no row has one."""
    columns: list[Column]

    @property
    def fingerprint(self) -> Fingerprint:
        """Return rows and sum as those of a table are compared."""
        return Fingerprint(self.rows, self.sum)


@dataclass(frozen=True)
class Manifest:
    """The tables of an export, with its time and its source."""

    month: str
    exported_at: str
    pandadb: str
    """The version of the package."""
    revision: str | None
    """Of the database's schema."""
    panda: str | None
    """The version of PanDA's schema."""
    tables: list[Filed]

    def label(self, table: Filed) -> Label:
        """Return the label that the file of a table has if the manifest is right."""
        made = (self.month, self.exported_at, self.pandadb, self.revision, self.panda)
        return Label(*made, table.table, table.columns)


def file_name(table: str) -> str:
    """Return the file name of a table: no manifest can point anywhere else."""
    return f"{table.partition('.')[2]}.parquet"


def write(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of a folder, and fsync it."""
    with (folder / NAME).open("x", encoding="utf-8") as file:
        file.write(_text(manifest))
        file.flush()
        os.fsync(file.fileno())


def _text(manifest: Manifest) -> str:
    """Return the full text of a manifest; each manifest has exactly one.

    Sums are written as texts, since many readers of JSON would round them.
    """
    data = asdict(manifest)
    for table in data["tables"]:
        table["sum"] = str(table["sum"])
    checksum = hashlib.sha256(_json({"format": FORMAT, **data}).encode()).hexdigest()
    return _json({"format": FORMAT, "checksum": checksum, **data})


def _json(data: dict[str, Any]) -> str:
    return f"{json.dumps(data, indent=1)}\n"


def read(folder: Path, month: str) -> Manifest:
    """Return the manifest of a folder with a month.

    Raises:
        InvalidManifest: It is missing or unreadable, was changed, or is of another month.
    """
    path = folder / NAME
    manifest = _manifest(path)
    if manifest.month != month:
        raise InvalidManifest(f"{path} is of {manifest.month}, not of {month}")
    for table in manifest.tables:
        if table.file != file_name(table.table):
            raise InvalidManifest(
                f"{path} names the file {table.file!r} for {table.table}: no export has it"
            )
    return manifest


def _manifest(path: Path) -> Manifest:
    if not path.is_file():
        raise InvalidManifest(f"There is no export in {path.parent}: it has no {NAME}")
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text)
        found, checksum = data.pop("format"), data.pop("checksum", None)
        manifest = _reader().validate_python(data) if found == FORMAT else None
    except OSError as error:
        raise InvalidManifest(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InvalidManifest(
            f"{path} is no manifest of an export: {where}: {first['msg']}"
        ) from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InvalidManifest(f"{path} is no manifest of an export: {error!r}") from None
    if manifest is None:
        raise InvalidManifest(
            f"{path} is of format {found!r}, and not of {FORMAT}: export the month anew, "
            "elsewhere, or use the pandadb that has written it"
        )
    if text != _text(manifest):
        raise InvalidManifest(f"{path} is not as it was written: its content is not that of its "
                          f"checksum, {checksum!r}")  # fmt: skip
    return manifest


@cache
def _reader() -> TypeAdapter[Manifest]:
    return TypeAdapter(Manifest)
