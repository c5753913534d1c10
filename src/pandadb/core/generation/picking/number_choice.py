"""Sequence numbers chosen for the files of a master: job generation 1. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_ROUNDS = 5000


@dataclass(frozen=True)
class Choice:
    """Numbers by their places in a pool; those that are to be added follow the pool."""

    places: Sequence[int]
    new: int = 0
    """How many are to be added."""


def choose(
    master_jobs: Sequence[int | None], pool: Sequence[int | None], wanted: int, *, can_add: bool
) -> Choice:
    """Choose numbers for files of a master; both are given by the jobs that had them before.

    Each former job of the master gets its own number back, and files without one get numbers that
    no job had first. As the server does, numbers are added until as many as `wanted` are chosen,
    though a job of several files needs one only; the rest is put back later.
    """
    free, chosen, known = {*range(len(pool))}, list[int](), [*pool]
    for _ in range(MOST_ROUNDS):
        chosen += _round(master_jobs, known, free)
        missing = wanted - len(chosen)
        if missing <= 0 or not master_jobs or not can_add:
            break
        free |= {*range(len(known), len(known) + missing)}
        known += [None] * missing
    return Choice(chosen, len(known) - len(pool))


def choose_first(pool: int, wanted: int, *, can_add: bool) -> Choice:
    """Choose the first numbers of a pool of that size, whichever jobs had them."""
    new = max(wanted - pool, 0) if can_add else 0
    return Choice(range(min(wanted, pool + new)), new)


def _round(
    master_jobs: Iterable[int | None], pool: Sequence[int | None], free: set[int]
) -> list[int]:
    """Choose a number for each former job of the master, and for each file without one."""
    jobs = {*master_jobs} - {None}
    places = sorted(free)
    own = {pool[place]: place for place in places if pool[place] in jobs}
    unused = [place for place in places if pool[place] is None]
    others = [place for place in places if pool[place] is not None and pool[place] not in jobs]
    chosen, served, rest = list[int](), set[int | None](), iter([*unused, *others])
    for job in master_jobs:
        if job is not None and job in served:
            continue
        place = own[job] if job in own else next(rest, None)
        if place is not None:
            chosen.append(place)
        if job is not None:
            served.add(job)
    free -= {*chosen}
    return chosen
