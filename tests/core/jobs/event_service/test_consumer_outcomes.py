"""The verdict on a consumer, whatever its ranges: it always has one, and no event is forgotten."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.jobs.event_service.consumer_outcomes import (
    MERGES,
    RETRIES,
    Tally,
    Verdict,
    ending,
    judge,
    shown,
)

NUMBERS = st.integers(0, 3)
TALLIES = st.builds(
    Tally,
    done=NUMBERS,
    ready=NUMBERS,
    is_worked_on=st.booleans(),
    any_done=st.booleans(),
    hopeless=NUMBERS,
    has_fatal=st.booleans(),
    others=NUMBERS,
)
JOBS = st.fixed_dictionaries(
    {
        "attemptnr": st.integers(0, 4),
        "maxattempt": st.integers(0, 4) | st.none(),
        "jobstatus": st.sampled_from(["defined", "assigned", "running", "holding"]),
        "jobsubstatus": st.sampled_from(
            [None, "pilot_failed", "pilot_killed", "pilot_noevents", "es_heartbeat", "es_toolong"]
        ),
        "specialhandling": st.sampled_from(["eventservice", "eventservice,at", "eventservice,ap"]),
        "nevents": st.none() | NUMBERS,
        **dict.fromkeys(
            ("piloterrorcode", "ddmerrorcode", "superrorcode", "jobdispatchererrorcode"),
            st.sampled_from([0, 1]),
        ),
    }
)


@given(JOBS, TALLIES)
def test_events_that_are_left_are_another_jobs_or_the_consumer_has_failed(
    job: dict[str, Any], tally: Tally
) -> None:
    verdict = judge(job, tally)
    has_new = verdict in RETRIES or verdict in MERGES

    end = ending(verdict, tally, has_new=has_new)

    is_left = tally.ready or tally.any_done
    assert (
        has_new
        or tally.others
        or end.jobstatus == "failed"
        or not is_left
        or (tally.is_worked_on and not tally.ready)
    )


@given(JOBS, TALLIES)
def test_a_merge_job_is_made_only_when_no_range_is_left_and_some_are_done(
    job: dict[str, Any], tally: Tally
) -> None:
    if judge(job, tally) in MERGES:
        assert tally.ready == 0
        assert tally.any_done
        assert not tally.is_worked_on
        assert not tally.hopeless


@given(JOBS, TALLIES)
def test_no_new_consumer_follows_after_the_last_attempt(job: dict[str, Any], tally: Tally) -> None:
    if job["attemptnr"] >= (job["maxattempt"] or 0):
        assert judge(job, tally) not in RETRIES


@given(JOBS, TALLIES, st.booleans())
def test_a_consumer_is_shown_as_merging_closed_or_failed(
    job: dict[str, Any], tally: Tally, is_preempted: bool
) -> None:
    verdict = judge(job, tally)
    end = ending(verdict, tally, has_new=verdict in RETRIES)

    stored = shown(job, end, is_preempted=is_preempted)

    assert stored.jobstatus in ("merging", "closed", "failed")
    assert stored[2:] == end[2:]


def test_one_that_was_judged_before_ends_as_it_was_said() -> None:
    assert Verdict.JUDGED not in (*RETRIES, *MERGES)
