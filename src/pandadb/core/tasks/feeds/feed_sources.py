"""Where the files of a task's datasets come from: a catalogue, other tasks, or nowhere."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, func, select

from pandadb.core.datasets.catalogue import CatalogueError, Listing
from pandadb.core.datasets.feeds import contents, pseudo_files
from pandadb.core.sql.id_arrays import array
from pandadb.core.tasks.feeds.feed_parameters import tasks_whose_files_are_skipped
from pandadb.models import JediDatasetContents, JediDatasets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Select

    from pandadb.core.datasets.attributes import InputDataset
    from pandadb.core.datasets.catalogue import Catalogue, CatalogueFile
    from pandadb.core.datasets.feeds.file_selection import UsedFile
    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.tasks.feeds.feed_plans import FeedPlan

DATASET, FILE = JediDatasets.__table__.c, JediDatasetContents.__table__.c

Answer = Listing | CatalogueError | None
"""The answer of a catalogue for a dataset: its files, an error, or None: no such dataset."""


def ask(plan: FeedPlan, catalogue: Catalogue) -> dict[str, Answer]:
    """Return the answers of a catalogue for the task's datasets, by their names."""
    names: dict[str, None] = {}
    for dataset in plan.datasets:
        if not dataset.is_pseudo:
            names |= dict.fromkeys((dataset.name, _source(plan, dataset)))
            names |= dict.fromkeys(plan.constituents.get(dataset.datasetid, ()))
    return {name: _answer(catalogue, name) for name in names}


def _answer(catalogue: Catalogue, name: str) -> Answer:
    try:
        return catalogue.list_files(name)
    except CatalogueError as error:
        return error


def _source(plan: FeedPlan, dataset: InputDataset) -> str:
    """Return the name that has the files: the dataset, or its container if files are named."""
    in_container = "useInFilesInContainer" in plan.parameters and dataset.row["containername"]
    if in_container and plan.settings.choice(dataset).names:
        return str(dataset.row["containername"])
    return dataset.name


class OtherTasksFiles(NamedTuple):
    """Files that other tasks have finished, by the names of datasets."""

    used: Mapping[str, Sequence[UsedFile]]
    """Files that are left out, as other tasks have used them."""
    produced: Mapping[str, set[str]]
    """Files that the parent task has made, of datasets whose files it has to have made."""


def other_tasks_files(
    session: Transaction, plan: FeedPlan, datasets: Sequence[InputDataset]
) -> OtherTasksFiles:
    """Return the files of other tasks that decide on those of datasets.

    Raises:
        InvalidValue: `skipFilesUsedBy` is no list of tasks.
    """
    parent, names = plan.task["parent_tid"], [one.name for one in datasets]
    tasks = tasks_whose_files_are_skipped(plan.parameters)
    checked = [] if parent is None else [one.name for one in datasets if one.is_checked]
    return OtherTasksFiles(
        contents.finished_inputs(session, tasks, names) if tasks else {},
        contents.finished_outputs(session, parent, checked) if checked else {},
    )


def files_of(
    session: Transaction,
    plan: FeedPlan,
    dataset: InputDataset,
    answers: Mapping[str, Answer],
    others: OtherTasksFiles,
) -> Sequence[CatalogueFile]:
    """Return the files of a dataset that the catalogue has, or that are made up.

    Raises:
        CatalogueError: There is no answer now, or the catalogue does not have the dataset.
        TooManyRecords: They are more than a dataset may have.
    """
    if dataset.is_pseudo:
        return _pseudo_files(session, plan, dataset)
    answer = answers.get(_source(plan, dataset))
    if isinstance(answer, CatalogueError):
        raise answer
    if answer is None:
        raise CatalogueError("it does not know it")
    if not dataset.is_checked or dataset.name not in others.produced:
        return answer.files
    produced = others.produced[dataset.name]
    return [one for one in answer.files if one.lfn in produced]


def _pseudo_files(
    session: Transaction, plan: FeedPlan, dataset: InputDataset
) -> Sequence[CatalogueFile]:
    if not dataset.is_sequence:
        return pseudo_files.make_files(dataset, plan.settings)
    given = {
        "task": plan.jeditaskid, "master": dataset.row["masterid"], "name": dataset.name,
        "others": tasks_whose_files_are_skipped(plan.parameters),
    }  # fmt: skip
    files, events, used = session.execute(_master(), given).one()
    return pseudo_files.make_files(
        dataset, plan.settings, master_files=files or 0, master_events=events, used=used or 0
    )


@cache
def _master() -> Select[Any]:
    """Return the statement for the files of a master, its most events, and numbers of others."""
    of_master = DATASET.jeditaskid == bindparam("task"), DATASET.datasetid == bindparam("master")
    files = select(DATASET.nfiles).where(*of_master)
    events = select(func.max(FILE.nevents)).where(
        FILE.jeditaskid == bindparam("task"), FILE.datasetid == bindparam("master")
    )
    used = select(func.sum(DATASET.nfiles)).where(
        DATASET.jeditaskid == func.any(array("others")), DATASET.datasetname == bindparam("name")
    )
    return select(*(one.scalar_subquery() for one in (files, events, used)))


def constituents_of(
    plan: FeedPlan, dataset: InputDataset, answers: Mapping[str, Answer]
) -> dict[str, int]:
    """Return the number of the dataset of a container that each file comes from."""
    found: dict[str, int] = {}
    for name, number in plan.constituents.get(dataset.datasetid, {}).items():
        answer = answers.get(name)
        if isinstance(answer, Listing):
            found |= dict.fromkeys((one.lfn for one in answer.files), number)
    return found
