"""Messages that are received: each becomes a job, a cancel, or an event, in one transaction."""

from __future__ import annotations

import hashlib
import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

from pandadb.errors import InvalidInput
from pandadb.gateway import places, reports, scripts
from pandadb.gateway.deliveries import Delivery, Receipt, ReceiptKind
from pandadb.gateway.keys import is_true, rb_number, user_number
from pandadb.gateway.messages import (
    RESULT_KEYS,
    BadMessage,
    CancelMessage,
    PendingMessage,
    RunMessage,
    read_body,
    unknown_keys,
    validated,
)
from pandadb.gateway.rules import job_rules
from pandadb.services import gateway as service
from pandadb.services.gateway import (
    AskedRun,
    CancelRequest,
    Received,
    RunKey,
    RunRequest,
    Taken,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pandadb.database import Database
    from pandadb.gateway.settings import GatewaySettings
    from pandadb.services.gateway import Variable

__all__ = ["Delivery", "Receipt", "ReceiptKind", "receive", "receive_all"]

ASKING = ("data_ready", "reduction_pending")
"""Destinations of messages that ask for reductions, by their names in the settings."""

PENDING = PendingMessage, RESULT_KEYS
READY = RunMessage, (*RESULT_KEYS, "run_version", "software")
"""The kind of a message, and keys that are ignored in it, whatever they have."""
LONGEST_VALUE = 10_000
"""Characters of a text of a bad message that its event has."""


def receive(database: Database, settings: GatewaySettings, delivery: Delivery) -> Receipt:
    """Receive a message, whatever it is; acknowledge it once this has returned.

    An error of the database is raised: then nothing was committed, and the message is to come
    again. A message that is malformed is none: see `ReceiptKind`.
    """
    message = as_received(settings, delivery)
    try:
        taken, warnings = _taken(database, settings, message, delivery)
    except BadMessage as error:
        taken = service.refuse(database, message, str(error), _short(error.body))
        warnings = []
    return _receipt(taken, warnings)


def receive_all(
    database: Database, settings: GatewaySettings, deliveries: Sequence[Delivery]
) -> Iterator[Receipt]:
    """Receive messages in their order; yield the receipt of each once it is committed.

    Runs that follow each other are taken in one transaction, unless one of the messages was
    received before. An error is raised where it occurs: the messages without a receipt are to come
    again, and may be committed.
    """
    for asked, group in itertools.groupby(
        ((one, _run_of(settings, one)) for one in deliveries), key=lambda one: one[1] is not None
    ):
        known = [*group]
        runs = [run for _, run in known if run is not None]
        taken = service.take_runs(database, runs) if asked and len(runs) > 1 else None
        if taken is None:
            for delivery, _ in known:
                yield receive(database, settings, delivery)
        else:
            for what, run in zip(taken, runs, strict=True):
                yield _receipt(what, run.warnings)


def _run_of(settings: GatewaySettings, delivery: Delivery) -> AskedRun | None:
    """Return the run that a message asks for; None for other messages, and for malformed ones."""
    role = settings.destinations.role(delivery.destination)
    if role not in ASKING:
        return None
    try:
        body = read_body(delivery.body, settings)
        message = as_received(settings, delivery)
        return None if _is_cancel(role, body) else _asked_run(settings, message, role, body)
    except BadMessage:
        return None


def _receipt(taken: Taken, warnings: Sequence[str]) -> Receipt:
    return Receipt(ReceiptKind(taken.kind), taken.pandaid, taken.reason, tuple(warnings))


def _taken(
    database: Database, settings: GatewaySettings, message: Received, delivery: Delivery
) -> tuple[Taken, list[str]]:
    role = settings.destinations.role(delivery.destination)
    body = read_body(delivery.body, settings)
    if role in ASKING:
        return _asked(database, settings, message, role, body)
    if role is not None:
        return reports.take(database, settings, message, role, body)
    raise BadMessage(f"The destination {delivery.destination[:100]!r} is none of ours", body)


def as_received(settings: GatewaySettings, delivery: Delivery) -> Received:
    """Return a message as it is recorded, with a key of its content."""
    content = delivery.destination.encode("utf-8", "replace") + b"\0" + delivery.body
    key = hashlib.sha256(content).hexdigest()
    headers = {str(name): str(value) for name, value in delivery.headers.items()}
    message_id = delivery.message_id or headers.get("dedupe-id") or f"sha256:{key}"
    return Received(
        settings.source,
        message_id.replace("\0", "")[:300],
        key,
        delivery.destination.replace("\0", ""),
        headers,
        delivery.body,
        headers.get("redelivered", "").lower() == "true" and "@@" in message_id,
        {**settings.destinations.model_dump(), "keys": settings.keys},
    )


def _asked(
    database: Database,
    settings: GatewaySettings,
    message: Received,
    role: str,
    body: dict[str, Any],
) -> tuple[Taken, list[str]]:
    """Take a message that asks for a reduction, or for the cancel of one."""
    if _is_cancel(role, body):
        cancel = validated(CancelMessage, {n: v for n, v in body.items() if n != "cancel"})
        wanted = CancelRequest(
            cancel.run_number,
            cancel.run_version,
            cancel.instrument,
            None if cancel.rb_number is None else rb_number(cancel.rb_number),
        )
        seconds = settings.reduction.cancels_kept
        return service.take_cancel(database, message, wanted, seconds), []
    one = _asked_run(settings, message, role, body)
    taken = service.take_run(database, message, one.wanted, one.rules, warnings=one.warnings)
    return taken, [*one.warnings]


def _is_cancel(role: str, body: Mapping[str, Any]) -> bool:
    return role == "reduction_pending" and is_true(body.get("cancel"))


def _asked_run(
    settings: GatewaySettings, message: Received, role: str, body: Mapping[str, Any]
) -> AskedRun:
    """Return the run that a message asks for.

    Raises:
        BadMessage: A key is missing, or its value cannot be.
    """
    kind, ignored = READY if role == "data_ready" else PENDING
    given = {name: value for name, value in body.items() if name not in ignored}
    run = validated(kind, given)
    request = _request(settings, run, role, given)
    return AskedRun(message, request, job_rules(settings, message.headers), unknown_keys(run))


def _request(
    settings: GatewaySettings, run: RunMessage, role: str, given: dict[str, Any]
) -> RunRequest:
    """Return the request of a message.

    Raises:
        BadMessage: Its data lie where those of its instrument may not.
    """
    key = RunKey(run.instrument, rb_number(run.rb_number), run.run_number)
    facts = {"instrument": key.instrument, "rb_number": key.rb_number, "data": run.data}
    facts |= {"run_number": key.run_number, "facility": str(run.facility).upper()[:100]}
    is_pending = role == "reduction_pending"
    if isinstance(run.data, str):
        try:
            places.check_data(settings.folders, facts)
        except InvalidInput as error:
            raise BadMessage(str(error), given) from None
    skipped = _reason_to_skip(settings, run, is_pending)
    found = _script(settings, run, is_pending)
    if found.text is not None and not found.text:
        skipped = skipped or "There is no script of the instrument, or it is empty"
    return RunRequest(
        key,
        facts["facility"],
        _body(given, is_pending),
        [str(run.data)],
        (run.run_version or 0) if is_pending else None,
        found.text or "",
        found.variables,
        not is_pending,
        run.overwrite,
        _description(run),
        user_number(run.started_by),
        skipped,
        None if found.text == "" else found.mistake,
    )


class _Script(NamedTuple):
    """A script and its variables, or the mistake in them."""

    text: str | None
    """None: it cannot be read; empty: there is none."""
    variables: list[Variable]
    mistake: str | None = None


def _script(settings: GatewaySettings, run: RunMessage, is_pending: bool) -> _Script:
    """Return the script of a message, or that of its instrument."""
    text, arguments = run.reduction_script, run.reduction_arguments
    try:
        if is_pending:
            return _Script(text, scripts.of_message(arguments))
        folder = places.script_folder(settings.folders, run.instrument)
        text = scripts.read_script(folder) or ""
        return _Script(text, scripts.merged(scripts.read_variables(folder), arguments))
    except InvalidInput as mistake:
        return _Script(text, [], str(mistake))


def _body(given: dict[str, Any], is_pending: bool) -> dict[str, Any]:
    """Return the keys of a message that its events have, too."""
    dropped = {"retry_in"}
    if not is_pending:
        dropped |= {"reduction_arguments", "reduction_script"}
    return {name: value for name, value in given.items() if name not in dropped}


def _description(run: RunMessage) -> str:
    found = run.description if run.description is not None else run.run_description
    return "" if found is None else str(found)


def _reason_to_skip(settings: GatewaySettings, run: RunMessage, is_pending: bool) -> str | None:
    digits = settings.reduction.rb_digits
    if len(str(rb_number(run.rb_number))) != digits or rb_number(run.rb_number) <= 0:
        return f"rb_number is no number of {digits} digits, but of a calibration run"
    if not isinstance(run.data, str):
        return "data is no text"
    if not isinstance(run.facility, str):
        return "facility is no text"
    is_number = isinstance(run.started_by, int)
    if not is_pending and not (is_number and user_number(run.started_by) is not None):
        return "started_by is no number of a user"
    return None


def _short(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of a bad message that its event has: those with short values."""
    return {
        name: value
        for name, value in list(body.items())[:100]
        if isinstance(value, str | int | float | bool | None) and len(str(value)) <= LONGEST_VALUE
    }
