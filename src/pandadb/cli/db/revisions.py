"""`pandadb db history`, `stamp` and `revision`: the revisions, those of a site included."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from pandadb.cli.confirm import confirm
from pandadb.cli.options import AsJSON, DryRun, Quiet, Yes
from pandadb.cli.output import as_json, out
from pandadb.cli.target import changing, connected
from pandadb.services import schema

Revision = Annotated[str, typer.Argument(help="A revision, such as 0007; head or base.")]


def history(json: AsJSON = False) -> None:
    """List all revisions of pandadb and the site, in order. Offline.

    Example: pandadb db history
    """
    found = schema.history()
    if json:
        as_json([asdict(one) for one in found])
        return
    for one in found:
        after = f" (after {', '.join(one.after)})" if one.is_site else ""
        out.print(f"{one.name}{after}", markup=False)


def stamp(
    revision: Revision,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Skip the comparison of the tables with the models.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Set the revision recorded in the database, without running any revision.

    For a database that pandadb created and that has lost its stamp. Its tables are first compared
    with the models, possible for the newest revision only; exit code 1 if they differ. `base`
    removes the stamp. `head` is pandadb's newest revision: revisions of the site are stamped only
    by name, `site@head`.

    Example: pandadb db stamp head
    """
    with changing(dry_run=dry_run, stamped=False) as database:
        would = schema.stamp(database, revision, compared=not unchecked, dry_run=True)
        confirm(f"{_words(would)} No table is changed. Go on?", yes or dry_run)
        done = would if dry_run else schema.stamp(database, revision, compared=False)
    if json:
        as_json(asdict(done))
    else:
        out.print(_words(done, done="would be" if dry_run else "is"), markup=False)


def _words(stamp: schema.Stamp, done: str = "will be") -> str:
    before, after = (", ".join(one) or "none" for one in (stamp.before, stamp.after))
    return f"The revision in pandadb.alembic_version was {before} and {done} {after}."


def revision(
    message: Annotated[str, typer.Option("--message", "-m", help="Its description.")],
    autogenerate: Annotated[
        bool,
        typer.Option("--autogenerate", help="Fill it with the differences from the models."),
    ] = False,
) -> None:
    """Create an empty revision of the site in the folder PANDADB_REVISIONS.

    It is called site_0001 and so on, and depends on pandadb's newest revision: pandadb db upgrade
    applies it afterwards. Offline, unless with --autogenerate.

    Example: pandadb db revision -m "an index for our dashboard"
    """
    if autogenerate:
        with connected() as database:
            written = schema.write(message, database)
    else:
        written = schema.write(message)
    out.print(f"Fill in {written}, then: pandadb db upgrade", markup=False, soft_wrap=True)
