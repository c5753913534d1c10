"""The folder of a job on this machine: its files, and their download."""

from pathlib import Path
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import FileResponse, Response

from pandadb.database import Database
from pandadb.services import selection
from pandadb.web.accounts.roles import pages_for
from pandadb.web.accounts.users import Role
from pandadb.web.options import WebOptions
from pandadb.web.rendering import render_table
from pandadb.web.request_state import Options, TheDatabase
from pandadb.web.tables import Column, Row, Table

reading = pages_for(Role.READER)
MOST_FILES = 1000
"""Files of the list: others are downloaded by their address."""


def _address(row: Row) -> str | None:
    address: str | None = row["address"]
    return address


COLUMNS = (Column("name", "File", address=_address), Column("size", "Bytes", "number"))


@reading.get("/jobs/{pandaid}/files")
def list_files(request: Request, database: TheDatabase, options: Options, pandaid: int) -> Response:
    """Return the page with the files of the folder of a job."""
    folder = _folder(database, options, pandaid)
    rows = [
        {"name": _text(one.name), "size": one.size, "address": _quoted(pandaid, one.name)}
        for one in selection.files_in(folder)[:MOST_FILES]
    ]
    table = Table(f"Files of job {pandaid}", COLUMNS, rows, empty="The folder has no files.")
    return render_table(request, "jobs/files.html", table, pandaid=pandaid)


@reading.get("/jobs/{pandaid}/files/{name:path}")
def download(database: TheDatabase, options: Options, pandaid: int, name: str) -> Response:
    """Return a file of the folder of a job, as a download that no browser shows as a page."""
    path = selection.file_of(_folder(database, options, pandaid), name)
    return FileResponse(
        path,
        media_type="application/octet-stream",
        filename=path.name,
        headers={"X-Content-Type-Options": "nosniff"},
    )


def _folder(database: Database, options: WebOptions, pandaid: int) -> Path:
    """Return the folder of a job, if it is below that of this machine's workers.

    Raises:
        NoJobFolder: It is not: a record with another folder gives no access to it.
    """
    if options.jobs_dir is None:
        raise selection.NoJobFolder("This server knows no folder of jobs")
    below = options.jobs_dir.resolve()
    folder = selection.folder_of(database, pandaid, below).resolve()
    if folder == below or not folder.is_relative_to(below):
        raise selection.NoJobFolder(f"The folder of job {pandaid} is not below {below}")
    return folder


def _text(name: str) -> str:
    """Return a name as text: bytes that are not UTF-8 as question marks."""
    return name.encode("utf-8", "replace").decode("utf-8")


def _quoted(pandaid: int, name: str) -> str | None:
    """Return the address of a file; None if no address has its name, as that is not UTF-8."""
    return f"/jobs/{pandaid}/files/{quote(name)}" if _text(name) == name else None
