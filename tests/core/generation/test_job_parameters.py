"""Parameters of jobs: templates with placeholders."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.generation.job_request import NotGenerated
from pandadb.core.generation.parameters import arithmetic, name_lists
from pandadb.core.generation.parameters.job_parameters import (
    parse_placeholder,
    resolved,
    unmerged_names,
)
from pandadb.core.generation.parameters.streams import Streams

IN = ["in._00001.root", "in._00002.root", "in._00003.root"]
MB = ["mb%3A1.root.1", "mb%3A2.root.2", "mb%3A3.root.3"]
ALL = ",".join(IN)
STREAMS = Streams(
    {"IN": IN, "MB": MB, "OUTPUT0": ["out.000001.root"], "SEQNUMBER": ["7"]},
    {"IN": "input.2001", "MB": "mb.2001"},
)


@pytest.mark.parametrize(
    ("placeholder", "text"),
    [
        ("IN", "in._[00001,00002,00003].root"),
        ("IN/L", ALL),
        ("IN/L/S", " ".join(IN)),
        ("IN/L/A", "'in._00001.root','in._00002.root','in._00003.root'"),
        ("IN/L/A/S", "'in._00001.root' 'in._00002.root' 'in._00003.root'"),
        ("IN/T", str(IN)),
        ("IN/F", "tmpin_input.2001"),
        ("IN/E", ALL),
        ("MB", "mb%3A[1,2,3].root"),
        ("MB/E", "mb:1.root.1,mb:2.root.2,mb:3.root.3"),
        ("IN,MB/L", ",".join(IN + MB)),
        ("OUTPUT0", "out.000001.root"),
        ("SEQNUMBER/M[#*2]", "14"),
        ("IN[0:2]", "in._[00001,00002].root"),
        ("IN[1]", "in._00002.root"),
        ("IN[-1]", "in._00003.root"),
        ("IN[1:]/L", "in._00002.root,in._00003.root"),
        ("SN/P", "000012"),
        ("MIDDLENAME", ""),
    ],
)
def test_each_placeholder_has_its_text(placeholder: str, text: str) -> None:
    values = {"SN/P": "000012", "MIDDLENAME": ""}
    assert resolved(f"-i ${{{placeholder}}} -x", STREAMS, values) == f"-i {text} -x"


@pytest.mark.parametrize(
    "placeholder",
    ["UNKNOWN", "IN/Z", "IN/A", "IN[7:9]", "IN[x]", "IN/M[#*2]", "SURL", "TRN_OUTPUT:OUTPUT"],
)
def test_a_placeholder_that_cannot_be_resolved_is_refused_by_name(placeholder: str) -> None:
    with pytest.raises(NotGenerated, match=re.escape(f"${{{placeholder}}}")):
        resolved(f"-i ${{{placeholder}}}", STREAMS, {"SURL": None})


def test_parameters_of_the_event_service_are_left_out() -> None:
    text = "-a<PANDA_ES_ONLY>--es ${NONE}</PANDA_ES_ONLY> -b"
    assert resolved(text, STREAMS, {}) == "-a -b"


def test_parameters_are_never_empty() -> None:
    assert resolved("", STREAMS, {}) == " "


def test_a_merge_job_names_inputs_and_outputs_of_each_stream() -> None:
    merging = Streams({"TRN_LOG0": ["a", "b"]}, merges={"OUTPUT": "x,y:z "})
    found = resolved("${TRN_OUTPUT:OUTPUT} -j ${TRN_LOG0/L}", merging, {})
    assert found == "x,y:z  -j a,b"


def test_options_of_outputs_that_nothing_is_merged_into_are_left_out() -> None:
    merging = Streams({"TRN_LOG0": ["a"]}, dropped={"OUTPUT1": ["z"]})
    assert resolved("--out=${OUTPUT1} --in=${TRN_OUTPUT1} -x", merging, {}) == "  -x"


def test_names_of_outputs_to_be_merged_have_their_mark_once() -> None:
    names = ["panda.um.out.1"]
    assert (
        unmerged_names("-o out.1 -p panda.um.out.1", names) == "-o panda.um.out.1 -p panda.um.out.1"
    )


@pytest.mark.parametrize("text", ["", "/L", "IN/lower", "IN/L[", "IN[0:2", "[0]"])
def test_what_is_no_placeholder_has_no_parts(text: str) -> None:
    assert parse_placeholder(text) is None


@given(st.text())
def test_any_text_may_be_parsed_as_a_placeholder(text: str) -> None:
    parse_placeholder(text)


@pytest.mark.parametrize(
    "names",
    [["a.root"], ["a.root", "a.root"], ["a1", "b1"], ["x.1.root", "x.y.root"], ["aa", "aaa"], []],
)
def test_names_that_differ_in_more_than_a_number_are_written_in_full(names: list[str]) -> None:
    assert name_lists.shortened(names) == ",".join(names)


@given(
    st.lists(st.integers(0, 10**6), min_size=2, max_size=6, unique=True),
    st.from_regex(r"[a-z._]{0,8}", fullmatch=True),
    st.from_regex(r"[a-z_]{1,6}", fullmatch=True),
)
def test_what_is_shortened_can_be_written_in_full_again(
    numbers: list[int], head: str, tail: str
) -> None:
    names = [f"{head}{number:07d}{tail}" for number in numbers]
    found = re.fullmatch(r"(.*)\[([\d,]+)\](.*)", name_lists.shortened(names))
    assert found is not None
    assert [f"{found[1]}{part}{found[3]}" for part in found[2].split(",")] == names


@pytest.mark.parametrize(
    ("formula", "result"),
    [("#*2", "14"), ("(#+1)//2", "4"), ("-#", "-7"), ("#**2 % 10", "9"), ("#/2", "3.5")],
)
def test_arithmetic_has_the_result_of_its_formula(formula: str, result: str) -> None:
    assert arithmetic.result(formula, "7") == result


@pytest.mark.parametrize(
    "formula",
    ["__import__('os')", "#/0", "9**9**9**9", "1e400*0", "# if 1 else 2", "len('x')", "#.real", ""],
)
def test_a_formula_can_do_arithmetic_only(formula: str) -> None:
    with pytest.raises(NotGenerated, match="no result"):
        arithmetic.result(formula, "7")


def test_parameters_of_the_event_service_are_for_its_jobs() -> None:
    template = (
        "-i ${IN[0]} <PANDA_ES_ONLY>--es ${SN}</PANDA_ES_ONLY><PANDA_ESMERGE_A>x</PANDA_ESMERGE_A>"
    )
    assert resolved(template, STREAMS, {"SN": 7}) == "-i in._00001.root "
    assert resolved(template, STREAMS, {"SN": 7}, by_events=True) == (
        "-i in._00001.root --es 7<PANDA_ESMERGE_A>x</PANDA_ESMERGE_A>"
    )


def test_placeholders_of_jobs_that_merge_ranges_may_stay() -> None:
    merge = "<PANDA_ESMERGE_JOBP>--out ${OUTPUT0} --of ${TRN_OUTPUT0}</PANDA_ESMERGE_JOBP>"
    assert resolved(merge, STREAMS, {}, by_events=True) == (
        "<PANDA_ESMERGE_JOBP>--out out.000001.root --of ${TRN_OUTPUT0}</PANDA_ESMERGE_JOBP>"
    )
    with pytest.raises(NotGenerated, match="TRN_OUTPUT0"):
        resolved(f"{merge} ${{TRN_OUTPUT0}}", STREAMS, {}, by_events=True)


def test_lists_of_tasks_that_may_have_jumbo_jobs_are_written_later() -> None:
    streams = Streams({"IN": IN}, {"IN": "input.2001"}, counted=True)
    assert resolved("${IN/L} ${IN}", streams, {}) == (
        "tmpin__cnt_input.2001 in._[00001,00002,00003].root"
    )
