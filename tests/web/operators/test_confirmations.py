"""A confirmation is for the values and states of its dry run, and for no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pandadb.services import queue
from pandadb.services.queue import NewQueueJob
from pandadb.services.queue.flows import NewFlow
from pandadb.web.operations import confirmations
from pandadb.web.operations.confirmations import attempt
from pandadb.web.operations.outcome_texts import OutcomeText
from tests.web.operators.forms import hidden, send, sentence, snapshot

if TYPE_CHECKING:
    from pandadb.database import Database
    from tests.web.browsers import Browser

pytestmark = pytest.mark.any_server
ALL = ["1:ready>closed", "2:on hold>closed", "3:ready>closed"]


def tied(tried: list[str], now: list[str], **values: str) -> str:
    """Return the sentence of a confirmation whose dry run had other steps."""

    def act(steps: list[str], *, is_dry: bool) -> OutcomeText:
        return OutcomeText("tried" if is_dry else "done", steps=steps)

    first = attempt({}, {"force": ""}, lambda dry: act(tried, is_dry=dry))
    form = {"seen": first.seen, "confirmed": "true"}
    return attempt(form, {"force": "", **values}, lambda dry: act(now, is_dry=dry)).outcome.sentence


@pytest.mark.parametrize("most", [1000, 2])
def test_steps_that_the_dry_run_lacks_are_shown_first(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(confirmations, "MOST", most)
    assert tied(ALL, ALL) == "done"
    assert tied(ALL, ALL[1:]) == "done", "a job that has ended by itself"
    assert tied(ALL, []) == "done"
    for now in ([*ALL, "4:ready>closed"], ["2:ready>closed", *ALL[:1], "3:ready>closed"],
                ["1:ready>failed"]):  # fmt: skip
        assert tied(ALL, now).startswith("Nothing was changed, as states have changed"), now
    assert tied(ALL, ALL, force="true").startswith("Nothing was changed, as the values are other")


def test_no_odd_text_is_a_dry_run() -> None:
    digest = confirmations.digest_of({})
    for seen in ("", "x", digest, f"{digest} *", f"{digest} *x:ready>closed", f"{digest} *9:",
                 f"{digest} *{'9' * 5000}:ready>closed", f"{digest} 1:ready"):  # fmt: skip
        form = {"seen": seen, "confirmed": "true"}
        found = attempt(form, {}, lambda dry: OutcomeText(str(dry), steps=ALL))
        assert not found.is_confirmed, seen[:40]


def test_flows_and_upkeep_are_changed_as_their_dry_run_shows(
    operator: Browser, database: Database
) -> None:
    new = [NewQueueJob(name=name, handler="h") for name in "ab"]
    flow = queue.submit(database, new, flow=NewFlow("f", queue="demo"))
    first, second = flow.pandaids
    path, before = f"/flows/{flow.jeditaskid}/verb", snapshot(database)
    page = send(operator, path, verb="stop", confirmed="true").text
    assert sentence(page).startswith("Nothing was changed, as there was no dry run")
    assert snapshot(database) == before
    tried = hidden(page)
    queue.pause(database, [first])
    queue.resume(database, [first])
    queue.claim(database, "demo", 1, owner="w")
    done = sentence(send(operator, path, **tried, confirmed="true").text)
    assert done == f"Of the jobs of flow {flow.jeditaskid}, 1 are closed.", "the other has begun"
    tried = hidden(send(operator, path, verb="resume").text)
    queue.stop_jobs(database, [first], by="ada")
    queue.resume(database, [second])
    page = send(operator, path, **tried, confirmed="true").text
    assert "as states have changed since" in sentence(page)
    group = {"upkeep": "set group", "group": "g", "most": "3"}
    tried = hidden(send(operator, "/queues/upkeep", **group).text)
    queue.set_group(database, "g", 7)
    page = send(operator, "/queues/upkeep", **{**group, **tried}, confirmed="true").text
    assert "as states have changed since" in sentence(page)
    assert queue.groups(database)[0].max_running == 7
    tried = hidden(page)
    send(operator, "/queues/upkeep", **{**group, **tried}, confirmed="true")
    assert queue.groups(database)[0].max_running == 3


def test_no_verb_on_jobs_is_done_without_its_dry_run(operator: Browser, database: Database) -> None:
    (job,) = queue.submit(database, [NewQueueJob("q", handler="h")]).pandaids
    fields = {"verb": "set priority", "pandaid": str(job), "priority": "5"}
    before = snapshot(database)
    page = send(operator, "/jobs/verbs", **fields, confirmed="true").text
    assert "as there was no dry run" in sentence(page)
    other = {**hidden(page), "priority": "6", "confirmed": "true"}
    page = send(operator, "/jobs/verbs", **other).text
    assert "as the values are other ones" in sentence(page)
    assert snapshot(database) == before
    done = send(operator, "/jobs/verbs", **hidden(page), priority="6", confirmed="true").text
    assert sentence(done).startswith("1 job has changed")
