"""`pandadb queue outbox send` and `again`: events leave the database."""

import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from pandadb import config
from pandadb.cli.options import LARGEST_ID, AsJSON, DryRun, Quiet, whole
from pandadb.cli.output import NOTHING_TO_DO, as_json, note, out
from pandadb.cli.target import changing
from pandadb.services import gateway, queue

MAIL, STDOUT = "mail", "stdout"
Events = Annotated[
    list[int],
    typer.Argument(parser=whole(1, LARGEST_ID), metavar="EVENT...", help="The events."),
]


def send(
    *,
    to: Annotated[
        str,
        typer.Option(metavar="mail|stdout|FOLDER", help="An SMTP server, lines of JSON, or files."),
    ] = MAIL,
    kind: Annotated[
        list[str] | None, typer.Option(help="Events of this kind only; can be repeated.")
    ] = None,
    limit: Annotated[
        int, typer.Option(parser=whole(1, 100_000), metavar="NUMBER", help="The most events.")
    ] = 1000,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Send events of the outbox that are due: at least once, those of a job in their order.

    The server is that of PANDADB_SMTP_HOST. Events of gateways wait for their broker, unless --kind
    names them. Exit code 1 if an event could not be sent: it is tried
    again later, or given up; 3 if none is due.

    Example: pandadb queue outbox send --to mail
    """
    with changing(dry_run=dry_run) as database:
        sink = _sink(to, dry_run=dry_run)
        if dry_run:
            waiting = queue.events(database, "waiting", limit=limit)
            as_json([asdict(one) for one in waiting]) if json else out.print(
                f"Events that wait to be sent: {len(waiting):,}."
            )
            return
        without = () if kind else gateway.EVENT_KINDS
        done = queue.send_events(database, sink, limit=limit, kinds=kind or (), without=without)
    _end(done, json=json, told=to != STDOUT)


def _sink(to: str, *, dry_run: bool) -> Callable[[Any], None]:
    if to == STDOUT:
        return _print_line
    if dry_run:
        return _ignore
    if to == MAIL:
        return queue.mail_sink(config.load_settings())
    return queue.folder_sink(Path(to))


def _print_line(event: "queue.Event") -> None:
    sys.stdout.write(f"{queue.as_line(event)}\n")
    sys.stdout.flush()


def _ignore(_event: Any) -> None:
    pass


def _end(done: "queue.SendResult", *, json: bool, told: bool) -> None:
    """Print the result; exit with code 1 if an event was not sent, 3 if there was none."""
    if json and told:
        as_json(asdict(done))
    elif told:
        out.print(
            f"Sent: {len(done.sent):,}; tried again later: {len(done.failed):,}; "
            f"given up: {len(done.given_up):,}."
        )
    for event, why in {**done.failed, **done.given_up}.items():
        note(f"Event {event}: {why}", event=event)
    if done.failed or done.given_up:
        raise typer.Exit(1)
    if not done.sent:
        raise typer.Exit(NOTHING_TO_DO)


def again(
    events: Events,
    *,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Let events that were given up, or wait for their next attempt, be sent by the next `send`.

    Exit code 1 if an event was sent already, or is unknown.

    Example: pandadb queue outbox again 17
    """
    with changing(dry_run=dry_run) as database:
        waiting = queue.send_again(database, events, queue.VerbOptions(dry_run=dry_run))
    missing = sorted({*events} - {*waiting})
    if json:
        as_json({"events": waiting, "missing": missing})
    else:
        out.print(f"{'Would be' if dry_run else 'Will be'} sent: {len(waiting):,} events.")
    for one in missing:
        note(f"Event {one} was sent already, or is unknown", event=one)
    if missing:
        raise typer.Exit(1)
