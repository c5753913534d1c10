"""Hostile names: markup in every text that a user or a pilot can write stays text on each page."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from pandadb.models import FilesTable4, JediTasks, JobsDebug, JobsStatusLog
from pandadb.services import queue
from pandadb.services.queue import NewQueueJob
from pandadb.services.queue.flows import NewFlow
from tests.factories import ROW_IDS, make_job, make_task
from tests.web.operators.forms import send

if TYPE_CHECKING:
    from pandadb.database import Database
    from tests.web.browsers import Browser

pytestmark = pytest.mark.any_server
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
SAFE = (escape(HOSTILE), escape(HOSTILE).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"))
TASK = 70
SHORT = '"><b onx=1>'
"""For columns that are too short for the other."""


def fill(database: Database) -> None:
    """Make jobs, a task, a flow and a worker whose names are markup."""
    flow = [
        NewQueueJob(name=HOSTILE, handler=HOSTILE, username=HOSTILE, group=HOSTILE,
                    arguments={HOSTILE: HOSTILE}),
        NewQueueJob(name="child", handler="h", parents=[HOSTILE]),
    ]  # fmt: skip
    queue.submit(database, flow, flow=NewFlow(HOSTILE, queue=HOSTILE))
    queue.register(database, HOSTILE, [HOSTILE], 1)
    with database.session() as session:
        make_task(session, TASK, 1)
        job = make_job(
            session, "failed", jobname=HOSTILE, produsername=HOSTILE, computingsite=HOSTILE,
            piloterrorcode=1305, piloterrordiag=HOSTILE, jeditaskid=TASK, pilotid=HOSTILE,
        )  # fmt: skip
        session.add(FilesTable4(row_id=next(ROW_IDS), pandaid=job, type="input", status="ready",
                                lfn=HOSTILE, dataset=HOSTILE, scope=SHORT))  # fmt: skip
        session.add(JobsDebug(pandaid=job, stdout=HOSTILE))
        session.add(JobsStatusLog(pandaid=job, jobstatus="failed", modificationhost=HOSTILE,
                                  modificationtime=datetime(2026, 1, 1),
                                  computingsite=HOSTILE))  # fmt: skip
        task = session.get_one(JediTasks, TASK)
        task.taskname = task.username = task.errordialog = HOSTILE
        for statement in SATELLITES:
            session.execute(text(statement), {"job": job, "task": TASK, "text": HOSTILE})


SATELLITES = (
    "INSERT INTO doma_panda.jobparamstable (pandaid, modificationtime, jobparameters)"
    " VALUES (:job, '1970-01-01', :text)",
    "INSERT INTO doma_panda.metatable (pandaid, modificationtime, metadata)"
    " VALUES (:job, '1970-01-01', :text)",
    "UPDATE doma_panda.jedi_datasets SET datasetname = :text WHERE jeditaskid = :task",
    "UPDATE doma_panda.jedi_dataset_contents SET lfn = :text WHERE jeditaskid = :task",
    "UPDATE pandadb.job_control SET step_error = :text, step_attempts = 1",
)
CONTENTS = {"operator": fill}
ADDRESSES = (
    "/jobs?jobname={0}", "/jobs?computingsite={0}", "/jobs?jobstatus={0}", "/jobs?order={0}",
     "/jobs?after={0}", "/jobs?pandaid={0}", "/jobs?errortext={0}", "/jobs?metadata={0}",
     "/jobs?table={0}", "/jobs?since={0}", "/tasks?status={0}", "/tasks?taskname={0}",
     "/flows?name={0}", "/workers?after={0}", "/find?q={0}", "/jobs/{0}", "/job/{0}",
     "/tasks/70/datasets/700?status={0}", "/?table={0}",
)  # fmt: skip
SUFFIXES = ("", "%0d%0aX-Evil: 1", "%00")


def test_markup_in_names_stays_text_on_every_page(operator: Browser, database: Database) -> None:
    rows = operator.get("/jobs?format=json").json()["rows"]
    ids = [row["pandaid"] for row in rows]
    flows = operator.get("/flows?format=json").json()["rows"]
    flow = flows[0]["jeditaskid"]
    paths = [
        "/", "/jobs", "/tasks", "/flows", "/workers", "/queues", f"/tasks/{TASK}", f"/tasks/{flow}",
        f"/tasks/{TASK}/datasets/{TASK * 10}",
        *(f"/jobs/{job}" for job in ids), f"/jobs/{ids[-1]}/graph",
    ]  # fmt: skip
    pages = {path: operator.get(path) for path in paths}
    pages["fragment"] = operator.get("/jobs", headers={"HX-Request": "true"})
    for verb in ("cancel", "set priority"):
        pages[verb] = send(operator, "/jobs/verbs", verb=verb, pandaid=ids, priority="1")
    pages["drain"] = send(operator, "/workers/drain", worker=[HOSTILE, SHORT])
    pages["command"] = send(operator, f"/tasks/{TASK}/command", command="kill")
    pages["flow"] = send(operator, f"/flows/{flow}/verb", verb="stop")
    for path, page in pages.items():
        assert page.status_code == 200, (path, page.text)
        assert "<script>alert" not in page.text, path
        assert "<img" not in page.text, path
        assert "<b onx" not in page.text, path
    for path in ("/", "/jobs", "/tasks", "/flows", "/workers", f"/tasks/{TASK}", f"/jobs/{ids[0]}"):
        assert any(safe in pages[path].text for safe in SAFE), path


def test_markup_in_addresses_stays_text(operator: Browser) -> None:
    given = HOSTILE.replace("<", "%3C").replace(">", "%3E").replace('"', "%22").replace("/", "%2F")
    tried = [path.format(given + suffix) for path in ADDRESSES for suffix in SUFFIXES]
    for address in tried:
        answer = operator.get(address)
        assert answer.status_code in (200, 303, 400, 404), address
        assert "<script>alert" not in answer.text
        assert "X-Evil" not in answer.headers


def test_a_log_that_is_no_address_of_the_web_is_no_link(
    operator: Browser, database: Database
) -> None:
    with database.session() as session:
        bad = make_job(session, "running", pilotid="javascript:alert(1)|x")
        good = make_job(session, "running", pilotid="https://logs.example.org/1.out|x")
    assert 'href="javascript' not in operator.get(f"/jobs/{bad}").text
    assert 'href="https://logs.example.org/1.out"' in operator.get(f"/jobs/{good}").text
