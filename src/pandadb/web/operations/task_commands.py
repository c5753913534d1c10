"""Commands to tasks as pages offer them: their parameters, and their outcomes as sentences."""

from collections.abc import Mapping

from pandadb.database import Database
from pandadb.errors import InvalidInput
from pandadb.services import tasks
from pandadb.web.operations.outcome_texts import OutcomeText
from pandadb.web.operations.parameters import Parameter

QUALIFIERS = {
    "finish": ("", "soft"),
    "retry": ("", "discard", "staged", "keep", "sole", "transcend"),
}
COMMENTS = {"reassign": "cloud:NAME:y, site:NAME:y or nucleus:NAME:y"}
DANGEROUS = ("kill", "finish")


def known(name: str) -> str:
    """Return the name of a command.

    Raises:
        InvalidInput: There is no such command.
    """
    if name not in tasks.COMMANDS:
        raise InvalidInput(f"There is no command {name!r}: there are {', '.join(tasks.COMMANDS)}")
    return name


def of_status(status: str) -> list[str]:
    """Return the commands that can be given to a task in a state."""
    return [one.name for one in tasks.COMMANDS.values() if status in one.requested_in]


def parameters_of(name: str) -> tuple[Parameter, ...]:
    """Return the parameters of a command."""
    found: list[Parameter] = []
    if name in QUALIFIERS:
        found.append(Parameter("qualifier", "How", "choice", options=QUALIFIERS[name]))
    if name in COMMENTS:
        found.append(Parameter("comment", "Target", hint=COMMENTS[name], is_required=True))
    if name == "incexec":
        found.append(Parameter("parameters", "Parameters", hint="an object of JSON, or nothing"))
    return tuple(found)


def command(
    database: Database, task: int, name: str, values: Mapping[str, str], by: str, *, dry_run: bool
) -> OutcomeText:
    """Give a command to a task and carry it out, or try it."""
    asked = tasks.CommandRequest(
        name,
        tasks.Requester(by, production_role=True),
        values.get("comment") or None,
        values.get("qualifier") or None,
        values.get("parameters") or None,
    )
    before = str(tasks.get(database, task)["status"])
    done = tasks.command(database, task, asked, tasks.VerbOptions(dry_run=dry_run))
    if task in done.refused:
        return OutcomeText(f"{name} is refused: {done.refused[task]}", changes=False)
    would = "would be" if dry_run else "is"
    waiting = done.waiting.get(task, [])
    details = [f"It waits for {len(waiting):,} jobs to end."] if waiting else []
    state = done.tasks.get(task, "as it was until its jobs have ended")
    steps = [f"{task}:{before}>{state}"]
    return OutcomeText(f"Task {task} {would} {state}.", details, steps=steps)
