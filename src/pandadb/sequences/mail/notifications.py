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
from datetime import UTC, datetime
from email.parser import BytesParser
from typing import TYPE_CHECKING, NamedTuple

from pandadb.sequences.results import FoundResult, JobNumbers

if TYPE_CHECKING:
    from email.message import EmailMessage, MIMEPart

    from pandadb.sequences.results import FieldValue

LINE = re.compile(r"(?<![a-zA-Z])[a-zA-Z]+\s+:\s+.+$", re.ASCII)
SUMMARY = re.compile(r"^\s*Summary of (JobsetID|JobID|TaskID)\s*:\s*(\d+)\s*$", re.ASCII)
TWO_WORDS = re.compile(r"^\s*(Final Status|Error Dialog)\s+:\s+(.+)$")
LISTS = ("In", "Out", "Log")
ALWAYS = ("In", "Out")
"""Lists that are there without a line, too."""
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
    for line in text.splitlines():
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
    text = text.strip()
    return int(text) if re.fullmatch(r"\d{1,4000}", text, re.ASCII) else text


def text_of(message: EmailMessage) -> str:
    """Return the plain text of a mail, decoded; that of its HTML if it has no other."""
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    text = _decoded(part)
    if part.get_content_subtype() == "html":
        text = html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"(?i)<br\s*/?>|</p>", "\n", text)))
    return text


def _decoded(part: MIMEPart) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    for charset in (part.get_content_charset() or "utf-8", "utf-8"):
        try:
            return data.decode(charset)
        except (LookupError, ValueError):
            continue
    return data.decode("latin-1")


def sent_at(message: EmailMessage) -> datetime:
    """Return the time of a mail, in UTC without a zone; the current one if its header has none."""
    try:
        when = getattr(message.get("Date"), "datetime", None)
    except Exception:  # noqa: BLE001 - a hostile header may break Python's parser
        when = None
    if when is None:
        return datetime.now(UTC).replace(tzinfo=None)
    found: datetime = when if when.tzinfo is None else when.astimezone(UTC).replace(tzinfo=None)
    return found
