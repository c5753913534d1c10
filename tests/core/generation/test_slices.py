"""Queues that a brokerage has chosen."""

from __future__ import annotations

from typing import Any

import pytest

from pandadb.core.generation.slices import Queue
from pandadb.core.sql.validation import InvalidValue


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"locality": "moon"}, "queue CERN: locality is disk, tape, cache, remote, not 'moon'"),
        ({"weight": float("nan")}, "queue CERN: weight has to be a number from 0 on, not nan"),
        ({"weight": -1}, "weight has to be a number from 0 on, not -1"),
        ({"cap": float("inf")}, "cap has to be a number from 0 on, not inf"),
        ({"queued": "5"}, "queued has to be a number from 0 on, not '5'"),
        ({"weight": True}, "weight has to be a number from 0 on, not True"),
    ],
)
def test_a_queue_with_values_that_cannot_be_is_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidValue, match=words):
        Queue("CERN", **values)


@pytest.mark.parametrize("locality", ["disk", "tape", "cache", "remote", None])
def test_a_queue_knows_where_its_input_is(locality: str | None) -> None:
    assert Queue("CERN", weight=0, locality=locality, queued=0, cap=5).locality == locality
