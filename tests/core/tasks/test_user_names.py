"""Short names of users."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.tasks.user_names import short_name


@pytest.mark.parametrize(
    ("dn", "name"),
    [
        ("/DC=ch/DC=cern/OU=Users/CN=A Newcomer", "A Newcomer"),
        ("/DC=ch/OU=Users/CN=anew/CN=123456/CN=A Newcomer", "A Newcomer"),
        ("/O=Grid/CN=A Newcomer 42/CN=proxy", "A Newcomer"),
        ("/C=CH/CN=A Newcomer/CN=limited proxy", "A Newcomer"),
        ("/CN=Robot: pilot/CN=nickname:x/CN=A Newcomer", "A Newcomer"),
        ("/CN=A Newcomer/Email=a@example.org", "A Newcomer"),
        ("/CN=A Newcomer a.new@example.org", "A Newcomer"),
        ("/CN=O'Neill (Ann)", "ONeill Ann"),
        ("newcomer", "newcomer"),
        ("/CN=123456", "/CN=123456"),
        ("NULL", "NULL"),
    ],
)
def test_a_name_is_what_is_left_of_a_dn(dn: str, name: str) -> None:
    assert short_name(dn) == name


@given(st.text(min_size=1))
def test_any_text_has_a_name(dn: str) -> None:
    assert short_name(dn)
