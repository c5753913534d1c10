"""Files of secondary datasets taken for chunks: job generation 1.

As many as belong to the files of the master. Where there are too few, the files of the dataset are
added again, and numbers to sequence numbers; not for files to be merged, for datasets that each job
uses as a whole, and for chunks with a RAMCOUNT.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.core.generation.dataset_attributes import usage_of
from pandadb.core.generation.file_events import events_of
from pandadb.core.generation.picking import duplicates
from pandadb.core.generation.picking.number_choice import choose, choose_first
from pandadb.core.generation.picking.ready_files import Wanted, pick, take
from pandadb.core.generation.picking.secondary_supply import Supply, demand_for, number_for
from pandadb.core.generation.picking.sequence_numbers import add_numbers
from pandadb.core.generation.slices import PickedDataset
from pandadb.core.generation.task_rules import is_by_lumiblock
from pandadb.core.tasks.split_rules import has_rule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from pandadb.core.generation.dataset_attributes import Usage
    from pandadb.core.generation.picking.secondary_supply import SecondaryDemand
    from pandadb.core.generation.slices import Chunk, Row
    from pandadb.core.sql.transaction import Transaction

    Key = tuple[int, int, int]
    """Of a chunk: its task, its master and its RAMCOUNT."""
    Files = list[list[Row]]

SPARE_NUMBERS = 100
"""Sequence numbers that are looked at beyond those wanted: a former job's may be among them."""


@dataclass(frozen=True)
class SecondaryRequest:
    """Files of a secondary dataset that a chunk asks for."""

    chunk: Chunk
    dataset: Row
    rules: Mapping[str, str]
    master_files: int
    """Files of the master that were asked for, of all its chunks."""

    @property
    def usage(self) -> Usage:
        """Return how jobs use the files."""
        return usage_of(self.dataset)

    @property
    def number(self) -> int:
        """Return how many files are wanted."""
        return number_for(self.usage, self.master_files)

    @property
    def can_grow(self) -> bool:
        """Return whether records may be added."""
        return not (self.usage.is_whole or self.chunk.is_merging or self.chunk.ramcount)

    def wanted(self, number: int) -> Wanted:
        """Return the wish for so many files."""
        return Wanted(
            self.dataset,
            number,
            ramcount=self.chunk.ramcount if self.usage.is_tracked else None,
            by_lumiblock=self._is_by_lumiblock(),
            is_tracked=self.usage.is_tracked,
        )

    def _is_by_lumiblock(self) -> bool:
        if has_rule(self.rules, "RO") and not self.chunk.is_merging:
            return False
        return is_by_lumiblock(self.rules)


def key_of(chunk: Chunk) -> Key:
    """Return the key of a chunk among those of a call."""
    return chunk.master.row["jeditaskid"], chunk.master.row["datasetid"], chunk.ramcount


def is_by_former_job(rules: Mapping[str, str], secondaries: Iterable[Row]) -> bool:
    """Return whether sequence numbers of a failed job go with its files."""
    is_counted = has_rule(rules, "NF") or has_rule(rules, "NE")
    return is_counted and any(usage_of(one).is_sequence for one in secondaries)


def take_secondaries(
    session: Transaction, requests: Sequence[SecondaryRequest]
) -> dict[Key, list[PickedDataset]]:
    """Take files of secondary datasets; return the datasets of each chunk, by id."""
    files = [one for one in requests if not one.usage.is_sequence]
    numbers = [one for one in requests if one.usage.is_sequence]
    found = [*zip(files, _files(session, files), strict=True)]
    found += zip(numbers, _numbers(session, numbers), strict=True)
    chunks: dict[Key, list[PickedDataset]] = defaultdict(list)
    for request, taken in sorted(found, key=_order):
        chunks[key_of(request.chunk)].append(PickedDataset(request.dataset, taken))
    return chunks


def _order(found: tuple[SecondaryRequest, object]) -> int:
    return int(found[0].dataset["datasetid"])


def _files(session: Transaction, requests: Sequence[SecondaryRequest]) -> Files:
    taken = take(session, [one.wanted(one.number) for one in requests])
    short = [n for n, one in enumerate(requests) if _is_short(one, taken[n])]
    asked = [requests[place] for place in short]
    distinct = duplicates.distinct_files(session, [one.dataset for one in asked])
    demands = [
        demand_for(
            one.usage,
            one.number,
            Supply([events_of(file) for file in taken[place]], events),
            [events_of(file) for file in one.chunk.master.files],
        )
        for place, one, events in zip(short, asked, distinct, strict=True)
    ]
    for place, files in zip(short, _more(session, asked, demands, taken, short), strict=True):
        taken[place] = files
    added = {one.dataset["datasetid"] for one, d in zip(asked, demands, strict=True) if d.rounds}
    again = [n for n, one in enumerate(requests) if _sees(one, added)]
    for place, files in zip(
        again, take(session, [requests[n].wanted(requests[n].number) for n in again]), strict=True
    ):
        taken[place] = files
    return taken


def _sees(request: SecondaryRequest, added: Collection[int]) -> bool:
    """Return whether a request gets files, too, that another chunk added: they stay ready."""
    is_shared = not request.can_grow and not request.usage.is_tracked
    return is_shared and request.dataset["datasetid"] in added


def _is_short(request: SecondaryRequest, files: Sequence[Row]) -> bool:
    """Return whether records may have to be added for a request."""
    if not request.can_grow:
        return False
    return len(files) < request.number or request.usage.event_ratio is not None


def _more(
    session: Transaction,
    requests: Sequence[SecondaryRequest],
    demands: Sequence[SecondaryDemand],
    taken: Files,
    places: Sequence[int],
) -> Files:
    """Add the files of datasets again and take what was missing; return all files of each."""
    rounds = {
        (one.dataset["jeditaskid"], one.dataset["datasetid"]): (demand.rounds, one.usage.is_random)
        for one, demand in zip(requests, demands, strict=True)
    }
    duplicates.add(session, rounds)
    had = [taken[place] for place in places]
    wanted = [
        one.wanted(demand.number - (len(files) if one.usage.is_tracked else 0))
        for one, demand, files in zip(requests, demands, had, strict=True)
    ]
    new = take(session, wanted)
    return [
        [*files, *more] if one.usage.is_tracked else _in_turns(more, demand)
        for one, demand, files, more in zip(requests, demands, had, new, strict=True)
    ]


def _in_turns(files: list[Row], demand: SecondaryDemand) -> list[Row]:
    """Return files that stay ready as often as they are used, each turn from the first one on."""
    if not demand.turns:
        return files
    return [file for length in demand.turns for file in files[:length]]


def _numbers(session: Transaction, requests: Sequence[SecondaryRequest]) -> Files:
    """Take sequence numbers: those of former jobs for their files, and others."""
    pools = take(
        session,
        [
            Wanted(one.dataset, one.number + SPARE_NUMBERS, one.chunk.ramcount, is_tracked=False)
            for one in requests
        ],
    )
    choices = []
    for one, pool in zip(requests, pools, strict=True):
        if is_by_former_job(one.rules, [one.dataset]):
            jobs = [file["pandaid"] for file in one.chunk.master.files]
            former = [number["pandaid"] for number in pool]
            choices.append(choose(jobs, former, one.number, can_add=one.can_grow))
        else:
            choices.append(choose_first(len(pool), one.number, can_add=one.can_grow))
    keys = [(one.dataset["jeditaskid"], one.dataset["datasetid"]) for one in requests]
    new = add_numbers(session, {key: c.new for key, c in zip(keys, choices, strict=True) if c.new})
    chosen = []
    for key, pool, choice in zip(keys, pools, choices, strict=True):
        added = [one for one in new if (one["jeditaskid"], one["datasetid"]) == key]
        known = [*pool, *(added if choice.new else ())]
        chosen.append([known[place] for place in choice.places])
    return pick(session, chosen)
