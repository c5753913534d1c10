"""Events of the outbox as mails: to an SMTP server, or as files of a folder."""

from __future__ import annotations

import json
import os
import smtplib
import socket
import ssl
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING, Any

from pandadb import mail_tokens
from pandadb.core.sql.validation import InvalidValue
from pandadb.services.queue.upkeep.application_mails import texts_of
from pandadb.services.queue.upkeep.outbox import Undeliverable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pandadb.config import Settings
    from pandadb.core.queue.upkeep.outbox import Event

REJECTED = 500
"""SMTP codes from here on are final refusals."""


def message_of(event: Event, sender: str) -> EmailMessage:
    """Return an event as a mail: the text of its payload, else a sentence about the job.

    A payload has `to`, one address or several, or `mail` in its `metadata`; and it may have
    `subject`, `text` and `html`. Those of jobs of applications are made here. The sender is an
    address, or a name with the address in `<>`. The Message-ID is that of each attempt, so a
    receiver knows repetitions.

    Raises:
        Undeliverable: There is no address, or the payload has a value that no header can have.
    """
    given = event.payload if isinstance(event.payload, dict) else {}
    payload = texts_of(given) | given
    message = EmailMessage()
    name, address = parseaddr(sender)
    try:
        message["From"] = Address(name, addr_spec=address)
        message["To"] = [Address(addr_spec=one) for one in recipients(payload)]
        message["Subject"] = str(payload.get("subject") or _subject(event, payload))
    except (ValueError, IndexError, TypeError, MessageError) as error:
        raise Undeliverable(f"A header of the mail cannot be: {error}") from error
    message["Date"] = format_datetime(event.created_at)
    message["Message-ID"] = f"<{event.dedupe_id}@{address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(str(payload.get("text") or _text(event, payload)))
    if payload.get("html"):
        message.add_alternative(str(payload["html"]), subtype="html")
    return message


def recipients(payload: dict[str, Any]) -> list[str]:
    """Return the addresses that an event is for.

    Raises:
        Undeliverable: There are none.
    """
    metadata = payload.get("metadata")
    given = payload.get("to") or (metadata.get("mail") if isinstance(metadata, dict) else None)
    found = [given] if isinstance(given, str) else given
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise Undeliverable("The event is for no address")
    return found


def _subject(event: Event, payload: dict[str, Any]) -> str:
    name = payload.get("name") or payload.get("public_id") or event.pandaid
    return f"Job {name} has ended: {payload.get('jobstatus', event.kind)}"


def _text(event: Event, payload: dict[str, Any]) -> str:
    shown = {
        name: value
        for name, value in payload.items()
        if value is not None and not isinstance(value, dict)
    }
    lines = [f"{name}: {value}" for name, value in {"job": event.pandaid, **shown}.items()]
    return "\n".join([*lines, ""])


def mail_sink(settings: Settings) -> Callable[[Event], None]:
    """Return a sink that sends each event as a mail to the SMTP server of the settings.

    Raises:
        InvalidValue: The settings name no server.
    """
    if not settings.smtp_host:
        raise InvalidValue("PANDADB_SMTP_HOST is not set: it names the server that mails go to")
    sender = settings.smtp_from or f"pandadb@{socket.getfqdn()}"

    def send(event: Event) -> None:
        message = message_of(event, sender)
        if settings.mail_token_key is not None:
            _add_token(message, settings.mail_token_key.get_secret_value())
        try:
            with _connected(settings) as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            kind = Undeliverable if min(codes) >= REJECTED else OSError
            raise kind(f"The server refuses the address: {_said(error.recipients)}") from error
        except smtplib.SMTPDataError as error:
            kind = Undeliverable if error.smtp_code >= REJECTED else OSError
            raise kind(f"The server refuses the mail: {error}") from error

    return send


def _add_token(message: EmailMessage, key: str) -> None:
    """Add the token by which a reader with the key knows that the mail is not forged."""
    text = message.get_body(("plain",))
    message[mail_tokens.HEADER] = mail_tokens.mail_token(
        key,
        message_id=str(message["Message-ID"]),
        date=str(message["Date"]),
        text=text.get_content() if text else "",
    )


def _said(refused: dict[str, tuple[int, bytes]]) -> str:
    return "; ".join(f"{code} {words.decode(errors='replace')}" for code, words in refused.values())


def _connected(settings: Settings) -> smtplib.SMTP:
    """Connect to the server, encrypted as in the settings, and log in if they have a user."""
    host, port, seconds = str(settings.smtp_host), settings.smtp_port, settings.smtp_timeout
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if settings.smtp_security == "tls":
        server = smtplib.SMTP_SSL(host, port, timeout=seconds, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=seconds)
    try:
        if settings.smtp_security == "starttls":
            server.starttls(context=context)
        if settings.smtp_user and settings.smtp_password:
            server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
    except (OSError, smtplib.SMTPException):
        server.close()
        raise
    return server


def folder_sink(folder: Path, sender: str = "pandadb@localhost") -> Callable[[Event], None]:
    """Return a sink that writes each event as a mail into a file; the file is whole or missing.

    A repetition writes the same file.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def send(event: Event) -> None:
        file = folder / f"{event.dedupe_id}.eml"
        part = file.with_suffix(".part")
        mail = bytes(message_of(event, sender))
        try:
            with part.open("wb") as stream:
                stream.write(mail)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(file)
        except OSError:
            part.unlink(missing_ok=True)
            raise

    return send


def as_line(event: Event) -> str:
    """Return an event as a line of JSON, for programs that read them."""
    found = {
        "dedupe_id": event.dedupe_id,
        "kind": event.kind,
        "pandaid": event.pandaid,
        "jeditaskid": event.jeditaskid,
        "created_at": event.created_at.isoformat(),
        "payload": event.payload,
    }
    return json.dumps(found)
