"""A mailbox by IMAP: its folders are opened read-only, so that no mail becomes seen."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from pandadb.errors import InvalidInput
from pandadb.sequences.mail.notifications import parse_message
from pandadb.sequences.mail.server import ONE_DAY, TIMEOUT, Mail, ServerMailbox
from pandadb.sequences.sequence_run import LOGGER

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from datetime import date, datetime

    from pandadb.sequences.mail.configuration import MailConfiguration

BODY, ARRIVED = b"BODY[]", b"INTERNALDATE"
UNSELECTABLE = (b"\\Noselect", b"\\NonExistent")


class ImapMailbox(ServerMailbox):
    """An IMAP mailbox."""

    def __init__(self, configuration: MailConfiguration) -> None:
        """Make a mailbox.

        Raises:
            InvalidInput: The library is not installed.
        """
        try:
            import imapclient  # noqa: PLC0415 - of the extra mail
        except ImportError:
            raise InvalidInput(
                "Mails by IMAP need another library: pip install 'pandadb[mail]'"
            ) from None
        super().__init__(configuration, (OSError, imapclient.exceptions.IMAPClientError))
        self._library = imapclient
        self._read: dict[str, tuple[int, int | None]] = {}
        """By folder its UIDVALIDITY and the highest UID that was read."""
        self._empty: set[str] = set()
        """Folders without a mail of the last days: the next look is for mails of any date."""

    @override
    def forget(self) -> None:
        """Read all mails anew at the next look."""
        self._read.clear()
        self._empty.clear()

    @override
    def _open(self, context: ssl.SSLContext | None) -> Any:
        given = self._configuration
        return self._library.IMAPClient(
            given.host, given.port, ssl=given.is_encrypted, ssl_context=context, timeout=TIMEOUT
        )

    @override
    def _log_in(self, server: Any) -> None:
        server.login(self._configuration.user, self._configuration.password)

    @override
    def _new(self, server: Any, since: date) -> Iterator[Mail]:
        """Yield the notifications that were not seen before, by folder, the oldest first."""
        for folder in self._folders(server):
            yield from self._new_in(server, folder, since)

    def _folders(self, client: Any) -> list[str]:
        """Return the folders to read: those of the configuration, else all that can be."""
        return [*self._configuration.folders] or [
            name
            for flags, _, name in client.list_folders()
            if not any(flag in flags for flag in UNSELECTABLE)
        ]

    def _new_in(self, client: Any, folder: str, since: date) -> Iterator[Mail]:
        selected = self._selected(client, folder)
        if selected is None:
            return
        validity = int(selected.get(b"UIDVALIDITY", 0))
        known, highest = self._read.get(folder, (validity, None))
        if known != validity:  # the folder was made anew: its UIDs are others
            highest = None
        is_first = highest is None and folder not in self._empty
        numbers = client.search(self._criteria(since if is_first else None, highest))
        numbers = sorted(number for number in numbers if number > (highest or 0))
        LOGGER.debug("%s: %s new mails", folder, len(numbers))
        if is_first and not numbers:
            self._empty.add(folder)
            return
        fetched = client.fetch(numbers, ["INTERNALDATE", "BODY.PEEK[]"]) if numbers else {}
        for number in numbers:
            found = fetched.get(number, {})
            if found.get(BODY) is None:
                continue  # it was deleted since
            message = parse_message(found[BODY])
            if self._configuration.senders.sent(message):
                yield Mail(message, _in_utc(found.get(ARRIVED)))
        if b"UIDNEXT" in selected or numbers:  # mails below it were there
            until = int(selected.get(b"UIDNEXT", 1)) - 1
            self._read[folder] = (validity, max([highest or 0, until, *numbers]))

    def _selected(self, client: Any, folder: str) -> Any:
        """Return the answer to the selection of a folder; None if it cannot be read.

        Raises:
            Exception: It is the only one, or the connection is broken.
        """
        try:
            return client.select_folder(folder, readonly=True)
        except self._library.exceptions.IMAPClientAbortError:
            raise
        except self._library.exceptions.IMAPClientError as error:
            if folder in (*self._configuration.folders, "INBOX"):
                raise
            LOGGER.debug("The folder %s is passed over: %s", folder, error)
            return None

    def _criteria(self, since: date | None, highest: int | None) -> list[Any]:
        """Return the keys of a search: mails of the senders, those since a day, or new ones.

        A search by day finds no mail without a date, nor one with a wrong date.
        """
        search: list[Any] = []
        for part in self._configuration.senders.searched:
            search = ["OR", *search, "FROM", part] if search else ["FROM", part]
        if since is not None:
            return [*search, "SENTSINCE", since - ONE_DAY]
        return [*search, "UID", f"{(highest or 0) + 1}:*"]

    @override
    def _close(self, server: Any) -> None:
        try:
            server.logout()
        except self._failures:
            with suppress(*self._failures):
                server.shutdown()


def _in_utc(arrived_at: datetime | None) -> datetime | None:
    """Return the time of a server, which the library gives in the zone of this machine, in UTC."""
    return None if arrived_at is None else arrived_at.astimezone(UTC).replace(tzinfo=None)
