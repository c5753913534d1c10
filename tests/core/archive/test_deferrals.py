"""Reasons to leave something for a later run: codes and sentences."""

from __future__ import annotations

import json
import re
from datetime import datetime
from string import Formatter

import pytest

from pandadb.core.archive.deferrals import Deferral, Reason, listed


def test_a_reason_is_its_code_and_a_deferral_its_sentence() -> None:
    held = Deferral.of(Reason.TASKS_HELD, tasks=listed(range(1, 8)))

    assert str(held) == "it has jobs of tasks that are held: 1, 2, 3, 4, 5, …"
    assert json.dumps({"reason": held.reason}) == '{"reason": "tasks_held"}'
    assert Reason("tasks_held") is Reason.TASKS_HELD


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_has_a_code_for_programs_and_a_sentence_of_its_details(reason: Reason) -> None:
    names = [name for _, name, _, _ in Formatter().parse(reason.sentence) if name]

    sentence = str(Deferral.of(reason, **dict.fromkeys(names, datetime(2026, 11, 20))))

    assert re.fullmatch("[a-z]+(_[a-z]+)*", reason)
    assert sentence.count("2026-11-20") == len(names)


def test_details_with_braces_are_no_details_of_their_own() -> None:
    assert str(Deferral.of(Reason.GUARD, said="{reason}")) == "{reason}"
