"""Answers of pages: a template, or the rows of its table as CSV or JSON."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import HTTPException, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from pandadb.web.accounts import csrf
from pandadb.web.accounts.roles import user_of
from pandadb.web.drawings.cells import cells, shown
from pandadb.web.navigation import SECTIONS
from pandadb.web.tables import Table, as_csv, as_object

FOLDER = Path(__file__).parent
FORMATS = ("html", "csv", "json")
FRAGMENT_HEADER = "HX-Request"
"""Header of requests of htmx, which takes the changed part of a page only."""


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = shown
    environment.globals["sections"] = SECTIONS
    environment.globals["address"] = address
    environment.globals["cells"] = cells
    return environment


def render(request: Request, template: str, *, status: int = 200, **context: Any) -> Response:
    """Return a page with its navigation, the user and the token of its forms."""
    known = {
        "user": user_of(request),
        "has_login": request.app.state.web.has_login,
        "token": csrf.token_of(request),
        "query": request.query_params,
    }
    answer = TEMPLATES.TemplateResponse(request, template, known | context, status_code=status)
    csrf.keep_seed(request, answer)
    return answer


def render_table(
    request: Request,
    template: str,
    table: Table,
    *,
    fragment: str = "table.html",
    **context: Any,
) -> Response:
    """Return a page with a table; with `format=csv` or `json` in the query its rows.

    Requests of htmx get the table alone, drawn by the template `fragment`.
    """
    wanted = request.query_params.get("format") or "html"
    if wanted not in FORMATS:
        raise HTTPException(400, f"There is no format {wanted[:60]!r}: there are html, csv, json.")
    if wanted == "csv":
        return _as_file(request, table)
    if wanted == "json":
        return JSONResponse(
            jsonable_encoder(as_object(table)), headers=_next_header(request, table)
        )
    if request.headers.get(FRAGMENT_HEADER):
        template = fragment
    return render(request, template, table=table, **context)


def render_tables(
    request: Request, template: str, tables: Mapping[str, Table], **context: Any
) -> Response:
    """Return a page with several tables; with `table=NAME` and a `format` the rows of one.

    Raises:
        HTTPException: 404, the page has no such table.
    """
    name = request.query_params.get("table")
    if name is None:
        return render(request, template, tables=tables, **context)
    if name not in tables:
        raise HTTPException(404, f"This page has the tables {', '.join(tables)}.")
    return render_table(request, template, tables[name], tables=tables, **context)


def render_section(
    request: Request,
    title: str,
    tables: Sequence[Table],
    *,
    facts: Mapping[str, Any] | None = None,
    problems: Sequence[str] = (),
) -> Response:
    """Return a page with problems, facts and tables, each of which is named by its key."""
    return render_tables(
        request,
        "section.html",
        {table.key: table for table in tables},
        title=title,
        facts=facts or {},
        problems=problems,
    )


def _as_file(request: Request, table: Table) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{table.key}.csv"'}
    return StreamingResponse(
        as_csv(table),
        media_type="text/csv; charset=utf-8",
        headers=headers | _next_header(request, table),
    )


def _next_header(request: Request, table: Table) -> dict[str, str]:
    """Return the header with the address of the next page (RFC 8288)."""
    if table.next is None:
        return {}
    return {"Link": f'<{address(request, after=table.next)}>; rel="next"'}


def address(request: Request, **changes: str | None) -> str:
    """Return the address of a request with other values in its query; None takes one out."""
    query = {**request.query_params, **changes}
    text = urlencode({name: value for name, value in query.items() if value is not None})
    path = quote(request.scope["path"])
    return f"{path}?{text}" if text else path


TEMPLATES = Jinja2Templates(env=_environment())
