"""Metrics, and whether the server is in order."""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import CollectorRegistry

from pandadb.services import jobs, queue, schema
from pandadb.web.accounts.csrf import check_token
from pandadb.web.accounts.roles import Requires
from pandadb.web.accounts.users import Role
from pandadb.web.metrics import Numbers
from pandadb.web.request_state import (
    Recent,
    TheDatabase,
    TheQueues,
    archive_status,
    job_counts,
    read_coverage,
)

reading = APIRouter(dependencies=[Depends(Requires(Role.READER)), Depends(check_token)])
anyone = APIRouter(dependencies=[Depends(Requires(Role.ANYONE)), Depends(check_token)])


@reading.get("/metrics", response_class=Response)
def get_metrics(
    request: Request, database: TheDatabase, queues: TheQueues, recent: Recent
) -> Response:
    """Return metrics in the text format of Prometheus: numbers that pages show, and the backlog."""
    numbers = Numbers(
        job_counts(request).report,
        queues.queues,
        recent.get("backlog", lambda: queue.backlog(database)),
        archive_status(request),
        read_coverage(request)[0],
    )
    registry = CollectorRegistry(auto_describe=False)
    registry.register(numbers)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


@anyone.get("/healthz")
def check_health(database: TheDatabase) -> JSONResponse:
    """Return 200 if the database answers and has pandadb's schema, else 503."""
    schema.refuse_unstamped(database)
    jobs.find(database, jobs.Filter(pandaids=[0]), columns=["pandaid"], limit=1)
    return JSONResponse({"status": "ok"})
