"""Parameters with odd values: each task is refined or broken, and none stops the others."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.shares.matching import ShareMatcher
from pandadb.core.shares.tree import Share
from pandadb.core.shares.work_queues import WorkQueue
from pandadb.core.tasks.refinement import refinements, task_columns
from pandadb.core.tasks.refinement.dataset_attributes import FLAGS
from pandadb.core.tasks.refinement.parameter_rules import RULES
from pandadb.core.tasks.refinement.surroundings import Surroundings
from tests.task_drafts import PARAMETERS, draft

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
ODD = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
NAMES = sorted(
    {
        *(rule.parameter for rule in RULES), *PARAMETERS, *task_columns.OBLIGATORY,
        *task_columns.OPTIONAL, *task_columns.DEFAULTS, "goal", "ttcrTimestamp", "reqID",
        "currentPriority", "nFilesPerJob", "sourceURL", "buildSpec", "fixedSandbox", "log_merge",
        "noInput", "mergeOutput", "segmentSpecs", "hpoRequestData", "esmergeSpec", "objectStore",
        "dsForIN", "toStaging", "workQueueName", "gshare", "cloud", "site", "minGranularity",
        "forceStaged", "uniqueTaskName", "ramUnit", "ramCountUnit", "walltimeUnit", "maxAttempt",
    }
)  # fmt: skip
FIELDS = [
    *FLAGS, "type", "value", "param_type", "dataset", "container", "token", "destination",
    "attributes", "offset", "nFilesPerJob", "num_records", "ratio", "eventRatio", "transient",
    "pseudo", "expand", "expandedList", "hidden", "es_only", "padding", "allowNoOutput",
]  # fmt: skip
SHARE = Share("A", 100, 100.0, {"rtype": "x", "workinggroup": ".*", "campaign": "c"})
AROUND = Surroundings(
    datetime(2026, 1, 1),
    [WorkQueue(1, "q", "wlcg", "managed", "coreCount > 1 OR campaign LIKE 'x' OR site IS NULL")],
    ShareMatcher([SHARE]),
    [],
    {},
    None,
)


def follow(parameters: dict[str, Any]) -> None:
    task = draft(**parameters)
    found = refinements._follow(task, AROUND)
    assert found.status in {"defined", "tobroken", "staging"}
    assert found.reason is None or len(found.reason) <= 510


@given(st.dictionaries(st.sampled_from(NAMES), ODD, max_size=6))
def test_odd_parameters_are_followed_or_refused(parameters: dict[str, Any]) -> None:
    follow(parameters)


@given(st.dictionaries(st.sampled_from(FIELDS), ODD, max_size=4), st.integers(0, 2))
def test_odd_items_are_followed_or_refused(fields: dict[str, Any], place: int) -> None:
    items = [dict(item) for item in (*PARAMETERS["jobParameters"], PARAMETERS["log"])]
    items[place] |= fields
    follow({"jobParameters": items[:2], "log": items[2], "mergeOutput": True})


@given(ODD)
def test_odd_segments_are_followed_or_refused(segments: Any) -> None:
    follow(
        {
            "hpoWorkflow": True, "hpoRequestData": {}, "segmentedWork": 1, "noInput": True,
            "segmentSpecs": segments,
        }
    )  # fmt: skip
