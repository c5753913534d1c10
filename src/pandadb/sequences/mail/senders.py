"""Senders of notifications: mails of others, and forged ones, are passed over."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pandadb.mail_tokens import HEADER, is_token_of

if TYPE_CHECKING:
    from email.headerregistry import Address
    from email.message import EmailMessage

ADDRESSES = ("atlpan@cern.ch", "Atlas.Pangaea@cern.ch")
"""The addresses that PanDA's notifications come from."""
NAMES = ("atlas pangaea",)
"""The names that they come from, with any address, in any case."""
PASSED = re.compile(r"\s*dkim(?:\s*/\s*\d+)?\s*=\s*pass(?!\S)", re.IGNORECASE)
SIGNER = re.compile(r"(?<!\S)header\.(?:d|i)\s*=\s*(?:[^\s@]*@)?([\w.-]+)(?!\S)", re.IGNORECASE)


@dataclass(frozen=True)
class Senders:
    """The senders that are believed."""

    addresses: tuple[str, ...] = ()
    """Only these, if there are any; else those of PanDA, by address or name."""
    token_key: str | None = field(default=None, repr=False)
    """The key of tokens: a mail without a good token is passed over."""
    authserv: str | None = None
    """The name of the mail server whose DKIM results are believed: others are passed over."""

    @property
    def searched(self) -> tuple[str, ...]:
        """Parts of From for the search of a mail server."""
        return self.addresses or (*ADDRESSES, *NAMES)

    def sent(self, header: EmailMessage) -> bool:
        """Report whether a mail's header is one of these senders, as far as it shows."""
        try:
            found = header.get_all("From", [])
        except Exception:  # noqa: BLE001 - a hostile header may break Python's parser
            return False
        if self._is_only_a_name(found):
            return True
        addresses: list[Address] = [*getattr(found[0], "addresses", ())] if found else []
        if len(found) != 1 or len(addresses) != 1:
            return False
        address = addresses[0].addr_spec.lower()
        known = {one.lower() for one in self.addresses or ADDRESSES}
        is_named = not self.addresses and addresses[0].display_name.lower() in NAMES
        if address not in known and not is_named:
            return False
        return self.authserv is None or self._is_signed(header, address.rpartition("@")[2])

    def _is_only_a_name(self, found: list[Any]) -> bool:
        """Report whether From is a name of PanDA, without an address."""
        is_enough = not self.addresses and self.authserv is None
        return is_enough and len(found) == 1 and str(found[0]).strip(' "').lower() in NAMES

    def _is_signed(self, header: EmailMessage, domain: str) -> bool:
        """Report whether our mail server has found a DKIM signature of the sender's domain.

        Only the first result of that server counts: it is the newest one, and those below may
        have come with the mail.
        """
        for text in header.get_all("Authentication-Results", []):
            server, _, results = _bare(str(text)).partition(";")
            if server.split()[:1] != [self.authserv]:
                continue
            for result in results.split(";"):
                signer = SIGNER.search(result)
                if PASSED.match(result) and signer and _is_of(domain, signer[1].lower()):
                    return True
            return False
        return False

    def believes(self, message: EmailMessage, text: str) -> bool:
        """Report whether a mail has the token that it needs."""
        if self.token_key is None:
            return True
        return is_token_of(
            str(message.get(HEADER, "")), self.token_key,
            message_id=str(message.get("Message-ID", "")),
            date=str(message.get("Date", "")), text=text,
        )  # fmt: skip


def _bare(text: str) -> str:
    """Return a header without its comments and quoted texts, which may be a sender's own words.

    Nothing is left of one whose comments or quotes do not end.
    """
    kept: list[str] = []
    depth, is_quoted, is_escaped = 0, False, False
    for one in text:
        if is_escaped:
            is_escaped = False
        elif one == "\\":
            is_escaped = True
        elif one == '"' and not depth:
            is_quoted = not is_quoted
            kept.append('"')
        elif not is_quoted and one in "()":
            depth += 1 if one == "(" else -1
            if depth < 0:
                return ""
        elif not is_quoted and not depth:
            kept.append(one)
    return "" if depth or is_quoted or is_escaped else "".join(kept)


def _is_of(domain: str, signer: str) -> bool:
    return domain == signer or domain.endswith(f".{signer}")
