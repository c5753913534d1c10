"""Verbs on jobs: buttons by the state, a dry run that changes nothing, a confirmation, a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pandadb.services import jobs, queue
from pandadb.services.queue import NewQueueJob, Standing
from pandadb.web.operations.job_verbs import LIVE, VERBS
from tests.controller.queued_jobs import status, take, trio
from tests.factories import make_job
from tests.web.operators.forms import buttons, hidden, send, sentence, snapshot

if TYPE_CHECKING:
    from pandadb.database import Database
    from tests.web.browsers import Browser

pytestmark = pytest.mark.any_server
S = Standing
VALUES = {"priority": "7", "column": "corecount", "value": "8"}
"""Of required parameters."""


def submitted(database: Database, number: int = 1, **given: str) -> list[int]:
    new = [NewQueueJob("demo", handler="h", **given) for _ in range(number)]
    return queue.submit(database, new).pandaids


@pytest.mark.parametrize("standing", [S.READY, S.PAUSED, S.RUNNING, S.SUSPENDED, S.FINISHED])
def test_a_queued_job_has_the_buttons_of_the_matrix(
    operator: Browser, database: Database, standing: Standing
) -> None:
    job = trio(database, standing).job
    shown = buttons(operator.get(f"/jobs/{job}").text)
    allowed = {*queue.verbs_of(standing)}
    assert {one for verb in shown for one in VERBS[verb].matrix} >= allowed
    for verb in shown:
        own = {*VERBS[verb].matrix}
        assert own & allowed or (own == {"any live job"} and status(database, job) in LIVE)


@pytest.mark.parametrize("jobstatus", ["assigned", "activated", "running", "failed"])
def test_a_job_of_panda_has_the_buttons_of_its_transitions(
    operator: Browser, database: Database, jobstatus: str
) -> None:
    with database.session() as session:
        job = make_job(session, jobstatus)
    shown = buttons(operator.get(f"/jobs/{job}").text)
    legal = {*jobs.legal_from(jobstatus)} & VERBS.keys()
    if jobstatus == "failed":
        assert shown == ["retry"]
    else:
        assert {*shown} >= legal - {"cancel"}
        assert "pause" not in shown
        assert ("set priority" in shown) == (jobstatus in ("assigned", "activated"))


def test_readers_have_no_verbs_and_are_refused(reader: Browser, database: Database) -> None:
    (job,) = submitted(database)
    before = snapshot(database)
    for path in (f"/jobs/{job}", "/jobs", "/workers"):
        assert 'method="post"' not in reader.get(path).text
    for path in ("/jobs/verbs", "/workers/drain", "/tasks/1/command", "/flows/1/verb"):
        answer = send(reader, path, verb="cancel", pandaid=job, confirmed="true")
        assert answer.status_code == 403
    assert snapshot(database) == before


def test_the_dry_run_of_no_verb_changes_anything(operator: Browser, database: Database) -> None:
    ids = [trio(database, S.READY).job, trio(database, S.SUSPENDED).job]
    with database.session() as session:
        ids += [make_job(session, one) for one in ("assigned", "throttled", "running", "failed")]
    before, changing = snapshot(database), set()
    for name in VERBS:
        page = send(operator, "/jobs/verbs", verb=name, pandaid=ids, **VALUES)
        assert page.status_code == 200, name
        assert "Dry run: nothing has changed" in page.text
        if not sentence(page.text).startswith("0 jobs would change"):
            changing.add(name)
        assert snapshot(database) == before, name
    assert {*VERBS} - changing <= {"resume", "assign", "end commanded"}


def test_a_verb_without_a_required_value_asks_for_it(operator: Browser, database: Database) -> None:
    page = send(operator, "/jobs/verbs", verb="set priority", pandaid=submitted(database)).text
    assert sentence(page) == "Jobs: 1. Give a value: Priority."
    assert "confirmed" not in page


def test_what_was_confirmed_is_done_and_reported(operator: Browser, database: Database) -> None:
    ids = submitted(database, 2)
    page = send(operator, "/jobs/verbs", verb="pause", pandaid=ids).text
    assert sentence(page) == "2 jobs would change (2 from activated to throttled)."
    done = send(operator, "/jobs/verbs", **hidden(page), confirmed="true").text
    assert sentence(done) == "2 jobs have changed (2 from activated to throttled)."
    assert [status(database, job) for job in ids] == ["throttled", "throttled"]


def test_a_confirmation_that_is_sent_twice_does_nothing_more(
    operator: Browser, database: Database
) -> None:
    ids = submitted(database, 2)
    fields = hidden(send(operator, "/jobs/verbs", verb="cancel", pandaid=ids).text)
    send(operator, "/jobs/verbs", **fields, confirmed="true")
    before = snapshot(database)
    again = send(operator, "/jobs/verbs", **fields, confirmed="true").text
    assert sentence(again) == "0 jobs have changed. 2 jobs were refused: see below."
    assert f"Job {ids[0]} was activated at the dry run and is cancelled now" in again
    assert snapshot(database) == before


def test_a_job_that_has_begun_since_the_dry_run_is_left_alone(
    operator: Browser, database: Database
) -> None:
    first, second = submitted(database, 2)
    page = send(operator, "/jobs/verbs", verb="kill", pandaid=[first, second]).text
    take(database, first)
    send(operator, "/jobs/verbs", **hidden(page), confirmed="true", code="9")
    assert (status(database, first), status(database, second)) == ("sent", "cancelled")


def test_all_that_match_the_filter_are_taken_and_no_others(
    operator: Browser, database: Database
) -> None:
    mine, others = submitted(database, 3, name="mine"), submitted(database, 2, name="other")
    query = "name=mine&jobstatus=activated&limit=1&after=x"
    page = send(operator, "/jobs/verbs", verb="cancel", chosen="all", query=query).text
    assert sentence(page).startswith("3 jobs would change")
    send(operator, "/jobs/verbs", **hidden(page), confirmed="true")
    assert {status(database, job) for job in mine} == {"cancelled"}
    assert {status(database, job) for job in others} == {"activated"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"verb": "cancel"}, "No job is marked"),
        ({"verb": "cancel", "chosen": "all", "query": ""}, "The filter matches every job"),
        ({"verb": "cancel", "chosen": "all", "query": "jobstate=x"}, "jobstate"),
        ({"verb": "explode", "pandaid": "1"}, "There is no verb"),
        ({"verb": "cancel", "pandaid": "1 OR 1=1"}, "is no PandaID"),
        ({"verb": "kill", "pandaid": "1", "code": "nine"}, "code has to be a number"),
        ({"verb": "set state", "pandaid": "1", "state": "new"}, "There is no state"),
        ({"verb": "cancel", "seen": "x:y"}, "is no PandaID"),
    ],
)
def test_bad_forms_get_a_sentence(operator: Browser, fields: dict[str, str], words: str) -> None:
    answer = send(operator, "/jobs/verbs", **fields)
    assert answer.status_code == 400
    assert words in answer.text


def test_a_refused_job_does_not_stop_the_others(operator: Browser, database: Database) -> None:
    ready = submitted(database)[0]
    failed = trio(database, S.FAILED).job
    page = send(operator, "/jobs/verbs", verb="pause", pandaid=[ready, failed, 99_999_999]).text
    assert "1 job would change" in sentence(page)
    assert "2 jobs would be refused" in sentence(page)
    assert f"Job {failed} is failed" in page
    done = send(operator, "/jobs/verbs", **hidden(page), confirmed="true").text
    assert "1 job has changed" in sentence(done)
