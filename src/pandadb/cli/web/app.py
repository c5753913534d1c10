"""`pandadb web`: web pages and the HTTP API."""

from __future__ import annotations

import typer

from pandadb.cli.web import serve, tokens_of_users, users

app = typer.Typer(invoke_without_command=True)
accounts = typer.Typer(help="Users of a password file, and their tokens.", no_args_is_help=True)

app.callback(invoke_without_command=True)(serve.serve)
app.add_typer(accounts, name="users")
accounts.command()(users.add)
accounts.command()(users.remove)
accounts.command("list")(users.list_)
accounts.command()(tokens_of_users.token)
accounts.command()(tokens_of_users.tokens)
accounts.command()(tokens_of_users.revoke)
