"""Mails on ends of tasks and job sets, through the outbox to a real mail server."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text, update

from pandadb.models import FilesTable4, JediDatasets, JediTasks, JobParamsTable, Users
from pandadb.sequences.database_results import DatabaseResults
from pandadb.sequences.mail.notifications import parse_fields, parse_message, text_of
from pandadb.sequences.mail.senders import Senders
from pandadb.sequences.results import JobNumbers
from pandadb.services import notifications, queue
from pandadb.services.transaction import VerbOptions
from tests.factories import ROW_IDS, make_job, make_task
from tests.queue.inboxes import running_smtp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from pandadb.config import Settings
    from pandadb.database import Database
    from tests.queue.inboxes import Inbox

pytestmark = pytest.mark.any_server
TASK, REQUEST = 4_000_001, 900


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, Settings]]:
    with running_smtp() as found:
        yield found


def put_users(session: Session) -> None:
    for name, email in (
        ("user", "user@example.org"),
        ("silent", "notsend"),
        ("silent2", "notsend@example.org"),
        ("silent2", "silent2@example.org"),
        ("nowhere", None),
    ):
        session.add(Users(name=name, email=email))
    session.flush()


def put_jobset(session: Session, jobset: int, hours: float = 1, **columns: Any) -> list[int]:
    """Make a job set that ended some hours ago: one job finished, one failed."""
    now = session.execute(text("SELECT now() AT TIME ZONE 'UTC'")).scalar_one()
    at = now - timedelta(hours=hours)
    given = {
        "jobsetid": jobset,
        "produsername": "user",
        "prodsourcelabel": "user",
        "computingsite": "SITE_A",
        "jobdefinitionid": 12,
        "modificationtime": at,
        "endtime": at,
        **columns,
    }
    return [make_job(session, state, **given) for state in ("finished", "failed")]


def end_task(session: Session, task: int, status: str = "finished", **columns: Any) -> None:
    """Let a task of 5 files end, of which 3 were processed."""
    values = {"status": status, "endtime": text("now() AT TIME ZONE 'UTC'"), **columns}
    given = {"username": "user", "prodsourcelabel": "user", **values}
    session.execute(update(JediTasks).where(JediTasks.jeditaskid == task).values(given))
    mine = JediDatasets.jeditaskid == task, JediDatasets.type == "input"
    counters = {"nfiles": 5, "nfilesfinished": 3, "nfilesfailed": 2}
    session.execute(update(JediDatasets).where(*mine).values(counters))


def send(database: Database, settings: Settings) -> int:
    done = queue.send_events(database, queue.mail_sink(settings))
    assert done.failed | done.given_up == {}
    return len(done.sent)


def test_a_task_has_jedis_form_and_a_job_set_the_old_one(
    database: Database, inbox: tuple[Inbox, Settings]
) -> None:
    mails, settings = inbox
    with database.session() as session:
        put_users(session)
        put_jobset(session, 77)
        make_task(session, TASK, files=5)
        end_task(session, TASK, errordialog="two files <b>failed</b>\nFailed : 0")

    done = notifications.notify(database, monitor_url="https://monitor.example.org")

    assert ([*done.tasks], [*done.jobsets]) == ([TASK], [77])
    assert send(database, settings) == 2
    by_subject = {str(mail["Subject"]): mail for mail in mails.mails}
    assert sorted(by_subject) == [
        f"JEDI notification for TaskID:{TASK} (3/5 Succeeded)",
        "PANDA notification for JobsetID : 77 (1/2 Succeeded)",
    ]
    task, jobset = (by_subject[name] for name in sorted(by_subject))
    lines = task.get_body(("plain",)).get_content().splitlines()
    assert lines[0] == f"Summary of TaskID:{TASK}"
    for line in (
        "Final Status : finished",
        "Total Number of Inputs : 5",
        "             Succeeded : 3",
        "Error Dialog : two files <b>failed</b> Failed: 0",
        f"PandaMonURL : https://monitor.example.org/task/{TASK}/",
    ):
        assert line in lines
    page = task.get_body(("html",)).get_content()
    assert "&lt;b&gt;failed&lt;/b&gt;" in page
    assert f'<a href="https://monitor.example.org/task/{TASK}/">' in page
    old = jobset.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert old.startswith("Summary of JobsetID : 77\n\nCreated : ")
    assert "JobID/Site : 12/SITE_A\n" in old
    assert "Total Number of Jobs : 2\n           Succeeded : 1\n           Partial   : 0\n" in old
    assert jobset["To"] == "user@example.org"


def test_a_mail_is_made_once_and_again_when_a_retried_task_has_ended_again(
    database: Database,
) -> None:
    with database.session() as session:
        put_users(session)
        pandaids = put_jobset(session, 77)
        make_task(session, TASK, files=5)
        end_task(session, TASK)
    dry = notifications.notify(database, VerbOptions(dry_run=True))
    assert notifications.notify(database).tasks.keys() == dry.tasks.keys() == {TASK}
    again = notifications.notify(database)
    assert (again.tasks, again.jobsets) == ({}, {})
    (event,) = [one for one in queue.events(database) if one.kind == "job set ended"]
    assert event.pandaid == pandaids[0], "it follows its job to the archive"

    with database.session() as session:
        end_task(session, TASK, "done")
        make_job(session, "running", jobsetid=77, produsername="user", prodsourcelabel="user")
    again = notifications.notify(database)
    assert ([*again.tasks], again.jobsets) == ([TASK], {}), "a job of the set lives again"


def test_users_and_labels_that_get_no_mails(database: Database) -> None:
    with database.session() as session:
        put_users(session)
        for jobset, user in enumerate(("silent", "silent2", "nowhere", "unknown"), start=1):
            put_jobset(session, jobset, produsername=user)
        put_jobset(session, 10, prodsourcelabel="managed")
        put_jobset(session, 11, hours=30)
        put_jobset(session, 12, jobsetid=0)
        put_jobset(session, 13, prodsourcelabel="panda")
        make_task(session, TASK, files=1)
        end_task(session, TASK, prodsourcelabel="managed")
        make_task(session, TASK + 1, files=1)
        end_task(session, TASK + 1, status="running", endtime=None)

    done = notifications.notify(database)
    assert (done.tasks, [*done.jobsets]) == ({}, [13])
    assert [*notifications.notify(database, hours=48).jobsets] == [11]


def test_the_job_set_of_tasks_has_the_old_form_too_if_asked_for_once_all_have_ended(
    database: Database,
) -> None:
    with database.session() as session:
        put_users(session)
        for task in (TASK, TASK + 1):
            make_task(session, task, files=1)
            put_jobset(session, REQUEST, jeditaskid=task)
        end_task(session, TASK, reqid=REQUEST)
        end_task(session, TASK + 1, "running", reqid=REQUEST, endtime=None)
    done = notifications.notify(database, both_forms=True)
    assert ([*done.tasks], done.jobsets) == ([TASK], {})
    with database.session() as session:
        end_task(session, TASK + 1)
    done = notifications.notify(database, both_forms=True)
    assert ([*done.tasks], [*done.jobsets]) == ([TASK + 1], [REQUEST])
    assert notifications.notify(database, both_forms=True).jobsets == {}


def test_a_mail_has_the_token_by_which_a_sequence_believes_it(
    database: Database, inbox: tuple[Inbox, Settings]
) -> None:
    mails, settings = inbox
    with database.session() as session:
        put_users(session)
        put_jobset(session, 77)
    notifications.notify(database)
    with_key = settings.model_copy(update={"mail_token_key": SecretStr("secret")})
    assert send(database, with_key) == 1

    (mail,) = mails.mails
    raw = mail.as_bytes()
    read = parse_message(raw)
    own = Senders(addresses=("panda@example.org",), token_key="secret")
    assert own.sent(read)
    assert own.believes(read, text_of(read))
    forged = parse_message(raw.replace(b"Failed    : 1", b"Failed    : 0"))
    assert not own.believes(forged, text_of(forged))
    assert b"secret" not in raw


def test_html_pages_escape_all_values_and_link_to_http_only() -> None:
    page = notifications.html_page(
        '<script>"', {"Name": "<img src=x>", "Files": ["a&b", "\0"], "None": None, "Empty": []},
        lead="<b>", link="javascript:alert(1)", log="</pre><script>",
    )  # fmt: skip
    for bad in ("<script>", "<img", "<b>", "javascript:", "\0", "Empty"):
        assert bad not in page
    assert "a&amp;b<br>" in page
    linked = notifications.html_page("t", {}, link='https://x/?a="b', link_text="it")
    assert '<a href="https://x/?a=&quot;b">it</a>' in linked


def test_the_result_from_a_mail_is_that_from_the_database(database: Database) -> None:
    with database.session() as session:
        put_users(session)
        pandaids = put_jobset(session, 77)
        session.add(JobParamsTable(pandaid=pandaids[0], jobparameters="--inDS a\n--x : y"))
        file = {"type": "output", "dataset": "2026"}
        session.add(FilesTable4(row_id=next(ROW_IDS), pandaid=pandaids[0], **file))
        make_task(session, TASK, files=5)
        make_job(session, "finished", jeditaskid=TASK, computingsite="SITE_B")
        end_task(session, TASK, errordialog="no\nFailed : 0")
    notifications.notify(database, monitor_url="https://monitor.example.org")
    texts = [one.payload["text"] for one in queue.events(database)]
    by_mail = [parse_fields(one) for one in texts]
    url = "https://monitor.example.org"
    source = DatabaseResults(database, "user", monitor_url=url)
    for numbers in (JobNumbers(task=TASK), JobNumbers(jobset=77)):
        found = source.find(numbers, newer_than=None)
        assert found is not None
        (mail,) = [one for one in by_mail if numbers.has(one)]
        assert mail == found.fields
