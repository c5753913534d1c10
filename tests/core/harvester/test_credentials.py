"""Credentials are masked, and other text is left as it is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.harvester.credentials import mask, mask_json, mask_text

SECRET = "hunter2"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    "text",
    [
        f"password={SECRET}",
        f"PASSWD: {SECRET}",
        f'{{"password": "{SECRET}"}}',
        f"{{'access_token': '{SECRET}', 'a': 1}}",
        f"https://user:{SECRET}@host/path",
        f"postgresql://:{SECRET}@host",
        f"https://host/path?token={SECRET}&x=1",
        f"https://host/path?sig={SECRET}",
        f"https://bucket/x?X-Amz-Credential={SECRET}",
        f"Authorization: Bearer {SECRET}",
        f"authorization: Basic {SECRET}",
        f"eyJhbGciOi.{SECRET}.{SECRET}",
        f"key {PEM} end",
        f"-----BEGIN CERTIFICATE-----\n{SECRET}",
        f"aws_secret_access_key = {SECRET}",
        f'passphrase="{SECRET} with \\" quotes"',
    ],
)
def test_credentials_are_masked(text: str) -> None:
    masked = mask_text(text)

    assert SECRET not in masked
    assert "***" in masked


@pytest.mark.parametrize(
    "text",
    [
        "The worker was cancelled by the batch system: exit 137",
        "https://panda.cern.ch/logs/2026/01/02/worker.out?site=CERN",
        "passed 12 of 14 tests; tokens: none",
        "signal 9 (significant)",
        "condor://schedd.cern.ch:9618",
        "",
    ],
)
def test_other_text_stays(text: str) -> None:
    assert mask_text(text) == text


def test_values_of_named_keys_are_masked_at_any_depth() -> None:
    given_ = {"a": [{"Token": {"b": SECRET}}, 5, None], "api_key": [SECRET], "n": 1.5}

    masked = mask(given_)

    assert masked == {"a": [{"Token": "***"}, 5, None], "api_key": "***", "n": 1.5}
    assert mask_json(json.dumps(given_)) == masked
    assert mask_json(f"{{password={SECRET}") == "{password=***"
    assert mask_json(None) is None


@given(st.text(max_size=300))
def test_any_text_can_be_masked_and_again(text: str) -> None:
    once = mask_text(text)

    assert mask_text(once) == once
