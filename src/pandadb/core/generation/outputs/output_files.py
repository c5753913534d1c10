"""Output and log files of jobs, with serial numbers in their names: job generation 3."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from pandadb.core.generation import new_ids, task_rules
from pandadb.core.generation.file_events import events_of
from pandadb.core.generation.job_request import NotGenerated
from pandadb.core.generation.outputs import concrete_datasets, middle_names
from pandadb.core.generation.outputs.scopes import scope_of
from pandadb.core.sql.copy import copy_rows
from pandadb.core.sql.id_arrays import array, is_among, unnested
from pandadb.models import JediDatasetContents, JediDatasets, JediOutputTemplate
from pandadb.models.datasets import JEDI_DATASET_CONT_FILEID_SEQ

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pandadb.core.generation.job_request import JobRequest
    from pandadb.core.generation.slices import Row, Slice
    from pandadb.core.sql.transaction import Transaction

DATASET, NAME = JediDatasets.__table__.c, JediOutputTemplate.__table__.c
SERIAL = re.compile(r"\$\{SN(?:/P|:([^}]*))?\}")
SERIAL_FORMAT = "06d"
MIDDLE = "${MIDDLENAME}"
BY_PROVENANCE = (2, 4)
"""Values of GB with outputs of each boundary in datasets of their own."""
CONTENTS_COLUMNS = (
    "jeditaskid", "datasetid", "fileid", "creationdate", "lfn", "type", "status", "scope", "fsize",
    "attemptnr", "failedattempt", "ramcount", "keeptrack", "guid", "checksum", "firstevent",
)  # fmt: skip
NEW_FILE = {
    "status": "defined", "fsize": 0, "attemptnr": 0, "failedattempt": 0, "ramcount": 0,
    "keeptrack": 1, "guid": None, "checksum": None, "scope": None, "firstevent": None,
}  # fmt: skip


@dataclass
class JobOutputs:
    """The outputs of a job, or of the jobs of a queue that share an input."""

    middle_name: str = ""
    files: list[tuple[dict[str, Any], Row]] = field(default_factory=list)
    """Columns of JEDI_DATASET_CONTENTS, with the dataset."""
    streams: list[tuple[str | None, str]] = field(default_factory=list)
    """Streams and names of the files."""
    serial: int = 0
    """The largest serial number of its files."""


def make(
    session: Transaction,
    request: JobRequest,
    slices: Sequence[Slice],
    input_datasets: Sequence[str | None],
) -> list[list[JobOutputs]]:
    """Make the output files of jobs, and the datasets that they lack; return them for each slice.

    A slice has one set of outputs, or one for each of its queues where these have datasets of
    their own. Serial numbers go on from the template's, in the order of the queues, unless names
    or datasets depend on the input (AN, GB): then in the order of jobs.
    """
    datasets = _datasets(session, request)
    names = _names(session, request, [row["datasetid"] for row in datasets])
    sites = [concrete_datasets.sites_of(request, one.queues) for one in slices]
    wanted = [site for each in sites for site in each]
    concrete = concrete_datasets.of_sites(session, request, datasets, wanted)
    made = [
        [JobOutputs(middle_names.middle_name(request, one, dataset)) for _ in each or ("",)]
        for one, dataset, each in zip(slices, input_datasets, sites, strict=True)
    ]
    used: Counter[int] = Counter()
    for place, index in _order(request, slices, made):
        outputs, one = made[index][place], slices[index]
        for dataset in _used(request, one, datasets):
            site = sites[index][place] if sites[index] else None
            target = dataset if site is None else concrete[dataset["datasetid"], site]
            files = _new_files(request, one, names[dataset["datasetid"]], outputs, used)
            for file in files:
                file |= {"datasetid": target["datasetid"], "scope": scope_of(dataset)}
                outputs.files.append((file, target))
    _store(session, [file for each in made for outputs in each for file, _ in outputs.files])
    _count(session, request, used)
    return made


def store(session: Transaction, files: Iterable[dict[str, Any]]) -> None:
    """Copy new files of a task into JEDI_DATASET_CONTENTS."""
    rows = ([file[name] for name in CONTENTS_COLUMNS] for file in files)
    copy_rows(session, JediDatasetContents, CONTENTS_COLUMNS, rows)


def file_name(template: str, serial: int, middle_name: str) -> str:
    """Return the name of a file: `${SN}` and `${SN/P}` with six digits, `${SN:03d}` by its format.

    Raises:
        NotGenerated: The format is none for a number.
    """
    try:
        name = SERIAL.sub(lambda found: format(serial, found[1] or SERIAL_FORMAT), template)
    except ValueError:
        raise NotGenerated(f"{template!r} has no format of a number after ${{SN:") from None
    return name.replace(MIDDLE, middle_name)


def _datasets(session: Transaction, request: JobRequest) -> list[Row]:
    rows = session.execute(
        select(JediDatasets.__table__)
        .where(
            DATASET.jeditaskid == request.task["jeditaskid"],
            DATASET.type.in_(concrete_datasets.types(request)),
        )
        .order_by(DATASET.datasetid)
    )
    return [dict(row) for row in rows.mappings()]


def _names(
    session: Transaction, request: JobRequest, datasets: Sequence[int]
) -> dict[int, list[Row]]:
    """Return the templates of names of each dataset, locked."""
    found: dict[int, list[Row]] = defaultdict(list)
    rows = session.execute(
        select(JediOutputTemplate.__table__)
        .where(NAME.jeditaskid == request.task["jeditaskid"], is_among(NAME.datasetid, datasets))
        .order_by(NAME.datasetid, NAME.outtempid)
        .with_for_update()
    )
    for row in rows.mappings():
        found[row["datasetid"]].append(dict(row))
    return found


def _order(
    request: JobRequest, slices: Sequence[Slice], made: Sequence[Sequence[JobOutputs]]
) -> Iterator[tuple[int, int]]:
    """Yield the places of outputs in a slice, and the slices, in the order of serial numbers.

    Those of a slice follow each other, or those of the same queues: for the first of them, then
    for the next.
    """
    groups: dict[object, list[int]] = defaultdict(list)
    by_slice = _depends_on_input(request)
    for index, one in enumerate(slices):
        names = tuple(queue.name for queue in one.queues)
        groups[index if by_slice else names].append(index)
    for indexes in groups.values():
        for place in range(len(made[indexes[0]])):
            yield from ((place, index) for index in indexes)


def _used(request: JobRequest, one: Slice, datasets: Sequence[Row]) -> Iterator[Row]:
    """Yield the datasets that a job has outputs in."""
    if request.number("groupBoundaryID") not in BY_PROVENANCE:
        yield from datasets
        return
    boundary = one.inputs[0][1][0]["boundaryid"]
    yield from (row for row in datasets if row["provenanceid"] in (None, boundary))


def _depends_on_input(request: JobRequest) -> bool:
    """Return whether the number, the names or the datasets of a job's outputs go by its input."""
    by_boundary = request.number("groupBoundaryID") in BY_PROVENANCE
    return by_boundary or bool(task_rules.fields(request.rules)) or request.has("onSiteMerging")


def _new_files(
    request: JobRequest, one: Slice, names: Sequence[Row], outputs: JobOutputs, used: Counter[int]
) -> list[dict[str, Any]]:
    """Return the files of a dataset with the next serial numbers of their templates.

    Their streams are noted. Where outputs go by the input, their names have the middle name.
    """
    by_input = _depends_on_input(request)
    files = []
    for name in names:
        for _ in range(1 if name["outtype"].endswith("log") else files_of_stream(request, one)):
            serial = (name["serialnr"] or 0) + used[name["outtempid"]]
            used[name["outtempid"]] += 1
            middle = outputs.middle_name if by_input else ""
            lfn = file_name(name["filenametemplate"], serial, middle)
            outputs.streams.append((name["streamname"], lfn))
            outputs.serial = max(outputs.serial, serial)
            files.append(_new_file(request, name, lfn))
    return files


def files_of_stream(request: JobRequest, one: Slice) -> int:
    """Return the files of an output of a job: one, or for jobs that merge on their site (OM) more.

    Raises:
        NotGenerated: The number of events of a file is no number above 0.
    """
    asked = request.taskparams.get("nEventsPerOutputFile")
    if not request.has("onSiteMerging") or asked is None:
        return 1
    if not isinstance(asked, int | float) or asked <= 0:
        raise NotGenerated(f"nEventsPerOutputFile of the task is no number above 0: {asked!r}")
    events = sum(map(events_of, one.inputs[0][1]))
    return int(events / asked)


def _new_file(request: JobRequest, name: Row, lfn: str) -> dict[str, Any]:
    return {
        **NEW_FILE,
        "jeditaskid": name["jeditaskid"],
        "creationdate": request.when,
        "lfn": lfn,
        "type": name["outtype"],
    }


def _store(session: Transaction, files: Sequence[dict[str, Any]]) -> None:
    ids = new_ids.draw(session, JEDI_DATASET_CONT_FILEID_SEQ, len(files))
    for file, number in zip(files, ids, strict=True):
        file["fileid"] = number
    store(session, files)


def _count(session: Transaction, request: JobRequest, more: Counter[int]) -> None:
    """Let the serial numbers of templates go on."""
    if not more:
        return
    given = unnested("given", outtempid=array("templates"), more=array("more")).c
    counted = (
        update(JediOutputTemplate.__table__)
        .where(
            NAME.jeditaskid == request.task["jeditaskid"],
            NAME.outtempid == given.outtempid,
        )
        .values(serialnr=func.coalesce(NAME.serialnr, 0) + given.more)
    )
    session.execute(counted, {"templates": [*more], "more": [*more.values()]})
