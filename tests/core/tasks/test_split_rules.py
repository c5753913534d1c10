"""Codes of SPLITRULE."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.sql.validation import InvalidValue
from pandadb.core.tasks import split_rules

VALUES = st.from_regex(r"-?[0-9]{1,6}(,[0-9]{1,3}){0,2}|[a-z_]{1,8}", fullmatch=True)


@given(st.dictionaries(st.sampled_from([*split_rules.NAMES]), VALUES, max_size=20))
def test_rules_are_read_as_they_were_written(rules: dict[str, str]) -> None:
    found = split_rules.parse_rules(split_rules.format_rules(rules))
    assert found == rules
    assert [*found] == [*rules]


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    split_rules.parse_rules(text)


def test_of_a_code_that_is_there_twice_the_first_counts() -> None:
    assert split_rules.parse_rules("NF=1,MF=2,NF=3,4") == {"NF": "1", "MF": "2"}


def test_a_value_has_commas_and_a_beginning_without_a_code_is_left_out() -> None:
    assert split_rules.parse_rules("x,AN=1,2,3,US=2") == {"AN": "1,2,3", "US": "2"}
    assert split_rules.parse_rules(None) == {}
    assert split_rules.format_rules({}) is None


@pytest.mark.parametrize(
    ("rules", "rule", "number"),
    [
        ("NG=2.5", "nGBPerJob", 2),
        ("TW=-3", "t1Weight", -3),
        ("NF=-3", "NF", None),
        ("NF=", "NF", None),
        ("US=1", "NF", None),
    ],
)
def test_a_number_is_what_the_value_begins_with(rules: str, rule: str, number: int | None) -> None:
    assert split_rules.rule_number(split_rules.parse_rules(rules), rule) == number


def test_a_switch_is_on_with_any_number() -> None:
    rules = split_rules.parse_rules("UB=0,PC=True")
    assert split_rules.has_rule(rules, "useBuild")
    assert not split_rules.has_rule(rules, "pushStatusChanges")


def test_values_have_meanings() -> None:
    rules = split_rules.parse_rules("US=2,NF=2,IL=9")
    assert split_rules.rule_word(rules, "useScout") == "will_update_requirements"
    assert split_rules.rule_word(rules, "nFilesPerJob") == "2"
    assert split_rules.rule_word(rules, "allowInputLAN") == "9"
    assert split_rules.rule_word(rules, "waitInput") is None
    assert split_rules.value_of_word("allowInputLAN", "only") == "2"
    assert split_rules.value_of_word("allowInputLAN", "never") is None


def test_a_rule_that_is_changed_goes_to_the_end() -> None:
    rules = split_rules.parse_rules("NF=1,AN=1,2,US=2")
    assert split_rules.format_rules(split_rules.change_rule(rules, "NF", 5)) == "AN=1,2,US=2,NF=5"
    assert split_rules.format_rules(split_rules.change_rule(rules, "AN", None)) == "NF=1,US=2"
    assert split_rules.format_rules(split_rules.change_rule(rules, "US", "")) == "NF=1,AN=1,2"


def test_unknown_rules_are_refused_by_name() -> None:
    with pytest.raises(InvalidValue, match="no split rule 'nFilePerJob': is it nFilesPerJob"):
        split_rules.code_of("nFilePerJob")
    with pytest.raises(InvalidValue, match=r"ES \(nEventsPerWorker\) with the value '2' is not"):
        split_rules.check_known({"NF": "1", "ES": "2"}, ["NF"])
    with pytest.raises(InvalidValue, match="split rule 'QQ' with"):
        split_rules.check_known({"QQ": "2"}, split_rules.NAMES)


def test_only_some_rules_can_be_changed() -> None:
    assert split_rules.check_changeable("MF") == split_rules.check_changeable("nMaxFilesPerJob")
    with pytest.raises(InvalidValue, match="useScout cannot be changed"):
        split_rules.check_changeable("US")
