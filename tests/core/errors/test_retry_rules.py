"""Which rules for retries count for an error of a job."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.errors.failed_jobs import FailedJob, JobError
from pandadb.core.errors.retry_rules import (
    LIMITS,
    RetryAction,
    RetryRule,
    applicable,
    by_error,
    choose,
)

ERROR = JobError("pilotErrorCode", 1305, "payload failed")
JOB = FailedJob(
    pandaid=1, jeditaskid=2, jobstatus="failed", attemptnr=1, atlasrelease="Atlas-24.0",
    cmtconfig="x86_64-el9", workqueue_id=1, minramcount=2000, minramunit="MB", corecount=1,
    computingsite="QUEUE_A", starttime=None, endtime=None, transexitcode=None, errors=(ERROR,),
)  # fmt: skip
RULE = RetryRule(1, "pilotErrorCode", 1305, RetryAction.LIMIT_RETRY, is_active=True)

RULES = st.lists(
    st.builds(
        RetryRule,
        number=st.integers(1, 9),
        source=st.just("pilotErrorCode"),
        code=st.just(1305),
        action=st.sampled_from([*RetryAction, "dance"]),
        is_active=st.booleans(),
        parameters=st.sampled_from(
            [{}, {"maxAttempt": "2"}, {"maxAttempt": "10"}, {"maxAttempt": "x"}]
        ),
        release=st.sampled_from([None, "Atlas-24.0"]),
        queue=st.sampled_from([None, 1]),
    ),
    max_size=8,
)


def test_a_text_matches_at_its_beginning_over_lines() -> None:
    assert replace(RULE, diag="pay.*fail").mismatch(JOB, ERROR) is None
    assert replace(RULE, diag="a.c").mismatch(JOB, replace(ERROR, diag="a\nc")) is None
    assert replace(RULE, diag="failed").mismatch(JOB, ERROR)


def test_a_malformed_expression_matches_nothing() -> None:
    assert replace(RULE, diag="pay(load").mismatch(JOB, ERROR)


@pytest.mark.parametrize("other", [{"architecture": "arm"}, {"release": "x"}, {"queue": 2}])
def test_a_condition_that_the_job_does_not_meet_is_named(other: dict[str, object]) -> None:
    assert next(iter(other)).removeprefix("work ") in (
        replace(RULE, **other).mismatch(JOB, ERROR) or ""
    ).replace("work ", "")


def test_an_exit_code_is_the_last_error() -> None:
    exited = replace(JOB, transexitcode=" 65 ")
    assert exited.retry_errors == (ERROR, JobError("transExitCode", 65, ""))
    assert replace(JOB, transexitcode="abc").retry_errors == (ERROR,)
    assert replace(JOB, transexitcode="0").retry_errors == (ERROR,)


def test_errors_with_rules_come_in_the_order_of_their_sources() -> None:
    other = JobError("exeErrorCode", 65, "")
    job = replace(JOB, errors=(JobError("pilotErrorCode", 7, ""), ERROR, other))
    rules = by_error([replace(RULE, number=2, source="exeErrorCode", code=65), RULE])
    assert [error for error, _ in applicable(job, rules)] == [ERROR, other]


def test_no_attempt_is_stricter_than_any_limit() -> None:
    limit, none = replace(RULE, parameters={"maxAttempt": "0"}), replace(RULE, action="no_retry")
    assert choose([limit, none]) == choose([none, limit]) == [none]


@given(RULES)
def test_of_an_action_the_first_rule_counts_and_of_limits_the_strictest(
    rules: list[RetryRule],
) -> None:
    chosen = choose(rules)
    for action in RetryAction:
        if action not in LIMITS:
            first = [rule for rule in rules if rule.action == action][:1]
            assert [rule for rule in chosen if rule.action == action] == first

    def order(rule: RetryRule) -> tuple[int, float]:
        attempts = {"2": 2.0, "10": 10.0}.get(rule.parameters.get("maxAttempt", ""), float("inf"))
        none = rule.action == RetryAction.NO_RETRY
        return -sum(map(bool, (rule.release, rule.queue))), float("-inf") if none else attempts

    limits = [rule for rule in rules if rule.action in LIMITS]
    assert [rule for rule in chosen if rule.action in LIMITS] == sorted(limits, key=order)[:1]
