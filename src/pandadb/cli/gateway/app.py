"""`pandadb gateway`: messages of a STOMP broker become jobs, and their ends become messages."""

from __future__ import annotations

import typer

from pandadb.cli.gateway import (
    dead,
    demo,
    instruments,
    run,
    run_changes,
    runs,
    send,
    status,
    variables,
)

app = typer.Typer(
    help="Messages of a broker: run a gateway, send, runs, dead letters, instruments, variables.",
    no_args_is_help=True,
)
letters = typer.Typer(
    help="Dead letters: messages that could not be worked on.", no_args_is_help=True
)
known = typer.Typer(help="Instruments: pause and resume.", no_args_is_help=True)

records = typer.Typer(help="Runs: list, show, cancel, rerun, submit, remove.", no_args_is_help=True)
later = typer.Typer(help="Variables of instruments for runs to come.", no_args_is_help=True)

app.command()(run.run)
app.command()(status.status)
app.command()(send.send)
app.command()(demo.demo)
app.add_typer(letters, name="dead")
letters.command("list")(dead.list_)
letters.command()(dead.show)
letters.command()(dead.replay)
letters.command()(dead.drop)
app.add_typer(known, name="instruments")
known.command("list")(instruments.list_)
known.command()(instruments.pause)
known.command()(instruments.resume)
app.add_typer(records, name="runs")
records.command("list")(runs.list_)
records.command()(runs.show)
records.command()(run_changes.cancel)
records.command()(run_changes.rerun)
records.command()(run_changes.submit)
records.command()(run_changes.remove)
app.add_typer(later, name="variables")
later.command("list")(variables.list_)
later.command("set")(variables.set_)
