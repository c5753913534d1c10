"""`pandadb jobs kill` and `pandadb jobs expire`: jobs ended by hand and by timeouts."""

from typing import Annotated, TypedDict

import typer

from pandadb.cli.confirm import REFUSALS_SHOWN, ask, end, plain, steps, with_merged
from pandadb.cli.jobs.change import AnyPandaIDs
from pandadb.cli.jobs.choice import batches, by_filter
from pandadb.cli.jobs.filters import of_chosen_jobs
from pandadb.cli.options import AsJSON, DryRun, Quiet, Yes, whole
from pandadb.cli.output import as_json, out, table
from pandadb.cli.target import changing
from pandadb.cli.user import user_name
from pandadb.services import jobs, selection


class KillRules(TypedDict):
    """The arguments of `jobs.kill`, and of `jobs.kill_where`."""

    code: int
    by: str
    hard: bool
    production: bool
    keep_unmerged: bool
    options: "jobs.VerbOptions"


@of_chosen_jobs
def kill(
    chosen: "jobs.Filter",
    pandaids: AnyPandaIDs = None,
    *,
    code: Annotated[
        int,
        typer.Option(
            parser=whole(0, 2**31 - 1),
            metavar="CODE",
            help="Kill code of PanDA's server: 9 by hand, 51 to reassign …",
        ),
    ] = 9,
    hard: Annotated[
        bool, typer.Option("--hard", help="End running jobs too, without asking their pilots.")
    ] = False,
    production: Annotated[
        bool, typer.Option(help="Act with the production role, on which some codes depend.")
    ] = True,
    keep_unmerged: Annotated[
        bool,
        typer.Option(
            "--keep-unmerged", help="Let other jobs merge the inputs of killed merge jobs."
        ),
    ] = False,
    by: Annotated[str | None, typer.Option(help="Name of the killer; default: your login.")] = None,
    dry_run: DryRun = False,
    json: AsJSON = False,
    yes: Yes = False,
    _quiet: Quiet = False,
) -> None:
    """Kill jobs; running ones are asked to stop. Exit code 1 if one cannot be killed.

    With code 9 running production jobs and tests end at once, with 99 all running jobs. With filter
    options it takes the live jobs that match all of them, in batches of 1000, each a transaction.

    Example: pandadb jobs kill 6012345678 --code 51

    Example: pandadb jobs kill --jeditaskid 13332803 --computingsite "CERN*" --dry-run
    """
    matching = by_filter(pandaids, chosen)
    rules: KillRules = {
        "code": code,
        "by": by or user_name("pandadb"),
        "hard": hard,
        "production": production,
        "keep_unmerged": keep_unmerged,
        "options": jobs.VerbOptions(dry_run=dry_run),
    }
    with changing(dry_run=dry_run) as database:
        if matching is None:
            named = selection.pandaids(database, pandaids or ())
            ask("Kill", named, yes or dry_run)
            killed = jobs.kill(database, named, **rules)
        else:
            with batches(database, "kill", matching, yes or dry_run) as advanced:
                killed = jobs.kill_where(database, matching, on_progress=advanced, **rules)
    if json:
        as_json(plain(killed))
    else:
        out.print(_sentence(killed, dry_run))
    end(killed.refused.values(), REFUSALS_SHOWN if matching else None)


def expire(
    rule: Annotated[list[str] | None, typer.Option(help="Only this rule; can be repeated.")] = None,
    limit: Annotated[
        int,
        typer.Option(
            parser=whole(1, 1_000_000), metavar="NUMBER", help="Maximum per rule, oldest first."
        ),
    ] = 1000,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """End jobs that have timed out. Exit code 1 if one cannot be ended.

    Idempotent and safe to run concurrently: made for cron.

    Example: pandadb jobs expire --rule sent --rule heartbeat
    """
    with changing(dry_run=dry_run) as database:
        found = jobs.expire(
            database, rules=rule, limit=limit, options=jobs.VerbOptions(dry_run=dry_run)
        )
    if json:
        as_json([plain(expired) for expired in found])
    elif found:
        _show(found, dry_run)
    else:
        out.print("No job has timed out.")
    end(refusal for each in found for refusal in each.refused.values())


def _sentence(killed: "jobs.KillResult", dry_run: bool) -> str:
    """Return the number of killed jobs with their transitions, and of jobs asked to stop."""
    would = "Would be killed" if dry_run else "Killed"
    found = f"{len(killed.jobs)} ({steps(killed)}){with_merged(killed)}"
    return f"{would}: {found}; running and asked to stop: {len(killed.told)}."


def _show(found: "list[jobs.ExpiryResult]", dry_run: bool) -> None:
    rows = [(e.rule, e.why, len(e.jobs), len(e.told), len(e.refused)) for e in found]
    title = "Would end" if dry_run else "Ended"
    table(title, ("rule", "why", "jobs", "asked to stop", "refused"), rows)
