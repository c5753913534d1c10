"""`pandadb web`: web pages and the HTTP API."""

from __future__ import annotations

import typer

from pandadb.cli.web import serve

app = typer.Typer(help="Web pages and the HTTP API: serve them.", invoke_without_command=True)

app.callback(invoke_without_command=True)(serve.serve)
