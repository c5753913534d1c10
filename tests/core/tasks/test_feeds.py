"""A task is fed: files, counters, states; and again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, func, select, update

from pandadb.core.datasets.catalogue import CatalogueError, CatalogueFile, JsonCatalogue, Listing
from pandadb.core.datasets.feeds import file_selection
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import JediDatasetContents, JediDatasets, JediTasks, TasksStatusLog, TTask
from tests.fed_tasks import (
    MASTER,
    OUTPUT,
    TASK,
    THEN,
    add_dataset,
    add_file,
    catalogue_of,
    dataset_of,
    feed_task,
    files_of,
    make_fed_task,
    statuses,
    task_of,
)
from tests.task_commands import sent_statements

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SECONDARY, NUMBERS = 92, 93
COUNTERS = ("nfiles", "nfilestobeused", "nfilesused", "nfilesmissing", "nevents")


def counters(session: Session, number: int = MASTER) -> tuple[int | None, ...]:
    dataset = dataset_of(session, number)
    return tuple(getattr(dataset, name) for name in COUNTERS)


class Silent:
    """A catalogue that does not answer."""

    def list_files(self, name: str) -> Listing | None:
        raise CatalogueError(f"nothing about {name}")


# ---------------------------------------------------------------- states


def test_a_fed_task_is_ready_and_its_dataset_too(session: Session) -> None:
    make_fed_task(session, errordialog="old", frozentime=THEN)
    fed = feed_task(session, catalogue_of(range(1, 4)))
    assert fed is not None
    assert (fed.status, fed.due, [one.new for one in fed.datasets]) == ("ready", ["scope:in"], [3])

    task, dataset = task_of(session), dataset_of(session)
    assert (task.status, task.errordialog, task.frozentime) == ("ready", None, None)
    assert task.queuedtime is not None
    assert task.activatedtime == task.queuedtime
    assert task.statechangetime is not None
    ago = task.statechangetime - task.modificationtime
    assert ago == timedelta(hours=6)
    assert (dataset.status, dataset.state) == ("ready", "closed")
    assert counters(session) == (3, 3, 0, 0, 60)
    assert session.get_one(TTask, TASK).total_input_events == 60
    logged = session.execute(select(TasksStatusLog.status, TasksStatusLog.reason)).all()
    assert [tuple(one) for one in logged] == [("ready", None)]


@pytest.mark.parametrize(
    ("columns", "status"),
    [
        ({"nucleus": None}, "assigning"),
        ({"cloud": None}, "assigning"),
        ({"cloud": "US", "nucleus": None}, "ready"),
        ({"nucleus": None, "prodsourcelabel": "user"}, "ready"),
        ({"nucleus": None, "prodsourcelabel": "test"}, "assigning"),
    ],
)
def test_tasks_of_production_without_a_place_are_assigned(
    session: Session, columns: dict[str, Any], status: str
) -> None:
    make_fed_task(session, **columns)
    feed_task(session, catalogue_of((1,)))
    assert task_of(session).status == status
    assert (session.get_one(TTask, TASK).status == "assigning") is (status == "assigning")


def test_outputs_without_destination_have_to_be_assigned(session: Session) -> None:
    make_fed_task(session)
    dataset_of(session, OUTPUT).destination = None
    feed_task(session, catalogue_of((1,)))
    assert task_of(session).status == "assigning"


@pytest.mark.parametrize(
    ("rule", "status", "reason"),
    [("NF=2", "tobroken", "input is empty"), ("AE=1", "finishing", "input is empty")],
)
def test_a_task_without_input_is_broken_unless_it_may_do_without(
    session: Session, rule: str, status: str, reason: str
) -> None:
    make_fed_task(session, rule)
    fed = feed_task(session, catalogue_of(()))
    assert fed is not None
    assert reason in (fed.reason or "")
    assert (task_of(session).status, task_of(session).errordialog) == (status, fed.reason)


def test_an_open_dataset_may_be_empty_for_a_task_that_runs_until_it_is_closed(
    session: Session,
) -> None:
    make_fed_task(session, "RC=1")
    feed_task(session, catalogue_of((), state="open"))
    task = task_of(session)
    assert (task.status, task.oldstatus) == ("pending", "defined")
    assert task.frozentime is not None
    assert dataset_of(session).state == "mutable"


def test_a_missing_dataset_is_finished_and_the_task_goes_on(session: Session) -> None:
    make_fed_task(session)
    add_dataset(session, SECONDARY, datasetname="scope:sec", masterid=MASTER)
    feed_task(session, catalogue_of((1,)))
    assert dataset_of(session).status == "ready"
    assert (dataset_of(session, SECONDARY).status, task_of(session).status) == ("finished", "ready")


@pytest.mark.parametrize(
    ("rule", "status", "dataset"),
    [("NF=1", "pending", "defined"), ("NF=1,IM=1", "ready", "failed")],
)
def test_a_catalogue_that_does_not_answer_lets_the_task_wait(
    session: Session, rule: str, status: str, dataset: str
) -> None:
    make_fed_task(session, rule)
    feed_task(session, Silent())
    assert (task_of(session).status, dataset_of(session).status) == (status, dataset)


def test_too_many_files_break_the_task(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_selection, "RECORD_LIMIT", 3)
    make_fed_task(session)
    feed_task(session, catalogue_of(range(4)))
    assert task_of(session).status == "tobroken"
    assert (files_of(session), dataset_of(session).status) == ([], "defined")


@pytest.mark.parametrize(
    "columns", [{"status": "pending"}, {"lockedby": "agent"}, {"status": "running"}]
)
def test_nothing_is_due_of_tasks_in_other_states_or_in_work(
    session: Session, columns: dict[str, Any]
) -> None:
    make_fed_task(session, **columns)
    assert feed_task(session, catalogue_of((1,))) is None


def test_parameters_of_a_wrong_type_are_refused_by_name(session: Session) -> None:
    make_fed_task(session, params={"nFiles": "three"})
    with pytest.raises(InvalidValue, match="nFiles has to be a whole number from 0 on"):
        feed_task(session, catalogue_of((1,)))


@pytest.mark.parametrize(
    ("rule", "params", "words"),
    [
        ("LX=1", {}, "loadXML"),
        (
            "NF=1",
            {"jobParameters": [{"type": "template", "dataset": "scope:in", "include": "("}]},
            "is no regular expression",
        ),
        ("NF=1", {"skipFilesUsedBy": "x"}, "skipFilesUsedBy"),
        ("NF=1", {"skipFilesUsedBy": 10**30}, "skipFilesUsedBy is too large"),
        ("NF=1", {"maxAttempt": 40_000}, "maxAttempt is too large: 40000, the limit is 32,767"),
        ("NF=1", {"nEvents": 10**30}, "nEvents is too large"),
        ("NF=1,FT=9999999999999", {}, r"firstEvent \(FT\) in its split rule is too large"),
        (
            "NF=1",
            {"jobParameters": [{"type": "template", "dataset": "scope:in", "files": [{"a": 1}]}]},
            "files has to be a list of names",
        ),
    ],
)
def test_settings_that_are_not_usable_are_refused(
    session: Session, rule: str, params: dict[str, Any], words: str
) -> None:
    make_fed_task(session, rule, params)
    with pytest.raises(InvalidValue, match=words):
        feed_task(session, catalogue_of((1,)))


# ---------------------------------------------------------------- files


def test_files_have_attempts_and_are_kept_track_of(session: Session) -> None:
    make_fed_task(session, params={"maxAttempt": 5, "maxFailure": 2})
    feed_task(session, catalogue_of((1,)))
    (file,) = files_of(session)
    assert (file.attemptnr, file.maxattempt, file.failedattempt, file.maxfailure) == (0, 5, 0, 2)
    assert (file.keeptrack, file.proc_status, file.ramcount, file.guid) == (1, "ready", 0, "guid-1")


def test_a_reusable_secondary_is_not_kept_track_of(session: Session) -> None:
    make_fed_task(session, params={"nFiles": 2})
    add_dataset(
        session, SECONDARY, datasetname="scope:in2", masterid=MASTER, attributes="ru,ratio=2"
    )
    listings = catalogue_of(range(9)), catalogue_of(range(9), "scope:in2")

    class Both:
        def list_files(self, name: str) -> Listing | None:
            return listings[name == "scope:in2"].list_files(name)

    feed_task(session, Both())
    assert len(files_of(session)) == 2
    found = files_of(session, SECONDARY)
    assert [(one.keeptrack, one.maxattempt) for one in found] == [(None, None)] * 4


def test_numbers_are_as_many_as_jobs_may_be(session: Session) -> None:
    make_fed_task(session, params={"nFiles": 3})
    add_dataset(
        session, NUMBERS, "pseudo_input", datasetname="seq_number", masterid=MASTER,
        attributes="of=5",
    )  # fmt: skip
    feed_task(session, catalogue_of(range(1, 9)))
    assert [one.lfn for one in files_of(session, NUMBERS)] == ["6", "7", "8"]


def test_a_task_without_input_has_ranges_of_its_events(session: Session) -> None:
    make_fed_task(
        session, "NE=400,FT=7", {"nEvents": 1000, "nEventsPerJob": 400},
        dataset={"type": "pseudo_input", "datasetname": "pseudo_dataset"},
    )  # fmt: skip
    feed_task(session, Silent())
    found = [(one.startevent, one.endevent, one.firstevent) for one in files_of(session)]
    assert found == [(0, 399, 8), (400, 799, 408), (800, 999, 808)]
    assert counters(session) == (3, 3, 0, 0, 1000)


def test_files_of_ten_scout_jobs_are_released_first(session: Session) -> None:
    make_fed_task(session, "NF=2,US=2")
    feed_task(session, catalogue_of(range(30)))
    assert counters(session)[:2] == (30, 20)


def test_files_of_a_running_parent_wait_until_there_are_enough(session: Session) -> None:
    parent = JediTasks(
        jeditaskid=8, taskname="parent", status="running", username="somebody", creationdate=THEN,
        modificationtime=THEN,
    )  # fmt: skip
    session.add(parent)
    make_fed_task(session, "NW=1,NF=2,NT=2", parent_tid=8)
    feed_task(session, catalogue_of(range(3), state="open"))
    assert {*statuses(session).values()} == {"pending"}
    task = task_of(session)
    assert (task.status, task.frozentime) == ("pending", None)
    assert dataset_of(session).status == "defined"

    task.status, task.oldstatus = "defined", None
    feed_task(session, catalogue_of(range(5), state="open"))
    assert [*statuses(session).values()] == ["ready"] * 4 + ["pending"]
    assert (counters(session)[:2], dataset_of(session).state) == ((5, 4), "mutable")
    assert task_of(session).status == "ready"

    parent.status = "done"
    session.execute(update(JediDatasets).values(statechecktime=THEN))
    feed_task(session, catalogue_of(range(6)))
    assert {*statuses(session).values()} == {"ready"}
    assert (counters(session)[:2], dataset_of(session).state) == ((6, 6), "closed")
    assert task_of(session).status == "ready"


# ---------------------------------------------------------------- again


def test_a_dataset_fed_again_gets_the_new_files_and_loses_unused_ones(session: Session) -> None:
    """[bug] of the server: it raises as soon as one file is lost."""
    make_fed_task(session, dataset={"status": "toupdate"})
    for number, status in enumerate(("finished", "running", "ready", "ready", "pending"), start=1):
        add_file(session, number, status)
    fed = feed_task(session, catalogue_of((4, 6)))
    assert fed is not None
    assert [(one.new, one.lost) for one in fed.datasets] == [(1, 2)]
    assert statuses(session) == {
        "f.001": "finished", "f.002": "running", "f.003": "lost", "f.004": "ready",
        "f.005": "lost", "f.006": "ready",
    }  # fmt: skip
    assert counters(session) == (4, 4, 2, 2, 10 + 20 + 40 + 60)


def test_a_file_without_attempts_left_that_vanishes_is_not_used_any_more(
    session: Session,
) -> None:
    make_fed_task(session, dataset={"status": "toupdate"})
    add_file(session, 1, "ready", attemptnr=3)
    add_file(session, 2, "ready")
    feed_task(session, catalogue_of((2,)))
    assert counters(session) == (1, 1, 0, 1, 20)


def test_a_feed_that_finds_nothing_new_changes_no_file(session: Session) -> None:
    make_fed_task(session)
    feed_task(session, catalogue_of(range(4)))
    before = [one.fileid for one in files_of(session)]
    task_of(session).status = "defined"
    dataset_of(session).status = "toupdate"
    fed = feed_task(session, catalogue_of(range(4)))
    assert fed is not None
    assert [(one.new, one.lost) for one in fed.datasets] == [(0, 0)]
    assert [one.fileid for one in files_of(session)] == before


@pytest.mark.parametrize("nfiles", [1, 300])
def test_a_feed_sends_as_many_statements_for_one_file_as_for_many(
    session: Session, nfiles: int
) -> None:
    make_fed_task(session)
    session.flush()
    sent: list[str] = []
    connection = session.connection()

    def note(*given: Any) -> None:
        sent.append(given[2])

    event.listen(connection, "before_cursor_execute", note)
    feed_task(session, catalogue_of(range(nfiles)))
    event.remove(connection, "before_cursor_execute", note)
    written = [one for one in sent if one.lstrip().startswith(("UPDATE", "INSERT"))]
    assert len(written) == 2  # the dataset, T_TASK; files come by COPY, the state in a WITH
    assert len(sent) <= 22
    number = select(func.count()).select_from(JediDatasetContents)
    assert session.scalar(number) == nfiles


def test_a_feed_sends_as_many_statements_for_one_dataset_as_for_many(session: Session) -> None:
    def count(ndatasets: int) -> int:
        with session.begin_nested() as savepoint:
            make_fed_task(session)
            for number in range(100, 100 + ndatasets):
                master = MASTER if number % 2 else None
                add_dataset(session, number, datasetname=f"scope:{number}", masterid=master)
            names = ["scope:in", *(f"scope:{100 + n}" for n in range(ndatasets))]
            files = [{"lfn": f"f.{k}", "events": 10} for k in range(3)]
            listed = {name: {"state": "closed", "files": files} for name in names}
            session.flush()
            with sent_statements(session) as sent:
                fed = feed_task(session, JsonCatalogue(listed))
            assert fed is not None
            assert [one.new for one in fed.datasets] == [3] * (ndatasets + 1)
            savepoint.rollback()
        session.expunge_all()
        return len(sent)

    assert count(2) == count(40)


def test_a_dataset_whose_index_others_lack_loses_files(session: Session) -> None:
    make_fed_task(session, dataset={"attributes": "ic"})
    add_dataset(session, SECONDARY, datasetname="scope:b", masterid=MASTER, attributes="ic")
    files = {"scope:in": (1, 2, 3), "scope:b": (2, 3, 4)}

    class Indexed:
        def list_files(self, name: str) -> Listing | None:
            names = (f"{name[6:]}.{k}.0" for k in files[name])
            return Listing([CatalogueFile(one) for one in names])

    feed_task(session, Indexed())
    assert statuses(session) == {"in.1.0": "lost", "in.2.0": "ready", "in.3.0": "ready"}
    assert counters(session)[:4] == (2, 2, 0, 1)
    assert counters(session, SECONDARY)[:4] == (2, 2, 0, 1)
