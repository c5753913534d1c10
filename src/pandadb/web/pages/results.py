"""Results of applications' jobs by their public ids, and the list of one's own jobs."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import RedirectResponse, Response

from pandadb.services import applications
from pandadb.services.applications import ResultPage
from pandadb.web.accounts.roles import pages_for
from pandadb.web.accounts.submitter import forget, submitter_of
from pandadb.web.accounts.users import Role
from pandadb.web.rendering import render, render_table
from pandadb.web.request_state import Elsewhere, Options, TheDatabase
from pandadb.web.tables import Column, Row, Table

REFRESH = 15
"""Seconds between two looks at a running job, by browsers without JavaScript."""

anyone = pages_for(Role.ANYONE)


def result_address(row: Row) -> str:
    """Return the address of a result."""
    return f"/results/{row['public_id']}"


COLUMNS = (
    Column("public_id", "Results", "code", result_address),
    Column("application", "Application"),
    Column("computes", "Computes"),
    Column("state", "State", "state"),
    Column("submitted", "Submitted", "time"),
    Column("ended", "Ended", "time"),
)


@anyone.get("/results/{public_id}")
def show_result(
    request: Request, database: TheDatabase, elsewhere: Elsewhere, public_id: str
) -> Response:
    """Return the page of a result in one of its three states; a running one refreshes itself."""
    found = applications.get_result(database, public_id, **elsewhere)
    return render(request, "result.html", result=found, refresh=REFRESH)


@anyone.get("/my-jobs")
def list_own(
    request: Request,
    database: TheDatabase,
    options: Options,
    *,
    application: str = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    after: str | None = None,
) -> Response:
    """Return the page of the jobs that this browser or this account has submitted.

    With `application` in the address they are those of one application.
    """
    known = submitter_of(request)
    found = ResultPage([], None)
    if known is not None:
        found = applications.find_own(
            database, known.key, application=application or None, limit=limit, after=after
        )
    table = Table(
        "My jobs",
        COLUMNS,
        [asdict(one) for one in found.results],
        found.next,
        "This browser has submitted no such jobs. Choose an application to start one.",
    )
    return render_table(request, "my_jobs.html", table, submitter=known, application=application,
                        names=["", *options.applications])  # fmt: skip


@anyone.post("/my-jobs/forget")
def forget_browser() -> Response:
    """Remove the address and the list of jobs from this browser; the jobs stay."""
    answer = RedirectResponse("/my-jobs", status_code=303)
    forget(answer)
    return answer
