"""Values that requests share: computed once, kept while a thread computes the next one."""

from __future__ import annotations

import threading
import time

import pytest

from pandadb.web import recent
from pandadb.web.recent import RecentValues

pytestmark = pytest.mark.any_server


def test_value_is_computed_once_for_many_requests() -> None:
    values, calls = RecentValues(), []

    def compute() -> int:
        time.sleep(0.02)
        calls.append(1)
        return len(calls)

    def ask() -> None:
        assert values.get("a", compute, 60) == 1

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1


def test_old_value_is_there_while_the_next_one_is_computed() -> None:
    values, computed = RecentValues(), threading.Event()

    def compute() -> str:
        computed.set()
        return "new"

    assert values.get("a", lambda: "old", 60) == "old"
    assert values.get("a", compute, 0) == "old"
    assert computed.wait(5)
    while values.get("a", compute, 60) == "old":
        time.sleep(0.001)
    assert values.get("a", compute, 60) == "new"


def test_error_reaches_the_request_that_waits_only(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    values = RecentValues()

    def fail() -> str:
        raise ConnectionError("away")

    with pytest.raises(ConnectionError):
        values.get("a", fail)
    assert values.get("a", lambda: "known") == "known"
    assert values.get("a", fail, 0) == "known"
    while "could not be computed" not in caplog.text:
        time.sleep(0.001)
    monkeypatch.setattr(recent, "USABLE", 0)
    with pytest.raises(ConnectionError):
        values.get("a", fail)
