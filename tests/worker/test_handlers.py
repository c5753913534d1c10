"""Python functions as payloads: in a thread, as a coroutine, in a child process."""

from __future__ import annotations

import math
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pandadb.worker.handlers import HandlerError, UnknownHandler, current_job, load_handlers
from pandadb.worker.handlers.registry import HANDLERS, Handler, add_handler
from pandadb.worker.payload.outcome import StopReason
from tests.worker.payloads import began, ended

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.any_server

MODULE = "tests.worker.sample_handlers"


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The handlers of the sample module."""
    sys.modules.pop(MODULE, None)
    load_handlers([MODULE])
    yield
    HANDLERS.clear()


def called(folder: Path, name: str, /, **arguments: Any) -> Any:
    return ended(folder, handler=name, arguments=arguments, place={"modules": (MODULE,)})


def test_a_function_returns_its_result(tmp_path: Path) -> None:
    assert called(tmp_path, "add", a=2).result == {"sum": 3}
    assert called(tmp_path, "add later", a=2, b=2).result == 4
    assert [*tmp_path.iterdir()] == [], "a function that asks for no directory has none"


def test_a_child_process_returns_its_result_and_its_files(tmp_path: Path) -> None:
    outcome = called(tmp_path, "add apart", a=2)

    assert outcome.result["sum"] == 3
    assert outcome.result["pid"] != os.getpid()
    assert [one.name for one in outcome.outputs] == ["sum"]


def test_a_module_in_the_jobs_directory_is_not_imported_by_a_child_process(tmp_path: Path) -> None:
    outcome = ended(
        tmp_path,
        handler="add apart",
        arguments={"a": 1},
        inputs={"json.py": "raise SystemExit(9)", "pandadb/__init__.py": ""},
        place={"modules": (MODULE,)},
    )

    assert outcome.is_ok, outcome


def test_a_function_in_a_thread_may_write_outputs_too(tmp_path: Path) -> None:
    outcome = called(tmp_path, "write", name="x", text="y")

    assert outcome.result == "7"
    assert [one.name for one in outcome.outputs] == ["x"]
    assert len([*tmp_path.glob("*/SUCCESS")]) == 1


@pytest.mark.parametrize("name", ["raise", "raise apart"])
def test_an_exception_is_a_failure_with_its_text_and_no_secret(tmp_path: Path, name: str) -> None:
    outcome = called(tmp_path, name, text="cannot reach postgresql://u:hunter22@h/d")

    assert outcome.error == "RuntimeError: cannot reach postgresql://u:***@h/d"
    assert "raise RuntimeError(text)" in outcome.output["stderr"]
    assert "hunter22" not in outcome.output["stderr"]


def test_a_failure_can_ask_for_its_next_attempt(tmp_path: Path) -> None:
    later = called(tmp_path, "fail", retry_in=21600)
    apart = called(tmp_path, "fail apart", retry_in=60)
    never = called(tmp_path, "fail", retryable=False)

    assert (later.error, later.retry_in, later.is_retryable) == ("no beam today", 21600, True)
    assert (apart.error, apart.retry_in) == ("no beam today", 60)
    assert (never.retry_in, never.is_retryable) == (None, False)


@pytest.mark.parametrize(
    ("name", "arguments", "error"),
    [
        ("add", {}, "The handler add cannot be called so: missing a required argument: 'a'"),
        ("add", {"a": 1, "c": 2}, "got an unexpected keyword argument 'c'"),
        ("add", {"a": "x"}, "TypeError: can only concatenate str"),
        ("return a set", {}, "has returned a value that is no JSON: Object of type set"),
        ("leave", {}, "SystemExit: 3"),
    ],
)
def test_a_call_that_cannot_be_is_a_failure(
    tmp_path: Path, name: str, arguments: dict[str, Any], error: str
) -> None:
    outcome = called(tmp_path, name, **arguments)

    assert error in (outcome.error or "")


def test_nan_is_no_json(tmp_path: Path) -> None:
    add_handler(Handler("nan", lambda: math.nan))

    assert "no JSON" in (called(tmp_path, "nan").error or "")


@pytest.mark.parametrize("name", ["wait", "sleep", "ignore"])
def test_a_function_that_is_late_has_failed(tmp_path: Path, name: str) -> None:
    outcome = ended(tmp_path, handler=name, arguments={"seconds": 3}, timeout=0.2)

    assert outcome.error == "The payload ran longer than its timeout of 0.2 s"
    assert outcome.seconds < 2.5


def test_a_function_that_is_cancelled_hears_of_it(tmp_path: Path) -> None:
    running = began(tmp_path, handler="wait", arguments={"seconds": 20})

    running.stop(StopReason.CANCELLED)
    outcome = running.wait()

    assert outcome.reason is StopReason.CANCELLED
    assert outcome.result == "cancelled"
    assert not running.is_abandoned


def test_a_thread_that_cannot_be_ended_is_abandoned(tmp_path: Path) -> None:
    running = began(tmp_path, handler="ignore", arguments={"seconds": 1.5})

    running.stop(StopReason.LEASE, 0)

    assert running.wait().reason is StopReason.LEASE
    assert running.is_abandoned


@pytest.mark.slow
def test_a_function_on_the_cpu_is_killed_in_its_child_process(tmp_path: Path) -> None:
    place = {"modules": (MODULE,)}

    outcome = ended(tmp_path, handler="spin", timeout=1.5, place=place)

    assert outcome.error == "The payload ran longer than its timeout of 1.5 s"


def test_an_unknown_handler_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownHandler, match="did you mean 'add'"):
        called(tmp_path, "ad")


def test_a_name_belongs_to_one_function() -> None:
    with pytest.raises(HandlerError, match="Two functions are the handler 'add'"):
        add_handler(Handler("add", current_job))


def test_a_module_that_cannot_be_imported_is_named() -> None:
    with pytest.raises(HandlerError, match="The module no_such_module cannot be imported"):
        load_handlers(["no_such_module"])


def test_entry_points_are_handlers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "someone-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: someone\nVersion: 1\n")
    (package / "entry_points.txt").write_text("[pandadb.handlers]\nsquare root = math:sqrt\n")
    monkeypatch.syspath_prepend(tmp_path)

    load_handlers()

    assert called(tmp_path, "add", a=1).is_ok
    assert "square root" in HANDLERS
    with pytest.raises(LookupError):
        current_job()
