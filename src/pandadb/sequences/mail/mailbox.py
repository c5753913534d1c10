"""A mailbox as a source of results, shared by the threads of all sequences."""

from __future__ import annotations

import threading
import time
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pandadb.sequences.mail.imap import ImapMailbox
from pandadb.sequences.mail.notifications import (
    Notification,
    notification_of,
    sent_at,
    text_of,
    whole_text_of,
)
from pandadb.sequences.mail.pop import PopMailbox
from pandadb.sequences.sequence_run import LOGGER
from pandadb.sequences.steps import now

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from email.message import EmailMessage

    from pandadb.sequences.mail.configuration import MailConfiguration
    from pandadb.sequences.mail.server import ServerMailbox
    from pandadb.sequences.results import FoundResult, JobNumbers

LONG_AGO = date(1970, 1, 1)
"""The day of the oldest mails, where their age does not count."""
LONGEST_DELAY = 3600.0
"""Seconds between two looks at most, after failures."""


class MailSource:
    """Results by notification mails. Nothing is kept: each program reads the last days anew."""

    def __init__(self, configuration: MailConfiguration, scan_days: int) -> None:
        """Make a source; the first look is later, when a result is asked for.

        Args:
            configuration: How to reach the mailbox.
            scan_days: Age in days of the oldest mails that are read at the first look.
        """
        self._configuration = configuration
        box = ImapMailbox if configuration.protocol == "imap" else PopMailbox
        self._mailbox: ServerMailbox = box(configuration)
        self._since = self._first_day(scan_days)
        self._lock = threading.Lock()
        self._notifications: list[Notification] = []
        self._known: set[tuple[str, str]] = set()
        self._next_look = 0.0
        self._failures = 0
        self._has_looked = False

    def find(self, numbers: JobNumbers, *, newer_than: datetime | None) -> FoundResult | None:
        """Return the first notification of jobs; the server is asked at most each interval."""
        with self._lock:
            self._go_back(newer_than)
            if time.monotonic() >= self._next_look:
                self._look()
            for one in self._notifications:
                if numbers.has(one.fields) and (newer_than is None or one.sent_at > newer_than):
                    return one.found()
        return None

    def wait(self, seconds: float) -> None:
        """Wait until the next look may give something."""
        left = self._next_look - time.monotonic()
        time.sleep(max(0.0, min(seconds, left)))

    def running(self) -> Iterable[JobNumbers]:
        """Return no jobs: mails are about jobs that have ended."""
        return ()

    def frozen(self, days: int) -> Iterable[FoundResult]:
        """Return the first notification of each job set of the last days.

        Raises:
            OSError: The mailbox could not be read so far.
        """
        first = self._first_day(days)
        with self._lock:
            if time.monotonic() >= self._next_look:
                self._look()
            if not self._has_looked:
                raise OSError(f"The mailbox on {self._configuration.host} cannot be read")
            found: dict[int, FoundResult] = {}
            for one in self._notifications:
                if one.sent_at.date() >= first:
                    found.setdefault(one.numbers.number, one.found())
        return [*found.values()]

    def _first_day(self, days: int) -> date:
        """Return the day of the oldest mails that count; behind a mail of an earlier run all do."""
        if self._configuration.read_until is not None:
            return LONG_AGO
        return now().date() - timedelta(days=days)

    def _go_back(self, newer_than: datetime | None) -> None:
        """Read older mails, too, if jobs were submitted before them, as after a resumption."""
        if newer_than is not None and newer_than.date() < self._since:
            self._since = newer_than.date()
            self._mailbox.forget()
            self._next_look = 0.0

    def _look(self) -> None:
        """Look for new mails; a failure is reported, and the next look is later."""
        try:
            mails = self._mailbox.look(self._since)
        except OSError as error:
            self._failures += 1
            delay = min(
                self._configuration.interval * 2 ** min(self._failures - 1, 10), LONGEST_DELAY
            )
            LOGGER.warning(
                "The mailbox on %s cannot be read, the next look is in %.0f s: %s",
                self._configuration.host, delay, error,
            )  # fmt: skip
            self._next_look = time.monotonic() + delay
            return
        self._failures, self._has_looked = 0, True
        self._next_look = time.monotonic() + self._configuration.interval
        for one in mails:
            try:
                self._take(*one)
            except Exception as error:  # noqa: BLE001 - a hostile mail may break Python's parser
                LOGGER.warning("A mail is passed over, since it cannot be parsed: %r", error)

    def _take(self, message: EmailMessage, arrived_at: datetime | None) -> None:
        text = text_of(message)
        if not self._configuration.senders.believes(message, text):
            LOGGER.warning(
                "A notification without the right token is passed over: %s", message["Subject"]
            )
            return
        when = sent_at(message, arrived_at)
        one = notification_of(text, when)
        if one is None and self._configuration.senders.token_key is None:  # it may be attached
            one = notification_of(whole_text_of(message), when)
        key = (str(message.get("Message-ID", "")), text)
        if one is not None and key not in self._known:
            self._known.add(key)
            self._notifications.append(one)
            LOGGER.debug("Notification of %s: %s", one.numbers, one.fields)
