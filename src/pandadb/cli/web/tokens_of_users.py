"""`pandadb web users token`: tokens of the scripts of users."""

from datetime import timedelta
from typing import Annotated

import typer

from pandadb import config
from pandadb.cli.options import AsJSON, whole
from pandadb.cli.output import NOTHING_TO_DO, as_json, note, table
from pandadb.cli.web.users import Name
from pandadb.web.accounts import api_tokens, identities, password_file

DAYS = 3650
"""The longest lifetime."""
COLUMNS = ("token", "name", "made", "expires", "state", "note")


def token(
    name: Name,
    *,
    days: Annotated[
        int, typer.Option(parser=whole(1, DAYS), metavar="NUMBER", help="Days until it expires.")
    ] = 90,
    purpose: Annotated[str, typer.Option("--note", help="Its purpose, for the list.")] = "",
) -> None:
    """Make a token for scripts of a user, and print it: it is not shown again.

    Requests with the header "Authorization: Bearer TOKEN" have the role of the user.
    Exit code 3 if there is no such user.

    Example: pandadb web users token monitor --days 365 --note prometheus
    """
    path = identities.password_path(config.load_settings())
    if name not in password_file.accounts(path):
        note(f"{path} has no user {name}", name=name)
        raise typer.Exit(NOTHING_TO_DO)
    given, made = api_tokens.new_token(path, name, timedelta(days), purpose)
    typer.echo(given)
    note(f"Token {made.ident} of {name} expires on {made.expires:%F}", token=made.ident)


def tokens(*, json: AsJSON = False) -> None:
    """List the tokens of all users, without their secrets.

    Example: pandadb web users tokens
    """
    path = identities.password_path(config.load_settings())
    rows = [
        (one.ident, one.name, f"{one.made:%F}", f"{one.expires:%F %H:%M}",
         "valid" if one.is_valid else "expired", one.note)
        for one in api_tokens.tokens(path)
    ]  # fmt: skip
    if json:
        as_json([dict(zip(COLUMNS, row, strict=True)) for row in rows])
        return
    table("Tokens", COLUMNS, rows)


def revoke(
    ident: Annotated[str, typer.Argument(metavar="TOKEN", help="Its id, as listed.")],
) -> None:
    """Revoke a token: it is void at once. Exit code 3 if there is none.

    Example: pandadb web users revoke 3f2a9c04d1e7
    """
    path = identities.password_path(config.load_settings())
    if not api_tokens.revoke(path, ident):
        note(f"There is no token {ident}", token=ident)
        raise typer.Exit(NOTHING_TO_DO)
    note(f"Token {ident} is void", token=ident)
