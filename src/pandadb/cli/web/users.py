"""`pandadb web users`: accounts of the password file."""

import sys
from typing import Annotated

import typer

from pandadb import config
from pandadb.cli.options import AsJSON
from pandadb.cli.output import NOTHING_TO_DO, as_json, note, table
from pandadb.web.accounts import identities, password_file

Name = Annotated[str, typer.Argument(help="Name of the user.")]


def add(
    name: Name, *, role: Annotated[str, typer.Option(help="reader or operator.")] = "reader"
) -> None:
    """Add a user of the web pages, or give one another password and role.

    The password is asked for, or read from the standard input if that is no terminal. Sessions of
    the old password end.

    Example: pandadb web users add ada --role operator
    """
    path = identities.password_path(config.load_settings())
    password_file.set_account(path, name, role, _password())
    note(f"{name} is a user with the role {role} in {path}", name=name, role=role)


def remove(name: Name) -> None:
    """Remove a user of the web pages; sessions end. Exit code 3 if there is none.

    Example: pandadb web users remove ada
    """
    path = identities.password_path(config.load_settings())
    if not password_file.remove_account(path, name):
        note(f"{path} has no user {name}", name=name)
        raise typer.Exit(NOTHING_TO_DO)
    note(f"{name} is no user any more", name=name)


def list_(*, json: AsJSON = False) -> None:
    """List the users of the web pages with their roles.

    Example: pandadb web users list
    """
    known = password_file.accounts(identities.password_path(config.load_settings())).values()
    rows = [(one.name, one.role.name.lower()) for one in known]
    if json:
        as_json([{"name": name, "role": role} for name, role in rows])
        return
    table("Users", ("name", "role"), rows)


def _password() -> str:
    if sys.stdin.isatty():
        given: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return given
    return sys.stdin.readline().rstrip("\r\n")
