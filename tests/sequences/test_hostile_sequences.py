"""Sequences that do harm to themselves: their end is known, and no other sequence suffers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from pandadb.sequences.steps import submitted

if TYPE_CHECKING:
    from tests.sequences.stages import Stage

pytestmark = pytest.mark.any_server


@pytest.mark.parametrize("error", ["KeyboardInterrupt", "GeneratorExit", "BaseException('x')"])
def test_an_error_that_no_except_catches_is_the_end_of_a_sequence(stage: Stage, error: str) -> None:
    end = stage.play(f"### Sequence\nraise {error}\n")
    assert (end.status, end.code) == ("failed", 1)
    assert error.partition("(")[0] in (end.message or "")


def test_numbers_that_no_job_set_has_are_none() -> None:
    output = f"JobsetID : {5000 * '9'}\n"
    assert submitted("prun x", output) is None
    found = submitted("prun x", f"JobsetID : 7\n{output}")
    assert found is not None
    assert found.jobset == 7


def test_the_output_of_a_submission_is_searched_at_once() -> None:
    begin = time.process_time()
    assert submitted("prun x", 200_000 * "\n") is None
    assert time.process_time() - begin < 5
