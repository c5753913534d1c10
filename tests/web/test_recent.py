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


def test_computation_pauses_for_nine_times_as_long_as_it_took() -> None:
    now = time.monotonic()
    slow = recent.RecentValue("a", str, began=now - 20, ended=now - 10)
    quick = recent.RecentValue("a", str, began=now - 20, ended=now - 19)
    assert not slow.is_due(5)
    assert quick.is_due(5)
    assert not quick.is_due(60)


def test_values_are_kept_usable_while_no_request_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    values, calls = RecentValues(), []
    assert values.get("a", lambda: calls.append(1) or len(calls)) == 1
    values.keep_usable()
    assert len(calls) == 1
    monkeypatch.setattr(recent, "USABLE", 0)
    values.keep_usable()
    assert len(calls) == 2
