"""Tokens of notification mails: a reader with the same key knows that pandadb has sent them."""

from __future__ import annotations

import hashlib
import hmac

HEADER = "X-PanDA-Token"
"""The header of a mail that has its token."""


def mail_token(key: str, *, message_id: str, date: str, text: str) -> str:
    """Return the token of a mail: HMAC-SHA256 of its id, its date and its text.

    Blanks at the ends of lines and empty lines at the end do not count, since mail servers change
    them.

    Args:
        key: The secret that sender and reader share.
        message_id: The header Message-ID.
        date: The header Date.
        text: The plain text, decoded.
    """
    lines = "\n".join(line.rstrip() for line in text.splitlines()).rstrip("\n")
    signed = "\n".join([message_id.strip(), date.strip(), lines])
    return hmac.new(key.encode(), signed.encode(), hashlib.sha256).hexdigest()


def is_token_of(token: str, key: str, *, message_id: str, date: str, text: str) -> bool:
    """Report whether a token is that of a mail; see `mail_token`."""
    right = mail_token(key, message_id=message_id, date=date, text=text)
    return hmac.compare_digest(token.strip().lower().encode(), right.encode())
