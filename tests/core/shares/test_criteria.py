"""Criteria of work queues."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.shares.criteria import Undecidable, parse_criteria, parse_variables
from pandadb.core.shares.work_queues import WorkQueue, queue_of
from pandadb.core.sql.validation import InvalidValue

TASK = {"workinggroup": "GP_A", "processingtype": "pMerge", "corecount": None, "eventservice": 0}


@pytest.mark.parametrize(
    ("criteria", "variables", "is_met"),
    [
        (None, None, True),
        ("eventService=1", None, False),
        ("eventService=0 AND coreCount IS NULL", None, True),
        ("processingType LIKE :pt", "pt:%merge%", True),
        ("processingType LIKE :pt", "pt:merge%", False),
        ("processingType LIKE 'merge'", None, True),
        ("workingGroup IN (:one,:two)", "one:GP_B, two:GP_A", True),
        ("workingGroup NOT IN (:one)", "one:GP_AB", True),
        ("NOT (workingGroup = 'GP_A' OR eventService = 1)", None, False),
        ("eventservice > 1 or eventservice < 1", None, True),
        ("eventservice = :n", "n:0", False),
        ("processingType = 'pMerge' OR campaign LIKE 'x'", None, True),
        ("campaign IN (:one, 'x')", "one:GP", False),
        ("campaign <> 'x' AND campaign IS NULL", None, True),
        ("workingGroup IS NOT NULL AND NOT eventService >= 2", None, True),
    ],
)
def test_a_task_meets_criteria(criteria: str, variables: str | None, is_met: bool) -> None:
    assert parse_criteria(criteria, parse_variables(variables))(TASK) is is_met


@pytest.mark.parametrize(
    "criteria",
    [
        "campaign LIKE '%'",
        "NOT campaign LIKE '%'",
        "corecount > 1",
        "corecount < 1 OR eventservice = 0",
        "eventservice LIKE '0'",
        "eventservice < '1'",
    ],
)
def test_null_and_other_types_leave_a_queue_out(criteria: str) -> None:
    condition = parse_criteria(criteria, {})
    with pytest.raises(Undecidable, match="cannot be decided"):
        condition(TASK)


@pytest.mark.parametrize(
    "criteria",
    [
        "__import__('os').system('false')",
        "workGroup = 'x'",
        "workingGroup = :unknown",
        "(workingGroup = 'x'",
        "workingGroup =",
        "workingGroup 'x'",
        "workingGroup = 'x' 'y'",
        "1 ; 2",
    ],
)
def test_what_is_no_criterion_is_refused_and_never_executed(criteria: str) -> None:
    with pytest.raises(InvalidValue, match="the criteria"):
        parse_criteria(criteria, {})


@given(st.text(alphabet="ab=<>()':, NOTINLIKEAND1%", max_size=30))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        condition = parse_criteria(text, {})
    except InvalidValue:
        return
    with suppress(InvalidValue):  # a pattern of LIKE may be none
        condition(TASK)


def test_queues_are_tried_in_order_and_one_that_cannot_be_read_is_left_out() -> None:
    task = {**TASK, "vo": "wlcg", "prodsourcelabel": "managed"}
    queues = [
        WorkQueue(1, "bad", "wlcg", "managed", "nonsense("),
        WorkQueue(2, "events", "wlcg", "managed", "eventService=1"),
        WorkQueue(3, "other", "atlas", "managed"),
        WorkQueue(4, "share", "wlcg", "managed", is_share=True),
        WorkQueue(5, "rest", "wlcg", "managed"),
    ]
    assert queue_of(task, queues) == queues[4]
    assert queue_of(task, queues, "share") == queues[3]
    assert queue_of(task, queues, "other") == queues[4]
    assert queue_of({**task, "vo": "cms"}, queues) is None
