"""Columns of jobs and names of outputs, by the rules of the task and the facts of the queue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from pandadb.core.generation.job_request import JobRequest, NotGenerated, Submitter
from pandadb.core.generation.jobs import job_columns, resources, software, special_handling
from pandadb.core.generation.jobs.resources import InputSums
from pandadb.core.generation.outputs import middle_names
from pandadb.core.generation.outputs.output_files import file_name
from pandadb.core.generation.outputs.scopes import scope_of_name
from pandadb.core.generation.slices import Chunk, PickedDataset, Queue, Slice
from pandadb.core.generation.splitting.queue_facts import facts_of
from pandadb.core.tasks.jedi_config import JediConfig
from pandadb.core.tasks.split_rules import parse_rules
from pandadb.models import JediDatasetContents, JediDatasets, JediTasks

MB = 1024**2
WHEN = datetime(2026, 1, 1)


def row(model: Any, **values: Any) -> dict[str, Any]:
    return {**dict.fromkeys(model.__table__.c.keys()), **values}


def request_of(
    rules: str = "", *, is_merging: bool = False, is_scouting: bool = False, of_files: int = 0,
    settings: dict[str, str] | None = None, **task: Any,
) -> JobRequest:  # fmt: skip
    spec = {"jeditaskid": 1, "taskname": "t", "currentpriority": 500, "corecount": 8, **task}
    dataset = PickedDataset(row(JediDatasets, datasetname="in", type="input"), [])
    chunk = Chunk(
        row(JediTasks, splitrule=rules, **spec), dataset, ramcount=of_files,
        is_merging=is_merging, is_scouting=is_scouting,
    )  # fmt: skip
    config = JediConfig("jobgen", settings or {})
    who = Submitter("Some User", "Some User")
    return JobRequest(chunk, "", {}, config, "WORLD", who, WHEN, parse_rules(rules))


def facts(**data: Any) -> Any:
    return facts_of(Queue("Q", facts=data))


def slice_of(request: JobRequest, *files: dict[str, Any], queue: Queue | None = None) -> Slice:
    found = [row(JediDatasetContents, type="input", **file) for file in files]
    return Slice(request.chunk, queue or Queue("Q"), [(request.chunk.master.row, found)])


@pytest.mark.parametrize(
    ("task", "queue", "cores"),
    [(1, 8, 1), (8, 0, 1), (8, None, 1), (8, 4, 4), (8, -1, 8), (None, -1, 1)],
)
def test_cores_are_the_queue_s_unless_the_task_has_one(task: Any, queue: Any, cores: int) -> None:
    assert resources.cores(request_of(corecount=task), facts(corecount=queue)) == cores


@pytest.mark.parametrize(
    ("task", "chunk", "memory"),
    [
        ({"ramcount": 2000}, 0, (1800, "MB")),
        ({"ramcount": 2000}, 3000, (2700, "MB")),
        ({"ramcount": 2000, "ramunit": "MBPerCore", "baseramcount": 1000}, 0, (15300, "MB")),
        ({"ramcount": None, "ramunit": None}, 0, (0, "MB")),
    ],
)
def test_memory_is_that_of_the_task_or_of_its_files(
    task: dict[str, Any], chunk: int, memory: tuple[int, str]
) -> None:
    assert resources.memory(request_of(of_files=chunk, **task), 8) == memory


def test_a_base_of_memory_that_is_null_adds_nothing() -> None:
    request = request_of(ramcount=2000, ramunit="MBPerCore", baseramcount=None)
    assert resources.memory(request, 2) == (3600, "MB")


@pytest.mark.parametrize(
    ("rules", "current", "again"),
    [
        ("", 1800, None),
        ("RX=1000", 500, 1000),
        ("RX=1000", 1800, 1800),
        ("RX=1000,RY=500", 1800, 2000),
        ("RX=1000,RY=500,RZ=1900", 1800, 1900),
        ("RX=1000,RY=500", 2000, 2000),
        ("RX=1000,RZ=800", 500, 800),
        ("RX=1000", 0, 0),
    ],
)
def test_memory_of_another_attempt_goes_up_in_steps(
    rules: str, current: int, again: int | None
) -> None:
    assert resources.retry_memory(request_of(rules), current) == again


def test_walltime_goes_by_events_cores_and_power() -> None:
    task = {"cputime": 300, "cputimeunit": "HS06sPerEvent", "cpuefficiency": 90}
    request = request_of(basewalltime=600, **task)
    found = resources.walltimes(request, facts(corecount=8, corepower=12.5), InputSums(0, 100, 0))
    assert found == {"maxwalltime": 933, "maxcpucount": 933}


def test_walltime_without_hs06_is_the_queue_s() -> None:
    found = resources.walltimes(request_of(), facts(maxtime=3600), InputSums(0, 100, 0))
    assert found == {"maxwalltime": 3600, "maxcpucount": 3600}


def test_walltime_of_merge_jobs_may_be_set() -> None:
    settings = {"MERGE_JOB_MAX_WALLTIME_managed": "2"}
    request = request_of(
        is_merging=True, settings=settings, prodsourcelabel="managed", basewalltime=60
    )
    found = resources.walltimes(request, facts(maxtime=3600), InputSums(0, 1, 0))
    assert found == {"maxwalltime": 7260, "maxcpucount": 7200}


@pytest.mark.parametrize(
    ("rules", "queue", "megabytes"),
    [
        ("", {}, 800),
        ("", {"maxwdir": 700}, 700),
        ("IL=1", {"direct_access_lan": True}, 700),
        ("IL=1,LI=1", {"direct_access_lan": True}, 800),
        ("", {"maxinputsize": -1}, 700),
    ],
)
def test_disk_is_output_scratch_and_input_that_is_copied(
    rules: str, queue: dict[str, Any], megabytes: int
) -> None:
    disk = {"outdiskcount": 2, "outdiskunit": "MB", "workdiskcount": 200, "workdiskunit": "MB"}
    request = request_of(rules, **disk)
    found = InputSums(megabytes=100, events=1, bytes=100 * MB)
    assert resources.disk(request, facts(**queue), found) == megabytes


def test_the_attributes_of_a_job_are_in_the_server_s_order() -> None:
    rules = "DE=rucio,AP=1,NC=1,PO=1,IF=1,LC=1,WF=1,PC=1,AT=1"
    request = request_of(rules, cloud="WORLD", is_scouting=True, queuedtime=WHEN)
    queue = Queue("Q", locality="tape", facts={"cloud": "XX,YY"})
    one = slice_of(request, {"lumiblocknr": 7}, queue=queue)
    found = special_handling.of_job(request, one, 3000)
    time = "tq=1767225600.0"
    assert found == f"ddm:rucio,hc:XX,ap,ao:on,po,nc,if,wf,lb:7,lc,sj,ip,pc,{time},rr:3000"


def test_a_job_without_attributes_has_none() -> None:
    request = request_of(cloud="XX")
    assert special_handling.of_job(request, slice_of(request, {}), None) is None
    assert special_handling.of_build(request) == "bj"


@pytest.mark.parametrize(
    ("values", "priority"),
    [
        ({}, 500), ({"is_scouting": True}, 901), ({"is_merging": True}, 5000),
        ({"is_scouting": True, "currentpriority": 950}, 951),
    ],
)  # fmt: skip
def test_scouts_and_merge_jobs_come_first(values: dict[str, Any], priority: int) -> None:
    assert job_columns.assigned_priority(request_of(**values)) == priority


@pytest.mark.parametrize(
    ("architecture", "platform"),
    [
        ("x86_64-el9", "x86_64-el9"), ("x86_64@el9#avx&nvidia", "x86_64@el9"), (None, None),
        ('{"sw_platform": "x86", "base_platform": "el9"}', "x86@el9"), ("{}", ""), ("[1]", "[1]"),
    ],
)  # fmt: skip
def test_a_platform_is_software_and_base(architecture: str | None, platform: str | None) -> None:
    assert software.platform(architecture) == platform


def test_a_package_is_named_with_a_slash_before_its_version() -> None:
    task = row(JediTasks, transhome="AnalysisBase-24.2\r", transuses="Atlas-24.0")
    found = software.columns(task)
    assert (found["homepackage"], found["atlasrelease"]) == ("AnalysisBase/24.2", "Atlas-24.0")


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("out.${SN}.root", "out.000007.root"), ("a_${SN/P}", "a_000007"), ("a${SN:03d}", "a007"),
        ("a${MIDDLENAME}.${SN}", "a.x.000007"), ("{a}.$JEDITASKID", "{a}.$JEDITASKID"),
    ],
)  # fmt: skip
def test_names_of_outputs_have_the_serial_number(template: str, name: str) -> None:
    assert file_name(template, 7, ".x") == name


def test_a_format_that_is_none_for_numbers_is_refused() -> None:
    with pytest.raises(NotGenerated, match=r"a\$\{SN:zz\}"):
        file_name("a${SN:zz}", 7, "")


@pytest.mark.parametrize(
    ("rules", "middle"),
    [("AN=2,3,UF=1", ".a.x"), ("AN=2,9,UF=1", ".a"), ("AN=2", ".p"), ("AN=9", ""), ("", "")],
)
def test_fields_of_the_input_s_name_are_the_middle_name(rules: str, middle: str) -> None:
    request = request_of(rules)
    one = slice_of(request, {"lfn": "data.a.x._1.root"})
    assert middle_names.middle_name(request, one, "scope:d.p.q") == middle


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("data18.a.b", "data18"),
        ("User.Me.x", "user.me"),
        ("group.phys", "group.phys"),
        ("user", None),
    ],
)
def test_scopes_of_users_and_groups_have_two_fields(name: str, scope: str | None) -> None:
    assert scope_of_name(name) == scope
