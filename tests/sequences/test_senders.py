"""Senders of notifications: those that are believed, and mails that are made to do harm."""

from __future__ import annotations

import time

import pytest

from pandadb.sequences.mail.notifications import parse_fields, parse_message
from pandadb.sequences.mail.senders import Senders

pytestmark = pytest.mark.any_server


@pytest.mark.parametrize(
    ("sender", "is_believed"),
    [
        ("Atlas Pangaea <panda@example.org>", True),
        ("atlas pangaea <panda@example.org>", True),
        ('"Atlas Pangaea" <panda@example.org>', True),
        ("atlpan@cern.ch", True),
        ("Atlas Pangaea", True),
        ("Not Atlas Pangaea <evil@example.org>", False),
        ("Atlas Pangaea-Service <evil@example.org>", False),
        ("Atlas Pangaea <a@example.org>, Some Body <b@example.org>", False),
        ("evil@example.org (Atlas Pangaea)", False),
    ],
)
def test_senders_are_known_by_address_or_whole_name(sender: str, is_believed: bool) -> None:
    header = parse_message(f"From: {sender}\n\n".encode())
    assert Senders().sent(header) is is_believed
    only = Senders(addresses=("panda@example.org",))
    assert only.sent(header) is ("<panda@example.org>" in sender)


@pytest.mark.parametrize(
    ("results", "is_believed"),
    [
        (["mx.example.com; spf=pass; dkim=pass header.d=example.org"], True),
        (["mx.example.com; dkim=fail header.d=example.org"], False),
        (["mx.example.com; dkim=pass header.d=evil.org"], False),
        (["evil.org; dkim=pass header.d=example.org"], False),
        (["mx.example.com; dkim=none", "mx.example.com; dkim=pass header.d=example.org"], False),
        ([], False),
        (
            ['mx.example.com; spf=pass smtp.mailfrom="a;dkim=pass header.d=example.org;"@b'],
            False,
        ),
        (["mx.example.com; dkim=fail (dkim=pass header.d=example.org) header.d=evil.org"], False),
        (["mx.example.com; dkim=pass header.s=header.d=example.org header.d=evil.org"], False),
        (["mx.example.com; dkim=fail (; dkim=pass header.d=example.org"], False),
        (["mx.example.com 1; dkim=pass (2048-bit key; unprotected) header.d=example.org"], True),
        (["mx.example.com; dkim=pass header.i=panda@example.org header.s=one"], True),
    ],
)
def test_43_a_sender_needs_the_signature_that_our_mail_server_has_found(
    results: list[str], is_believed: bool
) -> None:
    lines = "".join(f"Authentication-Results: {one}\n" for one in results)
    header = parse_message(f"{lines}From: Atlas Pangaea <panda@example.org>\n\n".encode())
    assert Senders(authserv="mx.example.com").sent(header) is is_believed


def test_a_long_line_of_a_mail_is_parsed_at_once() -> None:
    begin = time.process_time()
    assert parse_fields(200_000 * "a" + " : b")["In"] == []
    assert time.process_time() - begin < 5
