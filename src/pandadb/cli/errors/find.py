"""`pandadb errors explain`, `list` and `rules`: errors and rules, looked at."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from pandadb.cli.jobs.change import PandaIDs
from pandadb.cli.jobs.filters import FORMATS, TIME
from pandadb.cli.options import AsJSON, moment, task_id, whole
from pandadb.cli.output import as_json, out, table
from pandadb.cli.target import connected
from pandadb.services import errors, selection


def explain(pandaids: PandaIDs, json: AsJSON = False) -> None:
    """Explain the errors of jobs: their meanings, the rules for them, and those that count.

    Example: pandadb errors explain 2000222
    """
    with connected() as database:
        found = errors.explain(database, selection.pandaids(database, pandaids))
    if json:
        as_json([asdict(one) for one in found.values()])
        return
    for one in found.values():
        _show(one)


def _show(one: "errors.Explanation") -> None:
    """Print the errors of a job, with the rules for them and its class."""
    if not one.errors:
        out.print(f"Job {one.pandaid} is {one.jobstatus}, without an error.")
        return
    rows = (
        (error.source, str(error.code), error.diag, meaning)
        for error, meaning in zip(one.errors, one.meanings, strict=True)
    )
    title = f"Errors of job {one.pandaid}, which is {one.jobstatus}"
    table(title, ("source", "code", "text", "meaning"), rows)
    if one.verdicts:
        verdicts = (
            (
                str(v.rule.number),
                f"{v.error.source} {v.error.code}",
                "yes" if v.counts else "no",
                v.why,
            )
            for v in one.verdicts
        )
        table("Rules for retries", ("rule", "error", "counts", "reason"), verdicts)
    else:
        out.print("No rule for retries is for these errors.")
    if found := one.error_class:
        acted = "" if found.rule.is_active else ", which is not active"
        out.print(f"Class: {found.rule.error_class}, by rule {found.rule.number}{acted}.")
    else:
        out.print("Class: none.")


def list_(
    *,
    by: Annotated[
        list[str] | None,
        typer.Option(help="Count for each site, task or queue, too; can be repeated."),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(parser=moment(FORMATS), metavar=TIME, help="The earliest end of jobs, UTC."),
    ] = None,
    jeditaskid: Annotated[
        int | None, typer.Option(parser=task_id, metavar="TASK", help="Jobs of a task.")
    ] = None,
    site: Annotated[str | None, typer.Option(help="Jobs of a PanDA queue.")] = None,
    limit: Annotated[
        int, typer.Option(parser=whole(1, 100_000), metavar="NUMBER", help="The most errors.")
    ] = 100,
    json: AsJSON = False,
) -> None:
    """Count the errors of jobs that failed and are not in the archive yet, the most frequent first.

    Example: pandadb errors list --by site --since yesterday
    """
    groups = by or []
    with connected() as database:
        counted = errors.count(
            database, groups, since=since, jeditaskid=jeditaskid, site=site, limit=limit
        )
    if json:
        as_json([asdict(one) for one in counted])
        return
    columns = ("source", "code", *groups, "jobs", "tasks", "last", "text", "meaning")
    rows = (
        [
            one.source, str(one.code), *(str(one.group[name]) for name in groups), str(one.jobs),
            str(one.tasks), str(one.last), one.diag, one.meaning,
        ]
        for one in counted
    )  # fmt: skip
    table("Errors", columns, rows)


def rules(json: AsJSON = False) -> None:
    """List the rules for retries that have not expired, and those for classes of errors.

    Example: pandadb errors rules
    """
    with connected() as database:
        retries, classes = errors.rules(database)
    if json:
        as_json({"retries": [asdict(r) for r in retries], "classes": [asdict(c) for c in classes]})
        return
    columns = ("rule", "error", "text", "conditions", "action", "parameters", "active")
    table("Rules for retries", columns, map(_retry_row, retries))
    rows = (
        (
            str(c.number),
            f"{c.source} {c.code}",
            c.diag,
            c.error_class,
            "yes" if c.is_active else "no",
        )
        for c in classes
    )
    table("Classes", ("rule", "error", "text", "class", "active"), rows)


def _retry_row(rule: "errors.RetryRule") -> list[str | None]:
    conditions = {"architecture": rule.architecture, "release": rule.release, "queue": rule.queue}
    return [
        str(rule.number), f"{rule.source} {rule.code}", rule.diag,
        ", ".join(f"{name} {value}" for name, value in conditions.items() if value),
        rule.action, "&".join(f"{name}={value}" for name, value in rule.parameters.items()),
        "yes" if rule.is_active else "no",
    ]  # fmt: skip
