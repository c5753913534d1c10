"""One loop of retries: how often, for which errors, and with which pauses."""

from __future__ import annotations

import pytest

from pandadb.database.retry import backoff, retry


def attempts(failures: int) -> tuple[list[int], list[int]]:
    """Return the numbers of the attempts of work that fails so often, and its result."""
    seen: list[int] = []

    def attempt(number: int) -> int:
        seen.append(number)
        if number < failures:
            raise OSError(number)
        return number * 10

    return seen, [retry(attempt, lambda error: isinstance(error, OSError), (0, 0))]


def test_work_is_repeated_until_it_succeeds() -> None:
    assert attempts(0) == ([0], [0])
    assert attempts(2) == ([0, 1, 2], [20])


def test_there_is_one_attempt_more_than_pauses_and_its_error_is_raised() -> None:
    with pytest.raises(OSError, match="2"):
        attempts(3)


def test_another_error_ends_the_attempts() -> None:
    seen: list[int] = []

    def attempt(number: int) -> None:
        seen.append(number)
        raise ValueError("no lock")

    with pytest.raises(ValueError, match="no lock"):
        retry(attempt, lambda error: isinstance(error, OSError), (0, 0))
    assert seen == [0]


def test_pauses_double_with_a_jitter_of_half() -> None:
    pauses = backoff(0.1, 4)

    assert len(pauses) == 4
    assert all(0.05 * 2**n <= pause <= 0.15 * 2**n for n, pause in enumerate(pauses))
