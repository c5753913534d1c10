"""`pandadb queue`: jobs for workers, groups, the outbox."""

from __future__ import annotations

import typer

from pandadb.cli.queue import change, find, locks, outbox, submit, verbs

app = typer.Typer(
    help="Job queues: submit, list, verbs on their jobs, groups, locks, reap, repair, outbox.",
    no_args_is_help=True,
)
groups = typer.Typer(help="Groups: how many of their jobs run at once.", no_args_is_help=True)
held = typer.Typer(help="Locks of other sessions: list, break.", no_args_is_help=True)
events = typer.Typer(help="Events that leave the database: list, send.", no_args_is_help=True)

app.command()(submit.submit)
app.command("list")(find.list_)
for verb in (
    verbs.pause, verbs.resume, verbs.stop, verbs.cancel, verbs.rerun, verbs.retry, verbs.delete,
):  # fmt: skip
    app.command()(verb)
app.command("set-state")(verbs.set_state)
app.command()(change.reap)
app.command()(change.repair)
app.add_typer(groups, name="groups")
groups.command("list")(find.groups_)
groups.command("set")(change.set_)
app.add_typer(held, name="locks")
held.command("list")(locks.list_)
held.command("break")(locks.break_)
app.add_typer(events, name="outbox")
events.command("list")(find.events_)
events.command()(outbox.send)
events.command()(outbox.again)
