"""Hostile values in queries, paths and forms of all routes: each gets an answer, never a 5xx."""

from __future__ import annotations

import re
from datetime import date, datetime
from itertools import product
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from pydantic import BaseModel

from pandadb.services import queue, tasks
from pandadb.services.queue import NewQueueJob
from pandadb.services.queue.flows import NewFlow
from pandadb.web.accounts import csrf
from pandadb.web.operations import flow_verbs, job_verbs, queue_upkeep, task_commands
from pandadb.web.routes import ROUTERS
from tests.factories import make_job, make_task
from tests.web.operators.forms import snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi.routing import APIRoute

    from pandadb.database import Database
    from tests.web.browsers import Browser

pytestmark = [pytest.mark.any_server, pytest.mark.slow]
NUMBERS = ("-1", "1.5", "nan", "9" * 19, "-" + "9" * 19, "9" * 5000)
TIMES = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "infinity", "1e300")
DAYS = ("0001-01-01", "9999-12-31", "2026-13-01", "1")
TEXTS = ("\0", "\ud800", "\u202e😀'", "%\\[(", "//[", "a=1e999", "9" * 20, "x" * 30_000, ",")
VALUES = {bool: ("2", "\0"), int: NUMBERS, float: NUMBERS, datetime: TIMES, date: DAYS}
PART = re.compile(r"\{\w+(:\w+)?\}")


def sent(value: str) -> str:
    """Return a value as a part of an address; a lone surrogate as bytes that are not UTF-8."""
    return quote(value.encode("utf-8", "surrogatepass"), safe="")


def of_kind(kind: Any) -> tuple[str, ...]:
    """Return the values for a parameter of a type."""
    return next((values for one, values in VALUES.items() if one.__name__ in str(kind)), TEXTS)


def parameters(route: APIRoute) -> Iterator[tuple[str, Any]]:
    """Yield the names and types of the parameters of an address, and names of all tables."""
    for one in route.dependant.query_params:
        kind = one.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from ((name, field.annotation) for name, field in kind.model_fields.items())
        else:
            yield one.alias, kind
    yield from (("table", str), ("format", str))


def addresses() -> Iterator[str]:
    """Yield an address for each parameter and value of each route that reads."""
    for route in (one for router in ROUTERS for one in router.routes if "GET" in one.methods):
        plain = PART.sub("1", route.path)
        for name, kind in dict(parameters(route)).items():
            yield from (f"{plain}?{name}={sent(value)}" for value in of_kind(kind))
        for one in route.dependant.path_params:
            part = re.compile(rf"\{{{one.name}(:\w+)?\}}")
            for value in of_kind(one.field_info.annotation):
                yield PART.sub("1", part.sub(sent(value), route.path))


def test_no_value_of_an_address_is_a_failure(reader: Browser) -> None:
    for address in addresses():
        answer = reader.get(address)
        assert answer.status_code < 500, (address[:200], answer.status_code)


IN_FORMS = ("\0", "a\0b", "%\\[(", "9" * 20, "9" * 5000, "x" * 30_000, "1:\0", "since=1e300", "-1")


def forms(job: int, task: int, flow: int) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the path and fields of a valid form of each operation, and its parameters."""
    for verb in job_verbs.VERBS.values():
        given = {one.name: one.default or "1" for one in verb.parameters}
        yield "/jobs/verbs", {"verb": verb.name, "pandaid": str(job), **given}
    yield "/jobs/verbs", {"verb": "kill", "chosen": "all", "query": "jobstatus=defined"}
    yield "/jobs/verbs", {"verb": "kill", "seen": f"{job}:activated"}
    for name in tasks.COMMANDS:
        given = {one.name: one.default for one in task_commands.parameters_of(name)}
        yield f"/tasks/{task}/command", {"command": name, **given}
    for verb in flow_verbs.VERBS.values():
        given = {one.name: "true" for one in verb.parameters}
        yield f"/flows/{flow}/verb", {"verb": verb.name, **given}
    for upkeep in queue_upkeep.UPKEEP.values():
        yield "/queues/upkeep", {"upkeep": upkeep.name} | {o.name: "1" for o in upkeep.parameters}
    yield "/workers/drain", {"worker": "w"}


def test_no_value_of_a_form_is_a_failure_or_a_change(operator: Browser, database: Database) -> None:
    flow = queue.submit(
        database, [NewQueueJob(name="a", handler="h")], flow=NewFlow("f", queue="q")
    )
    with database.session() as session:
        job = make_job(session, "activated")
        make_task(session, 70, 1)
    before = snapshot(database)
    token = operator.token("/workers")
    for path, fields in forms(job, 70, flow.jeditaskid):
        for name, value in product(fields, IN_FORMS):
            answer = operator.post(path, data={csrf.FIELD: token, **fields, name: value})
            assert answer.status_code < 500, (path, fields, name, value[:50], answer.text[-400:])
    assert snapshot(database) == before
