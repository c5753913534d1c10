"""Datasets and templates of parameters."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from pandadb.core.tasks.refinement import job_templates, streams
from pandadb.core.tasks.refinement.dataset_numbers import NO_MASTER, NumberedRows, Numbers
from pandadb.core.tasks.submission.parameters import InvalidTask, UnknownDataset
from tests.task_drafts import PARAMETERS, draft

if TYPE_CHECKING:
    from pandadb.core.tasks.refinement.drafts import Draft

INPUT, OUTPUT = PARAMETERS["jobParameters"]


class Containers:
    """A catalogue with a container of two datasets."""

    def constituents(self, name: str) -> list[str]:
        return {"mc:c": ["mc:c1", "mc:c2"], "mc:a": ["mc:a"]}.get(name, [])


def made(catalogue: streams.DatasetNames | None = None, **parameters: Any) -> Draft:
    task = draft(**parameters)
    streams.set_streams(task, catalogue)
    job_templates.set_job_template(task)
    return task


def numbered(task: Draft) -> NumberedRows:
    return Numbers(count(1), count(1)).give(task)


def names(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(row["datasetname"], row.get("masterid"), row.get("provenanceid")) for row in rows]


def test_streams_have_names_and_templates_take_their_places_in_the_parameters() -> None:
    items = [INPUT, OUTPUT, {**OUTPUT, "value": "--p='p.${SN}.root'", "dataset": "mc:p"}]
    task = made(jobParameters=[dict(item) for item in items])
    assert [row["streamname"] for row in task.masters] == ["IN"]
    found = [(one.row["streamname"], one.template["filenametemplate"]) for one in task.outputs]
    assert found == [("OUTPUT0", "o.${SN}"), ("OUTPUT1", "p.${SN}.root"), ("LOG0", "l.${SN}")]
    assert task.job_parameters == "--in=${IN} --o=${OUTPUT0} --p='${OUTPUT1}'"
    assert task.parameters["log"]["value"] == "${LOG0}"


def test_each_master_has_secondaries_of_its_own() -> None:
    second = {**INPUT, "value": "--x=${X}", "dataset": "mc:s", "ratio": 2, "reusable": True}
    task = made(jobParameters=[{**INPUT, "dataset": "mc:a,mc:b"}, second])
    rows = numbered(task).datasets
    assert names(rows)[:4] == [
        ("mc:a", None, None), ("mc:s", 1, None), ("mc:b", None, None), ("mc:s", 3, None),
    ]  # fmt: skip
    assert len(rows) == task.dataset_count()
    assert rows[1]["attributes"] == "ratio=2,ru"


def test_containers_are_expanded_or_taken_as_a_whole() -> None:
    task = made(Containers(), jobParameters=[{**INPUT, "dataset": "mc:c", "expand": True}])
    assert [row["datasetname"] for row in task.masters] == ["mc:c1", "mc:c2"]
    assert task.parameters["jobParameters"][0]["expandedList"] == ["mc:c1", "mc:c2"]
    task = made(Containers(), jobParameters=[{**INPUT, "dataset": "mc:c"}])
    assert names(numbered(task).datasets)[:3] == [
        ("mc:c", None, None), ("mc:c1", 1, None), ("mc:c2", 1, None),
    ]  # fmt: skip
    assert task.constituents[0]["type"] == "in_constituent"


def test_unknown_input_is_refused_by_its_name() -> None:
    task = draft(jobParameters=[{**INPUT, "dataset": "mc:x"}])
    with pytest.raises(UnknownDataset, match="the input dataset 'mc:x' is unknown"):
        streams.set_streams(task, Containers())
    assert task.unknown == ["mc:x"]


def test_datasets_of_later_requests_are_added() -> None:
    task = made(dsForIN="mc:a,mc:z")
    assert [row["datasetname"] for row in task.masters] == ["mc:a", "mc:z"]


def test_without_input_there_is_a_pseudo_dataset_and_seeds_have_one() -> None:
    seed = {"type": "template", "param_type": "number", "value": "--s=${RNDMSEED}", "offset": 5}
    first = {"type": "template", "param_type": "number", "value": "--f=${FIRSTEVENT}", "offset": 1}
    task = made(Containers(), noInput=True, jobParameters=[seed, first])
    assert [(row["datasetname"], row["type"]) for row in task.masters] == [
        ("pseudo_dataset", "pseudo_input")
    ]
    assert [row["datasetname"] for row in task.secondaries] == ["RNDMSEED"]
    assert task.rules == {"RS": "5", "FT": "1", "IT": "1", "IA": "1"}


def test_what_is_to_be_merged_has_datasets_of_its_own_with_the_log_as_master() -> None:
    merge_log = {**PARAMETERS["log"], "dataset": "mc:m", "mergeOnly": True}
    output = {**OUTPUT, "allowNoOutput": True, "ratio": 2}
    task = made(jobParameters=[INPUT, output], mergeOutput=True, log_merge=merge_log)
    rows = numbered(task)
    assert names(rows.datasets) == [
        ("mc:a", None, None), ("panda.um.mc:l", None, None), ("panda.um.mc:o", 2, None),
        ("mc:o", None, 3), ("mc:l", None, 2), ("mc:m", None, None),
    ]  # fmt: skip
    assert rows.datasets[2]["attributes"] == "an,ratio=2"
    assert rows.datasets[2]["type"] == "tmpl_trn_output"
    assert [row["filenametemplate"] for row in rows.templates] == [
        "o.${SN}", "panda.um.o.${SN}", "l.${SN}", "panda.um.l.${SN}", "l.${SN}",
    ]  # fmt: skip
    assert [one.row["streamname"] for one in task.outputs] == ["OUTPUT0", "LOG0", "LOG_MERGE"]
    assert task.rules["MO"] == "1"
    assert len(rows.datasets) == task.dataset_count()


def test_unmerged_outputs_without_a_log_are_no_masters() -> None:
    task = made(mergeOutput=True, log=None, umNameAtEnd=True)
    rows = numbered(task)
    assert ("panda.um.mc:o", NO_MASTER, None) in names(rows.datasets)
    assert rows.templates[1]["filenametemplate"] == "o.${SN}.panda.um"


def test_parameters_are_hidden_marked_or_without_a_blank() -> None:
    items = [
        {"type": "constant", "value": "-x", "padding": False},
        {"type": "constant", "value": "1"},
        {"type": "constant", "value": "secret", "hidden": True},
        {"type": "constant", "value": "es", "es_only": True},
        {"type": "constant"},
        {"type": "constant", "value": "last", "padding": False},
    ]
    task = made(jobParameters=items)
    assert task.job_parameters == "-x1 <PANDA_ES_ONLY>es</PANDA_ES_ONLY> last"


def test_merge_jobs_of_the_event_service_have_parameters_of_their_own() -> None:
    task = draft(esmergeSpec={"transPath": "m.py", "jobParameters": "-m"})
    task.values["eventservice"] = 1
    streams.set_streams(task, None)
    job_templates.set_job_template(task)
    assert (task.job_parameters or "").endswith(
        "<PANDA_ESMERGE_TRF>m.py</PANDA_ESMERGE_TRF><PANDA_ESMERGE_JOBP>-m</PANDA_ESMERGE_JOBP>"
    )


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"jobParameters": [{**OUTPUT, "value": "--o="}]}, "'--o=' has no name for the files"),
        ({"jobParameters": [{**INPUT, "value": None}]}, "value is missing"),
        ({"jobParameters": [{**INPUT, "param_type": None}]}, "param_type is missing"),
        ({"buildSpec": {}}, "archiveName is missing in buildSpec"),
    ],
)
def test_parameters_that_cannot_be_followed_are_refused(
    parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidTask, match=words):
        made(**parameters)


@pytest.mark.parametrize(
    ("parameters", "sandbox"),
    [
        ({"fixedSandbox": "a", "buildSpec": {"archiveName": "b"}}, "a"),
        ({"buildSpec": {"archiveName": "b"}}, "b"),
        ({"buildSpec": None}, None),
        ({"jobParameters": [{"type": "constant", "value": "-a c.tgz"}]}, "c.tgz"),
    ],
)
def test_the_archive_of_the_users_files(parameters: dict[str, Any], sandbox: str | None) -> None:
    assert job_templates.sandbox_of({**PARAMETERS, **parameters}) == sandbox
