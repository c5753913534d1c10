"""Leaves of tasks and jobs: as a simple reference finds them, with reasons."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.shares import matching
from pandadb.core.shares.matching import ShareMatcher, Trial
from pandadb.core.shares.tree import PATTERN_COLUMNS, Share

PATTERNS = st.sampled_from(["a", "a.*", "b|c", ".*x", "", "NULL", " ", "(", "ab?$"])
VALUES = st.none() | st.sampled_from(["", " ", "a", "ab", "abx", "b", "cx", "NULL"])
LEAVES = st.lists(st.dictionaries(st.sampled_from(PATTERN_COLUMNS), PATTERNS), max_size=5)
WORK = st.fixed_dictionaries(
    dict.fromkeys(PATTERN_COLUMNS, VALUES), optional={"eventservice": st.integers(0, 3)}
)


def leaf(number: int, patterns: dict[str, str]) -> Share:
    return Share(f"S{number}", 1, 1.0, {n: patterns[n] for n in PATTERN_COLUMNS if n in patterns})


def matches(pattern: str, value: str) -> bool:
    try:
        return re.match(pattern, value) is not None
    except re.error:
        return False


def reference_for_task(leaves: list[Share], task: dict[str, Any]) -> str:
    """The table of semantics 7.3, attribute by attribute."""
    for share in leaves:
        p, group = share.patterns, task["workinggroup"]
        group = " " if group is None else group
        fits = [
            "prodsourcelabel" not in p or task["prodsourcelabel"] is None
            or matches(p["prodsourcelabel"], task["prodsourcelabel"]),
            "workinggroup" not in p or matches(p["workinggroup"], group),
            "campaign" not in p or not task["campaign"] or matches(p["campaign"], task["campaign"]),
            "processingtype" not in p or task["processingtype"] is None
            or matches(p["processingtype"], task["processingtype"]),
            "transpath" not in p or task["transpath"] is None
            or matches(p["transpath"], task["transpath"]),
            "rtype" not in p or not task["rtype"] or matches(p["rtype"], task["rtype"]),
        ]  # fmt: skip
        if all(fits):
            return share.name
    return "Undefined"


def reference_for_job(leaves: list[Share], job: dict[str, Any]) -> str:
    if job.get("eventservice") == 2:
        return "Express"
    for share in leaves:
        p = share.patterns
        fits = [
            name not in p or matches(p[name], "NULL" if job[name] is None else job[name])
            for name in ("prodsourcelabel", "workinggroup", "processingtype")
        ]
        fits.append(
            "rtype" not in p or (job["rtype"] is not None and matches(p["rtype"], job["rtype"]))
        )
        if all(fits):
            return share.name
    return "Undefined"


@given(LEAVES, st.lists(WORK, min_size=1, max_size=6))
def test_tasks_and_jobs_get_the_leaf_of_the_reference(
    patterns: list[dict[str, str]], work: list[dict[str, Any]]
) -> None:
    leaves = [leaf(*one) for one in enumerate(patterns)]
    matcher = ShareMatcher(leaves)
    for one in (*work, *work):
        assert matcher.share_of_task(one) == reference_for_task(leaves, one)
        assert matcher.share_of_job(one) == reference_for_job(leaves, one)


@given(LEAVES, WORK)
def test_an_explanation_ends_with_the_leaf_and_has_a_reason_for_each_before(
    patterns: list[dict[str, str]], task: dict[str, Any]
) -> None:
    matcher = ShareMatcher([leaf(*one) for one in enumerate(patterns)])
    found = matcher.share_of_task(task)

    trials = matcher.explain(matching.task_values(task))

    passed = trials if found == "Undefined" else trials[:-1]
    assert all(trial.reason for trial in passed)
    assert found == "Undefined" or trials[-1] == Trial(found)


@pytest.mark.parametrize(
    ("patterns", "job", "reason"),
    [
        ({"prodsourcelabel": "user"}, {"prodsourcelabel": "user_x"}, None),
        ({"prodsourcelabel": "user"}, {"prodsourcelabel": "a_user"},
         "prodsourcelabel 'a_user' is not like 'user'"),
        ({"rtype": "gpu"}, {}, "rtype has to be like 'gpu', and is not known"),
        ({"workinggroup": "("}, {}, "workinggroup has '(', which is no pattern"),
        ({"campaign": "x", "transpath": "y"}, {"campaign": "z"}, None),
    ],
)  # fmt: skip
def test_the_first_reason_is_given(
    patterns: dict[str, str], job: dict[str, Any], reason: str | None
) -> None:
    assert matching.mismatch(leaf(1, patterns), matching.job_values(job)) == reason
