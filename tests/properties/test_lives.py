"""Random verbs on random jobs, while somebody else holds locks: what has to be true stays true."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select, text

from pandadb.core.jobs.ending.kills import CODES
from pandadb.core.jobs.refusals import JobsLocked, RefusalReason
from pandadb.core.jobs.states import transitions
from pandadb.core.sql.transaction import Lock
from pandadb.models.jobs.all_tables import LIVE_TABLES
from pandadb.services import jobs
from pandadb.services.jobs import VERBS, DispatchRequest, Heartbeat, VerbOptions
from tests.factories import make_task
from tests.properties import invariants
from tests.properties.tasks import new_jobs

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.any_server

TASKS = (7, 8)
EVERYTHING = text(
    "TRUNCATE doma_panda.jobsdefined4, doma_panda.jobswaiting4, doma_panda.jobsactive4,"
    " doma_panda.jobsarchived4, doma_panda.filestable4, doma_panda.metatable,"
    " doma_panda.jobparamstable, doma_panda.jobs_statuslog, doma_panda.jedi_tasks,"
    " doma_panda.jedi_datasets, doma_panda.jedi_dataset_contents, doma_panda.job_output_report,"
    " doma_panda.jedi_job_retry_history, doma_panda.harvester_rel_jobs_workers"
)
ALWAYS = {"table", "jobstatus", "modificationtime", "modificationhost", "statechangetime"}
BEATS = ("starting", "stagein", "running", "stageout", "holding", "transferring", "finished")
NEXT = {
    "defined": "activate", "assigned": "activate", "waiting": "reset", "throttled": "release",
    "running": "transfer", "holding": "transfer", "transferring": "merge", "merging": "finish",
}  # fmt: skip
CHOICE = st.lists(st.integers(0, 30), min_size=1, max_size=6)


class Lives(RuleBasedStateMachine):
    """Jobs of two tasks; `seen` is what they were after the last step."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.submitted: list[int] = []
        self.seen: dict[int, dict[str, Any]] = {}
        self.may_change: dict[int, set[str]] = {}
        with self.database.session() as session:
            session.execute(EVERYTHING)
            for task in TASKS:
                make_task(session, task, files=12, maxattempt=2)

    def chosen(self, numbers: list[int]) -> list[int]:
        """Return some of the jobs, and now and then one that is unknown."""
        known = [self.submitted[n % len(self.submitted)] for n in numbers if self.submitted]
        return known or [987_654_321]

    @rule(task=st.sampled_from(TASKS), number=st.integers(1, 4))
    def submit(self, task: int, number: int) -> None:
        new = new_jobs(self.database, task, number)
        self.submitted += jobs.submit(self.database, new)

    @rule(verb=st.sampled_from(VERBS), numbers=CHOICE)
    def take(self, verb: str, numbers: list[int]) -> None:
        moved = jobs.advance(self.database, verb, self.chosen(numbers))
        effects = {name for step in transitions(verb) for name in step.effects}
        self.may_change = dict.fromkeys(moved.jobs, effects)

    @precondition(lambda self: self.submitted)
    @rule(verb=st.sampled_from(VERBS), numbers=CHOICE, locked=CHOICE, lock=st.sampled_from(Lock))
    def take_while_somebody_has_some(
        self, verb: str, numbers: list[int], locked: list[int], lock: Lock
    ) -> None:
        theirs = {*self.chosen(locked)}
        options = VerbOptions(lock=lock, patience=0.05)
        with ExitStack() as stack:
            other = stack.enter_context(self.database.session())
            for table in LIVE_TABLES:
                held = select(table.pandaid).where(table.pandaid.in_(theirs)).with_for_update()
                other.execute(held)
            try:
                moved = jobs.advance(self.database, verb, self.chosen(numbers), options)
            except JobsLocked:
                assert lock is not Lock.SKIP
                return
        live = {job for job in theirs if self.seen[job]["table"] in LIVE_TABLES}
        assert not live & {*moved.jobs}
        assert all(
            no.reason is not RefusalReason.LOCKED or job in live
            for job, no in moved.refused.items()
        )
        effects = {name for step in transitions(verb) for name in step.effects}
        self.may_change = dict.fromkeys(moved.jobs, effects)

    @precondition(lambda self: self.submitted)
    @rule(numbers=CHOICE)
    def go_on(self, numbers: list[int]) -> None:
        for job in {*self.chosen(numbers)}:
            state = self.seen[job]["jobstatus"]
            if state in NEXT:
                assert jobs.advance(self.database, NEXT[state], [job]).jobs
                effects = {name for step in transitions(NEXT[state]) for name in step.effects}
                self.may_change[job] = effects
            elif state in ("sent", "starting", "stagein", "stageout"):
                jobs.heartbeat(self.database, [Heartbeat(job, "running")])
                self.may_change[job] = {"starttime"}

    @rule(number=st.integers(1, 4))
    def dispatch(self, number: int) -> None:
        taken = jobs.dispatch(self.database, DispatchRequest("CERN", number))
        self.may_change = {one.pandaid: {"starttime", "jobexecutionid"} for one in taken}

    @rule(numbers=CHOICE, state=st.sampled_from(BEATS))
    def heartbeat(self, numbers: list[int], state: str) -> None:
        beats = [Heartbeat(job, state, values={"maxpss": 5}) for job in self.chosen(numbers)]
        jobs.heartbeat(self.database, beats)
        changes = {"maxpss", "starttime", "endtime", "jobdispatchererrordiag"}
        self.may_change = {one.pandaid: changes for one in beats}

    @rule(numbers=CHOICE, code=st.sampled_from([*CODES]), hard=st.booleans())
    def kill(self, numbers: list[int], code: int, hard: bool) -> None:
        killed = jobs.kill(self.database, self.chosen(numbers), by="test", code=code, hard=hard)
        changes = {
            "commandtopilot", "jobsubstatus", "taskbuffererrorcode", "taskbuffererrordiag",
            "starttime", "endtime",
        }  # fmt: skip
        self.may_change = dict.fromkeys([*killed.jobs, *killed.told], changes)

    @rule(numbers=CHOICE)
    def retry(self, numbers: list[int]) -> None:
        retried = jobs.retry(self.database, self.chosen(numbers))
        self.submitted += retried.jobs.values()
        changes = {"taskbuffererrorcode", "taskbuffererrordiag"}
        self.may_change = dict.fromkeys(retried.jobs, changes)

    @invariant()
    def everything_is_as_it_has_to_be(self) -> None:
        with self.database.session() as session:
            found = invariants.hold(session, {*self.submitted})
        for job, before in self.seen.items():
            allowed = ALWAYS | self.may_change[job] if job in self.may_change else set()
            changed = {name for name in before if before[name] != found[job][name]}
            assert changed <= allowed, (job, changed - allowed)
        self.seen, self.may_change = found, {}


@pytest.mark.slow
@pytest.mark.parametrize("part", range(3))
def test_random_lives_lose_and_double_nothing(database: Database, part: int) -> None:
    machine = type(f"Lives{part}", (Lives,), {"database": database})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=6,
            stateful_step_count=25,
            deadline=None,
            phases=[Phase.reuse, Phase.generate],  # to shrink takes minutes
            suppress_health_check=[*HealthCheck],
        ),
    )
