"""Queues are drawn by weight: job generation 2."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

from pandadb.core.generation.splitting.splitter import split
from tests.core.generation.rows import chunk, files, queue


def drawn(n: int, *queues: Any, seed: int = 1, **flags: Any) -> list[str]:
    """The queue of each job of one file."""
    found = split(chunk("NF=1", files(n), flags=flags), queues, Random(seed))
    return [one.queue.name for one in found]


def test_a_queue_of_weight_0_is_drawn_first_and_once() -> None:
    found = drawn(60, queue("A", weight=5), queue("B", weight=0))
    assert found == ["B"] * 25 + ["A"] * 35


def test_scouts_go_in_twos() -> None:
    found = drawn(5, queue("A"), queue("B", weight=0), is_scouting=True)
    assert found == ["B", "B", "A", "A", "A"]


def test_a_full_queue_is_never_drawn_and_the_rest_is_left() -> None:
    assert drawn(3, queue("A", queued=10, cap=10), queue("B")) == ["B"] * 3
    assert drawn(3, queue("A", queued=10, cap=10)) == []


def test_a_queue_becomes_full_by_its_jobs() -> None:
    assert len(drawn(99, queue("A", queued=0, cap=50))) == 50


def test_a_queue_with_a_number_of_jobs_gets_just_as_many() -> None:
    limited = queue("A", weight=0, facts={"catchall": "x,jobChunkSize=2"})
    assert drawn(5, limited, queue("C")) == ["A", "A", "C", "C", "C"]
    assert drawn(1, limited, queue("C")) == ["C"], "a smaller rest goes elsewhere"
    assert drawn(1, limited) == []
    assert drawn(3, queue("A", facts={"params": {"jobChunkSize": 3}})) == ["A"] * 3


def test_a_queue_is_drawn_by_its_weight() -> None:
    queues = [queue("A", weight=3), queue("B", weight=1)]
    found = Counter(drawn(1, *queues, seed=seed)[0] for seed in range(400))
    assert 250 < found["A"] < 350


def test_the_same_random_numbers_draw_the_same_queues() -> None:
    queues = [queue(name, weight=2) for name in "ABCDE"]
    assert drawn(200, *queues, seed=7) == drawn(200, *queues, seed=7)


def test_a_queue_whose_queued_jobs_are_known_loses_weight_with_each_draw() -> None:
    queues = [queue("A", weight=1, queued=0), queue("B", weight=1)]
    found = Counter(name for seed in range(20) for name in drawn(500, *queues, seed=seed))
    assert found["A"] < found["B"] / 2
