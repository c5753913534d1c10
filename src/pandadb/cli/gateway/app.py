"""`pandadb gateway`: messages of a STOMP broker become jobs, and their ends become messages."""

from __future__ import annotations

import typer

from pandadb.cli.gateway import dead, demo, instruments, run, send, status

app = typer.Typer(
    help="Messages of a broker: run a gateway, send, dead letters, instruments.",
    no_args_is_help=True,
)
letters = typer.Typer(
    help="Dead letters: messages that could not be worked on.", no_args_is_help=True
)
known = typer.Typer(help="Instruments: pause and resume.", no_args_is_help=True)

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
