"""Malformed heartbeats: what is taken of them, what is not, and that the others are taken."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from pandadb.core.jobs import heartbeat_values
from pandadb.core.jobs.heartbeats import Answer, Heartbeat, beat
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import JobOutputReport, JobsActive4, MetaTable
from tests.factories import make_job

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def job(session: Session, pandaid: int) -> JobsActive4:
    return session.get_one(JobsActive4, pandaid, populate_existing=True)


def said_beside_another(session: Session, bad: Heartbeat) -> Answer:
    """Return the answer to a heartbeat; one of another job, in the same call, is taken."""
    healthy = make_job(session, "sent")
    beats = [bad, Heartbeat(healthy, "running", values={"maxpss": 5, "jobmetrics": "leak=7"})]

    answers = beat(session, beats, "node")

    assert answers[healthy] == Answer("running", None)
    now = job(session, healthy)
    assert (now.jobstatus, now.maxpss, now.memory_leak) == ("running", 5, 7)
    return answers[bad.pandaid]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("maxpss", "x", "maxpss has to be a whole number, not 'x'"),
        ("maxpss", 2**63, f"maxpss is too large: {2**63}, the limit is {2**63 - 1}"),
        pytest.param(
            "maxpss",
            10**5000,
            "maxpss is too large: a value of type int that is too large to be shown",
            id="huge",
        ),
        ("maxpss", [1] * 1000, "maxpss has to be a whole number, not [1, 1,"),
        ("maxpss", True, "maxpss has to be a whole number, not True"),
        ("maxpss", float("nan"), "maxpss has to be a whole number, not nan"),
        ("meancorecount", float("nan"), "meancorecount has to be a number, not nan"),
        ("meancorecount", float("inf"), "meancorecount has to be a number, not inf"),
        ("meancorecount", Decimal("-Infinity"), "meancorecount has to be a number, not -Infinity"),
        ("meancorecount", Decimal("sNaN"), "meancorecount has to be a number, not sNaN"),
        ("meancorecount", 10**400, "meancorecount is too large: 1000"),
        ("meancorecount", 1e300, "meancorecount is too large: 1e+300, 6 digits fit"),
        ("meancorecount", 999999.995, "meancorecount is too large: 999999.995, 6 digits fit"),
        ("transexitcode", 65, "transexitcode has to be text, not 65"),
        ("transexitcode", "x" * 600, "transexitcode is too long: 600 characters, 128 fit"),
        ("piloterrordiag", "a\0b", "piloterrordiag cannot have a NUL character in it"),
        ("jobmetrics", "leak=5 \0", "jobmetrics cannot have a NUL character in it"),
        ("jobmetrics", "leak=5 \ud800", "jobmetrics has bytes in it that are not UTF-8"),
        ("jobmetrics", 5, "jobmetrics has to be text, not 5"),
        ("starttime", "2026-01-01", "starttime has to be a time, not '2026-01-01'"),
        ("starttime", datetime(2026, 1, 1, tzinfo=UTC), "starttime has to be naive UTC"),
        ("currentpriority", None, "currentpriority has to have a value"),
        ("maxpsss", 5, "jobsactive4 has no column 'maxpsss': is it maxpss?"),
        (5, 5, "jobsactive4 has no column 5"),
        ("\ud800", 5, "jobsactive4 has no column '\\ud800'"),
        ("pandaids", [5], "jobsactive4 has no column 'pandaids': is it pandaid?"),
        ("pandaid", 5, "pandaid is set by the heartbeat itself"),
        ("jobstatus", "finished", "jobstatus is set by the heartbeat itself"),
        ("attemptnr", 7, "attemptnr is set by the heartbeat itself"),
        ("modificationtime", datetime(1970, 1, 1), "modificationtime is set by the heartbeat"),
    ],
)
def test_a_value_that_its_column_cannot_take_is_left_out(
    session: Session, name: Any, value: Any, sentence: str
) -> None:
    pandaid = make_job(session, "running", attemptnr=1)

    bad = Heartbeat(pandaid, "finished", values={"nevents": 7, name: value}, report="{}")
    answer = said_beside_another(session, bad)

    assert answer.left_out[0].startswith(sentence)
    assert answer == Answer("holding", None, None, answer.left_out)
    now = job(session, pandaid)
    assert (now.jobstatus, now.nevents, now.memory_leak) == ("holding", 7, None)
    assert session.scalars(select(JobOutputReport.pandaid)).all() == [pandaid]


@pytest.mark.parametrize("metadata", ["a\0", "\ud800", 5])
def test_metadata_that_cannot_be_kept_is_left_out(session: Session, metadata: Any) -> None:
    pandaid = make_job(session, "running", attemptnr=1)

    answer = said_beside_another(session, Heartbeat(pandaid, "finished", metadata=metadata))

    assert len(answer.left_out) == 1
    assert answer.left_out[0].startswith("metadata ")
    assert session.scalars(select(JobOutputReport.pandaid)).all() == [pandaid]
    assert session.scalars(select(MetaTable.pandaid)).all() == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"jobstatus": "activated"}, "a pilot says starting, .*, failed, not 'activated'"),
        ({"jobstatus": ["running"]}, "jobstatus has to be text, not .'running'."),
        ({"attemptnr": "1"}, "attemptnr has to be a whole number, not '1'"),
        ({"attemptnr": 2**40}, "attemptnr is too large"),
        ({"values": [1]}, "values has to be columns with their values, not .1."),
        ({"report": "a\0"}, "report cannot have a NUL character in it"),
        ({"report": "\ud800"}, "report has bytes in it that are not UTF-8"),
        ({"report": 5}, "report has to be text, not 5"),
    ],
)
def test_a_heartbeat_that_means_nothing_is_refused_and_its_pilot_still_told_its_command(
    session: Session, wrong: dict[str, Any], sentence: str
) -> None:
    pandaid = make_job(session, "running", commandtopilot="tobekilled")
    given: dict[str, Any] = {"jobstatus": "finished", "values": {"nevents": 7}, **wrong}

    answer = said_beside_another(session, Heartbeat(pandaid, **given))

    assert answer.ignored is not None
    with pytest.raises(InvalidValue, match=sentence):
        raise InvalidValue(answer.ignored)
    assert answer == Answer("running", "tobekilled", answer.ignored)
    assert (job(session, pandaid).jobstatus, job(session, pandaid).nevents) == ("running", 0)
    assert session.scalar(select(func.count()).select_from(JobOutputReport)) == 0


@pytest.mark.parametrize("pandaid", [2**63, -(2**63) - 1, "12", 1.5, None])
def test_no_job_can_have_what_is_no_pandaid(session: Session, pandaid: Any) -> None:
    answer = said_beside_another(session, Heartbeat(pandaid, "finished"))

    assert (answer.ignored or "").startswith("pandaid ")
    assert answer == Answer(None, None, answer.ignored)


@pytest.mark.parametrize("pandaid", [2**63 - 1, -(2**63), 0])
def test_a_pilot_of_a_job_that_is_nowhere_is_to_end(session: Session, pandaid: int) -> None:
    answer = said_beside_another(session, Heartbeat(pandaid, "finished"))

    assert answer == Answer(None, "tobekilled", "the job is not active")


def test_a_heartbeat_of_a_job_may_follow_one_that_is_refused(session: Session) -> None:
    pandaid = make_job(session, "running")
    states = ["running", "nonsense", "finished"]

    answers = beat(session, [Heartbeat(pandaid, state) for state in states], "node")

    assert answers == {pandaid: Answer("holding", None)}


def test_texts_that_are_too_long_are_cut_where_the_server_cuts_them(session: Session) -> None:
    pandaid = make_job(session, "running")
    long = dict.fromkeys(heartbeat_values.TRUNCATED_COLUMNS, "é" * 800)

    answer = said_beside_another(session, Heartbeat(pandaid, "holding", values=long))

    assert answer == Answer("holding", None)
    now = job(session, pandaid)
    assert {getattr(now, n).count("é") for n in heartbeat_values.TRUNCATED_COLUMNS} == {
        heartbeat_values.WIDTHS[n] for n in long
    }


@pytest.mark.parametrize(
    ("jobmetrics", "slope", "fit"),
    [
        ("leak=1.2.3 chi2=0.5", None, "0.5"),
        (f"leak={'9' * 400} chi2={'9' * 400}", 10**11 - 1, "99999999999"),
        (f"leak=-{'9' * 400}", -(10**11) + 1, None),
        ("leak=1e400 chi2=1e-400", 10**11 - 1, "0"),
        ("leak=. chi2=..", None, None),
        ("leak=-3. chi2=-0.25,", -3, "-0.25"),
        ("leak=1.5e1 chi2=nan", 15, None),
        ("leak=\u0663", None, None),
        ("noleak=5", None, None),
    ],
)
def test_a_leak_is_read_where_it_is_a_number(
    session: Session, jobmetrics: str, slope: int | None, fit: str | None
) -> None:
    pandaid = make_job(session, "running")

    values = {"jobmetrics": jobmetrics}
    answer = said_beside_another(session, Heartbeat(pandaid, "running", values=values))

    assert answer == Answer("running", None)
    now = job(session, pandaid)
    assert (now.jobmetrics, now.memory_leak) == (jobmetrics[:500], slope)
    assert now.memory_leak_x2 == (None if fit is None else Decimal(fit))


class Word(StrEnum):
    """A text of another type."""

    SEVEN = "seven"


def test_values_of_one_column_may_be_of_several_types(session: Session) -> None:
    cores = [8, 7.25, Decimal("1.5"), None]
    texts = [Word.SEVEN, "a", None, "b"]
    pandaids = [make_job(session, "running") for _ in cores]
    beats = [
        Heartbeat(one, "running", values={"meancorecount": core, "pilotid": text})
        for one, core, text in zip(pandaids, cores, texts, strict=True)
    ]

    assert {*beat(session, beats, "node").values()} == {Answer("running", None)}

    assert [job(session, one).meancorecount for one in pandaids] == cores
    assert [job(session, one).pilotid for one in pandaids] == ["seven", "a", None, "b"]


WRONG: Any = ([5], Decimal("sNaN"))


@pytest.mark.parametrize(
    ("beats", "sentence"),
    [
        (None, "Heartbeats have to be a list of Heartbeat, not None"),
        ("text", "Heartbeats have to be a list of Heartbeat, not 'text'"),
        ({5: "running"}, "Heartbeats have to be a list of Heartbeat, not {5: 'running'}"),
        (Heartbeat(5, "running"), "Heartbeats have to be a list of Heartbeat, not Heartbeat"),
        ([{"pandaid": 5}], "heartbeat 1 has to be a Heartbeat, not {'pandaid': 5}"),
        ([Heartbeat(WRONG[0], "running")], "heartbeat 1: pandaid has to be a whole number, not"),
        ([Heartbeat(WRONG[1], "running")], "heartbeat 1: pandaid has to be a whole"),
    ],
)
def test_what_are_no_heartbeats_is_refused_as_a_whole(
    session: Session, beats: Any, sentence: str
) -> None:
    with pytest.raises(InvalidValue, match=sentence):
        beat(session, beats, "node")


@pytest.mark.parametrize("host", ["a\0", "\ud800", 5])
def test_a_host_has_to_be_text(session: Session, host: Any) -> None:
    with pytest.raises(InvalidValue, match="modificationhost"):
        beat(session, [Heartbeat(make_job(session, "running"), "running")], host)


def test_heartbeats_may_come_one_by_one(session: Session) -> None:
    pandaid = make_job(session, "running")
    beats: Any = (Heartbeat(one, "running") for one in [pandaid])

    assert beat(session, beats, "node") == {pandaid: Answer("running", None)}
    assert beat(session, [], "node") == {}


TEXTS = st.text(st.characters(exclude_categories=()), max_size=20) | st.sampled_from(
    ["a\0", "\ud800", "{", '"', "\\", "leak=1.2.3 chi2=9..", "NULL", "", "é" * 600]
)
NUMBERS = (
    st.integers()
    | st.floats()
    | st.decimals()
    | st.sampled_from([2**31, 2**63 - 1, 2**63, 10**400, -(10**400)])
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | TEXTS | NUMBERS | st.datetimes() | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from([*JobsActive4.__table__.columns.keys()])
VALUES = st.dictionaries(NAMES | TEXTS | st.integers(), ANYTHING, max_size=6)
HOSTILE = st.lists(
    st.fixed_dictionaries(
        {
            "pandaid": st.integers() | st.integers(1, 4) | st.floats() | TEXTS | st.none(),
            "jobstatus": st.sampled_from(heartbeat_values.REPORTED_STATES) | ANYTHING,
        },
        optional={
            "attemptnr": st.just(1) | ANYTHING,
            "values": VALUES | ANYTHING,
            "report": TEXTS | ANYTHING,
            "metadata": TEXTS | ANYTHING,
        },
    ),
    max_size=4,
)


@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.reuse, Phase.generate],  # to shrink takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(hostile=HOSTILE, state=st.sampled_from(heartbeat_values.REPORTED_STATES), data=st.data())
def test_healthy_heartbeats_are_taken_whatever_comes_with_them(
    session: Session, hostile: list[dict[str, Any]], state: str, data: st.DataObject
) -> None:
    undone = session.begin_nested()
    try:
        for pandaid in (1, 2, 3, 4):
            make_job(session, "running", pandaid=pandaid, attemptnr=1)
        healthy = [make_job(session, "running", attemptnr=1) for _ in range(2)]
        beats = [Heartbeat(one, state, values={"maxpss": one}, report="{}") for one in healthy]
        beats += [Heartbeat(**one) for one in hostile if one["pandaid"] not in healthy]

        answers = beat(session, data.draw(st.permutations(beats)), "node")

        assert [answers[one].ignored for one in healthy] == [None, None]
        assert [job(session, one).maxpss for one in healthy] == healthy
    finally:
        undone.rollback()
