"""The queue of the demo: a flow, a cancelled program, a mail, and jobs for the user's worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pandadb.demo import queue_life
from pandadb.services import queue

if TYPE_CHECKING:
    from pathlib import Path

    from pandadb.database import Database

pytestmark = [pytest.mark.any_server, pytest.mark.slow]


def test_a_flow_runs_a_program_is_cancelled_and_a_mail_is_written(
    database: Database, tmp_path: Path
) -> None:
    lived = queue_life.run_queue(database, tmp_path)
    again = queue_life.run_queue(database, tmp_path)

    assert {name: one.state for name, one in lived.flow.items()} == dict.fromkeys(
        "ABCD", "finished"
    )
    ended = max(lived.flow[name].ended for name in "BC")
    assert lived.flow["A"].ended <= min(lived.flow[name].began for name in "BC")
    assert ended <= lived.flow["D"].began
    assert (lived.cancelled.state, lived.subject) == ("cancelled", "Job D has ended: finished")
    assert lived.mail.read_bytes().startswith(b"From: ")
    assert again.mail != lived.mail
    (depth,) = queue.queues(database)
    assert (depth.queue, depth.workers) == ("demo", 0)
    assert depth.ready + depth.throttled >= len(again.waiting) == 4
