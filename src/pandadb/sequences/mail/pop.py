"""A mailbox by POP3."""

from __future__ import annotations

import poplib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from typing_extensions import override

from pandadb.sequences.mail.notifications import parse_message, received_at, sent_at
from pandadb.sequences.mail.server import ONE_DAY, TIMEOUT, Mail, ServerMailbox
from pandadb.sequences.sequence_run import LOGGER
from pandadb.sequences.steps import now

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from datetime import date, datetime

    from pandadb.sequences.mail.configuration import MailConfiguration

MANY = 20
"""So many old mails in a row end a look; a single one may have a wrong date."""
LONGEST_LINE = 1 << 20
"""Bytes of a line of a mail; the library allows 2048, and parameters of a task may be longer."""
poplib._MAXLINE = LONGEST_LINE  # type: ignore[attr-defined]


class PopMailbox(ServerMailbox):
    """A POP3 mailbox."""

    def __init__(self, configuration: MailConfiguration) -> None:
        super().__init__(configuration, (OSError, EOFError, poplib.error_proto))
        self._seen: set[str] = set()
        self._has_looked = False

    @override
    def forget(self) -> None:
        """Read all mails anew at the next look."""
        self._seen.clear()
        self._has_looked = False

    @override
    def _open(self, context: ssl.SSLContext | None) -> poplib.POP3:
        given = self._configuration
        if context is None:
            return poplib.POP3(given.host, given.port, timeout=TIMEOUT)
        return poplib.POP3_SSL(given.host, given.port, timeout=TIMEOUT, context=context)

    @override
    def _log_in(self, server: poplib.POP3) -> None:
        server.user(self._configuration.user)
        server.pass_(self._configuration.password)

    @override
    def _new(self, server: poplib.POP3, since: date) -> Iterator[Mail]:
        numbers = self._unseen(server)
        LOGGER.debug("%s new mails", len(numbers))
        wanted: list[tuple[str, str, datetime | None]] = []
        old = 0
        for number, uidl in reversed(numbers):
            with self._passed_over(uidl):
                header = parse_message(b"\n".join(server.top(number, 0)[1]))
            arrived_at = now() if self._has_looked else received_at(header)
            is_old = sent_at(header, arrived_at).date() < since - ONE_DAY
            old = old + 1 if is_old else 0
            if old > MANY:
                break
            if not old and self._configuration.senders.sent(header):
                wanted.append((number, uidl, arrived_at))
        for number, uidl, arrived_at in reversed(wanted):
            with self._passed_over(uidl):
                raw = b"\n".join(server.retr(number)[1])
            yield Mail(parse_message(raw), arrived_at)
        self._seen.update(uidl for _, uidl in numbers)
        self._has_looked = True

    @contextmanager
    def _passed_over(self, uidl: str) -> Iterator[None]:
        """Pass over a mail in the next look, if the server's answer about it breaks the session."""
        try:
            yield
        except poplib.error_proto:
            self._seen.add(uidl)
            raise

    def _unseen(self, server: poplib.POP3) -> list[tuple[str, str]]:
        """Return the numbers and the UIDLs of mails that are new."""
        listed = [line.decode("ascii", "replace").split() for line in server.uidl()[1]]
        numbers = [(words[0], words[1]) for words in listed if len(words) == 2]
        until = self._configuration.read_until
        place = next((i for i, (_, uidl) in enumerate(numbers, 1) if uidl == until), 0)
        return [one for one in numbers[place:] if one[1] not in self._seen]

    @override
    def _close(self, server: poplib.POP3) -> None:
        with suppress(*self._failures):
            server.quit()
        with suppress(*self._failures):
            server.close()
