"""Verbs on jobs: a dry run of a form, then its confirmation, then the report."""

from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from pandadb.errors import InvalidInput
from pandadb.services.queue import VerbOptions
from pandadb.services.selection import VerbReport
from pandadb.web.accounts.roles import CurrentUser, pages_for
from pandadb.web.accounts.users import Role
from pandadb.web.operations import chosen_jobs, job_verbs, outcomes
from pandadb.web.operations.chosen_jobs import ChosenJobs
from pandadb.web.operations.confirmations import AGAIN, NO_DRY_RUN, OTHER_VALUES, digest_of
from pandadb.web.operations.job_verbs import Call, JobVerb
from pandadb.web.operations.parameters import missing, values_of
from pandadb.web.pages.jobs.lists import job_address
from pandadb.web.rendering import render
from pandadb.web.request_state import TheDatabase
from pandadb.web.tables import Column, Table

operating = pages_for(Role.OPERATOR)
COLUMNS = (
    Column("pandaid", "PandaID", "number", job_address),
    Column("before", "State", "state"),
    Column("after", "State after", "state"),
    Column("note", "Note"),
)


async def form_of(request: Request) -> FormData:
    """Return the form of a request.

    Raises:
        InvalidInput: A field has a NUL character, which no text of PostgreSQL can have.
    """
    form = await request.form()
    for name, value in form.multi_items():
        if "\0" in str(value):
            raise InvalidInput(f"{name}: a text cannot have a NUL character")
    return form


def texts_of(form: FormData) -> dict[str, str]:
    """Return the fields of a form; of one that is there several times, the last."""
    return {name: str(value) for name, value in form.multi_items()}


TheForm = Annotated[FormData, Depends(form_of)]


@operating.post("/jobs/verbs")
def run_verb(request: Request, database: TheDatabase, user: CurrentUser, form: TheForm) -> Response:
    """Answer a form with the dry run of a verb, or, if it confirms one, with its report."""
    verb = job_verbs.known(str(form.get("verb", "")))
    chosen = chosen_jobs.of_form(database, form)
    values = values_of(verb.parameters, texts_of(form))
    tried = digest_of(values)
    wanted = form.get("confirmed") == "true"
    is_confirmed = wanted and form.get("tried") == tried and bool(form.get("seen"))
    context: dict[str, Any] = {"verb": verb, "chosen": chosen, "values": values, "tried": tried}
    if lacking := missing(verb.parameters, values):
        sentence = f"Jobs: {len(chosen.states):,}. Give a value: {', '.join(lacking)}."
        return render(request, "jobs/verb.html", **context, table=None, sentence=sentence)
    options = VerbOptions(dry_run=not is_confirmed)
    call = Call(database, [*chosen.states], user.name or "web", values, options)
    report = verb.act(call) if call.pandaids else VerbReport()
    report.dry_run = options.dry_run
    sentence = outcomes.sentence(chosen, report, dry_run=options.dry_run)
    if wanted and not is_confirmed:
        why = f"{OTHER_VALUES} {AGAIN}" if form.get("tried") else NO_DRY_RUN
        sentence = f"{why} {sentence}"
    template = "jobs/verb_report.html" if is_confirmed else "jobs/verb.html"
    return render(
        request,
        template,
        **context,
        table=_table(verb, chosen, report),
        number=len(report.changed),
        sentence=sentence,
    )


def _table(verb: JobVerb, chosen: ChosenJobs, report: VerbReport) -> Table:
    rows = outcomes.rows(chosen, report)
    return Table(f"Outcome of {verb.name} by job", COLUMNS, rows, empty="No job was chosen.")
