"""Whatever the rules: each file is in one job, and no limit is passed but by a first file."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.generation.splitting.limits import SliceLimits, limits_of
from pandadb.core.generation.splitting.queue_facts import facts_of
from pandadb.core.generation.splitting.splitter import split
from pandadb.core.generation.splitting.walltimes import walltime_of
from pandadb.core.generation.task_rules import rules_of
from tests.core.generation.rows import MB, chunk, file, queue, secondary

if TYPE_CHECKING:
    from pandadb.core.generation.slices import Chunk, Slice

RULES = {
    "NF": st.integers(1, 7), "MF": st.integers(1, 9), "NG": st.integers(1, 4),
    "NE": st.integers(1, 300), "MW": st.integers(1, 2), "GB": st.integers(1, 4), "RL": st.just(1),
    "US": st.just(2), "RR": st.just(1), "IL": st.just(1), "MO": st.just(1), "ZF": st.integers(1, 4),
    "ZG": st.integers(1, 4), "ZM": st.integers(1, 9), "DY": st.just(5), "MX": st.integers(5, 90),
    "OM": st.just(1), "HO": st.just(1), "EC": st.integers(1, 3), "NS": st.integers(1, 3),
}  # fmt: skip
ATTRIBUTES = ("ratio=2", "ratio=0.4", "np=3", "nosplit", "repeat,nosplit", "er=0.7", None)


@st.composite
def masters(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Files of a master: whole ones, or ranges of events that follow each other."""
    found, number = [], draw(st.integers(0, 25))
    while len(found) < number:
        columns = {
            "lfn": f"in.{len(found)}",
            "fsize": draw(st.integers(0, 4000)) * MB,
            "boundaryid": draw(st.sampled_from([1, 2])),
            "lumiblocknr": draw(st.sampled_from([1, 2])),
            "nevents": draw(st.integers(1, 200)),
        }
        step = draw(st.none() | st.integers(1, 100))
        starts = [None] if step is None else [*range(0, columns["nevents"], step)]
        for start in starts:
            last = None if step is None else min(start + step, columns["nevents"]) - 1
            found.append(file(len(found), **columns, startevent=start, endevent=last))
    return found


@st.composite
def chunks(draw: st.DrawFn) -> Chunk:
    rules = draw(st.fixed_dictionaries({}, optional=RULES))
    others = [
        secondary(
            number,
            attributes,
            (
                file(k, fsize=draw(st.integers(0, 500)) * MB, boundaryid=draw(st.integers(1, 2)))
                for k in range(draw(st.integers(0, 12)))
            ),
        )
        for number, attributes in enumerate(draw(st.lists(st.sampled_from(ATTRIBUTES), max_size=2)))
    ]
    hs06 = {"cputimeunit": "HS06sPerEvent", "cputime": 100, "basewalltime": 60}
    return chunk(
        ",".join(f"{code}={value}" for code, value in rules.items()),
        draw(masters()),
        *others,
        flags={"is_scouting": draw(st.booleans()), "is_merging": draw(st.booleans())},
        outdiskcount=draw(st.sampled_from([None, 1, 3])),
        outdiskunit="MB",
        workdiskcount=draw(st.sampled_from([None, 100])),
        workdiskunit="MB",
        **draw(st.sampled_from([hs06, {"walltime": 2}])),
    )


QUEUE = queue(facts={"maxwdir": 9000, "maxtime": 5000, "direct_access_lan": True})
LONG = queue("LONG", facts={"maxwdir": 9000, "maxtime": 5000, "mintime": 600})


def limits(one: Chunk) -> SliceLimits:
    return limits_of(one, rules_of(one.task), facts_of(QUEUE))


def numbers(one: Slice) -> list[int]:
    return [each["fileid"] for each in one.inputs[0][1]]


@given(chunks())
def test_each_file_of_the_master_is_in_one_job_in_its_order(one: Chunk) -> None:
    found = split(one, [QUEUE], Random(1))
    assert [number for each in found for number in numbers(each)] == [
        each["fileid"] for each in one.master.files
    ]
    assert all(each.inputs[0][0] is one.master.row for each in found)


@given(chunks())
def test_a_secondary_file_that_is_tracked_is_in_one_job_at_most(one: Chunk) -> None:
    found = split(one, [QUEUE], Random(1))
    for other in one.secondaries:
        if "nosplit" not in (other.row["attributes"] or ""):
            used = [
                each["fileid"]
                for slice_ in found
                for row, files in slice_.inputs
                if row is other.row
                for each in files
            ]
            assert used == [each["fileid"] for each in other.files][: len(used)]


@given(chunks())
def test_no_limit_is_passed_but_by_the_first_file_alone(one: Chunk) -> None:
    limit = limits(one)
    for each in split(one, [QUEUE], Random(1)):
        files = each.inputs[0][1]
        if limit.is_fixed:
            assert len(files) <= max(limit.files_at_once, 1)
        elif len(files) > 1:
            check(one, limit, each)


def check(one: Chunk, limit: SliceLimits, slice_: Slice) -> None:
    """Count anew what the job has."""
    files = slice_.inputs[0][1]
    everything = [each for _, its_files in slice_.inputs for each in its_files]
    size = sum(each["fsize"] for each in everything)
    if "OM" in rules_of(one.task):
        return
    assert limit.files is None or len(files) <= limit.files
    assert len(everything) <= 1000
    assert limit.size is None or size <= limit.size
    assert limit.is_direct or size <= limit.space
    if limit.events is not None and all(each["startevent"] is not None for each in files):
        assert sum(each["endevent"] - each["startevent"] + 1 for each in files) <= limit.events
    if "GB" in rules_of(one.task) and not one.is_merging:
        assert len({each["boundaryid"] for each in files}) == 1
    if limit.by_lumiblock:
        assert len({each["lumiblocknr"] for each in files}) == 1
    if one.is_merging:
        streams = [sum(each["fsize"] for each in its_files) for _, its_files in slice_.inputs]
        assert max(streams) * 1.2 <= limit.output + len(everything)


@given(chunks())
def test_a_queue_with_a_least_walltime_has_no_shorter_job(one: Chunk) -> None:
    limit = limits_of(one, rules_of(one.task), facts_of(LONG))
    found = split(one, [LONG], Random(1))
    taken = [number for each in found for number in numbers(each)]
    assert taken == [each["fileid"] for each in one.master.files][: len(taken)]
    time = walltime_of(one, facts_of(LONG))
    for each in found:
        files = each.inputs[0][1]
        if limit.is_dynamic:
            assert time.base + sum(map(time.of, files)) >= 600
            assert limit.files is None or len({file["lfn"] for file in files}) <= limit.files
    if not limit.is_dynamic:
        assert len(taken) == len(one.master.files)


@given(chunks(), st.integers(1, 4), st.sampled_from([0, 1, 2, 3, None]))
def test_consumers_are_spread_over_other_queues(
    one: Chunk, number: int, eventservice: int | None
) -> None:
    task = {**one.task, "eventservice": eventservice, "splitrule": f"NF=2,ES=1,NS={number}"}
    queues = [queue(name, weight=weight) for name, weight in (("A", 0), ("B", 1), ("C", 2))]
    for each in split(replace(one, task=task), queues, Random(1)):
        names = [one.name for one in each.queues]
        assert len({*names}) == len(names)
        is_spread = eventservice in (1, 2) and not one.is_merging
        there = 3 if "A" in names else 2  # a queue of weight 0 is drawn once
        assert len(names) == (min(number, there) if is_spread else 1)


@given(chunks(), st.integers(0, 2**32))
def test_queues_that_are_drawn_change_no_file(one: Chunk, seed: int) -> None:
    queues = [queue(name, weight=weight) for name, weight in (("A", 0), ("B", 1), ("C", 2))]
    found = split(one, queues, Random(seed))
    assert found == split(one, queues, Random(seed))
    assert sum(len(numbers(each)) for each in found) == len(one.master.files)


@given(chunks())
def test_a_block_gives_up_its_last_job_only(one: Chunk) -> None:
    block = type(one)(**{**vars(one), "is_block": True})
    whole, part = split(one, [QUEUE], Random(1)), split(block, [QUEUE], Random(1))
    assert len(whole) - len(part) in (0, 1)
    assert [numbers(each) for each in whole][: len(part)] == [numbers(each) for each in part]
