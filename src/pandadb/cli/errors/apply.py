"""`pandadb errors apply`: the rules for the errors of failed jobs, carried out."""

from dataclasses import asdict

from pandadb.cli.confirm import ask, end
from pandadb.cli.jobs.change import PandaIDs
from pandadb.cli.options import AsJSON, DryRun, Quiet, Yes
from pandadb.cli.output import as_json, out
from pandadb.cli.target import changing
from pandadb.services import errors, selection


def apply(
    pandaids: PandaIDs,
    *,
    dry_run: DryRun = False,
    json: AsJSON = False,
    yes: Yes = False,
    _quiet: Quiet = False,
) -> None:
    """Apply the rules for retries, and classes of errors, to failed jobs.

    To be called once for each job: each call allows one failure more for an error of the system.
    Exit code 1 if a job is refused; the rules are applied to the others.

    Example: pandadb errors apply 2000222 --dry-run
    """
    with changing(dry_run=dry_run) as database:
        named = selection.pandaids(database, pandaids)
        ask("Apply the rules to", named, yes or dry_run)
        done = errors.react(database, named, errors.VerbOptions(dry_run=dry_run))
    if json:
        as_json(asdict(done))
    else:
        for one in done.rules:
            rule = f"rule {one.rule.number}, {one.rule.action}"
            out.print(f"Job {one.pandaid}: {rule}: {one.done}.", soft_wrap=True)
        for number, found in done.classes.items():
            more = ": its input may fail once more" if found.allows_failure else ""
            of_class = f"is of class {found.rule.error_class}"
            out.print(f"Job {number}: {found.error.source} {found.error.code} {of_class}{more}.")
        if not done.rules and not done.classes:
            out.print("No rule is for the errors of these jobs.")
    end(done.refused.values())
