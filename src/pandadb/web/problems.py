"""Errors as pages and as JSON: a sentence, with an id that is in the log."""

import logging
import secrets
from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from starlette.exceptions import HTTPException

from pandadb.database import DatabaseUnreachable, PoolExhausted
from pandadb.errors import InvalidInput, PandaDBError, sqlstate
from pandadb.services import (
    applications,
    failures,
    harvester,
    jobs,
    queue,
    schema,
    selection,
    shares,
    sites,
    tasks,
)
from pandadb.web.accounts.bearer import token_in
from pandadb.web.protection.headers import NOT_KEPT, headers_of
from pandadb.web.protection.query_names import names_of, sentence_of
from pandadb.web.rendering import FRAGMENT_HEADER, address, render

LOG = logging.getLogger(__name__)
NOT_FOUND = (
    jobs.UnknownJob, selection.NotFound, selection.NoJobFolder, selection.UnknownJobFile,
    tasks.TaskNotFound, queue.flows.FlowNotFound, queue.flows.JobNotFound,
    shares.UnknownShare, sites.SiteNotFound, harvester.UnknownInstance,
    applications.ResultNotFound,
)  # fmt: skip
BUSY_STATES = ("57014", "55P03", "53300", "57P01", "57P02", "57P03")
"""SQLSTATEs of a server that is overloaded, stopping or starting."""
CANCELED = "57014"
BUSY = "The database is overloaded or restarts. Try again in a few seconds."
TOO_LONG = "This takes too long, or the database is overloaded. Narrow the filter, or try again."
DATA = ("/api/", "/metrics", "/healthz")
"""Begins of paths whose answers are no pages."""
NO_SCHEMA = ("42P01", "3F000")
"""SQLSTATEs of a database without the tables: it is empty, or is being made."""
NO_MEMORY = "53200"
"""SQLSTATE of a server without room for locks: many readers look into many partitions at once."""
RETRY_AFTER = "5"
"""Seconds after which a client may try again."""


def answer(
    request: Request, status: int, sentence: str, error: Exception | None = None
) -> Response:
    """Return an error as a page, or as JSON below `/api`, with an id that is in the log."""
    ident = secrets.token_hex(4)
    level = logging.ERROR if status >= HTTPStatus.INTERNAL_SERVER_ERROR else logging.INFO
    LOG.log(level, "%s %s: %d, %s (%s)", request.method, request.url.path, status, sentence, ident,
            exc_info=error if status == HTTPStatus.INTERNAL_SERVER_ERROR else None)  # fmt: skip
    if _is_data(request):
        reply: Response = JSONResponse({"error": sentence, "id": ident}, status_code=status)
    else:
        phrase = HTTPStatus(status).phrase
        is_part = FRAGMENT_HEADER in request.headers
        template = "problem_part.html" if is_part else "problem.html"
        reply = render(request, template, status=status, phrase=phrase, sentence=sentence,
                       ident=ident)  # fmt: skip
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        reply.headers["Retry-After"] = RETRY_AFTER
    return reply


def of_pandadb(request: Request, error: Exception) -> Response:
    """Answer an error of pandadb."""
    status = 409
    if isinstance(error, DatabaseUnreachable):
        LOG.error("%s", error)
        return answer(request, 503, "The database does not answer. Try again in a few seconds.")
    if isinstance(error, NOT_FOUND):
        status = 404
    elif isinstance(error, InvalidInput):
        status = 400
    elif isinstance(error, queue.JobsLocked | schema.MigrationError):
        status = 503
    return answer(request, status, str(error))


def of_database(request: Request, error: Exception) -> Response:
    """Answer an error of the database."""
    assert isinstance(error, DBAPIError)  # noqa: S101  # as registered
    unheard = sqlstate(error) is None and isinstance(error, OperationalError | InterfaceError)
    lost = unheard or error.connection_invalidated or sqlstate(error) in BUSY_STATES
    if lost:
        sentence = TOO_LONG if sqlstate(error) == CANCELED else BUSY
        LOG.warning("%s", failures.sentence_of(error))
        return answer(request, 503, sentence)
    status = 503 if sqlstate(error) in {*NO_SCHEMA, NO_MEMORY} else 500
    return answer(request, status, failures.sentence_of(error), error)


def of_pool(request: Request, _: Exception) -> Response:
    """Answer a request that got no connection in time."""
    return answer(request, 503, "The server is overloaded. Try again in a few seconds.")


def of_http(request: Request, error: Exception) -> Response:
    """Answer an error of HTTP, such as a path without a page."""
    assert isinstance(error, HTTPException)  # noqa: S101  # as registered
    if error.status_code == HTTPStatus.UNAUTHORIZED and _shows_login(request):
        return RedirectResponse(f"/login?{urlencode({'next': address(request)})}", 303)
    reply = answer(request, error.status_code, str(error.detail))
    reply.headers.update(error.headers or {})
    return reply


def _shows_login(request: Request) -> bool:
    """Return whether a browser asks for a page that is there after a log-in."""
    is_script = token_in(request) is not None or _is_data(request)
    return request.method == "GET" and not is_script and request.app.state.web.has_login


def _is_data(request: Request) -> bool:
    """Return whether a program reads the answer: it takes no page for its data."""
    is_path = request.url.path.startswith(DATA)
    return is_path or request.query_params.get("format") in ("csv", "json")


def of_values(request: Request, error: Exception) -> Response:
    """Answer values of a query or form that do not fit their type."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  # as registered
    first = error.errors()[0]
    return answer(request, 400, sentence_of(first, names_of(request)))


def of_anything(request: Request, error: Exception) -> Response:
    """Answer an error that no other handler knows, outside of the middleware that adds headers."""
    reply = answer(request, 500, "This page has failed, and nothing was changed.", error)
    reply.headers.update(headers_of(is_secure=request.app.state.web.options.is_secure))
    reply.headers["Cache-Control"] = NOT_KEPT
    return reply


HANDLERS = {
    PandaDBError: of_pandadb,
    DBAPIError: of_database,
    PoolExhausted: of_pool,
    HTTPException: of_http,
    RequestValidationError: of_values,
    Exception: of_anything,
}


def register(app: FastAPI) -> None:
    """Let an application answer all errors so."""
    for kind, handler in HANDLERS.items():
        app.add_exception_handler(kind, handler)
