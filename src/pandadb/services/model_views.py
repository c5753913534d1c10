"""The views of jobs of any age, made from the models: no column of a model is missing in them."""

from __future__ import annotations

import re
from textwrap import fill
from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql

from pandadb.errors import InvalidInput
from pandadb.migrating.sql_files import newest
from pandadb.migrating.view_files import is_frozen
from pandadb.models import (
    FilesTable4,
    FilesTableArch,
    JobParamsTable,
    JobParamsTableArch,
    MetaTable,
    MetaTableArch,
)
from pandadb.models.jobs.all_tables import JOB_TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pandadb.models.base import Base

VIEWS: dict[str, Sequence[type[Base]]] = {
    "pandadb.jobs": JOB_TABLES,
    "pandadb.files": (FilesTable4, FilesTableArch),
    "pandadb.jobparams": (JobParamsTable, JobParamsTableArch),
    "pandadb.metadata": (MetaTable, MetaTableArch),
}
"""The tables of each view; all have the columns of the first."""
WIDTH = 93
"""Of the lines of the files, as their first versions have it."""
COMMENT = r"(?:--.*\n)*"


class FolderError(InvalidInput):
    """A folder that cannot be read or written."""


def files(folder: Path) -> dict[str, str]:
    """Return the files of the views by name, with the comment that the newest version has.

    The name is that of the newest version in the folder, or of the next one where the newest one
    differs and is frozen.

    Raises:
        FolderError: The folder has not the views.
    """
    try:
        versions = newest(folder)
    except OSError as error:
        raise FolderError(f"{folder}: the views cannot be read: {error}") from error
    made = {}
    for name, models in VIEWS.items():
        if name not in versions:
            raise FolderError(f"{folder} has no {name}.v1.sql: it is for sql/views of a checkout")
        version, text = versions[name]
        comment = re.match(COMMENT, text)
        wanted = f"{comment[0] if comment else ''}{query(name, models)}"
        frozen = wanted != text and is_frozen(folder, name)
        made[f"{name}.v{version + frozen}.sql"] = wanted
    return made


def query(name: str, models: Sequence[type[Base]]) -> str:
    """Return CREATE VIEW of all rows of tables, each with the table's name as `place`."""
    quote = postgresql.dialect().identifier_preparer.quote  # type: ignore[no-untyped-call]
    columns = [quote(column.name) for column in models[0].__table__.columns]
    parts = []
    for number, model in enumerate(models):
        place = f"'{model.__tablename__}'{'' if number else '::text AS place'}"
        words = f"SELECT {', '.join([place, *columns])}"
        lines = fill(
            words, WIDTH, subsequent_indent=" " * 7, break_long_words=False, break_on_hyphens=False
        )
        parts.append(f"{lines}\n  FROM {model.__table__.fullname}")
    union = "\nUNION ALL\n".join(parts)
    return f"CREATE VIEW {name} AS\n{union};\n"
