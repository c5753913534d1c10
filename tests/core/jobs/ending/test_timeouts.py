"""Timeouts: each rule takes its jobs when their time is over, not before, and no others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pandadb.core.jobs.ending import timeouts
from pandadb.core.jobs.ending.server_config import InvalidSetting
from pandadb.core.jobs.ending.timeouts import RULES, Fail, Kill, Rule, UnknownRule
from pandadb.models import (
    Config,
    HarvesterRelJobsWorkers,
    HarvesterSlots,
    HarvesterWorkers,
    JediWorkQueue,
    JobOutputReport,
    JobsActive4,
    JobsArchived4,
    SchedconfigJSON,
    SiteData,
)
from tests.factories import make_job

HOUR = timedelta(hours=1)
AGED = [rule for rule in RULES if rule.since]
FITTING: dict[str, dict[str, Any]] = {
    "urgent-holding": {"currentpriority": 801},
    "asleep-activated": {"currentpriority": 800, "computingsite": "ASLEEP"},
    "asleep-starting": {"currentpriority": 800, "computingsite": "ASLEEP"},
    "build-defined": {"lockedby": None},
    "merge-waiting": {"eventservice": 2},
    "events-running": {"eventservice": 5, "currentpriority": 900},
    "merge-running": {"eventservice": 2},
}
"""What makes a job fit a rule, beside its label."""


def ago(age: timedelta) -> datetime:
    return datetime.now(UTC).replace(tzinfo=None) - age


def rule(name: str) -> Rule:
    return timeouts.named([name])[0]


def make_for(session: Session, rule: Rule, state: str, age: timedelta, **columns: Any) -> int:
    """Make a job that fits a rule: of that age by each of its columns, else new."""
    label = "user" if rule.name.startswith("analysis") else "managed"
    new = dict.fromkeys(("creationtime", "modificationtime", "statechangetime"), ago(timedelta(0)))
    times = new | dict.fromkeys(rule.since, ago(age))
    values = {"prodsourcelabel": label, **times, **FITTING.get(rule.name, {}), **columns}
    if state == "failed":
        pandaid = make_job(session, "sent", **values)
        session.get_one(JobsActive4, pandaid).jobstatus = "failed"
        session.flush()
        return pandaid
    return make_job(session, state, **values)


def sleep(session: Session, site: str = "ASLEEP", hours: float = 2.1) -> None:
    last = ago(hours * HOUR)
    session.add(SiteData(site=site, flag="production", hours=3, laststart=last))


def configure(session: Session, key: str, value: str, vo: str = "atlas") -> None:
    component, _, name = key.partition("/")
    session.add(
        Config(
            app="pandaserver",
            component=component,
            key=name,
            value=value,
            type="int",
            vo=vo,
            descr="x",
        )
    )


@pytest.mark.parametrize("rule", AGED, ids=lambda rule: rule.name)
def test_a_rule_takes_a_job_just_after_its_limit_not_just_before_and_from_each_state(
    session: Session, rule: Rule
) -> None:
    sleep(session)
    minute = timedelta(minutes=1)
    session.execute(delete(Config))
    for state in rule.states:
        make_for(session, rule, state, rule.limit - minute)
    old = [make_for(session, rule, state, rule.limit + minute) for state in rule.states]

    assert sorted(timeouts.due(session, rule)) == old


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_ends_its_jobs_as_it_says(session: Session, rule: Rule) -> None:
    state, heard = rule.states[0], ago(30 * HOUR).replace(microsecond=0)
    pandaid = make_for(session, rule, state, 3 * HOUR, modificationtime=heard, endtime=None)

    done = timeouts.end(session, rule, [pandaid], host="here")

    if done.told:
        assert session.get_one(JobsActive4, pandaid).commandtopilot == "tobekilled"
        assert (state, done.jobs) == ("running", {})
        return
    job = session.scalars(select(JobsArchived4).where(JobsArchived4.pandaid == pandaid)).one()
    assert done.before == {pandaid: state}
    match rule.action:
        case Fail(code, _diag):
            assert (job.jobstatus, job.jobdispatchererrorcode) == ("failed", code)
            assert f"since {heard}" in job.jobdispatchererrordiag.replace(
                "last heard of at", "since"
            )
            assert (job.endtime, job.superrorcode) == (heard, 0)
        case Kill(code, substatus):
            assert job.jobstatus == "closed"
            assert job.jobsubstatus == (substatus or (None if code == 10 else "toreassign"))


def test_a_time_that_is_not_set_is_not_old(session: Session) -> None:
    for state in ("pending", "waiting", "activated", "sent", "running", "holding"):
        make_job(session, state, prodsourcelabel="user", eventservice=2)

    assert [timeouts.due(session, rule) for rule in RULES] == [[]] * len(RULES)


def test_the_oldest_come_first_from_all_tables_and_told_ones_do_not_come_again(
    session: Session,
) -> None:
    unprepared, active = rule("unprepared"), rule("analysis-active")
    ids = [
        make_for(session, unprepared, state, days * 24 * HOUR)
        for state, days in (("defined", 8), ("waiting", 10), ("pending", 9))
    ]
    make_for(session, active, "running", 200 * HOUR, commandtopilot="tobekilled")

    assert timeouts.due(session, unprepared) == [ids[1], ids[2], ids[0]]
    assert timeouts.due(session, unprepared, 2) == [ids[1], ids[2]]
    assert timeouts.due(session, active) == []


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("analysis-heartbeat", {"prodsourcelabel": "managed"}),
        ("urgent-holding", {"currentpriority": 800}),
        ("asleep-activated", {"relocationflag": 2}),
        ("asleep-starting", {"currentpriority": 799}),
        ("asleep-activated", {"computingsite": "AWAKE"}),
        ("defined", {"prodsourcelabel": "user"}),
        ("build-defined", {"lockedby": "jedi"}),
        ("managed-activated", {"relocationflag": 2}),
        ("managed-unprepared", {"prodsourcelabel": "test"}),
        ("analysis-active", {"prodsourcelabel": "managed"}),
        ("waiting", {"eventservice": 5}),
        ("merge-waiting", {"eventservice": 1}),
        ("events-running", {"eventservice": 3}),
        ("events-running", {"currentpriority": 899}),
    ],
)
def test_a_rule_leaves_other_jobs_alone(
    session: Session, name: str, columns: dict[str, Any]
) -> None:
    sleep(session)
    sleep(session, "AWAKE", hours=1.9)
    for state in rule(name).states:
        make_for(session, rule(name), state, 1000 * HOUR, **columns)

    assert timeouts.due(session, rule(name)) == []


def test_a_build_job_of_jedi_is_a_build_job(session: Session) -> None:
    pandaid = make_for(
        session,
        rule("build-defined"),
        "defined",
        31 * HOUR,
        prodsourcelabel="panda",
        lockedby="jedi",
    )

    assert timeouts.due(session, rule("build-defined")) == [pandaid]


def test_a_users_job_is_holding_as_long_as_its_report_waits(session: Session) -> None:
    holding = rule("analysis-holding")
    session.flush()
    waits = make_for(session, holding, "holding", 4 * HOUR)
    session.add(
        JobOutputReport(pandaid=waits, attemptnr=1, jobstatus="finished", timestamp=ago(HOUR))
    )
    make_for(session, holding, "holding", 4 * HOUR, statechangetime=(same := ago(4 * HOUR)),
             modificationtime=same)  # fmt: skip
    ended = make_for(session, holding, "holding", HOUR, endtime=ago(4 * HOUR))

    assert timeouts.due(session, holding) == [ended]


@pytest.mark.parametrize("status", ["offline", "test", "online"])
def test_a_site_whose_queue_is_offline_or_in_test_starts_no_jobs(
    session: Session, status: str
) -> None:
    session.add(SchedconfigJSON(panda_queue="Q", data={"status": status}))
    pandaid = make_for(session, rule("asleep-activated"), "activated", 5 * HOUR, computingsite="Q")

    due = timeouts.due(session, rule("asleep-activated"))

    assert due == ([] if status == "online" else [pandaid])


@pytest.mark.parametrize(
    ("name", "key", "value", "limit"),
    [
        ("analysis-heartbeat", "watcher/HEARTBEAT_TIMEOUT_analysis", "6", 6 * HOUR),
        ("analysis-transfer", "watcher/HEARTBEAT_TIMEOUT_analysis", "0.5", 0.5 * HOUR),
        ("heartbeat", "watcher/HEARTBEAT_TIMEOUT_production", "5", 5 * HOUR),
        ("heartbeat", "watcher/HEARTBEAT_TIMEOUT_push", "24", 24 * HOUR),
        ("heartbeat", "watcher/HEARTBEAT_TIMEOUT_analysis", "24", 2 * HOUR),
        ("heartbeat", "watcher/HEARTBEAT_TIMEOUT_other", "24", 2 * HOUR),
        ("holding", "job_timeout/TIMEOUT_holding", "10", 10 * HOUR),
        ("defined", "job_timeout/TIMEOUT_defined", "10", 10 * HOUR),
        ("build-defined", "job_timeout/TIMEOUT_defined", "0", 4 * HOUR),
    ],
)
def test_the_servers_settings_replace_limits(
    session: Session, name: str, key: str, value: str, limit: timedelta
) -> None:
    session.execute(delete(Config))
    configure(session, key, value)
    configure(session, key, "0.1" if value != "0" else "0", vo="cms")
    session.add(SchedconfigJSON(panda_queue="Q", data={"status": "online", "workflow": "push"}))
    state, minute = rule(name).states[0], timedelta(minutes=1)
    make_for(session, rule(name), state, limit - minute, computingsite="Q")
    old = make_for(session, rule(name), state, limit + minute, computingsite="Q")

    assert timeouts.due(session, rule(name)) == [old]


@pytest.mark.parametrize("value", ["soon", "-1", "nan", "1e9"])
def test_a_setting_that_is_no_number_is_said(session: Session, value: str) -> None:
    configure(session, "job_timeout/TIMEOUT_holding", value)
    configure(session, "watcher/COLOUR", "blue")

    with pytest.raises(InvalidSetting, match=f"'{value}' for job_timeout/TIMEOUT_holding"):
        timeouts.due(session, rule("holding"))
    assert timeouts.due(session, rule("heartbeat")) == []


def test_jobs_at_paused_queues_may_be_silent(session: Session) -> None:
    session.add(SchedconfigJSON(panda_queue="Q", data={"status": "paused"}))
    make_for(session, rule("heartbeat"), "running", 9 * HOUR, computingsite="Q")

    assert timeouts.due(session, rule("heartbeat")) == []


def crowd(session: Session, site: str, queued: int, running: int = 0, **more: Any) -> list[int]:
    columns = {"computingsite": site, "gshare": "Reco", **more}
    for _ in range(running):
        make_job(session, "running", **columns)
    states = ("defined", "assigned", "activated", "starting")
    return [make_job(session, states[i % 4], **columns) for i in range(queued)]


def _slots(session: Session) -> None:
    session.add(HarvesterSlots(pandaqueuename="A", numslots=1, modificationtime=ago(HOUR)))


def _resource(session: Session) -> None:
    work = JediWorkQueue(queue_id=77, queue_name="x", queue_type="x", vo="x")
    work.queue_function = "Resource"
    session.add(work)


@pytest.mark.parametrize(
    ("queued", "running", "elsewhere", "taken"),
    [
        (20, 0, 0, 10),  # down to the share's limit, 10
        (20, 4, 0, 8),  # down to 3 for each that runs
        (20, 2, 30, 5),  # down to 0.3 of what the share has queued
        (10, 0, 0, 0),
        (20, 7, 0, 0),
        (20, 0, 60, 0),
    ],
)
def test_a_site_with_too_many_queued_gives_the_oldest_back(
    session: Session, queued: int, running: int, elsewhere: int, taken: int
) -> None:
    configure(session, "rebroker/FAST_REBRO_THRESHOLD_NQUEUE_Reco", "10")
    here = crowd(session, "A", queued, running)
    crowd(session, "A", 30, gshare="Other")
    for number in range(elsewhere // 10):
        crowd(session, f"B{number}", 10)

    assert sorted(timeouts.due(session, rule("overshoot"))) == here[:taken]


@pytest.mark.parametrize("exempt", [None, _slots, _resource])
def test_sites_filled_by_hand_special_work_and_shares_without_a_limit_may_overshoot(
    session: Session, exempt: Callable[[Session], None] | None
) -> None:
    if exempt:
        configure(session, "rebroker/FAST_REBRO_THRESHOLD_NQUEUE_Reco", "10")
        exempt(session)
    crowd(session, "A", 20, workqueue_id=77)

    assert timeouts.due(session, rule("overshoot")) == []


@pytest.mark.parametrize(("status", "code"), [("running", 0), ("failed", 2)])
def test_a_lost_job_says_whether_its_worker_had_ended(
    session: Session, status: str, code: int
) -> None:
    pandaid = make_for(session, rule("heartbeat"), "running", 3 * HOUR)
    session.add(HarvesterWorkers(harvesterid="h", workerid=1, lastupdate=ago(HOUR), status=status))
    session.add(
        HarvesterRelJobsWorkers(harvesterid="h", workerid=1, pandaid=pandaid, lastupdate=ago(HOUR))
    )
    session.flush()

    timeouts.end(session, rule("heartbeat"), [pandaid], host="here")

    query = select(JobsArchived4.superrorcode).where(JobsArchived4.pandaid == pandaid)
    assert session.scalar(query) == code


def test_a_job_that_was_told_to_end_and_is_silent_is_lost(session: Session) -> None:
    lost = make_for(session, rule("heartbeat"), "running", 3 * HOUR, commandtopilot="tobekilled")

    assert timeouts.due(session, rule("heartbeat")) == [lost]


@pytest.mark.parametrize(
    ("name", "state", "diags", "code"),
    [
        ("holding", "holding", {"piloterrordiag": "lost"}, 101),
        ("holding", "holding", {"exeerrordiag": "bad"}, 101),
        ("holding", "holding", {"piloterrordiag": ""}, 103),
        ("holding", "holding", {"ddmerrordiag": "no"}, 103),
        ("heartbeat", "running", {"exeerrordiag": "bad"}, 101),
        ("analysis-transfer", "transferring", {"piloterrordiag": "x"}, 101),
        ("sent", "sent", {"piloterrordiag": "x"}, 102),
    ],
)
def test_a_job_that_had_said_an_error_was_not_recovered(
    session: Session, name: str, state: str, diags: dict[str, str], code: int
) -> None:
    pandaid = make_for(session, rule(name), state, 3 * HOUR, **diags)

    timeouts.end(session, rule(name), [pandaid], host="here")

    query = select(JobsArchived4.jobdispatchererrorcode).where(JobsArchived4.pandaid == pandaid)
    assert session.scalar(query) == code


def test_a_job_that_has_ended_keeps_its_end(session: Session) -> None:
    end = ago(50 * HOUR).replace(microsecond=0)
    pandaid = make_for(session, rule("holding"), "holding", 3 * HOUR, endtime=end)

    timeouts.end(session, rule("holding"), [pandaid], host="here")

    query = select(JobsArchived4.endtime).where(JobsArchived4.pandaid == pandaid)
    assert session.scalar(query) == end


def test_rules_have_names_of_their_own_and_an_unknown_one_is_said() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert timeouts.named(["sent", "pending"]) == (rule("sent"), rule("pending"))
    with pytest.raises(UnknownRule, match="There is no rule 'old': the rules are analysis-heart"):
        timeouts.named(["old"])
