"""The description of the API: each answer has the schema that is published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from pandadb.demo import grid
from pandadb.services import queue
from pandadb.services.queue import NewQueueJob
from pandadb.services.queue.flows import NewFlow
from pandadb.web.accounts import identities
from pandadb.web.application import create_app
from pandadb.web.options import WebOptions
from pandadb.web.routes import ROUTERS
from tests import harvester_workers
from tests.factories import make_job, make_task
from tests.web.browsers import SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pandadb.database import Database
    from tests.web.browsers import Browser

pytestmark = pytest.mark.any_server
ROUTES = [one for router in ROUTERS for one in router.routes if one.path.startswith("/api/")]
ROWS = {
    "/api/v1/jobs": "jobs", "/api/v1/tasks": "tasks", "/api/v1/site-changes": "changes",
    "/api/v1/harvester-workers": "workers",
}  # fmt: skip
"""The keys of the rows of answers that are objects."""


def published(browser: Browser) -> dict[str, Any]:
    """Return the description, whose schemas allow no key that they do not name."""
    found: dict[str, Any] = browser.get("/api/v1/openapi.json").json()
    for schema in found["components"]["schemas"].values():
        if schema.get("properties"):
            schema.setdefault("additionalProperties", False)
    return found


def filled(database: Database) -> dict[str, str]:
    """Fill a database; return the values of parts of paths."""
    grid.prepare(database)
    new = [NewQueueJob(name=name, handler="h", group="g") for name in "ab"]
    flow = queue.submit(database, new, flow=NewFlow("f", queue="demo"))
    queue.register(database, "w", ["demo"], 1)
    queue.claim(database, "demo", 1, owner="w")
    with database.session() as session:
        make_job(session, "failed", jobmetrics="x=1", cpuconsumptiontime=5, hs06=10)
        make_task(session, 70, 1)
        harvester_workers.send(session, harvester_workers.report(1), harvester="demo")
    site = "SELECT site_name FROM doma_panda.site LIMIT 1"
    with database.session() as session:
        name = session.connection().exec_driver_sql(site).scalar_one()
    return {"pandaid": str(flow.pandaids[0]), "jeditaskid": "70", "day": "2026-11-01",
            "name:path": str(name)}  # fmt: skip


def addresses(values: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the published path and an address of each route of the API."""
    for route in ROUTES:
        address = route.path
        for key, value in values.items():
            address = address.replace(f"{{{key}}}", value)
        more = "?instance=demo" if address.endswith("harvester-workers") else ""
        yield route.path.replace(":path", ""), address + more


@pytest.mark.slow
def test_each_answer_has_the_schema_that_is_published(reader: Browser, database: Database) -> None:
    found, empty = published(reader), set()
    for path, address in addresses(filled(database)):
        answer = reader.get(address)
        assert answer.status_code == 200, (address, answer.text)
        reply = found["paths"][path]["get"]["responses"]
        schema = reply["200"]["content"]["application/json"]["schema"]
        assert schema, path
        whole = Draft202012Validator({**schema, "components": found["components"]})
        errors = [(one.json_path, one.message) for one in whole.iter_errors(answer.json())]
        assert not errors, (address, errors[:5])
        assert "4XX" in reply, path
        found_rows = answer.json()
        rows = found_rows if isinstance(found_rows, list) else found_rows.get(ROWS.get(path))
        empty |= {path} if rows == [] else set()
    assert empty == {"/api/v1/problems"}
    problem = found["components"]["schemas"]["Problem"]
    for address in ("/api/v1/jobs?limit=0", "/api/v1/jobs/x", "/api/v1/nothing"):
        Draft202012Validator(problem).validate(reader.get(address).json())


def test_schemas_name_columns_with_their_meaning(reader: Browser) -> None:
    schemas = published(reader)["components"]["schemas"]
    job = schemas["Job"]["properties"]
    assert job["pandaid"]["type"] == "integer"
    assert "description" in job["jobstatus"]
    assert len(job) > 100
    assert "HTTPValidationError" not in schemas, "no answer is so"


def test_the_description_has_the_accounts_that_there_are(
    reader: Browser, database: Database, tmp_path: Path
) -> None:
    assert "security" not in published(reader)
    app = create_app(database, WebOptions(SECRET), identities.BySession(tmp_path / "none"))
    found = app.openapi()
    assert app.openapi() == found
    assert found["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert {"token": []} in found["security"]
    assert found["paths"]["/healthz"]["get"]["security"] == [{}]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/api/v1/jobs?jobstate=failed", "There is no parameter 'jobstate'. Did you mean 'jobsta"),
        ("/api/v1/workers?stoped=true", "Did you mean 'stopped'?"),
        ("/api/v1/queues?x=1", "The list of all is in /api/v1/openapi.json."),
        ("/api/v1/jobs?jobstatus=failed&jobstatus=holding", "'jobstatus' is there twice"),
        ("/jobs?nonsense=1&format=json", "There is no parameter 'nonsense'."),
        (f"/api/v1/tasks?{'x' * 3000}=1", f"There is no parameter '{'x' * 60}'."),
    ],
)
def test_an_unknown_parameter_is_named_with_the_nearest(
    reader: Browser, address: str, words: str
) -> None:
    answer = reader.get(address)
    assert answer.status_code == 400
    assert words in answer.json()["error"]
