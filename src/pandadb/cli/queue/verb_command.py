"""A command for each verb on queued jobs: its jobs, its confirmation, its rules, its report."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any

import typer

from pandadb import controller
from pandadb.cli.confirm import REFUSALS_SHOWN, end
from pandadb.cli.jobs.choice import by_filter, confirm_chosen
from pandadb.cli.jobs.filters import of_chosen_jobs
from pandadb.cli.options import AsJSON, DryRun, Quiet, Yes, job_name, whole
from pandadb.cli.output import NOTHING_TO_DO, as_json, count_words, out
from pandadb.cli.target import changing
from pandadb.cli.user import user_name
from pandadb.services import jobs, queue, selection

By = Annotated[str | None, typer.Option(help="Name of the user; default: your login name.")]
JobNames = Annotated[
    list[str] | None,
    typer.Argument(parser=job_name, metavar="JOB", help="The jobs; or jobs by options."),
]
Act = Callable[..., "selection.VerbReport"]


@dataclass(frozen=True)
class Rules:
    """The jobs and options of every verb."""

    pandaids: JobNames = None
    limit: Annotated[
        int | None,
        typer.Option(parser=whole(1, 100_000), metavar="NUMBER", help="More jobs are refused."),
    ] = None
    all_or_none: Annotated[
        bool, typer.Option("--all-or-none", help="Change no job if one is refused.")
    ] = False
    break_locks: Annotated[
        bool, typer.Option("--break-locks", help="End sessions that have locked the jobs.")
    ] = False
    dry_run: DryRun = False
    json: AsJSON = False
    yes: Yes = False
    _quiet: Quiet = False

    @property
    def of_controller(self) -> dict[str, Any]:
        """The rules as a method of the controller has them."""
        return {
            "limit": self.limit,
            "on_error": "abort" if self.all_or_none else "skip",
            "break_locks": self.break_locks,
            "dry_run": self.dry_run,
        }


@dataclass(frozen=True)
class Call:
    """The jobs of a call and its rules, for a method of the controller."""

    database: Any
    chosen: Any
    rules: dict[str, Any]

    def by(self, user: str | None = None) -> "controller.JobController":
        """Return the controller of a user, else of the login name."""
        return controller.JobController(self.database, user=user_name() if user is None else user)


def command_of(
    participle: str, *, limit: int | None = None, always_asks: bool = False
) -> Callable[[Act], Callable[..., None]]:
    """Return a decorator: it makes a command of a verb, a function of a `Call` and its own options.

    Jobs are named, or chosen by filter options. `limit` is the default of the option. The function
    returns the report of the verb; its docstring is the help.
    """

    def made(act: Act) -> Callable[..., None]:
        verb = act.__name__.replace("_", " ").capitalize()

        def command(chosen: "jobs.Filter", **given: Any) -> None:
            rules = Rules(**{name: given.pop(name) for name in signature(Rules).parameters})
            matching = by_filter(rules.pandaids, chosen)
            with changing(dry_run=rules.dry_run) as database:
                choice: Any = (
                    selection.pandaids(database, rules.pandaids or ())
                    if matching is None
                    else queue.of_queue(matching)
                )
                if not rules.dry_run:
                    confirm_chosen(
                        database, verb, choice, rules.yes, limit=rules.limit, always=always_asks
                    )
                report = act(Call(database, choice, rules.of_controller), **given)
            _print(report, participle, json=rules.json)
            if not report.states and not report.refused:
                raise typer.Exit(NOTHING_TO_DO)
            end(report.refused.values(), REFUSALS_SHOWN if matching else None)

        return of_chosen_jobs(_with_rules(act, command, limit))

    return made


def _with_rules(act: Act, command: Callable[..., None], limit: int | None) -> Callable[..., None]:
    """Return a command with the name, the help and the options of a verb, and with the rules."""
    chosen, *own = signature(act).parameters.values()
    shared = [
        one.replace(default=limit) if one.name == "limit" else one
        for one in signature(Rules).parameters.values()
    ]
    keywords = [one.replace(kind=Parameter.KEYWORD_ONLY) for one in (*own, *shared)]
    named = wraps(act)(command)
    named.__dict__ |= {"__signature__": Signature([chosen, *keywords])}
    return named


def _print(report: "selection.VerbReport", participle: str, *, json: bool) -> None:
    if json:
        as_json(report.plain())
        return
    for old, new in [*report.attempts.items()][:REFUSALS_SHOWN]:
        out.print(f"{old} has a new attempt, job {new}")
    done = f"Would be {participle}" if report.dry_run else participle.capitalize()
    more = f"; with them: {count_words(report.related.values())}" if report.related else ""
    states = count_words(report.states.values())
    out.print(f"{done}: {len(report.states):,} jobs ({states}){more}.", soft_wrap=True)
