"""The fields of PanDA's notifications, of the forms of today and of old servers.

A line `word : value` gives a field: its name is the word before the first ` : `, its value the
text after the last one. Digits are a number; In, Out and Log are lists; of others the last line
counts.
Today's form has more: `Summary of TaskID:N` without blanks, and names of two words.
"""

from __future__ import annotations

import email.policy
import html
import re
import string
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

from pandadb.sequences.results import FoundResult, JobNumbers

if TYPE_CHECKING:
    from email.message import EmailMessage, Message

    from pandadb.sequences.results import FieldValue

LINE = re.compile(r"(?<![a-zA-Z])[a-zA-Z]+\s+:\s+.+$", re.ASCII)
LINE_END = re.compile(r"\r?\n")
"""The end of a line; a form feed and others are part of one."""
SUMMARY = re.compile(r"^\s*Summary of (JobsetID|JobID|TaskID)\s*:\s*(\d+)\s*$", re.ASCII)
TWO_WORDS = re.compile(r"^\s*(Final Status|Error Dialog)\s+:\s+(.+)$")
LISTS = ("In", "Out", "Log")
ALWAYS = ("In", "Out")
"""Lists that are there without a line, too."""
LATE = timedelta(days=1)
"""A mail that arrives later than its Date by more than this has a wrong Date."""
KINDS = {"JobsetID": "jobset", "JobID": "job", "TaskID": "task"}


class Notification(NamedTuple):
    """A notification, and when it was sent."""

    numbers: JobNumbers
    fields: dict[str, FieldValue]
    sent_at: datetime
    """In UTC, without a zone."""

    def found(self) -> FoundResult:
        """Return it as a result."""
        return FoundResult(self.numbers, self.fields, self.sent_at)


def parse_message(raw: bytes) -> EmailMessage:
    """Return a mail, or the header of one."""
    return BytesParser(policy=email.policy.default).parsebytes(raw)


def notification_of(text: str, sent_at: datetime) -> Notification | None:
    """Return the notification of a mail's text; None if it is about no jobs."""
    fields = parse_fields(text)
    numbers = {
        kind: value for name, kind in KINDS.items() if isinstance(value := fields.get(name), int)
    }
    return Notification(JobNumbers(**numbers), fields, sent_at) if numbers else None


def parse_fields(text: str) -> dict[str, FieldValue]:
    """Return the fields of a notification's text."""
    fields: dict[str, FieldValue] = {}
    for line in LINE_END.split(text):
        if summary := SUMMARY.match(line):
            fields[summary[1]] = int(summary[2])
            continue
        if words := TWO_WORDS.match(line):
            fields[words[1].replace(" ", "")] = _value(words[2])
        if found := LINE.search(line):
            parts = found[0].split(" : ")
            _add(fields, parts[0].strip(), _value(parts[-1]))
    for name in ALWAYS:
        fields.setdefault(name, [])
    if "TaskID" in fields and "Inputs" in fields:
        fields.setdefault("Jobs", fields["Inputs"])
    return fields


def _add(fields: dict[str, FieldValue], name: str, value: int | str) -> None:
    if name not in LISTS:
        fields[name] = value
        return
    found = fields.setdefault(name, [])
    if isinstance(found, list):
        found.append(value)


def _value(text: str) -> int | str:
    text = text.strip(string.whitespace)
    return int(text) if re.fullmatch(r"\d{1,4000}", text, re.ASCII) else text


def text_of(message: EmailMessage) -> str:
    """Return the plain text of a mail, decoded; that of its HTML if it has no other.

    A mail with neither has that of all its parts.
    """
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return whole_text_of(message)
    text = _decoded(part)
    if part.get_content_subtype() == "html":
        text = html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"(?i)<br\s*/?>|</p>", "\n", text)))
    return text


def whole_text_of(message: EmailMessage) -> str:
    """Return the text of all parts of a mail, those that are attached, too."""
    return "\n".join(_decoded(one) for one in message.walk() if not one.is_multipart())


def _decoded(part: Message) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    for charset in (part.get_content_charset() or "utf-8", "utf-8"):
        try:
            return data.decode(charset)
        except (LookupError, ValueError):
            continue
    return data.decode("latin-1")


def sent_at(message: EmailMessage, arrived_at: datetime | None = None) -> datetime:
    """Return the time of a mail, in UTC without a zone.

    Its Date may be wrong: if it is missing, or more than a day before the arrival, that counts; and
    the current time if the arrival is not known either.
    """
    when = _date_of(message)
    if when is None or (arrived_at is not None and arrived_at - when > LATE):
        return arrived_at or datetime.now(UTC).replace(tzinfo=None)
    return when


def received_at(header: EmailMessage) -> datetime | None:
    """Return the time at which the last server has received a mail, as its header has it."""
    try:
        line = str((header.get_all("Received") or [""])[0])
        when = parsedate_to_datetime(line.rpartition(";")[2].strip())
    except Exception:  # noqa: BLE001 - a hostile header may break Python's parser
        return None
    return _in_utc(when)


def _date_of(message: EmailMessage) -> datetime | None:
    try:
        when: datetime | None = getattr(message.get("Date"), "datetime", None)
    except Exception:  # noqa: BLE001 - a hostile header may break Python's parser
        return None
    return None if when is None else _in_utc(when)


def _in_utc(when: datetime) -> datetime:
    return when if when.tzinfo is None else when.astimezone(UTC).replace(tzinfo=None)
