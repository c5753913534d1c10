"""The outbox: events are sent at least once and in order, by mail to a real server, or to files."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, text, update

from pandadb.config import Settings
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import Outbox
from pandadb.services import queue
from pandadb.services.queue import Event, NewQueueJob, Undeliverable
from tests.queue.inboxes import Inbox, running_smtp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pandadb.database import Database

pytest.importorskip("aiosmtpd.controller")
MAIL = {"to": "user@example.org", "subject": "Grüße", "text": "done\n", "html": "<p>done</p>"}


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def smtp(inbox: Inbox) -> Iterator[Settings]:
    """The settings of a server that runs."""
    with running_smtp(inbox) as (_, settings):
        yield settings


def put(database: Database, *payloads: Any, pandaid: int | None = None, kind: str = "mail") -> None:
    with database.session() as session:
        rows = [{"kind": kind, "pandaid": pandaid, "payload": one} for one in payloads]
        session.execute(insert(Outbox), rows)


def be_due(database: Database) -> None:
    with database.session() as session:
        session.execute(text("UPDATE pandadb.outbox SET retry_after = '2020-01-01'"))


def test_the_end_of_a_job_is_mailed_once(database: Database, smtp: Settings, inbox: Inbox) -> None:
    job = NewQueueJob("demo", "sum", metadata={"mail": "user@example.org"}, announce=True)
    (pandaid,) = queue.submit(database, [job]).pandaids
    queue.finish(database, queue.claim(database, "demo", 1, owner="w"))

    done = queue.send_events(database, queue.mail_sink(smtp))

    assert len(done.sent) == 1
    (mail,) = inbox.mails
    assert (mail["To"], mail["From"]) == ("user@example.org", "panda@example.org")
    assert mail["Subject"] == "Job sum has ended: finished"
    assert f"job: {pandaid}" in mail.get_content()
    assert queue.send_events(database, queue.mail_sink(smtp)).number == 0
    assert queue.events(database)[0].state == "sent"


def test_a_mail_has_what_its_payload_says_and_the_same_id_each_time(
    database: Database, smtp: Settings, inbox: Inbox
) -> None:
    put(database, MAIL)
    (event,) = queue.events(database)
    sink = queue.mail_sink(smtp)
    sink(event)
    queue.send_events(database, sink)

    first, second = inbox.mails
    assert first["Message-ID"] == second["Message-ID"] == f"<{event.dedupe_id}@example.org>"
    assert first["Subject"] == "Grüße"
    assert [part.get_content_type() for part in first.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize(
    "payload",
    [
        {},
        "text",
        {"to": []},
        {"to": "no address\r\nBcc: all@example.org"},
        {"to": ["a@example.org", 5]},
        {"to": "a@example.org", "subject": "x\r\nBcc: all@example.org"},
    ],
)
def test_an_event_that_can_be_no_mail_is_given_up_with_the_reason(
    database: Database, smtp: Settings, inbox: Inbox, payload: Any
) -> None:
    put(database, payload)

    done = queue.send_events(database, queue.mail_sink(smtp))

    assert (len(done.given_up), inbox.mails) == (1, [])
    (event,) = queue.events(database, "given up")
    assert event.last_error in done.given_up.values()


def test_a_refused_address_is_given_up_and_a_busy_server_is_tried_again(
    database: Database, smtp: Settings, inbox: Inbox
) -> None:
    inbox.refused = {"none@example.org": "550 no such user", "busy@example.org": "450 later"}
    put(database, {"to": "none@example.org"}, {"to": "busy@example.org"})

    done = queue.send_events(database, queue.mail_sink(smtp))

    assert [*done.given_up.values()] == ["The server refuses the address: 550 no such user"]
    assert [*done.failed.values()] == ["The server refuses the address: 450 later"]
    assert queue.send_events(database, queue.mail_sink(smtp)).number == 0  # not before its time
    inbox.refused = {}
    be_due(database)
    assert len(queue.send_events(database, queue.mail_sink(smtp)).sent) == 1


def test_a_server_that_is_away_costs_no_event(database: Database, smtp: Settings) -> None:
    put(database, MAIL)
    away = smtp.model_copy(update={"smtp_port": 1})

    done = queue.send_events(database, queue.mail_sink(away))

    assert "refused" in next(iter(done.failed.values()))
    (event,) = queue.events(database, "waiting")
    assert event.attempts == 1
    assert event.retry_after is not None


def test_a_server_without_encryption_is_refused_unless_it_is_wanted(
    database: Database, smtp: Settings, inbox: Inbox
) -> None:
    put(database, MAIL)
    wanted = smtp.model_copy(update={"smtp_security": "starttls"})

    done = queue.send_events(database, queue.mail_sink(wanted))

    assert "STARTTLS" in next(iter(done.failed.values()))
    assert inbox.mails == []


def test_the_last_attempt_gives_up(database: Database) -> None:
    put(database, MAIL)
    fails = Failing()
    assert len(queue.send_events(database, fails, max_attempts=2).failed) == 1
    be_due(database)
    assert len(queue.send_events(database, fails, max_attempts=2).given_up) == 1
    be_due(database)
    assert queue.send_events(database, fails).number == 0
    (event,) = queue.events(database)
    assert (event.state, event.attempts, event.last_error) == ("given up", 2, "boom")

    assert queue.send_again(database, [event.event_id]) == [event.event_id]
    assert len(queue.send_events(database, Kept()).sent) == 1
    assert queue.send_again(database, [event.event_id]) == []


class Failing:
    """A sink that fails."""

    def __call__(self, _event: Event) -> None:
        raise RuntimeError("boom")


class Kept:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event.payload)


def test_the_events_of_a_job_leave_in_their_order(database: Database) -> None:
    put(database, "A1", "A2", pandaid=1)
    put(database, "B1", pandaid=2)
    put(database, "none", "none")
    refuses = Kept()

    def sink(event: Event) -> None:
        if event.payload == "A1":
            raise Undeliverable("not now") if refuses.events else RuntimeError("not now")
        refuses(event)

    first = queue.send_events(database, sink)
    assert (refuses.events, len(first.failed)) == (["B1", "none", "none"], 1)
    be_due(database)
    queue.send_events(database, sink)
    assert refuses.events == ["B1", "none", "none", "A2"]  # when A1 is given up


def test_kinds_are_sent_apart(database: Database) -> None:
    put(database, "m", pandaid=1)
    put(database, "s", pandaid=1, kind="state")
    kept = Kept()

    queue.send_events(database, kept, kinds=["state"])

    assert kept.events == ["s"]


def test_relays_at_once_send_each_event_once(database: Database) -> None:
    put(database, *range(60))
    kept = Kept()
    threads = [threading.Thread(target=queue.send_events, args=(database, kept)) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert sorted(kept.events) == [*range(60)]


def test_a_relay_that_died_leaves_its_events_to_the_next(database: Database) -> None:
    from pandadb.core.queue.upkeep import outbox

    put(database, "A")
    with database.session() as session:
        assert len(outbox.take(session, 5)) == 1
    kept = Kept()
    assert queue.send_events(database, kept).number == 0  # it may be at work still
    be_due(database)
    assert len(queue.send_events(database, kept).sent) == 1


def test_a_relay_that_was_slow_does_not_disturb_the_next(database: Database) -> None:
    from pandadb.core.queue.upkeep import outbox

    put(database, "A")
    with database.session() as session:
        (slow,) = outbox.take(session, 5)
    be_due(database)
    with database.session() as session:
        (_mine,) = outbox.take(session, 5)
        outbox.note_failed(session, slow, "late", max_attempts=1)
    (event,) = queue.events(database)
    assert (event.state, event.last_error) == ("waiting", None)


def test_files_are_whole_mails(database: Database, tmp_path: Path) -> None:
    put(database, MAIL)
    sink = queue.folder_sink(tmp_path / "outbox")

    queue.send_events(database, sink)
    sink(queue.events(database)[0])

    (file,) = (tmp_path / "outbox").iterdir()
    assert b"Subject: =?utf-8?" in file.read_bytes()


def test_a_limit_is_kept(database: Database) -> None:
    put(database, *range(30))
    kept = Kept()
    assert queue.send_events(database, kept, limit=25).number == 25
    assert kept.events == [*range(25)]
    assert len(queue.events(database, "waiting", after=27)) == 3


def test_what_cannot_be_is_refused(database: Database) -> None:
    with pytest.raises(InvalidValue, match="waiting, sent, given up"):
        queue.events(database, "lost")
    with pytest.raises(InvalidValue, match="limit"):
        queue.send_events(database, Kept(), limit=0)
    with pytest.raises(InvalidValue, match="PANDADB_SMTP_HOST"):
        queue.mail_sink(Settings())


def test_an_error_of_any_length_is_kept(database: Database) -> None:
    put(database, "A")

    def sink(_event: Event) -> None:
        raise RuntimeError("a\0b\n" * 5000)

    queue.send_events(database, sink)

    (event,) = queue.events(database)
    assert event.last_error is not None
    assert len(event.last_error) == 2000
    with database.session() as session:
        session.execute(update(Outbox).values(kind="x"))
