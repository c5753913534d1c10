"""Applications: their list, a form for each, and its submission as a job of a queue."""

import logging
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.responses import Response

from pandadb.errors import InvalidInput
from pandadb.services import applications
from pandadb.services.applications import Application, InvalidInputs
from pandadb.web.accounts.roles import pages_for
from pandadb.web.accounts.submitter import remember, renewed, submitter_of
from pandadb.web.accounts.users import Role
from pandadb.web.rendering import render
from pandadb.web.request_state import Options, TheDatabase

LOG = logging.getLogger(__name__)
MISCONFIGURED = "Failure: misconfigured server"

anyone = pages_for(Role.ANYONE)


def application_of(name: str, options: Options) -> Application:
    """Return the application of an address.

    Raises:
        HTTPException: 404, there is none of that name.
    """
    if name not in options.applications:
        raise HTTPException(404, "There is no application of that name.")
    return options.applications[name]


async def texts_of(request: Request) -> dict[str, str]:
    """Return the texts of the form of a request; files are left out."""
    form = await request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


TheApplication = Annotated[Application, Depends(application_of)]
Texts = Annotated[dict[str, str], Depends(texts_of)]


@anyone.get("/applications")
def list_applications(request: Request, options: Options) -> Response:
    """Return the page with all applications."""
    return render(request, "applications.html", applications=[*options.applications.values()])


@anyone.get("/submit/{name}")
def show_form(request: Request, application: TheApplication) -> Response:
    """Return the form of an application, with the address that the browser used last."""
    known = submitter_of(request)
    given = {name: one.default for name, one in application.parameters.items()}
    return _form(request, application, {**given, "email": known.address if known else ""})


@anyone.post("/submit/{name}")
def submit(
    request: Request,
    database: TheDatabase,
    options: Options,
    application: TheApplication,
    given: Texts,
) -> Response:
    """Submit a job; return a page with a link to its results, or with the reason if it cannot be.

    Nothing is stored of a form that is refused.
    """
    address = given.get("email", "").strip(" ")
    submitter = renewed(request, address)
    try:
        public_id = applications.submit(
            database,
            application,
            given,
            address=address,
            submitter=submitter.key,
            results_url=f"{options.public_url}/results/",
        )
    except InvalidInputs as error:
        return _form(request, application, given, str(error), 400)
    except InvalidInput:
        LOG.exception("A job of %s could not be submitted", application.name)
        return _form(request, application, given, MISCONFIGURED, 500)
    answer = render(
        request,
        "submitted.html",
        application=application,
        public_id=public_id,
        sends_mail=options.sends_mail,
    )
    remember(request, answer, submitter)
    return answer


def _form(
    request: Request,
    application: Application,
    given: dict[str, str],
    error: str | None = None,
    status: int = 200,
) -> Response:
    return render(
        request,
        "application.html",
        status=status,
        application=application,
        given=given,
        error=error,
    )
