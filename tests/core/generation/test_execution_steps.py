"""Steps of a job's execution, lists of names and segments, in the parameters."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from pandadb.core.generation.job_request import JobRequest, NotGenerated
from pandadb.core.generation.outputs import middle_names
from pandadb.core.generation.outputs.output_files import files_of_stream
from pandadb.core.generation.parameters import streams
from pandadb.core.generation.parameters.execution_steps import BEGIN, END, with_steps
from pandadb.core.generation.slices import Slice
from tests.core.generation.rows import dataset, file, queue
from tests.core.generation.test_job_values import request_of

MERGE = {"transPath": "merge.sh", "jobParameters": "-x"}


def request(rules: str, params: dict[str, Any] | None = None, **task: Any) -> JobRequest:
    return replace(request_of(rules, transpath="run.sh", **task), taskparams=params or {})


def slice_of(made: JobRequest, *names: str, **columns: Any) -> Slice:
    row = dataset(type="pseudo_input", **{"datasetname": "pseudo_dataset", **columns})
    return Slice(made.chunk, queue(), [(row, [file(n, lfn=lfn) for n, lfn in enumerate(names)])])


def test_steps_have_the_transformation_and_the_parameters() -> None:
    steps = {"before": {"command": "${TRF}", "args": "${TRF_ARGS} --first"}, "after": {"a": "b"}}
    text = with_steps(request("MS=1", {"multiStepExec": steps}), "-i in")
    assert text.startswith(f"-i in{BEGIN}")
    assert json.loads(text.removeprefix(f"-i in{BEGIN}").removesuffix(END)) == {
        "before": {"command": "run.sh", "args": "-i in --first"},
        "after": {"a": "b"},
    }


def test_jobs_that_merge_on_their_site_know_how() -> None:
    params = {"esmergeSpec": MERGE, "nEventsPerOutputFile": 100, "nEventsPerInputFile": 50}
    text = with_steps(request("OM=1", params), "")
    assert json.loads(text.removeprefix(BEGIN).removesuffix(END)) == {
        "esmergeSpec": {**MERGE, "nEventsPerOutputFile": 100},
        "nEventsPerInputFile": 50,
    }


@pytest.mark.parametrize(
    ("rules", "params", "reason"),
    [
        ("MS=1", {}, "have no multiStepExec"),
        ("MS=1", {"multiStepExec": {"a": "b"}}, "step a of multiStepExec"),
        ("OM=1", {"esmergeSpec": MERGE}, "needs nEventsPerOutputFile"),
        ("OM=1", {"nEventsPerOutputFile": 1}, "have no esmergeSpec"),
    ],
)
def test_what_is_missing_makes_no_job(rules: str, params: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotGenerated, match=reason):
        with_steps(request(rules, params), "")


def test_other_jobs_have_no_steps() -> None:
    assert with_steps(request("NF=1", {"multiStepExec": {}}), "-i in") == "-i in"


@pytest.mark.parametrize(("asked", "number"), [(100, 2), (250, 0), (1.5, 133), (None, 1)])
def test_an_output_has_files_by_its_events(asked: float | None, number: int) -> None:
    params = {} if asked is None else {"nEventsPerOutputFile": asked}
    made = request("OM=1", params)
    assert files_of_stream(made, slice_of(made, "a", "b")) == number
    assert files_of_stream(request("NF=1", params), slice_of(made, "a", "b")) == 1


@pytest.mark.parametrize("asked", [0, -1, "x"])
def test_events_of_an_output_that_are_no_number_are_refused(asked: Any) -> None:
    made = request("OM=1", {"nEventsPerOutputFile": asked})
    with pytest.raises(NotGenerated, match="no number above 0"):
        files_of_stream(made, slice_of(made, "a"))


def test_names_of_a_list_stand_for_numbers() -> None:
    made = request("PL=1", {"pfnList": ["root://x/b", "root://x/a^7"]})
    found = streams.of_job(made, slice_of(made, "000000:b", "000001:a^7"), [])
    assert found.names == {"IN": ["root://x/b", "root://x/a"]}


@pytest.mark.parametrize("name", ["000002:c", "x:c", "c"])
def test_a_number_without_a_name_is_refused(name: str) -> None:
    made = request("PL=1", {"pfnList": ["root://x/b"]})
    with pytest.raises(NotGenerated, match="pfnList of the task has no name"):
        streams.of_job(made, slice_of(made, name), [])


def test_ranges_of_a_file_are_named_once_in_their_order() -> None:
    made = request("DY=5")
    found = streams.of_job(made, slice_of(made, "b", "a", "b", streamname="IN"), [])
    assert found.names == {"IN": ["b", "a"]}


@pytest.mark.parametrize(
    ("rules", "container", "middle", "name"),
    [
        ("SW=1", "north/7", "north", "north"), ("SW=1", None, "", ""),
        ("SW=1,AN=1,UF=1", "north/7", ".a_north", "north"), ("NF=1", "north/7", "", None),
    ],
)  # fmt: skip
def test_a_segment_ends_the_middle_name(
    rules: str, container: str | None, middle: str, name: str | None
) -> None:
    made = request(rules)
    one = slice_of(made, "a.b", containername=container)
    assert middle_names.segment(made, one) == name
    assert middle_names.middle_name(made, one, "in") == middle
