"""Rows of tasks, datasets and files for the generation, without a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core.generation.slices import Chunk, PickedDataset, Queue
from pandadb.models import JediDatasetContents, JediDatasets, JediTasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pandadb.core.generation.slices import Slice

MB = 1024**2
GB = 1024**3


def empty(model: Any) -> dict[str, Any]:
    """All columns of a row, without values."""
    return dict.fromkeys(model.__table__.c.keys())


def task(splitrule: str | None = None, **columns: Any) -> dict[str, Any]:
    """A task whose jobs need no time, no scratch and make no output, unless it says so."""
    return {**empty(JediTasks), "jeditaskid": 1, "splitrule": splitrule, **columns}


def dataset(number: int = 11, **columns: Any) -> dict[str, Any]:
    """An input dataset."""
    known = {"jeditaskid": 1, "datasetid": number, "datasetname": f"in.{number}", "type": "input"}
    return {**empty(JediDatasets), **known, **columns}


def file(number: int, **columns: Any) -> dict[str, Any]:
    """A file of 100 MB."""
    known = {"fileid": number, "lfn": f"in.{number}", "fsize": 100 * MB, "nevents": 100}
    return {**empty(JediDatasetContents), **known, **columns}


def files(n: int, **columns: Sequence[Any] | Any) -> list[dict[str, Any]]:
    """So many files; a list gives each its own value."""
    return [
        file(k, **{name: one[k] if isinstance(one, list) else one for name, one in columns.items()})
        for k in range(n)
    ]


def secondary(number: int, attributes: str | None, its_files: Iterable[Any]) -> PickedDataset:
    """A secondary dataset of the dataset 11."""
    return PickedDataset(dataset(number, masterid=11, attributes=attributes), [*its_files])


def chunk(
    splitrule: str | None,
    its_files: Sequence[Any],
    *secondaries: PickedDataset,
    flags: Any = None,
    **columns: Any,
) -> Chunk:
    """A chunk of a task; `flags` are those of the chunk, columns those of the task."""
    master = PickedDataset(dataset(), its_files)
    return Chunk(task(splitrule, **columns), master, secondaries, **(flags or {}))


def queue(name: str = "QUEUE", *, facts: Any = None, **values: Any) -> Queue:
    """A queue with much work space and no limit of time."""
    usual = {"maxwdir": 1_000_000, "maxtime": 0, "corecount": 1, "corepower": 10}
    return Queue(name, facts={**usual, **(facts or {})}, **values)


def masters(slices: Iterable[Slice]) -> list[list[int]]:
    """The numbers of the files of the master, of each slice."""
    return [[one["fileid"] for one in each.inputs[0][1]] for each in slices]


def others(slices: Iterable[Slice], number: int) -> list[list[int]]:
    """The numbers of the files of a secondary dataset, of each slice."""
    return [
        [
            one["fileid"]
            for row, its_files in each.inputs
            if row["datasetid"] == number
            for one in its_files
        ]
        for each in slices
    ]
