"""`pandadb db`: the schema of the database."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import asdict
from typing import Annotated

import typer

from pandadb import config, embedded, session_settings
from pandadb.cli.confirm import confirm
from pandadb.cli.db.grant import grant
from pandadb.cli.db.revisions import history, revision, stamp
from pandadb.cli.options import AsJSON, DryRun, Quiet, Yes, seconds
from pandadb.cli.output import as_json, out, progress
from pandadb.cli.target import changing, check_named, connected
from pandadb.services import drift, schema, sequences

app = typer.Typer(help="Create, change and compare the schema.", no_args_is_help=True)

for command in (grant, history, stamp, revision):
    app.command()(command)

LEFT_AFTER_DOWNGRADE = (
    "The tables are gone with their schemas. Left are schema pandadb, for the next upgrade, and "
    "the roles and the database's search_path of pandadb db grant."
)

Revision = Annotated[str, typer.Argument(help="A revision, such as 0007.")]


@app.command()
def upgrade(
    revision: Revision = "head",
    statement_timeout: Annotated[
        float,
        typer.Option(
            parser=seconds,
            metavar="SECONDS",
            help="Statement timeout, 0 for none; index builds on big tables have a longer one.",
        ),
    ] = 60,
    dry_run: DryRun = False,
    _quiet: Quiet = False,
) -> None:
    """Upgrade the database to a revision, by default the newest one.

    Example: pandadb db upgrade
    """
    with changing(dry_run=dry_run) as database:
        pending = schema.pending(database, revision)
        if dry_run:
            typer.echo("\n".join(pending) or "Nothing to do.")
            return
        with progress("revisions") as bar:
            task = bar.add_task("upgrade", total=len(pending))
            schema.upgrade(
                database,
                revision,
                on_step=lambda _: bar.advance(task),
                statement_timeout=statement_timeout,
            )
        version = schema.current(database)
    if (
        version.revision
        and not pending
        and revision not in ("head", "heads", version.revision, *version.site)
    ):
        out.print(f"Nothing to do: already past {revision}.")
    out.print(_sentence(version))


@app.command()
def downgrade(
    revision: Revision, yes: Yes = False, dry_run: DryRun = False, _quiet: Quiet = False
) -> None:
    """Downgrade the database to a revision; newer tables are dropped, with their rows.

    Example: pandadb db downgrade base
    """
    with changing(dry_run=dry_run) as database:
        undone = schema.undone(database, revision)
        if dry_run:
            typer.echo("\n".join(undone) or "Nothing to do.")
            return
        question = f"Downgrade to revision {revision}, undo {len(undone)}, and lose the rows?"
        confirm(question, yes)
        schema.downgrade(database, revision)
        version = schema.current(database)
    out.print(
        LEFT_AFTER_DOWNGRADE if version.revision is None else _sentence(version), markup=False
    )


@app.command()
def current(json: AsJSON = False) -> None:
    """Print the revision of the database. Exit code 1 if revisions are missing.

    Example: pandadb db current --json
    """
    with connected() as database:
        version = schema.current(database)
    if json:
        as_json(asdict(version))
    else:
        out.print(_sentence(version))
    raise typer.Exit(bool(version.pending))


@app.command()
def check(json: AsJSON = False) -> None:
    """Compare the database with the models, and with all other objects pandadb creates.

    Covers owners, rights of the roles of pandadb db grant and of PUBLIC, search paths, row
    security, rules, autovacuum, initial rows, and sequences behind their tables. If the schema
    matches, it also looks for rows at 1970-01-01 of ended jobs.

    Exit code 1 if anything differs.

    Example: pandadb db check
    """
    with connected() as database:
        differences = drift.check(database)
    if json:
        as_json([one._asdict() for one in differences])
    else:
        sentences = "\n".join(map(str, differences))
        out.print(sentences or "The database matches the models.", markup=False)
    raise typer.Exit(bool(differences))


@app.command()
def fix_sequences(dry_run: DryRun = False, json: AsJSON = False, _quiet: Quiet = False) -> None:
    """Move each sequence past the highest id of its tables. Idempotent.

    A restore of tables or a failover to a logical replica leaves sequences behind: they would hand
    out ids twice. Stop servers and submissions first.

    Example: pandadb db fix-sequences --dry-run
    """
    with changing(dry_run=dry_run) as database:
        found = sequences.fix(database, dry_run=dry_run)
    if json:
        as_json([asdict(one) for one in found])
        return
    verb = "would go on" if dry_run else "goes on"
    for one in found:
        place = f"{one.table}.{one.column}"
        out.print(f"{one.sequence} {verb} after {one.highest}, the highest in {place}.")
    if not found:
        out.print("No sequence is behind its tables.")


@app.command()
def sql(
    revisions: Annotated[
        str, typer.Argument(help="Up to a revision, or a range such as 0002:0005.")
    ] = "head",
) -> None:
    """Print the SQL of an upgrade, for psql or for review by a DBA. Offline.

    Example: pandadb db sql > schema.sql
    """
    typer.echo(schema.sql(revisions), nl=False)


@app.command()
def url() -> None:
    """Print the URL of the database in use, without its password.

    The embedded PostgreSQL runs only while a process uses it: for a look into it, use pandadb db
    psql.

    Example: pandadb db url
    """
    with connected() as database:
        typer.echo(database.libpq_url())


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context) -> None:
    """Open psql on the database in use; further arguments are passed to it.

    Example: pandadb db psql -c 'SELECT * FROM doma_panda.pandadb_version'
    """
    settings = config.load_settings()
    check_named(settings)  # psql may change anything
    with connected(settings) as database:
        # The password goes through the environment: arguments are visible to all users.
        password = database.engine.url.password or os.environ.get("PGPASSWORD", "")
        given = os.environ.get("PGOPTIONS", "")
        options = f"{given} {session_settings.options_of_meaning()}".strip()
        environment = {**os.environ, "PGPASSWORD": password}
        if not database.pooler:  # a pooler would refuse them
            environment["PGOPTIONS"] = options
        for name in ("PGDATESTYLE", "PGTZ"):  # they would override the options
            environment.pop(name, None)
        theirs = None if settings.server_url() is None else shutil.which("psql")
        program = theirs or str(embedded.psql())  # of the embedded server's version
        words = [program, database.libpq_url(hint=False), *context.args]
        raise typer.Exit(subprocess.run(words, env=environment, check=False).returncode)


def _sentence(version: schema.Version) -> str:
    if version.revision is None:
        return "The database is empty: pandadb db upgrade creates the schema."
    words = f"The database is at revision {version.revision} (PanDA {version.panda or 'unknown'})"
    if version.site:
        words += f" and {', '.join(version.site)} of the site"
    if version.pending:
        return "\n  ".join([f"{words}; {len(version.pending)} to go:", *version.pending])
    return f"{words}, the newest."
