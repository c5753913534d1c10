"""Reports of pilots on the files of their jobs: semantics 2.3 and 2.14.

They change rows of FILESTABLE4; the numbers of events and the lumiblock of outputs go into
JEDI_DATASET_CONTENTS, where the accounting of the end reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from sqlalchemy import ARRAY, String, and_, bindparam, exists, func, or_, select, update

from pandadb.core.jobs import states
from pandadb.core.jobs.files import file_status
from pandadb.core.jobs.files.file_accounting import moved_files
from pandadb.core.jobs.files.file_status import CLOSED_TASKS, KEY, OUTPUTS
from pandadb.core.sql import id_arrays
from pandadb.core.sql.prepared import CACHE_SIZE
from pandadb.core.sql.validation import InvalidValue, check_columns, near, shown
from pandadb.models import FilesTable4, JediDatasetContents, JediTasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import CTE, ColumnElement, Select

    from pandadb.core.sql.transaction import Transaction

    Report = Mapping[str, Mapping[str, Any]]
    """The values of files, by the name of a file or by a type, for all files of that type."""
    Reports = Report | Mapping[int, Report]
    """One report for all jobs alike, or a report for each PandaID."""

FILE, CONTENTS = FilesTable4.__table__.c, JediDatasetContents.__table__.c

TYPES = (
    "input", "pseudo_input", "pp_input", "lib", "output", "log", "zipinput", "zipoutput",
)  # fmt: skip
"""Types of files; any other key of a report is the name of a file."""
STATUSES = (
    "unknown", "pending", "ready", "cached", "missing", "skipped", "failed", "transferring",
    "merging", "finished", "nooutput",
)  # fmt: skip
FILE_COLUMNS = (
    "guid", "fsize", "md5sum", "checksum", "status", "scope", "destinationdblock",
    "destinationdblocktoken", "destinationse",
)  # fmt: skip
"""Columns of FILESTABLE4 that a report may have."""
CONTENTS_COLUMNS = ("nevents", "lumiblocknr")
"""Columns of JEDI_DATASET_CONTENTS that a report may have, for outputs and logs."""
REPORTING_VERBS = ("finish", "fail", "transfer", "merge")
"""Verbs with which a report may come."""
STORED_STATES = ("finished", "merging", "transferring")
"""States of a job whose outputs have events; of other jobs only outputs to be merged have some."""


class FileValues(NamedTuple):
    """The values of the files of a job that have a name, or are of a type."""

    pandaid: int
    name: str
    values: Mapping[str, Any]


def check_report(files: Reports | None, pandaids: Iterable[int], verb: str) -> list[FileValues]:
    """Return the values of a report for each job.

    Raises:
        InvalidValue: The verb takes no report, the report is of another shape, a column is unknown
            or a value does not fit it.
    """
    if files is None:
        return []
    check_verb(verb)
    reports = _by_job(files, [*dict.fromkeys(pandaids)])
    found: dict[int, list[tuple[str, Mapping[str, Any]]]] = {}
    for report in reports.values():
        if id(report) not in found:  # one report is often that of all jobs
            found[id(report)] = _checked(report)
    return [
        FileValues(pandaid, name, values)
        for pandaid, report in reports.items()
        for name, values in found[id(report)]
    ]


def check_verb(verb: str) -> None:
    """See that a report may come with a verb.

    Raises:
        InvalidValue: The verb takes none.
    """
    if verb not in REPORTING_VERBS:
        verbs = ", ".join(REPORTING_VERBS)
        raise InvalidValue(f"{verb} takes no report on files: these verbs do: {verbs}")


def _by_job(files: Reports, pandaids: Sequence[int]) -> dict[int, Any]:
    """Return a report for each of the jobs that have one."""
    if not isinstance(files, Mapping):
        raise InvalidValue(f"a report on files has to be a mapping, not {shown(files)}")
    if not files or not all(isinstance(key, int) for key in files):
        return dict.fromkeys(pandaids, cast("Any", files))
    if unknown := [key for key in files if key not in pandaids]:
        raise InvalidValue(f"the report is on job {unknown[0]}, which is not among the jobs")
    return {int(pandaid): report for pandaid, report in files.items()}


def _checked(report: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the values of a report that are given: None leaves a value as it is."""
    if not isinstance(report, Mapping):
        raise InvalidValue(f"a job's report on files has to be a mapping, not {shown(report)}")
    found: list[tuple[str, Mapping[str, Any]]] = []
    for name, values in report.items():
        if not isinstance(name, str) or not isinstance(values, Mapping):
            raise InvalidValue(
                "a report has columns with their values for each name or type of file, not "
                f"{shown(values)} for {shown(name)}"
            )
        given = {column: value for column, value in values.items() if value is not None}
        _check_values(name, given)
        found.append((name, given))
    return found


def _check_values(name: str, values: Mapping[str, Any]) -> None:
    check_columns(FilesTable4, {"lfn": name})
    known = (*FILE_COLUMNS, *CONTENTS_COLUMNS)
    for column, value in values.items():
        if column not in known:
            hint = near(str(column), known)
            columns = ", ".join(known)
            raise InvalidValue(f"a report has no column {shown(column)}{hint}; it has {columns}")
        model = FilesTable4 if column in FILE_COLUMNS else JediDatasetContents
        check_columns(model, {column: value})
    status = values.get("status")
    if status is not None and status not in STATUSES:
        raise InvalidValue(f"no file is {status!r}{near(status, STATUSES)}")


def store(session: Transaction, reported: Sequence[FileValues], target: str) -> None:
    """Store the report on the files of jobs that have just moved to a state.

    Raises:
        InvalidValue: A job has no file of a name; the transaction can only be rolled back.
    """
    columns = tuple(
        name
        for name in (*FILE_COLUMNS, *CONTENTS_COLUMNS)
        if any(name in one.values for one in reported)
    )
    if not columns:
        return
    given: dict[str, Any] = {
        "pandaids": [one.pandaid for one in reported],
        "names": [one.name for one in reported],
        **{f"given_{name}": [one.values.get(name) for one in reported] for name in columns},
    }
    missing = session.execute(_storing(columns, target), given).first()
    if missing:
        raise InvalidValue(f"job {missing.pandaid} has no file {missing.file!r}")


@lru_cache(CACHE_SIZE)
def _storing(columns: tuple[str, ...], target: str) -> Select[Any]:
    """Return the statement that stores a report, and selects the names that no file has."""
    given = _given(columns)
    files = _files(given, columns, target)
    of_files = [name for name in columns if name in FILE_COLUMNS]
    of_contents = [name for name in columns if name in CONTENTS_COLUMNS]
    then = [_changed(files, of_files)] if of_files else []
    then += [_noted(files, of_contents, target)] if of_contents else []
    is_there = exists().where(files.c.pandaid == given.c.pandaid, files.c.lfn == given.c.file)
    return (
        select(given.c.pandaid, given.c.file)
        .where(given.c.file.not_in(TYPES), ~is_there)
        .order_by(given.c.pandaid, given.c.file)
        .limit(1)
        .add_cte(*then)
    )


def _given(columns: Sequence[str]) -> CTE:
    kinds = {name: _column(name).type for name in columns}
    arrays: dict[str, ColumnElement[Any]] = {
        name: bindparam(
            f"given_{name}", type_=ARRAY(String() if isinstance(kind, String) else kind)
        )
        for name, kind in kinds.items()
    }
    names = bindparam("names", type_=ARRAY(String))
    table = id_arrays.unnested("given", pandaid=id_arrays.array("pandaids"), file=names, **arrays)
    return select(*table.c).cte("given").prefix_with("MATERIALIZED")


def _column(name: str) -> Any:
    return FILE[name] if name in FILE_COLUMNS else CONTENTS[name]


def _files(given: CTE, columns: Sequence[str], target: str) -> CTE:
    """Select the files that are reported, by name first, with their values."""
    by_name, by_type = given.alias("by_name"), given.alias("by_type")
    is_named = and_(by_name.c.pandaid == FILE.pandaid, by_name.c.file == FILE.lfn)
    is_typed = and_(by_type.c.pandaid == FILE.pandaid, by_type.c.file == FILE.type)
    values = (func.coalesce(by_name.c[n], by_type.c[n]).label(f"new_{n}") for n in columns)
    return (
        select(
            *(FILE[n] for n in ("row_id", "modificationtime", "pandaid", "lfn", "type", "status")),
            *(FILE[n] for n in (*KEY, "attemptnr")),
            *values,
        )
        .select_from(FILE.pandaid.table)
        .outerjoin(by_name, is_named)
        .outerjoin(by_type, is_typed)
        .where(
            id_arrays.is_given(FILE.pandaid),
            moved_files(target),
            or_(by_name.c.pandaid.is_not(None), by_type.c.pandaid.is_not(None)),
        )
        .cte("files")
    )


def _changed(files: CTE, columns: Sequence[str]) -> CTE:
    return (
        update(FilesTable4.__table__)
        .where(
            FILE.row_id == files.c.row_id,
            FILE.modificationtime == files.c.modificationtime,
        )
        .values({name: func.coalesce(files.c[f"new_{name}"], FILE[name]) for name in columns})
        .cte("stored")
    )


def _noted(files: CTE, columns: Sequence[str], target: str) -> CTE:
    """Note the events of outputs in their task's files, if the job is their current attempt."""
    job, task = states.home(target).__table__.c, JediTasks.__table__.c
    status: ColumnElement[Any] = files.c.status
    if "new_status" in files.c:
        status = func.coalesce(files.c.new_status, status)
    is_made = () if target in STORED_STATES else (status == "merging",)
    locked = (
        select(
            *(CONTENTS[name] for name in KEY),
            *(files.c[f"new_{name}"] for name in columns),
        )
        .join(files, file_status.same_file(CONTENTS, files.c))
        .join(job.pandaid.table, job.pandaid == files.c.pandaid)
        .join(task.jeditaskid.table, task.jeditaskid == files.c.jeditaskid)
        .where(
            files.c.type.in_(OUTPUTS),
            CONTENTS.keeptrack == 1,
            CONTENTS.attemptnr == files.c.attemptnr,
            job.lockedby == "jedi",
            task.status.not_in(CLOSED_TASKS),
            *is_made,
        )
        .order_by(*(CONTENTS[name] for name in KEY))
        .with_for_update(of=JediDatasetContents.__table__)
        .cte("locked")
    )
    new = {name: func.coalesce(locked.c[f"new_{name}"], CONTENTS[name]) for name in columns}
    return (
        update(JediDatasetContents.__table__)
        .where(file_status.same_file(CONTENTS, locked.c))
        .values(new)
        .cte("noted")
    )
