"""Tasks under random steps: counters equal a recount, and each file is in one live job."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import and_, select, text

from pandadb.core.jobs.ending.kills import CODES
from pandadb.demo.task_life import prepare_site
from pandadb.models import FilesTable4, JediDatasetContents, JediDatasets
from pandadb.services import datasets, jobs, tasks
from pandadb.services.tasks.retries import TaskRefused
from tests.properties import task_invariants, task_steps

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.any_server

EVERYTHING = text(
    "TRUNCATE doma_panda.jobsdefined4, doma_panda.jobswaiting4, doma_panda.jobsactive4,"
    " doma_panda.jobsarchived4, doma_panda.filestable4, doma_panda.metatable,"
    " doma_panda.jobparamstable, doma_panda.jobs_statuslog, doma_panda.jedi_tasks,"
    " doma_panda.jedi_taskparams, doma_panda.jedi_jobparams_template,"
    " doma_panda.jedi_output_template, doma_panda.jedi_datasets,"
    " doma_panda.jedi_dataset_contents, doma_panda.jedi_job_retry_history,"
    " doma_panda.task_attempts, doma_panda.tasks_statuslog, doma_deft.t_task,"
    " doma_deft.prodsys_comm, doma_panda.job_metrics, doma_panda.task_metrics"
)
RULES: tuple[dict[str, Any], ...] = (
    {},
    {"nFilesPerJob": 1, "skipScout": None},
    {"nFilesPerJob": None, "nEventsPerJob": 40, "nEventsPerFile": 100},
    {"nFilesPerJob": None, "nEventsPerJob": 200, "nEventsPerFile": 100},
    {"nFilesPerJob": None, "nMaxFilesPerJob": 3, "nGBPerJob": 1},
    {"maxAttempt": 1, "maxFailure": 1},
)
"""Parameters beside those of the examples: files, events or size of a job, scouts, attempts."""
COMMANDS = (
    "retry", "retry", "pause", "resume", "resume", "reassign", "finish", "incexec", "avalanche",
    "kill",
)  # fmt: skip
REASSIGN, REASSIGN_SOFTLY = "site:ALPINE:y", "site:ALPINE:y:soft reassign"
NUMBERS = count()
CHOICE = st.lists(st.integers(0, 30), min_size=1, max_size=6)
ONE = st.integers(0, 5)
QUICK = settings(
    deadline=None,
    phases=[Phase.reuse, Phase.generate],  # to shrink takes minutes
    suppress_health_check=[*HealthCheck],
)


class Tasks(RuleBasedStateMachine):
    """Tasks that come from JSON, and are taken on, held up and commanded at random."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.tasks: list[int] = []
        self.inputs: dict[int, int] = {}
        self.retried: list[int] = []
        with self.database.session() as session:
            session.execute(EVERYTHING)

    def task(self, number: int) -> int:
        return self.tasks[number % len(self.tasks)]

    def chosen(self, task: int, numbers: list[int], *states: str) -> list[int]:
        """Return some of the live jobs of a task."""
        known = task_steps.live(self.database, task, *states)
        return sorted({known[n % len(known)] for n in numbers if known})

    @initialize(files=st.integers(1, 12), rules=st.sampled_from(RULES))
    def begin(self, files: int, rules: dict[str, Any]) -> None:
        self.submit(files, rules)

    @precondition(lambda self: len(self.tasks) < 3)
    @rule(files=st.integers(1, 12), rules=st.sampled_from(RULES))
    def submit_another(self, files: int, rules: dict[str, Any]) -> None:
        self.submit(files, rules)

    def submit(self, files: int, rules: dict[str, Any]) -> None:
        task = task_steps.submit(self.database, f"demo.{len(self.tasks)}", **rules)
        self.tasks.append(task)
        self.inputs[task] = files
        datasets.feed(self.database, task, self.catalogue(task))

    def catalogue(self, task: int, state: str = "open") -> Any:
        name = f"demo.{self.tasks.index(task)}"
        return task_steps.catalogue_of(name, self.inputs[task], state)

    @rule(number=ONE, more=st.integers(0, 3), state=st.sampled_from(["open", "closed"]))
    def feed(self, number: int, more: int, state: str) -> None:
        task = self.task(number)
        self.inputs[task] += more
        datasets.feed(self.database, [task], self.catalogue(task, state))

    @rule(number=ONE)
    def generate(self, number: int) -> None:
        task_steps.generate(self.database, self.task(number))

    @rule(number=ONE)
    def start(self, number: int) -> None:
        waiting = task_steps.live(self.database, self.task(number), "pending", "defined")
        task_steps.start(self.database, waiting)

    @rule(number=ONE, njobs=st.integers(1, 4))
    def run(self, number: int, njobs: int) -> None:
        task_steps.run(self.database, self.task(number), njobs)

    @rule(number=ONE)
    def do_all(self, number: int) -> None:
        """Take a task on as far as it goes without trouble, so that some are done."""
        task = self.task(number)
        task_steps.generate(self.database, task)
        task_steps.start(self.database, task_steps.live(self.database, task, "pending", "defined"))
        task_steps.run(self.database, task)
        task_steps.finish(self.database, task_steps.live(self.database, task, "running"))
        task_steps.advance(self.database)

    @rule(number=ONE, numbers=CHOICE)
    def finish(self, number: int, numbers: list[int]) -> None:
        at_work = self.chosen(self.task(number), numbers, "running", "transferring", "holding")
        task_steps.finish(self.database, at_work)

    @rule(
        number=ONE,
        numbers=CHOICE,
        verb=st.sampled_from(["fail", "fail", "transfer", "hold", "throttle", "activate", "merge"]),
    )
    def take(self, number: int, numbers: list[int], verb: str) -> None:
        jobs.advance(self.database, verb, self.chosen(self.task(number), numbers))

    @rule(number=ONE, numbers=CHOICE, code=st.sampled_from([*CODES]), hard=st.booleans())
    def kill(self, number: int, numbers: list[int], code: int, hard: bool) -> None:
        chosen = self.chosen(self.task(number), numbers)
        jobs.kill(self.database, chosen, by="test", code=code, hard=hard)

    @rule(number=ONE, numbers=CHOICE)
    def retry_jobs(self, number: int, numbers: list[int]) -> None:
        known = task_steps.ended(self.database, self.task(number))
        chosen = sorted({known[n % len(known)] for n in numbers if known})
        self.retried += jobs.retry(self.database, chosen).jobs.values()

    @rule(number=ONE, name=st.sampled_from(COMMANDS), soft=st.booleans())
    def command(self, number: int, name: str, soft: bool) -> None:
        more: dict[str, Any] = {"qualifier": "soft"} if soft and name == "finish" else {}
        if name == "reassign":
            more = {"comment": REASSIGN_SOFTLY if soft else REASSIGN}
        task_steps.command(self.database, self.task(number), name, **more)

    @rule(number=ONE)
    def refine(self, number: int) -> None:
        tasks.refine(self.database, [self.task(number)])

    @rule()
    def advance(self) -> None:
        task_steps.advance(self.database)

    @rule(number=ONE, numbers=CHOICE, parent=st.booleans())
    def lose(self, number: int, numbers: list[int], parent: bool) -> None:
        file = JediDatasetContents
        mine = file.jeditaskid == self.task(number)
        made = mine & (file.type == "output") & (file.status == "finished")
        found = (
            select(JediDatasets.datasetname, file.lfn)
            .join(JediDatasets, JediDatasets.datasetid == file.datasetid)
            .where(made)
            .order_by(file.lfn)
        )
        with self.database.session() as session:
            rows = session.execute(found).all()
        if rows:
            dataset = rows[numbers[0] % len(rows)].datasetname
            names = [row.lfn for row in rows if row.datasetname == dataset]
            datasets.lose(
                self.database,
                dataset,
                sorted({names[n % len(names)] for n in numbers}),
                by="test",
                production=True,
                recover_parent=parent,
            )

    @rule(number=ONE, by=st.integers(1, 3))
    def increase_attempts(self, number: int, by: int) -> None:
        with suppress(TaskRefused):
            tasks.increase_attempts(self.database, self.task(number), by)

    @invariant()
    def everything_is_as_it_has_to_be(self) -> None:
        with self.database.session() as session:
            task_invariants.hold(session, retried=self.retried)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(2))
def test_random_lives_of_tasks_lose_and_double_no_file(
    database: Database, part: int, pytestconfig: pytest.Config
) -> None:
    prepare_site(database)
    machine = type(f"Tasks{part}", (Tasks,), {"database": database})
    thorough = pytestconfig.getoption("--thorough")
    run_state_machine_as_test(
        machine,
        settings=settings(
            QUICK,
            max_examples=60 if thorough else 6,
            stateful_step_count=50 if thorough else 30,
        ),
    )


@pytest.fixture
def split_database(database: Database) -> Database:
    prepare_site(database)
    return database


def inputs_of(database: Database, jobs: list[int]) -> list[tuple[str, int | None, int | None]]:
    """Return the files of jobs, each with its first and its last event, if it has not all."""
    file, contents = FilesTable4, JediDatasetContents
    same = [getattr(file, name) == getattr(contents, name) for name in task_invariants.KEY]
    found = (
        select(contents.lfn, contents.startevent, contents.endevent)
        .join(file, and_(*same))
        .where(file.pandaid.in_(jobs), file.type == "input")
    )
    with database.session() as session:
        return [tuple(row) for row in session.execute(found)]


@pytest.mark.slow
@settings(QUICK, max_examples=12)
@given(
    files=st.integers(1, 25),
    rule=st.sampled_from(["files", "size", "limits", "events"]),
    number=st.integers(1, 7),
    events=st.integers(1, 250),
)
def test_generated_jobs_have_each_file_and_event_exactly_once(
    split_database: Database, files: int, rule: str, number: int, events: int
) -> None:
    parameters: dict[str, Any] = {
        "files": {"nFilesPerJob": number},
        "size": {"nFilesPerJob": None, "nGBPerJob": number},
        "limits": {"nFilesPerJob": None, "nMaxFilesPerJob": number, "nGBPerJob": 1},
        "events": {
            "nFilesPerJob": None,
            "nEventsPerJob": events,
            "nEventsPerFile": task_steps.FILE_EVENTS,
        },
    }[rule]
    name = f"split.{next(NUMBERS)}"
    task = task_steps.submit(split_database, name, **parameters)
    datasets.feed(split_database, task, task_steps.catalogue_of(name, files))
    made: list[int] = []
    while new := task_steps.generate(split_database, task):
        made += new
    taken = inputs_of(split_database, made)
    assert {lfn for lfn, *_ in taken} == {f"{name}.{n:05d}" for n in range(files)}
    covered = Counter(
        (lfn, event)
        for lfn, first, last in taken
        for event in range(first or 0, task_steps.FILE_EVENTS if last is None else last + 1)
    )
    assert set(covered.values()) == {1}
    assert len(covered) == files * task_steps.FILE_EVENTS
