"""`pandadb sites` as it is typed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pandadb.demo import examples
from tests.cli.test_commands import run
from tests.databases import render
from tests.factories import make_job

if TYPE_CHECKING:
    from pathlib import Path

    from pandadb.database import Database

pytestmark = pytest.mark.any_server

SITES = str(examples.home() / "sites.json")


@pytest.fixture
def url(database: Database) -> str:
    return render(database.engine.url)


def test_the_example_is_loaded_once(url: str) -> None:
    tried = run("sites", "load", SITES, "--dry-run", url=url)
    assert tried.returncode == 0, tried.stderr
    assert "Rows would be changed: " in tried.stdout
    assert json.loads(run("sites", "list", "--json", url=url).stdout) == []

    done = run("sites", "load", SITES, url=url)
    assert done.returncode == 0, done.stderr
    assert "0 changed, 0 removed." in done.stdout
    again = run("sites", "load", SITES, url=url)
    assert (again.returncode, again.stdout) == (
        3,
        "Rows changed: 0 added, 0 changed, 0 removed.\n",
    )
    assert run("sites", "diff", SITES, "--check", url=url).returncode == 0
    assert len(json.loads(run("sites", "list", "--json", url=url).stdout)) == 3
    assert "ALPINE-01" in run("sites", "list", url=url).stdout


def test_a_change_is_shown_column_by_column(url: str, tmp_path: Path) -> None:
    run("sites", "load", SITES, url=url)
    dumps = json.loads((examples.home() / "sites.json").read_text())
    dumps["pandaqueues"]["ALPINE-01_UCORE"]["status"] = "brokeroff"
    del dumps["ddmendpoints"]["BALTIC-01_SCRATCHDISK"]
    file = tmp_path / "dumps.json"
    file.write_text(json.dumps(dumps))

    found = run("sites", "diff", str(file), "--check", url=url)
    assert found.returncode == 1
    assert "{'status': 'brokeroff'}" in found.stdout
    assert "removed" in found.stdout
    shown = json.loads(run("sites", "diff", str(file), "--json", url=url).stdout)
    kinds = {(one["table"], one["kind"]) for one in shown["changes"]}
    assert ("schedconfig_json", "changed") in kinds
    assert ("ddm_endpoint", "removed") in kinds

    only = run("sites", "load", str(file), "--only", "queues", "--json", url=url)
    assert [one["table"] for one in json.loads(only.stdout)["changes"]] == ["schedconfig_json"]
    history = run("sites", "history", "ALPINE-01_UCORE", "--limit", "1", url=url)
    assert "brokeroff" in history.stdout
    assert "There are more: --before " in history.stdout


def test_few_sites_are_refused_without_force(url: str, tmp_path: Path) -> None:
    run("sites", "load", SITES, url=url)
    dumps = json.loads((examples.home() / "sites.json").read_text())
    file = tmp_path / "dumps.json"
    file.write_text(json.dumps({**dumps, "sites": {}}))
    refused = run("sites", "load", str(file), url=url)
    assert refused.returncode == 2
    assert "SITE: the set is empty, 3 are known; see --force" in refused.stderr
    forced = run("sites", "load", str(file), "--force", url=url)
    assert forced.returncode == 0
    assert json.loads(run("sites", "list", "--json", url=url).stdout) == []


def test_sites_queues_and_candidates_are_shown(database: Database, url: str) -> None:
    run("sites", "load", SITES, url=url)
    site = run("sites", "show", "ALPINE-01", url=url)
    assert "ALPINE-01_DATADISK" in site.stdout
    assert json.loads(run("sites", "show", "ALPINE-01_UCORE", "--json", url=url).stdout)["tags"]
    missing = run("sites", "show", "ALPINE", url=url)
    assert missing.returncode == 1
    assert "is it ALPINE-01" in missing.stderr

    with database.session() as session:
        pandaid = make_job(session, "activated", corecount=8, vo="atlas", prodsourcelabel="user")
        session.commit()
    found = run("sites", "candidates", str(pandaid), "--json", url=url)
    assert {one["reason"] for one in json.loads(found.stdout)} >= {"cores"}
    shown = run("sites", "candidates", str(pandaid), url=url)
    assert "of 6 can run it; the others: " in shown.stdout
    assert run("sites", "candidates", "5", url=url).returncode == 1
    with database.session() as session:
        pandaid = make_job(session, "activated", corecount=5000)
        session.commit()
    assert run("sites", "candidates", str(pandaid), "--check", url=url).returncode == 1


def test_made_up_sites_are_the_same_for_a_seed() -> None:
    first, again, other = (
        run("sites", "generate", "--number", "3", "--seed", seed).stdout for seed in ("1", "1", "2")
    )
    assert first == again != other
    assert json.loads(first) == json.loads((examples.home() / "sites.json").read_text())


def test_what_is_no_dump_is_a_sentence(url: str, tmp_path: Path) -> None:
    file = tmp_path / "dumps.json"
    for words, text in (
        ("is no JSON", "{"),
        ("is no kind of dump", '{"site": {}}'),
        ("sites need", '{"sites": {}}'),
        ("there is no dump to load", "{}"),
    ):
        file.write_text(text)
        refused = run("sites", "load", str(file), url=url)
        assert refused.returncode == 2, refused
        assert words in refused.stderr
    for given in ([], ["--dump", "tag=x"], [SITES, "--only", "queue"]):
        assert run("sites", "load", *given, url=url).returncode == 2
    assert run("sites", "load", str(tmp_path / "nothing"), url=url).returncode == 1
