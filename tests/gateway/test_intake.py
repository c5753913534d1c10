"""Messages that are received: jobs, cancels, events; each once, and none that stops the gateway."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pandadb.errors import InvalidInput
from pandadb.gateway import operators
from pandadb.gateway.settings import GatewaySettings, GatewaySettingsError, read_settings
from pandadb.services import gateway, queue
from pandadb.services.gateway import UnknownRun
from tests.gateway.sites import PLAIN, Site

if TYPE_CHECKING:
    from pathlib import Path

    from pandadb.database import Database

pytestmark = pytest.mark.any_server
CANCEL = {"run_number": 101, "run_version": 0, "rb_number": "1234567", "cancel": True}


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return Site(database, tmp_path)


def depth(site: Site) -> tuple[int, int]:
    """Return how many jobs are ready, and how many wait for a place."""
    found = queue.queues(site.database)
    return sum(one.ready for one in found), sum(one.throttled for one in found)


def test_31_a_message_that_comes_again_makes_no_second_job(site: Site) -> None:
    first = site.deliver(site.ready(), name="a")
    again = site.deliver(site.ready(), name="a")
    assert (first.kind, again.kind, again.pandaid) == ("job", "repeated", first.pandaid)
    ids = [f"T_1@@session-{n}@@1" for n in "bc"]  # as RabbitMQ has them
    assert site.deliver(site.ready(104), name=ids[0]).kind == "job"
    assert site.deliver(site.ready(104), name=ids[1], redelivered="true").kind == "repeated"
    nameless = [site.deliver(site.ready(102), name=" ").kind for _ in range(2)]
    assert nameless == ["job", "repeated"]
    assert site.deliver(site.ready(), name="c").kind == "job"
    assert [run.run_version for run in site.runs() if run.run_number == 101] == [0, 1]


def test_a_job_has_the_priority_of_its_message_and_the_group_of_its_rb_number(site: Site) -> None:
    site.deliver(site.ready(101))
    high = site.deliver(site.ready(102), priority="9")
    other = site.deliver(site.ready(103, rb_number="7654321"), priority="high")
    assert depth(site) == (2, 1)
    leases = queue.claim(site.database, "demo", 9, owner="test")
    assert other.pandaid in [one.pandaid for one in leases]
    assert high.pandaid not in [one.pandaid for one in leases]
    assert {one.group_key for one in queue.groups(site.database)} == {"RB1234567", "RB7654321"}


def test_33_a_cancel_that_overtakes_its_run_works_once(site: Site) -> None:
    assert site.deliver(CANCEL, "ReductionPending").kind == "cancel"
    dropped = site.deliver(site.pending(), "ReductionPending")
    assert (dropped.kind, dropped.reason) == ("cancel", "cancelled")
    assert site.deliver(site.pending(), "ReductionPending").kind == "job"
    assert [(name, body["message"]) for name, body in site.events()] == [
        ("ReductionError", "cancelled")
    ]


def test_33_a_queued_run_is_cancelled_and_one_that_has_ended_is_left(site: Site) -> None:
    site.submit(site.pending())
    site.deliver(CANCEL, "ReductionPending")
    assert depth(site) == (0, 0)
    (run,) = site.runs()
    assert (run.status, run.message) == ("Error", "cancelled")
    late = site.deliver(CANCEL, "ReductionPending")
    assert (late.kind, late.reason) == ("cancel", "the run has ended")
    assert site.deliver(site.pending(), "ReductionPending").kind == "job"
    assert site.names() == ["Error"]


@pytest.mark.parametrize("number", [0, "calibration", 999_999, 10_000_000, -1234567, 10**30])
def test_38_an_rb_number_that_is_none_is_skipped(site: Site, number: Any) -> None:
    receipt = site.deliver(site.ready(rb_number=number))
    assert (receipt.kind, receipt.pandaid) == ("skipped", None)
    ((name, body),) = site.events()
    assert name == "ReductionSkipped"
    assert "rb_number" in body["message"]


@pytest.mark.parametrize("key", ["instrument", "rb_number", "run_number", "data"])
def test_38_a_missing_key_is_named_in_an_error(site: Site, key: str) -> None:
    receipt = site.deliver(site.ready(**{key: None}))
    assert receipt.kind == "error"
    ((name, body),) = site.events()
    assert (name, key in body["message"]) == ("ReductionError", True)
    assert site.runs() == []


def test_38_an_unknown_key_is_kept_and_warned_of(site: Site) -> None:
    receipt = site.deliver(site.ready(colour="red"))
    assert receipt.kind == "job"
    assert "'colour'" in receipt.warnings[0]
    assert site.runs()[0].body["colour"] == "red"


def test_events_have_the_facility_that_a_message_without_one_means(site: Site) -> None:
    for given in (None, "isis"):
        site.deliver(site.ready(facility=given))
    assert [run.body["facility"] for run in site.runs()] == ["ISIS", "isis"]


BAD: dict[str, tuple[Any, str]] = {
    "ten megabytes": (b'{"data": "' + 10_000_000 * b"x" + b'"}', "bytes"),
    "no JSON": (b'{"data": ', "JSON"),
    "no UTF-8": (b'{"data": "\xff"}', "UTF-8"),
    "NUL": ({"description": "a\0b"}, "description"),
    "half a surrogate": (b'{"instrument": "\\ud800"}', "instrument"),
    "10,000 keys": (dict.fromkeys(map(str, range(10_000)), 1), "keys"),
    "nested": (100_000 * b"[", "JSON"),
    "deep": ({"description": json.loads(60 * "[" + 60 * "]")}, "deep"),
    "a large number": (b'{"run_number": ' + 5000 * b"9" + b"}", "too large"),
    "not a number": (b'{"run_number": NaN}', "NaN"),
    "infinite": (b'{"run_number": 1e999}', "too large"),
    "a list": ([1], "list"),
    "a run that is none": ({"run_number": -5}, "run_number"),
    "half a run": ({"run_number": 101.5}, "run_number"),
    "an instrument elsewhere": ({"instrument": "../GEM"}, "instrument"),
    "data above": ({"data": "/isis/NDXWISH/../NDXGEM/x.nxs"}, "data"),
    "data of others": ({"data": "/etc/passwd"}, "data"),
    "relative data": ({"data": "x.nxs"}, "data"),
    "a script that is none": ({"reduction_script": 5}, "reduction_script"),
}


def test_hostile_messages_are_dead_letters_with_an_error_that_names_the_key(site: Site) -> None:
    for name, (content, words) in BAD.items():
        changed = isinstance(content, dict) and len(content) < 9
        message = {**site.ready(), **content} if changed else content
        receipt = site.deliver(message)
        assert receipt.kind == "error", name
        assert words in (receipt.reason or ""), (name, receipt.reason)
    assert site.names() == ["Error"] * len(BAD)
    assert all(body["message"] and len(json.dumps(body)) < 100_000 for _, body in site.events())
    assert len(gateway.dead_letters(site.database, limit=100)) == len(BAD)
    assert site.deliver(site.ready()).kind == "job"


def test_a_message_to_another_queue_is_an_error(site: Site) -> None:
    assert site.deliver(site.ready(), "Nonsense").kind == "error"


def test_a_paused_instruments_runs_are_skipped(site: Site) -> None:
    gateway.set_instrument(site.database, "wish", is_paused=True)
    assert site.deliver(site.ready()).kind == "skipped"
    gateway.set_instrument(site.database, "WISH", is_paused=False)
    assert site.deliver(site.ready()).kind == "job"
    assert [run.run_version for run in site.runs()] == [0, 1]
    assert site.names() == ["Skipped"]


def test_variables_of_an_experiment_go_before_those_from_a_run_on(site: Site) -> None:
    site.script("def main(a, b):\n    pass\n", 'standard_vars = {"width": 5}\n')
    put = operators.set_variables
    given = {"standard_vars": {"width": "50"}}
    put(site.database, site.settings, "WISH", given, experiment_reference=1234567)
    put(site.database, site.settings, "WISH", {"standard_vars": {"width": 60}}, start_run=102)
    for run, rb_number in ((101, 1234567), (102, 1234567), (101, 7654321), (103, 7654321)):
        site.deliver(site.ready(run, rb_number=rb_number))
    assert [run.variables["standard_vars"]["width"][1] for run in site.runs()] == [
        "50", "50", "5", "60",
    ]  # fmt: skip
    with pytest.raises(InvalidInput, match="height"):
        put(site.database, site.settings, "WISH", {"standard_vars": {"height": 1}}, start_run=1)


def test_a_message_changes_a_variable_that_a_user_has_set_for_its_own_run_only(site: Site) -> None:
    site.script(PLAIN, 'standard_vars = {"width": 5}\n')
    given = {"standard_vars": {"width": 20}}
    operators.set_variables(site.database, site.settings, "WISH", given, start_run=101)
    for run, more in ((101, {}), (102, {"width": 9}), (103, {})):
        site.deliver(site.ready(run, reduction_arguments={"standard_vars": more}))
    assert [run.variables["standard_vars"]["width"][1] for run in site.runs()] == ["20", "9", "20"]


def test_a_variable_that_changes_its_group_is_kept_in_the_new_one(site: Site) -> None:
    groups = []
    for run, group in ((101, "standard_vars"), (101, "advanced_vars"), (102, "standard_vars")):
        site.script(PLAIN, f'{group} = {{"width": 5}}\n')
        site.deliver(site.ready(run))
        known = gateway.list_variables(site.database, "WISH")
        groups.append([(one.start_run, one.is_advanced) for one in known])
    assert groups == [[(101, False)], [(101, True)], [(101, True), (102, False)]]


ODD_VARIABLES = """
standard_vars = {"none": None, "pair": (1, 2), "map": {"a": 1}, "nan": float("nan")}
advanced_vars = {"large": -float("inf"), "tiny": 1e-7, "list": [(1, 2)]}
"""


def test_a_value_of_no_type_is_a_text_and_a_number_that_is_not_finite_is_none(site: Site) -> None:
    site.script(PLAIN, ODD_VARIABLES)
    site.deliver(site.ready())
    (run,) = site.runs()
    operators.rerun(site.database, site.settings, run.key)
    changed = operators.changed_variables(run, {"pair": "x"})
    assert (changed["standard_vars"]["pair"], changed["standard_vars"]["nan"]) == ("x", None)
    assert run.variables["standard_vars"] == {
        "none": ["text", "None"],
        "pair": ["text", "(1, 2)"],
        "map": ["text", "{'a': 1}"],
        "nan": ["number", "nan"],
    }
    for one in site.runs():
        assert one.status == "Queued"
        given = one.body["reduction_arguments"]
        assert given["standard_vars"] == {
            "none": "None", "pair": "(1, 2)", "map": "{'a': 1}", "nan": None,
        }  # fmt: skip
        assert given["advanced_vars"] == {"large": None, "tiny": 1e-7, "list": [[1, 2]]}
    site.script(PLAIN, 'standard_vars = {"list": [float("nan")]}\n')
    site.deliver(site.ready())
    assert "list has a number that is not finite" in (site.runs()[-1].message or "")


VARIABLES = {
    "secrets": "import os\nstandard_vars = {'url': str(os.environ.get('PANDADB_URL'))}\n",
    "prints": "print('x' * 99)\nstandard_vars = {'url': 'None'}\n",
    "ends": "import os\nos._exit(0)\n",
    "raises": "raise SystemExit(3)\n",
    "no dictionary": "standard_vars = [1]\n",
    "a child": "import os\nif os.fork():\n    standard_vars = {'url': 'None'}\n"
    "else:\n    import time; time.sleep(600)\n",
}


def test_variables_are_read_apart_without_secrets_whatever_their_file_does(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PANDADB_URL", "postgresql://secret@nowhere/x")
    found = {}
    for number, (name, text) in enumerate(VARIABLES.items()):
        site.script("def main(a, b):\n    pass\n", text)
        site.deliver(site.ready(101 + number))
        run = site.runs()[-1]
        found[name] = run.message or run.variables["standard_vars"]["url"][1]
    assert [found[name] for name in ("secrets", "prints")] == ["None", "None"]
    assert "ended its process" in found["ends"]
    assert "SystemExit" in found["raises"]
    assert "no dictionary" in found["no dictionary"]
    assert found["a child"] == "None"


def test_old_messages_are_forgotten(site: Site) -> None:
    site.deliver(site.ready(), name="a")
    assert gateway.forget_messages(site.database, 1) == 0
    assert gateway.forget_messages(site.database, 0) == 1
    assert site.deliver(site.ready(), name="a").kind == "job"


def test_a_run_is_done_again_as_its_next_version(site: Site) -> None:
    site.deliver(site.ready())
    (run,) = site.runs()
    again = operators.rerun(site.database, site.settings, run.key, script="x = 1\n", started_by=7)
    assert (again.run_version, again.script, again.started_by) == (1, "x = 1\n", 7)
    assert depth(site) == (1, 1)
    key = gateway.RunKey("WISH", 1, 1)
    with pytest.raises(UnknownRun):
        operators.rerun(site.database, site.settings, key)


def test_another_workers_reports_change_a_run_as_its_state_allows(site: Site) -> None:
    told = site.ready(message="why", reduction_data=["/a"])
    assert site.deliver(told, "ReductionComplete").reason == "the run is not known"
    site.submit(site.pending())
    assert site.deliver(told, "ReductionError").reason == "the run is reduced by a job of pandadb"
    assert site.runs()[0].status == "Queued"


def change(site: Site, values: str) -> None:
    with site.database.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE pandadb.gateway_run SET {values}")


def test_a_report_without_an_instrument_is_on_the_only_run_with_its_numbers(site: Site) -> None:
    told = {**site.ready(message="why"), "instrument": None}
    assert site.deliver(told, "ReductionError").reason == "the run is not known"
    site.deliver(site.ready())
    assert site.deliver(told, "ReductionError", name="b").reason == (
        "the run is reduced by a job of pandadb"
    )
    site.deliver(site.ready(), name="again")
    change(site, "instrument = 'GEM' WHERE run_version = 1")
    assert site.deliver(told, "ReductionError", name="c").reason == "the run is not known"


def test_records_are_removed_unless_their_jobs_live(site: Site) -> None:
    site.deliver(site.ready())
    (run,) = site.runs()
    wanted = "WISH", run.run_number
    assert gateway.remove_runs(site.database, *wanted) == 0
    gateway.cancel(site.database, gateway.CancelRequest(run.run_number, 0), by="user")
    change(site, "status = 'Processing'")
    assert gateway.remove_runs(site.database, *wanted) == 1
    assert site.runs() == []


def test_keys_and_queues_have_the_names_of_the_settings(database: Database, tmp_path: Path) -> None:
    site = Site(database, tmp_path)
    site.settings = GatewaySettings.model_validate(
        site.settings.model_dump()
        | {"keys": {"rb_number": "experiment"}, "destinations": {"reduction_skipped": "Left"}}
    )
    message = {**site.ready(rb_number=None), "experiment": 0}
    assert site.deliver(message).kind == "skipped"
    ((name, body),) = site.events()
    assert (name, body["experiment"], "rb_number" in body) == ("Left", 0, False)


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text("[reduction]\ntimeout = 0\ncolour = 1\n")
    with pytest.raises(GatewaySettingsError, match=r"reduction\.timeout.*reduction\.colour"):
        read_settings(path)
