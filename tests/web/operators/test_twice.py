"""Confirmations that are sent at the same time: the change is made once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from pandadb.services import jobs, queue
from pandadb.services.queue import NewQueueJob
from pandadb.web.accounts import csrf
from tests.web.operators.forms import hidden, send, sentence

if TYPE_CHECKING:
    from pandadb.database import Database
    from tests.web.browsers import Browser

pytestmark = pytest.mark.any_server


def test_two_confirmations_at_once_cancel_each_job_once(
    operator: Browser, database: Database
) -> None:
    names = [NewQueueJob("q", handler="h") for _ in range(20)]
    pandaids = queue.submit(database, names).pandaids
    page = send(operator, "/jobs/verbs", verb="cancel", pandaid=[*map(str, pandaids)]).text
    form = {**hidden(page), csrf.FIELD: operator.token("/workers"), "confirmed": "true"}
    with ThreadPoolExecutor(2) as pool:
        answers = [*pool.map(lambda _: operator.post("/jobs/verbs", data=form), range(2))]
    assert [one.status_code for one in answers] == [200, 200]
    done = [int(sentence(one.text).split()[0]) for one in answers]
    assert sum(done) == 20
    states = [jobs.history(database, one).states for one in pandaids]
    assert {[state.jobstatus for state in one].count("cancelled") for one in states} == {1}
