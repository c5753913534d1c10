"""Numbers of secondary files that are wanted for a chunk, and how many times they are added again.

Job generation 1. Pure functions: of a dataset with too few files that are ready, all distinct files
are added once more as new records, until there are enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pandadb.core.generation.dataset_attributes import Usage

MOST_FILES = 10_000
"""Files that are taken of a dataset without a number of its own, such as by a ratio of events."""
MOST_ROUNDS = 5000
"""How many times the files of a dataset are added again at most."""


@dataclass(frozen=True)
class Supply:
    """The files of a dataset, by the number of events of each, in the order of FILEID."""

    ready: Sequence[int]
    """Those that a job may take, as far as they were asked for."""
    distinct: Sequence[int]
    """Different files and ranges, as they would be added again."""


@dataclass(frozen=True)
class SecondaryDemand:
    """How many files are taken of a dataset."""

    rounds: int
    """How many times all distinct files are added again before that."""
    number: int
    """Files that are taken, from the first one that is ready on."""
    turns: Sequence[int] = ()
    """Of a dataset whose files stay ready: the lengths of the turns, each from the first file on.
    """


def number_for(usage: Usage, master_files: int) -> int:
    """Return how many files belong to so many files of the master."""
    if usage.is_whole or usage.event_ratio is not None:
        return MOST_FILES
    if usage.files_per_job is not None:
        return master_files * usage.files_per_job
    return usage.files_for(master_files)


def demand_for(
    usage: Usage, number: int, supply: Supply, master_events: Sequence[int] = ()
) -> SecondaryDemand:
    """Return what is taken of a dataset that may have its files added again.

    `master_events` are the events of each file of the master, for a ratio of events.
    """
    if usage.event_ratio is not None:
        targets = [max(ceil(events * usage.event_ratio), 1) for events in master_events]
        return _by_events(number, supply, targets)
    if not usage.is_tracked:
        return _in_turns(number, supply)
    missing = number - len(supply.ready)
    if missing <= 0 or not supply.distinct:
        return SecondaryDemand(0, number)
    return SecondaryDemand(min(ceil(missing / len(supply.distinct)), MOST_ROUNDS), number)


def _in_turns(number: int, supply: Supply) -> SecondaryDemand:
    """Return what is taken of files that stay ready: each turn begins with the first one again."""
    available, rounds = len(supply.ready), 0
    turns = [min(number, available)]
    while sum(turns) < number and supply.distinct and rounds < MOST_ROUNDS:
        rounds += 1
        available += len(supply.distinct)
        turns.append(min(number - sum(turns), available))
    return SecondaryDemand(rounds, max(turns), turns)


def _by_events(number: int, supply: Supply, targets: Sequence[int]) -> SecondaryDemand:
    """Return what is taken so that each file of the master gets files with enough events."""
    files, rounds = [*supply.ready], 0
    while not _is_enough(islice(files, number), targets):
        if len(files) > number:
            number += MOST_FILES
        elif supply.distinct and rounds < MOST_ROUNDS:
            files += supply.distinct
            rounds += 1
        else:
            break
    return SecondaryDemand(rounds, number)


def _is_enough(events: Iterable[int], targets: Iterable[int]) -> bool:
    rest = iter(events)
    return all(_reaches(target, rest) for target in targets)


def _reaches(target: int, events: Iterable[int]) -> bool:
    """Return whether the next files have enough events; they are used up."""
    total = 0
    for one in events:
        total += one
        if total >= target:
            return True
    return False
