"""What `specialhandling` says of ranges of events."""

from __future__ import annotations

import pytest

from pandadb.core.events.special_handling import (
    FileEvents,
    Flag,
    decode,
    has,
    is_event_service,
    with_flag,
)
from pandadb.core.sql.validation import InvalidValue

pytestmark = pytest.mark.any_server


@pytest.mark.parametrize(
    ("entry", "events"),
    [
        ("f/100/10", FileEvents(100, 10)),
        ("f/50/149/10", FileEvents(100, 10, 50)),
        ("f/50/149/10/3", FileEvents(100, 10, 50, 3)),
        ("f/50/149/10/3/200", FileEvents(100, 10, 50, 3)),
        ("f/0/-1/10", FileEvents(0, 10)),
    ],
)
def test_the_events_of_a_file_have_five_forms(entry: str, events: FileEvents) -> None:
    assert decode(f"es:{entry}^").files == {"f": events}


def test_the_entry_of_events_becomes_a_word_in_its_place() -> None:
    service = decode("hc:CERN,es:2:f/1/1^g/2/1^,re")

    assert service.specialhandling == "hc:CERN,eventservice,re"
    assert (service.index, [*service.files]) == ("2", ["f", "g"])


@pytest.mark.parametrize("text", [None, "", "hc:CERN,esmerge", "eventservice,sc:1"])
def test_other_jobs_stay_as_they_are(text: str | None) -> None:
    assert decode(text).specialhandling == text
    assert not decode(text).files


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("f/1", "has 'f/1' for a file: it has to be lfn/events/range"),
        ("f/1/2/3/4/5/6", "has 'f/1/2/3/4/5/6' for a file"),
        ("/1/1", "has '/1/1' for a file"),
        ("f/x/1", "has 'f/x/1' for a file"),
        ("f/10/0", "the length of a range of 'f' has to be from 1 to"),
        ("f/-5/1", "the number of events of 'f' has to be from 0 to"),
        ("f/1/1/1/0", "the number of attempts of 'f' has to be from 1 to 32,767"),
        ("f/-2/3/1", "the first event of 'f' has to be from 0"),
        ("f/999999999999/1", "the number of ranges of 'f' has to be from 0 to 10,000,000"),
    ],
)
def test_a_malformed_entry_is_refused_by_name(entry: str, words: str) -> None:
    with pytest.raises(InvalidValue, match=words):
        decode(f"es:{entry}^")


def test_fine_grained_jobs_take_no_ranges_of_the_event_service() -> None:
    assert is_event_service("eventservice,re", 1)
    assert is_event_service("eventservice", None)
    assert not is_event_service("eventservice", 6)
    assert not is_event_service("esmerge", 2)
    assert not is_event_service(None, 1)


def test_a_flag_is_there_once() -> None:
    assert with_flag("a,b", Flag.ALL_DONE) == with_flag("a,b,at", Flag.ALL_DONE) == "a,b,at"
    assert with_flag(None, Flag.ALL_DONE) == "at"
    assert has("a,sc:1", "sc")
    assert not has("scx,a", "sc")
