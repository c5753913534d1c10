"""Files of segments of a task's work: secondary datasets have those of their master's segment."""

from __future__ import annotations

from typing import Any

import pytest

from pandadb.core.datasets.attributes import InputDataset
from pandadb.core.sql.validation import InvalidValue
from pandadb.core.tasks.feeds.segment_files import segment_choices
from pandadb.models import JediDatasets

SEGMENTS = [{"id": 7, "name": "north", "files": ["a", "b"]}, {"id": 9, "name": "south"}]


def dataset(number: int, **columns: Any) -> InputDataset:
    known = {"datasetid": number, "type": "input", "datasetname": f"in.{number}"}
    return InputDataset({**dict.fromkeys(JediDatasets.__table__.c.keys()), **known, **columns})


def pseudo(number: int, container: str) -> InputDataset:
    return dataset(
        number, type="pseudo_input", datasetname="pseudo_dataset", containername=container
    )


DATASETS = [
    pseudo(1, "north/7"), pseudo(2, "south/9"), pseudo(3, "None/None"),
    dataset(4, masterid=1), dataset(5, masterid=2), dataset(6, masterid=3),
]  # fmt: skip


def test_secondary_datasets_have_the_files_of_their_segment() -> None:
    found = segment_choices({"segmentSpecs": SEGMENTS}, {"SW": "1"}, DATASETS)
    assert {number: sorted(choice.names) for number, choice in found.items()} == {
        4: ["a", "b"], 5: [], 6: [],
    }  # fmt: skip
    assert found[5].takes("c"), "all files, where the segment names none"


def test_other_tasks_have_no_choice_by_segments() -> None:
    assert segment_choices({"segmentSpecs": SEGMENTS}, {"NF": "1"}, DATASETS) == {}


@pytest.mark.parametrize(
    ("segment", "reason"),
    [({"datasets": ["x"]}, "name its files"), ({"files": "a"}, "a list of names, not 'a'")],
)
def test_files_that_are_not_named_are_refused(segment: dict[str, Any], reason: str) -> None:
    parameters = {"segmentSpecs": [{"id": 7, **segment}]}
    with pytest.raises(InvalidValue, match=reason):
        segment_choices(parameters, {"SW": "1"}, DATASETS)
