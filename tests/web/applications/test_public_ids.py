"""Public ids cannot be guessed, and an unknown one is answered like any other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from pandadb.core.queue.input.new_jobs import LETTERS, draw_public_id
from pandadb.services import queue
from tests.web.applications.forms import Browser, slow_div

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.any_server

PROBES = 100_000
CALL = 10_000


@pytest.mark.slow
def test_23_ids_are_never_drawn_twice() -> None:
    drawn = [draw_public_id() for _ in range(1_000_000)]
    assert len({*drawn}) == len(drawn)
    assert {len(one) for one in drawn} == {12}
    assert {*"".join(drawn)} == {*"bcdfghjkmnpqrstvwxyz"}


def after(public_id: str, number: int) -> list[str]:
    """Return the ids that follow one in the order of the alphabet."""
    place = 0
    for letter in public_id:
        place = place * len(LETTERS) + LETTERS.index(letter)
    return [spelled((place + n) % len(LETTERS) ** 12) for n in range(1, number + 1)]


def spelled(place: int) -> str:
    word = ""
    for _ in range(12):
        place, letter = divmod(place, len(LETTERS))
        word = LETTERS[letter] + word
    return word


def test_23_probes_in_sequence_find_no_other_job(database: Database) -> None:
    browser = Browser(database, slow_div())
    known = [browser.submitted() for _ in range(5)]
    probes = after(known[0], PROBES)
    assert probes[0][:10] == known[0][:10]
    found = {
        one
        for start in range(0, PROBES, CALL)
        for one in queue.find_public(database, probes[start : start + CALL])
    }
    assert found == set()


@pytest.mark.slow
def test_23_an_unknown_id_is_answered_alike_and_as_fast(database: Database) -> None:
    browser = Browser(database, slow_div())
    known = browser.submitted()
    near, far = after(known, 1)[0], "bcdfghjkmnpq"
    paths = {"near": near, "far": far, "malformed": "%00x", "other": "BCDFGHJKMNPQ"}
    times: dict[str, list[float]] = {name: [] for name in paths}
    texts = set()
    for _ in range(30):
        for name, path in paths.items():
            began = time.perf_counter()
            answer = browser.get(f"/results/{path}", params={"format": "json"})
            times[name].append(time.perf_counter() - began)
            assert answer.status_code == 404
            texts.add(answer.json()["error"])
    assert texts == {"There is no result of that name. Compare it with the mail."}
    least = [min(values) for values in times.values()]  # other processes slow some down
    assert max(least) < 2 * min(least), times
