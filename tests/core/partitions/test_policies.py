"""Policies: every partitioned table has one, and a site's file may say otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pandadb.core.partitions.intervals import Span
from pandadb.core.partitions.policies import KEYS, POLICIES, InvalidPolicy, Policy, Then, load

if TYPE_CHECKING:
    from pathlib import Path


def test_each_table_with_ranges_has_a_policy_but_those_of_the_archive() -> None:
    assert {table for table in KEYS if not table.startswith("doma_pandaarch.")} == {*POLICIES}


def test_jobs_go_to_the_archive_with_all_that_belongs_to_them() -> None:
    archived = [policy for policy in POLICIES.values() if policy.then is Then.ARCHIVE]

    assert len(archived) == 4
    assert {policy.retention for policy in archived} == {Span.of("30 days")}


def test_a_site_says_otherwise_for_the_tables_that_it_names(tmp_path: Path) -> None:
    file = tmp_path / "policies.toml"
    file.write_text('[jobs_statuslog]\nretention = "14 days"\n\n[jedi_tasks]\nahead = 5\n')

    policies = load(file)

    log = "doma_panda.jobs_statuslog"
    assert policies[log] == Policy(log, Span.of("1 day"), 7, Span.of("14 days"), Then.DROP)
    assert policies["doma_panda.jedi_tasks"].ahead == 5
    changed = [table for table in policies if policies[table] != POLICIES[table]]
    assert sorted(changed) == ["doma_panda.jedi_tasks", log]


def test_what_was_dropped_can_be_kept(tmp_path: Path) -> None:
    file = tmp_path / "policies.toml"
    file.write_text('["doma_panda.pandalog"]\nthen = "keep"\nretention = ""\n')

    assert load(file)["doma_panda.pandalog"].then is Then.KEEP


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("[jobs_statuslg]\nahead = 1", r"\[jobs_statuslg\]: no .*: is it jobs_statuslog\?"),
        ("[jobs_statuslog]\nhead = 1", "there is no 'head': there are interval, ahead"),
        ("jobs_statuslog = 1", "write a section"),
        ("[jobs_statuslog]\nahead = -1", "ahead: a number from 0 to 1000, not -1"),
        ("[jobs_statuslog]\nahead = true", "ahead: a number from 0 to 1000, not True"),
        ("[jobs_statuslog]\nthen = 'burn'", "then: drop, archive, keep, not 'burn'"),
        ("[jobs_statuslog]\nretention = 30", "retention: a text such as '30 days', not 30"),
        ("[jobs_statuslog]\nretention = '1 week'", "retention: '1 week' is no span"),
        ("[jobs_statuslog]\nretention = '5 ids'", "retention: write days or months"),
        ("[jobs_statuslog]\ninterval = '5 ids'", "interval: its partitions are of days or months"),
        ("[jedi_tasks]\ninterval = '1 day'", "interval: its partitions are of ids"),
        ("[jedi_tasks]\nretention = '1 day'", "retention: ids have no age"),
        ("[jedi_tasks]\nthen = 'drop'", "then = 'drop' needs a retention"),
        ("[jobs_statuslog]\nthen = 'archive'", "only jobsarchived4, .* have an archive"),
        ("[jobsarchived4]\nretention = '60 days'", "go to the archive together"),
        ("[jobs_statuslog\n", "cannot be read: "),
    ],
)
def test_a_mistake_in_the_file_is_a_sentence(tmp_path: Path, said: str, sentence: str) -> None:
    file = tmp_path / "policies.toml"
    file.write_text(said)

    with pytest.raises(InvalidPolicy, match=sentence) as caught:
        load(file)
    assert str(file) in str(caught.value)


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidPolicy, match="cannot be read: No such file"):
        load(tmp_path / "nowhere.toml")
