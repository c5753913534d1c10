"""`pandadb db grant`: roles and their rights."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from pandadb.cli.options import AsJSON, DryRun, Quiet
from pandadb.cli.output import as_json, out
from pandadb.cli.target import changing
from pandadb.services import grants


def grant(
    prefix: Annotated[
        str, typer.Option(help="Prefix of the roles' names: panda, panda_writer …")
    ] = "panda",
    member: Annotated[
        list[str] | None,
        typer.Option(help="A login role and its role here, ROLE=writer; can be repeated."),
    ] = None,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Create the roles of owner, writers, readers, archiver and monitor; grant their rights.

    Idempotent. With --dry-run it prints the SQL.

    Example: pandadb db grant --member pandaserver=writer --member bigmon=monitor
    """
    members = dict(_member(word) for word in member or [])
    with changing(dry_run=dry_run) as database:
        granted = grants.grant(database, prefix, members, dry_run=dry_run)
    if json:
        as_json(asdict(granted))
    elif dry_run:
        typer.echo(";\n\n".join(granted.statements) + ";")
    else:
        made = ", ".join(granted.made) or "none, all existed"
        joined = ", ".join(f"{member} in {role}" for member, role in granted.joined) or "none"
        out.print(
            f"Rights granted to {', '.join(granted.roles.values())}; roles created: {made}; "
            f"new members: {joined}.",
            markup=False,
        )


def _member(word: str) -> tuple[str, str]:
    name, _, role = word.partition("=")
    if not name or role not in grants.ROLES:
        known = ", ".join(grants.ROLES)
        raise typer.BadParameter(f"{word!r} is not ROLE=… with one of {known}")
    return name, role
