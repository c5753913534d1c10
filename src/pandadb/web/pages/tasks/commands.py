"""Commands to tasks and verbs on flows: a dry run, then the confirmation, then the outcome."""

from fastapi import Request
from fastapi.responses import Response

from pandadb.services import tasks
from pandadb.web.accounts.roles import CurrentUser, pages_for
from pandadb.web.accounts.users import Role
from pandadb.web.operations import flow_verbs, task_commands
from pandadb.web.operations.confirmations import Attempt, attempt
from pandadb.web.operations.outcome_texts import OutcomeText
from pandadb.web.operations.parameters import missing, values_of
from pandadb.web.pages.jobs.verbs import TheForm, texts_of
from pandadb.web.rendering import render
from pandadb.web.request_state import TheDatabase

operating = pages_for(Role.OPERATOR)


@operating.post("/tasks/{task}/command")
def command_task(
    request: Request, database: TheDatabase, user: CurrentUser, form: TheForm, task: int
) -> Response:
    """Answer a form with the dry run of a command, or, if it confirms one, with its outcome."""
    name = task_commands.known(str(form.get("command", "")))
    parameters = task_commands.parameters_of(name)
    texts = texts_of(form)
    values, by = values_of(parameters, texts), user.name or "web"
    if lacking := missing(parameters, values):
        outcome = OutcomeText(f"Give a value: {', '.join(lacking)}.", changes=False)
        answer = Attempt(outcome, is_confirmed=False)
    else:
        answer = attempt(
            texts,
            values,
            lambda is_dry: task_commands.command(database, task, name, values, by, dry_run=is_dry),
        )
    return render(
        request,
        "operation.html",
        heading=f"{name.capitalize()} task {task}",
        back=f"/tasks/{task}",
        meaning=tasks.COMMANDS[name].meaning,
        fields={"command": name, "seen": answer.seen},
        parameters=parameters,
        values=values,
        outcome=answer.outcome,
        is_confirmed=answer.is_confirmed,
        is_dangerous=name in task_commands.DANGEROUS,
    )


@operating.post("/flows/{flow}/verb")
def change_flow(request: Request, database: TheDatabase, form: TheForm, flow: int) -> Response:
    """Answer a form with the dry run of a verb on a flow, or, if it confirms one, its outcome."""
    verb = flow_verbs.known(str(form.get("verb", "")))
    texts = texts_of(form)
    values = values_of(verb.parameters, texts)
    answer = attempt(
        texts, values, lambda is_dry: flow_verbs.run(database, flow, verb, values, dry_run=is_dry)
    )
    is_gone = answer.is_confirmed and verb.name == "delete"
    return render(
        request,
        "operation.html",
        heading=f"{verb.name.capitalize()} flow {flow}",
        back="/flows" if is_gone else f"/tasks/{flow}",
        meaning=f"By {verb.name} {verb.meaning}.",
        fields={"verb": verb.name, "seen": answer.seen},
        parameters=verb.parameters,
        values=values,
        outcome=answer.outcome,
        is_confirmed=answer.is_confirmed,
        is_dangerous=verb.is_dangerous,
    )
