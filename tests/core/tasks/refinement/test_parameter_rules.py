"""Split rules of parameters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.tasks.refinement import parameter_rules
from pandadb.core.tasks.refinement.parameter_rules import PARTNERS, RULES, When
from pandadb.core.tasks.split_rules import NAMES, format_rules, parse_rules
from pandadb.core.tasks.submission.parameters import InvalidTask
from tests.task_drafts import draft


def rules_of(status: str = "registered", splitrule: str | None = None, **given: Any) -> str | None:
    task = draft(status, splitrule, **given)
    parameter_rules.set_rules(task)
    return format_rules(task.rules)


@pytest.mark.parametrize(
    ("given", "rules"),
    [
        ({}, "US=2"),
        ({"skipScout": False}, None),
        ({"nFilesPerJob": 2, "nGBPerJob": "10"}, "US=2,NF=2,NG=10"),
        ({"nEventsPerJob": 2000, "nEventsPerInputFile": 500}, "US=2,NF=4,NE=2000,EI=500"),
        ({"nEventsPerJob": 200, "nEventsPerInputFile": 500}, "US=2,NE=200,EI=500"),
        ({"addNthFieldToLFN": "2,4", "t1Weight": -1}, "US=2,AN=2,4,TW=-1"),
        ({"forceStaged": True, "useLocalIO": True}, "US=2,LI=1"),
        ({"useLocalIO": False}, "US=2,LI=0"),
        ({"loadXML": "x"}, "US=2,LX=3,GB=4"),
        ({"noWaitParent": 1, "putLogToOS": True}, "US=2,PO=1"),
        ({"respectLB": False, "noLoopingCheck": 1, "debugMode": ""}, "US=2,RL=1,LC=1"),
        ({"ipConnectivity": "http#IPv6", "altStageOut": "maybe"}, "US=2,IP=2,IK=6"),
        ({"ipConnectivity": "#IPv4"}, "US=2,IK=4"),
        ({"allowInputLAN": "only", "fullChain": "capable"}, "US=2,IL=2,FU=3"),
        ({"ddmBackEnd": "rucio", "useJobCloning": "storeonce"}, "US=2,DE=rucio,UC=2"),
        ({"segmentedWork": True}, "US=2"),
        ({"segmentedWork": True, "segmentSpecs": []}, "US=2,SW=1"),
        ({"registerEsFiles": True}, "US=2"),
        ({"maxJumboPerSite": 2}, "US=2"),
        ({"maxJumboPerSite": 2, "nJumboJobs": 3}, "US=2,NJ=3,MJ=2"),
    ],
)
def test_parameters_make_rules(given: dict[str, Any], rules: str | None) -> None:
    assert rules_of(**given) == rules


def test_null_is_no_parameter() -> None:
    assert rules_of(**{rule.parameter: None for rule in RULES}, nFilesPerJob=None) == "US=2"


def test_a_task_that_has_rules_keeps_their_places() -> None:
    old = "NF=1,US=3,RL=1,NG=2"
    assert rules_of("rerefine", old, nFilesPerJob=9, nMaxFilesPerJob=5) == "NF=9,US=3,RL=1,MF=5"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("nFilesPerJob", "1,US=3"),
        ("nGBPerJob", "many"),
        ("maxWalltime", [1]),
        ("nEventsPerJob", {"x": 1}),
        ("ddmBackEnd", "a,US=3"),
        ("ddmBackEnd", 1),
    ],
)
def test_what_would_break_the_column_is_refused(name: str, value: Any) -> None:
    with pytest.raises(InvalidTask, match=f"{name} has to be a n"):
        rules_of(**{name: value, "nEventsPerInputFile": 1})


def test_every_rule_has_a_code_that_is_known() -> None:
    assert {rule.code for rule in RULES} <= {*NAMES}


NUMBERS = [rule.parameter for rule in RULES if rule.when in (When.VALUE, When.KEPT)]


@given(st.dictionaries(st.sampled_from(NUMBERS), st.integers(0, 10**6)))
def test_numbers_can_be_read_back(given: dict[str, int]) -> None:
    found = parse_rules(rules_of(**given))
    for rule in RULES:
        if rule.parameter in given and rule.parameter not in PARTNERS:
            assert found[rule.code] == str(given[rule.parameter])
