"""`pandadb gateway dead`: messages that could not be worked on."""

import base64
from dataclasses import asdict
from typing import Annotated, Any

import typer

from pandadb.cli.confirm import confirm
from pandadb.cli.gateway.settings import Config, settings_of
from pandadb.cli.options import LARGEST_ID, AsJSON, DryRun, Quiet, Yes, whole
from pandadb.cli.output import as_json, note, out, plain_text, printable, table
from pandadb.cli.target import changing, connected
from pandadb.gateway import replay as replays
from pandadb.services import gateway

COLUMNS = ("letter", "queue", "message", "size", "deliveries", "since", "replayed", "reason")
MAX_LETTERS = 10_000
SHOWN = 4000
"""Characters of a body that are shown; --json has all."""
Letter = Annotated[
    int, typer.Argument(parser=whole(1, LARGEST_ID), metavar="LETTER", help="The dead letter.")
]
Letters = Annotated[
    list[int],
    typer.Argument(parser=whole(1, LARGEST_ID), metavar="LETTER...", help="The dead letters."),
]


def list_(
    *,
    replayed: Annotated[
        bool, typer.Option("--replayed", help="Also those that were replayed.")
    ] = False,
    limit: Annotated[
        int, typer.Option(parser=whole(1, MAX_LETTERS), metavar="NUMBER", help="The most letters.")
    ] = 100,
    after: Annotated[
        int,
        typer.Option(
            parser=whole(0, LARGEST_ID), metavar="LETTER", help="The last one of the page before."
        ),
    ] = 0,
    json: AsJSON = False,
) -> None:
    """List dead letters in their order, page by page.

    Example: pandadb gateway dead list
    """
    with connected() as database:
        found = gateway.dead_letters(database, limit=limit, after=after, replayed=replayed)
    if json:
        as_json([_summary(one) for one in found])
        return
    table("Dead letters", COLUMNS, map(_row, found))
    if len(found) == limit:
        out.print(f"There may be more: --after {found[-1].dead_letter_id}", soft_wrap=True)


def _summary(one: "gateway.DeadLetter") -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name not in {"headers", "body"}}


def _row(one: "gateway.DeadLetter") -> tuple[Any, ...]:
    return (
        plain_text(one.dead_letter_id), one.destination, one.message_id, one.size, one.deliveries,
        plain_text(one.first_at.replace(microsecond=0)),
        plain_text(one.replayed_at and one.replayed_at.replace(microsecond=0)), one.reason,
    )  # fmt: skip


def show(dead_letter: Letter, *, json: AsJSON = False) -> None:
    """Show a dead letter: its reason, its headers, and its body.

    With --json a body that is no UTF-8 is in Base64.

    Example: pandadb gateway dead show 1
    """
    with connected() as database:
        found = gateway.dead_letter(database, dead_letter)
    text = _text(found.body)
    if json:
        body = base64.b64encode(found.body).decode() if text is None else text
        encoding = "base64" if text is None else "utf-8"
        as_json({**_summary(found), "headers": found.headers, "body": body, "encoding": encoding})
        return
    lines = [f"{name}: {value}" for name, value in _summary(found).items()]
    lines += [f"header {name}: {value}" for name, value in (found.headers or {}).items()]
    shown = repr(found.body) if text is None else text
    for line in (*lines, "", shown[:SHOWN] + ("…" if len(shown) > SHOWN else "")):
        out.print(printable(line), markup=False, soft_wrap=True)


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def replay(
    dead_letters: Letters,
    *,
    config: Config = None,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Receive dead letters once more, as if the broker had delivered them; it is not needed.

    A letter that was replayed already makes no second job. Exit code 1 if one has failed again: it
    is a new dead letter then.

    Example: pandadb gateway dead replay 1 2
    """
    settings = settings_of(config)
    with changing(dry_run=dry_run) as database:
        found = {one: gateway.dead_letter(database, one) for one in dict.fromkeys(dead_letters)}
        done = (
            {}
            if dry_run
            else {one: replays.replay(database, settings, letter) for one, letter in found.items()}
        )
    failed = {one: receipt for one, receipt in done.items() if receipt.kind == "error"}
    if json:
        as_json({one: asdict(receipt) for one, receipt in done.items()})
    else:
        would = "Would be replayed" if dry_run else "Replayed"
        out.print(f"{would}: {len(found):,}; failed again: {len(failed):,}.")
    for one, receipt in failed.items():
        note(f"Dead letter {one}: {receipt.reason}", dead_letter=one)
    if failed:
        raise typer.Exit(1)


def drop(
    dead_letters: Letters,
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Delete dead letters for good. Exit code 1 if one is unknown.

    Example: pandadb gateway dead drop 1 --yes
    """
    if not dry_run:
        confirm(f"Delete {len({*dead_letters})} dead letters for good?", yes)
    with changing(dry_run=dry_run) as database:
        options = gateway.VerbOptions(dry_run=dry_run)
        gone = gateway.drop_dead_letters(database, dead_letters, options)
    missing = sorted({*dead_letters} - {*gone})
    if json:
        as_json({"dropped": gone, "missing": missing})
    else:
        out.print(f"{'Would be dropped' if dry_run else 'Dropped'}: {len(gone):,} dead letters.")
    for one in missing:
        note(f"There is no dead letter {one}", dead_letter=one)
    if missing:
        raise typer.Exit(1)
