"""Names of the outputs and logs of another attempt, also in the parameters: semantics 2.11.

An attempt that wrote under the names of the one before would overwrite its files.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import ARRAY, String, bindparam, select, update

from pandadb.core.jobs.effects import TESTS
from pandadb.core.jobs.files.file_status import BUILD, OUTPUTS
from pandadb.core.sql import id_arrays
from pandadb.models import FilesTable4, JobParamsTable
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Update

    from pandadb.core.sql.transaction import Transaction

    Rows = list[dict[str, Any]]

LIBRARY = ".lib.tgz"
NAME_START = r"(?:(?<=%[0-9A-Fa-f]{2})|(?<![\w.+%-]))"
NAME_END = r"(?![\w.+-])"
"""Where a name begins and ends in parameters; there may be quotes as in a URL, such as %20."""


def renamed(lfn: str, attemptnr: int) -> str:
    """Return the name of an output in an attempt: the number of the attempt is its end."""
    return f"{re.sub(r'[.][0-9]+$', '', lfn)}.{attemptnr}"


def is_remade(file: Mapping[str, Any], label: str | None) -> bool:
    """Return whether each attempt makes a file anew; a library is made once for other jobs."""
    if file["type"] == "log":
        return True
    library = label == BUILD or (label in TESTS and (file["lfn"] or "").endswith(LIBRARY))
    return file["type"] in OUTPUTS and not library


def with_names(text: str | None, names: Mapping[str, str]) -> str | None:
    """Return a text with names replaced; a name within a longer one is left alone."""
    known = sorted((name for name in names if name), key=len, reverse=True)
    if not text or not known:
        return text
    pattern = f"{NAME_START}({'|'.join(map(re.escape, known))}){NAME_END}"
    return re.sub(pattern, lambda found: names[found[1]], text)


def rename(session: Transaction, files: Mapping[int, Rows]) -> None:
    """Give outputs and logs of jobs that begin again their new names; a log gets a new GUID."""
    new = [
        {"row_id": file["row_id"], "lfn": file["new_lfn"], "guid": guid(file)}
        for rows in files.values()
        for file in rows
        if file["remade"]
    ]
    if new:
        given = {f"{name}s": [row[name] for row in new] for name in ("row_id", "lfn", "guid")}
        session.execute(_renamed_files(), given)
    table = JobParamsTable.__table__.c
    asked = select(table.pandaid, table.jobparameters).where(
        id_arrays.is_given(table.pandaid), table.modificationtime == EPOCH
    )
    texts = dict(session.execute(asked, {"pandaids": [*files]}).all())
    renamed = {one: with_names(text, changed(files[one])) for one, text in texts.items()}
    new_texts = {one: text for one, text in renamed.items() if text != texts[one]}
    if new_texts:
        session.execute(
            _renamed_parameters(), {"pandaids": [*new_texts], "texts": [*new_texts.values()]}
        )


def changed(files: Rows) -> dict[str, str]:
    """Return the names that are others in the next attempt, each with the new one."""
    return {file["lfn"]: file["new_lfn"] for file in files if file["lfn"] != file["new_lfn"]}


def guid(file: Mapping[str, Any]) -> str | None:
    """Return a GUID: a log is another file in each attempt; an output gets its from the pilot."""
    kept: str | None = file["guid"]
    return str(uuid4()) if file["type"] == "log" else kept


@cache
def _renamed_files() -> Update:
    file = FilesTable4.__table__
    texts = {name: bindparam(f"{name}s", type_=ARRAY(String)) for name in ("lfn", "guid")}
    given = id_arrays.unnested("given", row_id=id_arrays.array("row_ids"), **texts).c
    return (
        update(file)
        .where(file.c.row_id == given.row_id, file.c.modificationtime == EPOCH)
        .values(lfn=given.lfn, guid=given.guid, status="unknown")
    )


@cache
def _renamed_parameters() -> Update:
    table = JobParamsTable.__table__
    texts = bindparam("texts", type_=ARRAY(String))
    given = id_arrays.unnested("given", pandaid=id_arrays.array("pandaids"), text=texts).c
    return (
        update(table)
        .where(table.c.pandaid == given.pandaid, table.c.modificationtime == EPOCH)
        .values(jobparameters=given.text)
    )
