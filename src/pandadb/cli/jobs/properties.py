"""`pandadb jobs set`: properties of jobs that no worker has yet."""

import json as json_format
from typing import Annotated, Any

import typer

from pandadb.cli import completion
from pandadb.cli.confirm import REFUSALS_SHOWN, end
from pandadb.cli.jobs.change import AnyPandaIDs
from pandadb.cli.jobs.choice import by_filter, confirm_chosen
from pandadb.cli.jobs.filters import of_chosen_jobs
from pandadb.cli.options import AsJSON, DryRun, Quiet, Yes, whole
from pandadb.cli.output import as_json, count_words, out
from pandadb.cli.target import changing
from pandadb.services import jobs, selection

LARGEST = 2**31 - 1


@of_chosen_jobs
def set_(
    chosen: "jobs.Filter",
    pandaids: AnyPandaIDs = None,
    *,
    priority: Annotated[
        int | None,
        typer.Option(parser=whole(-LARGEST, LARGEST), metavar="NUMBER", help="Priority."),
    ] = None,
    queue: Annotated[str | None, typer.Option(help="The queue.")] = None,
    value: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Another property, COLUMN=VALUE, such as corecount=8; can be repeated.",
            autocompletion=completion.assignment,
        ),
    ] = None,
    resources: Annotated[
        str | None, typer.Option(metavar="JSON", help="Resources, an object; of the job queue.")
    ] = None,
    exec_config: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Configuration of the run, or an object as JSON."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace resources instead of adding to them.")
    ] = False,
    dry_run: DryRun = False,
    json: AsJSON = False,
    yes: Yes = False,
    _quiet: Quiet = False,
) -> None:
    """Set properties of jobs before their dispatch. Exit code 1 if a job is refused.

    The others are set. Jobs of the job queue that have finished or failed keep the properties for a
    later attempt; name these by their ids. With filter options it takes the live jobs that match.

    Example: pandadb jobs set 3848970521 --priority 900 --set maxwalltime=3600

    Example: pandadb jobs set --jeditaskid 13332803 --jobstatus activated --queue CERN --dry-run
    """
    given: dict[str, Any] = dict(_property(word) for word in value or [])
    given |= {} if priority is None else {"priority": priority}
    given |= {} if queue is None else {"queue": queue}
    matching = by_filter(pandaids, chosen)
    with changing(dry_run=dry_run) as database:
        choice: Any = (
            selection.pandaids(database, pandaids or ())
            if matching is None
            else selection.live(matching)
        )
        confirm_chosen(database, "Set properties of", choice, yes or dry_run)
        report = selection.update(
            database,
            choice,
            resources=_object("--resources", resources),
            exec_config=_name_or_object(exec_config),
            merge=not replace,
            options=jobs.VerbOptions(dry_run=dry_run),
            on_error="skip",
            **given,
        )
    if json:
        as_json(report.plain())
    else:
        would = "Would be set" if dry_run else "Set"
        states = count_words(report.states.values())
        out.print(f"{would}: {len(report.changed)} jobs ({states}).")
    end(report.refused.values(), REFUSALS_SHOWN if matching else None)


def _property(word: str) -> tuple[str, Any]:
    name, equals, text = word.partition("=")
    if not equals:
        raise typer.BadParameter(f"{word!r} is not COLUMN=VALUE", param_hint="--set")
    return selection.typed_property(name, text)


def _object(option: str, text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        found = json_format.loads(text)
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"This is not JSON: {error}", param_hint=option) from None
    if not isinstance(found, dict):
        raise typer.BadParameter("This is not an object of JSON", param_hint=option)
    return found


def _name_or_object(text: str | None) -> Any:
    if text is None or not text.lstrip().startswith("{"):
        return text
    return _object("--exec-config", text)
