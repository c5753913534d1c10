"""Files of jobs that go back to be set up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from pandadb.core.jobs import advances
from pandadb.models import FilesTable4
from tests.factories import ROW_IDS, make_job

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

FILE = {
    "type": "input", "status": "ready", "guid": "g", "dispatchdblock": "dis.1",
    "destinationdblock": "out.v1_sub0123",
}  # fmt: skip


def reset(session: Session, state: str, job: dict[str, Any], **file: Any) -> list[Any]:
    """Reset a job with one file; return what the file is then."""
    pandaid = make_job(session, state, **job)
    session.add(FilesTable4(row_id=next(ROW_IDS), pandaid=pandaid, **FILE | file))
    session.flush()
    assert advances.advance(session, "reset", [pandaid], host="here").jobs
    asked = select(*(getattr(FilesTable4, name) for name in FILE if name != "type"))
    return [*session.execute(asked).one()]


@pytest.mark.parametrize(
    ("job", "file"),
    [
        ({"prodsourcelabel": "managed"}, ["unknown", "g", None, "out.v1"]),
        ({"prodsourcelabel": "managed", "lockedby": "jedi"}, ["ready", "g", None, "out.v1"]),
        ({"prodsourcelabel": "user"}, ["unknown", "g", "dis.1", "out.v1"]),
        ({"prodsourcelabel": "panda", "lockedby": "jedi"}, ["ready", "g", "dis.1", "out.v1"]),
    ],
)
def test_files_of_an_activated_job_are_to_be_set_up_again(
    session: Session, job: dict[str, Any], file: list[Any]
) -> None:
    assert reset(session, "activated", job) == file


def test_a_missing_file_loses_its_guid_and_a_name_with_sub_within_stays(session: Session) -> None:
    file = reset(session, "activated", {}, status="missing", destinationdblock="a_sub1.b")

    assert file == ["unknown", None, None, "a_sub1.b"]


def test_files_of_a_job_that_was_not_activated_stay_as_they_are(session: Session) -> None:
    assert reset(session, "pending", {}) == ["ready", "g", "dis.1", "out.v1_sub0123"]
