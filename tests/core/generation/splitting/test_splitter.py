"""Picked input becomes the input of jobs, by the rules of its task: job generation 2."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from pandadb.core.generation.splitting.splitter import split
from pandadb.core.sql.validation import InvalidValue
from tests.core.generation.rows import MB, chunk, files, masters, others, queue, secondary


def parts(splitrule: str | None, its_files: list[Any], *more: Any, **columns: Any) -> list[Any]:
    """The files of the master that each job of one queue gets."""
    return masters(split(chunk(splitrule, its_files, *more, **columns), [queue()], Random(1)))


def sizes(*megabytes: float) -> list[Any]:
    return files(len(megabytes), fsize=[int(one * MB) for one in megabytes])


def ranges(*each: tuple[str, int, int, int]) -> list[Any]:
    """Files by name, first and last event, and number of events."""
    columns = zip(*each, strict=True)
    names = ("lfn", "startevent", "endevent", "nevents")
    return files(len(each), **dict(zip(names, map(list, columns), strict=True)))


def test_a_number_of_files_is_taken_whatever_their_size() -> None:
    assert parts("NF=2,NG=1", sizes(5000, 5000, 5000)) == [[0, 1], [2]]


def test_without_a_rule_a_job_has_200_files_at_most() -> None:
    assert [len(one) for one in parts(None, files(450, fsize=1))] == [200, 200, 50]


def test_a_size_counts_output_and_leaves_room_for_1500_megabytes_of_it() -> None:
    found = parts("NG=2", sizes(500, 500, 500, 500), outdiskcount=2, outdiskunit="MB")
    assert found == [[0, 1], [2, 3]]


def test_a_file_that_is_too_large_is_alone_and_no_smaller_one_is_drawn_forward() -> None:
    assert parts("NG=1", sizes(600, 5000, 100, 900, 100)) == [[0], [1], [2, 3], [4]]


def test_the_work_space_of_the_queue_is_a_limit_with_a_rule_of_size_too() -> None:
    small = queue(facts={"maxwdir": 1000})
    found = split(chunk("NG=50", sizes(400, 400, 400)), [small], Random(1))
    assert masters(found) == [[0, 1], [2]]


def test_a_queue_without_work_space_gets_one_file_a_job() -> None:
    found = split(chunk(None, sizes(1, 1)), [queue(facts={"maxwdir": None})], Random(1))
    assert masters(found) == [[0], [1]]


def test_the_output_of_a_stream_has_10_gigabytes_at_most() -> None:
    found = parts("NG=900", sizes(2000, 2000, 2000), outdiskcount=2, outdiskunit="MB")
    assert found == [[0, 1], [2]]


def test_output_by_events_has_nothing_to_do_with_the_size() -> None:
    its_files = files(4, nevents=100, fsize=1)
    found = parts("NG=900", its_files, outdiskcount=60, outdiskunit="MBPerEvent")
    assert found == [[0], [1], [2], [3]]


def test_the_time_of_events_is_shared_by_cores_and_power_and_efficiency() -> None:
    facts = {"corecount": 4, "corepower": 10, "maxtime": 1800}
    its_files = files(5, nevents=1000)
    columns = {"cputimeunit": "HS06sPerEvent", "cputime": 20, "cpuefficiency": 100}
    one = chunk(None, its_files, basewalltime=300, **columns)
    assert masters(split(one, [queue(facts=facts)], Random(1))) == [[0, 1, 2], [3, 4]]
    slow = chunk(None, its_files, basewalltime=300, **{**columns, "cpuefficiency": 50})
    assert masters(split(slow, [queue(facts=facts)], Random(1))) == [[0], [1], [2], [3], [4]]


def test_the_time_of_megabytes_is_limited_by_hours_of_the_task() -> None:
    one = chunk("MW=1", sizes(*[500] * 5), walltime=2)
    long = queue(facts={"maxtime": 86400})
    assert masters(split(one, [long], Random(1))) == [[0, 1, 2], [3, 4]]


def test_events_follow_each_other_also_from_file_to_file() -> None:
    its_files = ranges(
        ("a", 0, 39, 100), ("a", 40, 99, 100), ("b", 0, 29, 30), ("b", 0, 29, 30), ("c", 10, 29, 30)
    )
    assert parts("NE=100", its_files) == [[0, 1], [2, 3], [4]]


def test_a_range_of_another_file_in_its_middle_begins_a_job() -> None:
    its_files = ranges(("a", 0, 9, 100), ("b", 10, 19, 100))
    assert parts("NE=100", its_files) == [[0], [1]]


def test_a_job_has_files_of_one_boundary_and_no_more_than_its_limits() -> None:
    its_files = files(6, boundaryid=[1, 1, 1, 2, 3, 3])
    assert parts("MF=2,GB=1", its_files) == [[0, 1], [2], [3], [4, 5]]
    assert parts("MF=2,GB=3", its_files) == [[0, 1, 2], [3], [4, 5]]


def test_a_job_has_files_of_one_luminosity_block() -> None:
    assert parts("MF=2,RL=1", files(4, lumiblocknr=[5, 5, 5, 7])) == [[0, 1], [2], [3]]


def test_a_job_has_files_of_the_same_fields_of_their_names() -> None:
    names = ["data.a.x._1", "data.a.x._2", "data.a.y._3", "data.b.y._4"]
    its_files = files(4, lfn=names)
    assert parts("AN=2,3,UF=1", its_files) == [[0, 1], [2], [3]]
    assert parts("AN=2,3", its_files) == [[0, 1, 2, 3]], "UF asks for it"


def test_scouts_have_one_file_unless_rules_are_respected() -> None:
    scouts = {"is_scouting": True}
    assert parts("US=2", files(3), flags=scouts) == [[0], [1], [2]]
    assert parts("US=2,RR=1", files(3), flags=scouts) == [[0, 1, 2]]


def test_input_that_is_read_directly_takes_no_work_space() -> None:
    facts = {"direct_access_lan": True, "maxwdir": 1000}
    its_files = sizes(*[200 * 1024] * 3)
    direct = split(chunk("IL=1", its_files), [queue(facts=facts)], Random(1))
    assert masters(direct) == [[0, 1], [2]]
    local = split(chunk("IL=1,LI=1", its_files), [queue(facts=facts)], Random(1))
    assert masters(local) == [[0], [1], [2]]


def test_a_job_has_1000_files_of_all_datasets_at_most() -> None:
    one = chunk("MF=500", files(20, fsize=1), secondary(12, "ratio=99", files(1980, fsize=1)))
    assert [len(each) for each in masters(split(one, [queue()], Random(1)))] == [10, 10]


def test_secondary_files_come_by_ratio_rounded_up() -> None:
    one = chunk("NF=3", files(7), secondary(12, "ratio=0.5", files(4)))
    assert others(split(one, [queue()], Random(1)), 12) == [[0, 1], [2, 3], []]


def test_secondary_files_count_for_the_size() -> None:
    seconds = secondary(12, None, files(5, fsize=[one * MB for one in (700, 700, 900, 100, 100)]))
    one = chunk("NG=3", sizes(*[700] * 5), seconds)
    assert masters(split(one, [queue()], Random(1))) == [[0, 1], [2, 3], [4]]


def test_a_whole_dataset_goes_to_each_job_and_a_number_of_files_once_a_job() -> None:
    whole, some = secondary(12, "repeat,nosplit", files(2)), secondary(13, "np=2", files(5))
    found = split(chunk("MF=2", files(5), whole, some), [queue()], Random(1))
    assert others(found, 12) == [[0, 1]] * 3
    assert others(found, 13) == [[0, 1], [2, 3], [4]]


def test_reusable_files_begin_anew_and_repeated_ones_go_round() -> None:
    again, round_ = secondary(12, "np=2,ru", files(3)), secondary(13, "np=2,repeat", files(4))
    found = split(chunk("NF=1", files(3), again, round_), [queue()], Random(1))
    assert others(found, 12) == [[0, 1], [0, 1], [0, 1]]
    assert others(found, 13) == [[0, 1], [2, 3], [0, 1]]


def test_a_ratio_of_events_takes_files_until_there_are_enough() -> None:
    master = files(2, startevent=0, endevent=99)
    seconds = secondary(12, "er=1.5", files(8, nevents=60))
    found = split(chunk("NF=1", master, seconds), [queue()], Random(1))
    assert others(found, 12) == [[0, 1, 2], [3, 4, 5]]


def test_secondary_files_of_the_boundary_go_with_it() -> None:
    seconds = secondary(12, None, files(4, boundaryid=[1, 2, 2, 3]))
    one = chunk("GB=4", files(4, boundaryid=[1, 1, 2, 3]), seconds)
    found = split(one, [queue()], Random(1))
    assert masters(found) == [[0, 1], [2], [3]]
    assert others(found, 12) == [[0], [1, 2], [3]]


def test_the_last_job_of_a_block_waits_for_the_files_that_were_not_picked() -> None:
    block = {"is_block": True}
    assert parts("NF=2", files(4), flags=block) == [[0, 1]]
    assert parts("NF=9", files(4), flags=block) == [[0, 1, 2, 3]], "or nothing would ever come"


@pytest.mark.parametrize("rule", ["LX=1", "QQ=1", "UP=1"])
def test_a_rule_that_is_not_supported_is_refused_by_its_name(rule: str) -> None:
    with pytest.raises(InvalidValue, match=rf"task 1 .*{rule[:2]}.*change its splitrule"):
        parts(f"NF=1,{rule}", files(1))


def test_a_fact_of_a_queue_that_is_no_number_is_refused() -> None:
    with pytest.raises(InvalidValue, match="maxtime of queue QUEUE is no number: 'a day'"):
        split(chunk(None, files(1)), [queue(facts={"maxtime": "a day"})], Random(1))


def test_outputs_are_merged_up_to_a_size_of_a_stream() -> None:
    logs = files(3, fsize=1000, boundaryid=[7, 8, 9])
    outputs = secondary(12, None, files(3, fsize=1500 * MB, boundaryid=[7, 8, 9]))
    one = chunk("NF=1,MO=1,ZG=4", logs, outputs, flags={"is_merging": True})
    found = split(one, [queue()], Random(1))
    assert masters(found) == [[0, 1], [2]]
    assert others(found, 12) == [[0, 1], [2]]


def test_files_to_be_merged_are_50_at_most_and_their_number_is_a_rule_of_its_own() -> None:
    merging = {"is_merging": True}
    assert [len(one) for one in parts("NF=1,MO=1", files(60, fsize=1), flags=merging)] == [50, 10]
    assert parts("NF=1,MO=1,ZF=2", files(3), flags=merging) == [[0, 1], [2]]
