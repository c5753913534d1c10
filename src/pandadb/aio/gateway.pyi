# Written from the functions of `pandadb.services.gateway` by `pandadb docs stubs`.

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pandadb.aio.base.database import AsyncDatabase
from pandadb.services.gateway import (
    CHANNEL,
    ENDED,
    EVENT_KINDS,
    HANDLER,
    LIVE,
    AskedRun,
    CancelRequest,
    DeadLetter,
    Gateway,
    GatewayStatus,
    Instrument,
    InvalidValue,
    JobRules,
    KnownVariable,
    Received,
    Run,
    RunKey,
    RunReport,
    RunRequest,
    Sign,
    Taken,
    UnknownDeadLetter,
    UnknownRun,
    Variable,
    VerbOptions,
    WaitingEvents,
    converted,
    type_of,
    values_of,
)

__all__ = [
    "CHANNEL",
    "ENDED",
    "EVENT_KINDS",
    "HANDLER",
    "LIVE",
    "AskedRun",
    "CancelRequest",
    "DeadLetter",
    "Gateway",
    "GatewayStatus",
    "Instrument",
    "InvalidValue",
    "JobRules",
    "KnownVariable",
    "Received",
    "Run",
    "RunKey",
    "RunReport",
    "RunRequest",
    "Sign",
    "Taken",
    "UnknownDeadLetter",
    "UnknownRun",
    "Variable",
    "VerbOptions",
    "WaitingEvents",
    "cancel",
    "converted",
    "dead_letter",
    "dead_letters",
    "drop_dead_letters",
    "first_versions",
    "forget_messages",
    "gateways",
    "list_instruments",
    "list_runs",
    "list_variables",
    "note_failure",
    "note_replayed",
    "note_sign",
    "refuse",
    "register",
    "remove_runs",
    "rerun",
    "send_messages",
    "set_instrument",
    "set_variables",
    "status",
    "take_cancel",
    "take_report",
    "take_run",
    "take_runs",
    "type_of",
    "values_of",
]

async def cancel(
    database: AsyncDatabase,
    wanted: CancelRequest,
    options: VerbOptions = ...,
    *,
    by: str,
) -> Taken:
    """Cancel a run: it ends at once if it is queued, else when its worker has ended the script.

    Of a run that has ended, the version that it is tried or done again as is cancelled.
    One that is not known is cancelled if it comes within an hour.
    """

async def dead_letter(
    database: AsyncDatabase,
    dead_letter_id: int,
) -> DeadLetter:
    """Return a dead letter, with its headers and its body.

    Raises:
        UnknownDeadLetter: There is none of this number.
    """

async def dead_letters(
    database: AsyncDatabase,
    *,
    limit: int = 100,
    after: int = 0,
    replayed: bool = False,
) -> list[DeadLetter]:
    """Return dead letters in their order, above a number, without headers and bodies.

    Those that were replayed are left out, unless `replayed`.

    Raises:
        InvalidValue: A number is beyond its limits.
    """

async def drop_dead_letters(
    database: AsyncDatabase,
    dead_letter_ids: Iterable[int],
    options: VerbOptions = ...,
) -> list[int]:
    """Delete dead letters; return the numbers of those that there were.

    Raises:
        InvalidValue: A number is no whole number.
    """

async def first_versions(
    database: AsyncDatabase,
    instrument: str,
    first_run: int,
    last_run: int,
) -> dict[int, Run]:
    """Return the first version of each run of a range that has a record."""

async def forget_messages(
    database: AsyncDatabase,
    days: float = 30,
) -> int:
    """Forget the ids of messages that were received so long ago; return how many.

    One of them that comes again is a new message. Their runs and dead letters stay.
    """

async def gateways(
    database: AsyncDatabase,
    *,
    stopped: bool = False,
) -> list[Gateway]:
    """Return gateways, the newest first; with `stopped` also those that have ended."""

async def list_instruments(
    database: AsyncDatabase,
) -> list[Instrument]:
    """Return the instruments that messages have named, or operators have set."""

async def list_runs(
    database: AsyncDatabase,
    *,
    instrument: str | None = None,
    rb_number: int | None = None,
    run_number: int | None = None,
    status: str | None = None,
    limit: int = 100,
    after: int = 0,
    before: int | None = None,
) -> list[Run]:
    """Return records of runs, the oldest first; those with numbers above `after`.

    With `before` they are the newest first: those with numbers below it.

    Raises:
        InvalidValue: A number is beyond its limits, or there is no such status.
    """

async def list_variables(
    database: AsyncDatabase,
    instrument: str | None = None,
) -> list[KnownVariable]:
    """Return variables for runs to come, the oldest first."""

async def note_failure(
    database: AsyncDatabase,
    message: Received,
    error: str,
) -> int:
    """Note a delivery that has failed; return how often the message was delivered."""

async def note_replayed(
    database: AsyncDatabase,
    dead_letter_id: int,
) -> None:
    """Note that a dead letter was received once more."""

async def note_sign(
    database: AsyncDatabase,
    gateway_id: str,
    sign: Sign,
) -> None:
    """Note a sign of life of a gateway, or its end."""

async def refuse(
    database: AsyncDatabase,
    message: Received,
    reason: str,
    body: Mapping[str, Any],
    options: VerbOptions = ...,
) -> Taken:
    """Keep a message that never can be worked on as a dead letter, and announce the error."""

async def register(
    database: AsyncDatabase,
    gateway_id: str,
    source: str,
    options: VerbOptions = ...,
) -> None:
    """Register this process as a gateway that begins.

    Raises:
        InvalidValue: The id is no text.
    """

async def remove_runs(
    database: AsyncDatabase,
    instrument: str,
    first_run: int,
    last_run: int | None = None,
    options: VerbOptions = ...,
) -> int:
    """Remove the records of runs, all versions; return how many.

    Those whose jobs have not ended stay. A run that another system's worker reduces has none.

    Raises:
        InvalidValue: The last run is before the first.
    """

async def rerun(
    database: AsyncDatabase,
    key: RunKey,
    rules: JobRules,
    options: VerbOptions = ...,
    *,
    run_version: int | None = None,
    script: str | None = None,
    variables: Mapping[str, Mapping[str, Any]] | None = None,
    overwrite: bool | None = None,
    description: str = ...,
    started_by: int | None = None,
) -> Run:
    """Reduce a run again, as its next version; return the record.

    Its script and variables are those of the version, unless others are given.

    Raises:
        UnknownRun: There is no record of it.
        InvalidValue: The script that is given is empty.
    """

async def send_messages(
    database: AsyncDatabase,
    destination: str,
    bodies: Sequence[Mapping[str, Any]],
    options: VerbOptions = ...,
    *,
    keys: Mapping[str, str] | None = None,
    priority: int | None = None,
) -> None:
    """Send messages that ask for reductions, by the outbox."""

async def set_instrument(
    database: AsyncDatabase,
    name: str,
    options: VerbOptions = ...,
    **settings: bool | None,
) -> Instrument:
    """Set whether an instrument `is_paused`, `is_active` or `is_flat_output`; return it.

    Raises:
        InvalidValue: A setting has another name, or the instrument's name does not fit.
    """

async def set_variables(
    database: AsyncDatabase,
    instrument: str,
    values: Sequence[Variable],
    options: VerbOptions = ...,
    *,
    start_run: int | None = None,
    experiment_reference: int | None = None,
) -> None:
    """Set variables for runs to come: from a run on, or for an experiment.

    They hold until they are set again; those of an experiment go before those from a run on, and
    both before reduce_vars.py.

    Raises:
        InvalidValue: Neither a run nor an experiment is given, or both.
    """

async def status(
    database: AsyncDatabase,
    queue: str,
) -> GatewayStatus:
    """Return all about the gateways, and the queue of their jobs."""

async def take_cancel(
    database: AsyncDatabase,
    message: Received,
    wanted: CancelRequest,
    seconds: float,
    *,
    warnings: Sequence[str] = ...,
    options: VerbOptions = ...,
) -> Taken:
    """Cancel the run that a message names; one that is not known is cancelled if it comes soon.

    A run that has ended is left as it is.
    """

async def take_report(
    database: AsyncDatabase,
    message: Received,
    report: RunReport,
    rules: JobRules,
    *,
    warnings: Sequence[str] = ...,
    options: VerbOptions = ...,
) -> Taken:
    """Note a report on a run; an error that is to be tried again makes its next version.

    A report on a run that is not known, or that its state does not allow, changes nothing. Nor does
    one on a run whose job is pandadb's: its own events come back so.
    """

async def take_run(
    database: AsyncDatabase,
    message: Received,
    wanted: RunRequest,
    rules: JobRules,
    *,
    warnings: Sequence[str] = ...,
    options: VerbOptions = ...,
) -> Taken:
    """Take a run that a message asks for: its record, and a job, or an event with the reason.

    A message that was received before changes nothing.
    """

async def take_runs(
    database: AsyncDatabase,
    asked: Sequence[AskedRun],
    options: VerbOptions = ...,
) -> list[Taken] | None:
    """Take runs that messages ask for, in their order, in one transaction, as `take_run` does.

    None if one of the messages was received before: nothing was changed then.
    """
