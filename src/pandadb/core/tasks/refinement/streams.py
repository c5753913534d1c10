"""Streams: the datasets of a task, input and output, and the templates of their names.

An item of the parameters of type `template` with a dataset is a stream. The first input is the
master; if it stands for several datasets each is one. The others are secondaries of each master.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from pandadb.core.datasets.dataset_types import PRODUCED
from pandadb.core.events.kinds import TAKES_RANGES
from pandadb.core.sql.validation import shown
from pandadb.core.tasks.refinement import dataset_attributes
from pandadb.core.tasks.refinement.drafts import Output
from pandadb.core.tasks.submission.parameters import (
    InvalidTask,
    Item,
    Parameters,
    UnknownDataset,
    check_items,
    is_given,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.tasks.refinement.drafts import Draft, Row

INPUTS = ("input", "pseudo_input", "random_seed")
PSEUDO_DATASETS = ("pseudo_dataset", "seq_number", "DBR_LATEST")
"""Names that stand for no dataset of a catalogue."""
COUNTERS = (
    "nfiles", "nfilesused", "nfilesfinished", "nfilesfailed", "nfilesonhold", "nfileswaiting",
    "nfilesmissing", "nevents", "neventsused", "neventstobeused",
)  # fmt: skip
"""Counters that begin with 0; NFILESTOBEUSED is NULL until the dataset is fed."""
UNMERGED_COUNTERS = (
    "nfiles", "nfilesused", "nfilestobeused", "nfilesfinished", "nfilesfailed", "nfilesonhold",
)  # fmt: skip
UNMERGED_PREFIX = "panda.um."
"""The beginning of names of unmerged datasets and files."""
LOG_OF_MERGES = "LOG_MERGE"
RANDOM_SEED: Item = {
    "type": "template", "value": "", "dataset": "RNDMSEED", "param_type": "random_seed",
}  # fmt: skip
NO_INPUT: Item = {
    "type": "template", "value": "", "dataset": "pseudo_dataset", "param_type": "pseudo_input",
}  # fmt: skip


class DatasetNames(Protocol):
    """A data catalogue."""

    def constituents(self, name: str) -> Sequence[str]:
        """Return the datasets of a container; of a dataset itself; nothing for an unknown name."""


def set_streams(draft: Draft, catalogue: DatasetNames | None) -> None:
    """Make the datasets of a task from its parameters; these get the expanded names.

    Without a catalogue each input is the dataset of its name.

    Raises:
        InvalidTask: A parameter is missing, or cannot be followed.
        UnknownDataset: The catalogue does not have an input dataset.
    """
    items = _items(draft.parameters)
    check_items(items)
    datasets: set[str] = set()
    for item in items:
        name = item.get("dataset")
        if item["type"] != "template" or name is None or name in datasets:
            continue
        datasets.add(name)
        kind = _needed(item, "param_type")
        if kind in INPUTS:
            _add_input(draft, item, catalogue)
        elif kind in PRODUCED:
            _add_output(draft, item)


def _items(given: Parameters) -> list[Item]:
    """Return all items: pseudo input first, then the parameters, the logs, the random seed."""
    if "jobParameters" not in given:
        raise InvalidTask("jobParameters is missing")
    log = given.get("log") or []
    items = [*given["jobParameters"], *([log] if isinstance(log, dict) else log)]
    if is_given(given, "log_merge"):
        items.append(given["log_merge"])
    if given.get("noInput") is True:
        items.insert(0, dict(NO_INPUT))
    numbers = filter(is_number, given["jobParameters"])
    if any("${RNDMSEED}" in str(item.get("value")) for item in numbers):
        items.append(dict(RANDOM_SEED))
    return items


def is_number(item: Item) -> bool:
    """Return whether an item is a number that each job has its own of."""
    return item.get("type") == "template" and item.get("param_type") == "number"


def _needed(item: Item, name: str) -> Any:
    if not is_given(item, name):
        raise InvalidTask(f"{name} is missing in the parameter {shown(item)}")
    return item[name]


def _dataset(draft: Draft, item: Item) -> Row:
    """Return the columns that all datasets have."""
    return {
        "jeditaskid": draft.number,
        "datasetname": item["dataset"],
        "type": item["param_type"],
        "containername": item.get("container"),
        "storagetoken": item.get("token"),
        "destination": item.get("destination"),
        "attributes": dataset_attributes.attributes_text(dataset_attributes.attributes_of(item)),
        "vo": draft.values.get("vo"),
        "status": "defined",
        **dict.fromkeys(COUNTERS, 0),
    }


def _add_input(draft: Draft, item: Item, catalogue: DatasetNames | None) -> None:
    """Add the datasets of an input: as masters for the first one, as secondaries after that."""
    value = item.get("value")
    if value is None:
        raise InvalidTask(f"value is missing in the parameter {shown(item)}")
    stream = stream_name(str(value))
    row = {**_dataset(draft, item), "streamname": stream}
    is_first = draft.inputs == 0
    draft.inputs += 1
    expanded = item["expandedList"] = [*(item.get("expandedList") or [])]
    rows = []
    for name in _names(draft.parameters, item, stream):
        datasets, constituents = _resolved(draft, item, name, catalogue)
        for place, dataset in enumerate(datasets):
            if dataset not in expanded:
                expanded.append(dataset)
            container = _container(draft, name, place, is_first=is_first)
            rows.append({**row, "datasetname": dataset, "containername": container})
        if is_first and datasets and "HO" not in draft.rules:
            _add_constituents(draft, rows[-1], constituents)
    if not rows and draft.task["status"] != "rerefine":
        draft.unknown.append(item["dataset"])
        raise UnknownDataset(item["dataset"])
    (draft.masters if is_first else draft.secondaries).extend(rows)


def stream_name(value: str) -> str | None:
    """Return the name of the first placeholder of a text, up to a slash."""
    found = re.search(r"\$\{([^}]+)\}", value)
    return found[1].split("/")[0] if found else None


def _names(given: Parameters, item: Item, stream: str | None) -> list[str]:
    """Return the names that an input has, with those that a later request has added to it."""
    names = str(item["dataset"]).split(",")
    added = given.get(f"dsFor{stream}")
    names += [name for name in str(added or "").split(",") if name not in names]
    return [name for name in names if name]


def _resolved(
    draft: Draft, item: Item, name: str, catalogue: DatasetNames | None
) -> tuple[list[str], list[str]]:
    """Return the datasets that a name stands for, and those of the container that it is."""
    attributes = dataset_attributes.attributes_of(item)
    is_pseudo = dataset_attributes.has_attribute(attributes, dataset_attributes.PSEUDO)
    named = {item["dataset"], name} & {*PSEUDO_DATASETS}
    if is_pseudo or named or item["param_type"] == "random_seed":
        return [name] * (len(_segments(draft)) if "SW" in draft.rules else 1), []
    if catalogue is None:
        return [name], []
    constituents = [*catalogue.constituents(name)]
    if item.get("expand") is True or not constituents:
        return constituents, []
    return [name], [one for one in constituents if one != name]


def _container(draft: Draft, name: str, place: int, *, is_first: bool) -> str:
    """Return the container of a dataset; of a workflow of hyperparameters, the segment."""
    if not is_first or "HO" not in draft.rules:
        return name
    if "SW" not in draft.rules:
        return "None/None"
    segment = _segments(draft)[place]
    return f"{segment['name']}/{segment['id']}"


def _segments(draft: Draft) -> list[dict[str, Any]]:
    """Return the segments of a task: each has a name and a number.

    Raises:
        InvalidTask: They are none.
    """
    found = draft.parameters["segmentSpecs"]
    if not isinstance(found, list) or not all(
        isinstance(one, dict) and {"name", "id"} <= {*one} for one in found
    ):
        raise InvalidTask(
            f"segmentSpecs has to be a list of objects with name and id, not {shown(found)}"
        )
    return found


def _add_constituents(draft: Draft, row: Row, names: list[str]) -> None:
    known = {one["datasetname"] for one in draft.constituents}
    draft.constituents += [
        {**row, "datasetname": name, "type": "in_constituent"}
        for name in names
        if name not in known
    ]


def _add_output(draft: Draft, item: Item) -> None:
    """Add an output or a log, and the dataset of its unmerged files if they are to be merged."""
    attributes = dataset_attributes.attributes_of(item)
    row = _dataset(draft, item)
    kind, name = row["type"], row["datasetname"]
    is_merge_only = dataset_attributes.has_attribute(attributes, dataset_attributes.MERGE_ONLY)
    number = sum(one.template["outtype"] == kind for one in draft.outputs)
    row["streamname"] = LOG_OF_MERGES if is_merge_only else f"{kind.upper()}{number}"
    store = draft.parameters.get("objectStore")
    if draft.values.get("eventservice") in TAKES_RANGES and store is not None and kind == "output":
        row["attributes"] = dataset_attributes.attributes_text([*attributes, f"os={store}"])
    names = _file_names(item, row["streamname"])
    template = {
        "jeditaskid": draft.number,
        "serialnr": 1 + (item.get("offset") or 0),
        "streamname": row["streamname"],
        "filenametemplate": names,
        "outtype": kind,
    }
    output = Output({**row, "type": f"tmpl_{kind}"}, template)
    draft.outputs.append(output)
    if draft.parameters.get("mergeOutput") is True and not is_merge_only:
        at_end = draft.parameters.get("umNameAtEnd") is True
        unmerged = f"{names}.panda.um" if at_end else UNMERGED_PREFIX + names
        output.unmerged = _unmerged(row, name, kind, attributes)
        output.unmerged_template = {**template, "serialnr": 1, "filenametemplate": unmerged}


def _file_names(item: Item, stream: str) -> str:
    """Return the template of names in a parameter; the stream takes its place there."""
    value = str(_needed(item, "value"))
    names = value.rsplit("=", maxsplit=1)[-1].replace("'", "")
    if not names:
        raise InvalidTask(f"the parameter {shown(value)} has no name for the files of its dataset")
    item["value"] = value.replace(names, f"${{{stream}}}")
    return names


def _unmerged(row: Row, name: str, kind: str, attributes: list[str]) -> Row:
    """Return the columns of the dataset of unmerged files."""
    return {
        "jeditaskid": row["jeditaskid"],
        "datasetname": UNMERGED_PREFIX + name,
        "type": f"tmpl_trn_{kind}",
        "storagetoken": "TOMERGE",
        "vo": row["vo"],
        "status": "defined",
        "streamname": row["streamname"],
        "attributes": dataset_attributes.attributes_text(
            dataset_attributes.unmerged_attributes(attributes)
        ),
        **dict.fromkeys(UNMERGED_COUNTERS, 0),
    }


def keep_unstaged(draft: Draft) -> None:
    """Mark the secondary datasets of a task with staging: only masters are staged."""
    if "IS" in draft.rules:
        for row in draft.secondaries:
            known = [row["attributes"]] if row["attributes"] else []
            row["attributes"] = ",".join([*known, dataset_attributes.NO_STAGING])
