"""The wheel: what is installed from it works without the checkout."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh virtual environment with the wheel; dependencies are borrowed from this one."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    environment = folder / "venv"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run(install, check=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return environment / "bin"


def run(*command: str | Path, url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={"PANDADB_URL": url, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_upgrade_and_check_work_from_the_wheel(
    installed: Path, empty_database_url: str, tmp_path: Path
) -> None:
    where = run(
        installed / "python",
        "-c",
        "import pandadb; print(pandadb.__file__)",
        url=empty_database_url,
        folder=tmp_path,
    )
    assert str(installed.parent) in where.stdout

    program = installed / "pandadb"
    upgraded = run(program, "db", "upgrade", url=empty_database_url, folder=tmp_path)
    checked = run(program, "db", "check", url=empty_database_url, folder=tmp_path)

    assert upgraded.returncode == 0, upgraded.stderr
    assert "the newest" in upgraded.stdout
    assert checked.returncode == 0, checked.stdout + checked.stderr

    folder = tmp_path / "site"
    write = ("db", "revision", "-m", "an index of ours")
    refused = run(program, *write, url=empty_database_url, folder=tmp_path)
    assert "set PANDADB_REVISIONS" in refused.stderr
    (tmp_path / ".env").write_text(f"PANDADB_REVISIONS={folder}\n")
    for words in (
        write,
        ("db", "history", "--json"),
        ("db", "upgrade"),
        ("db", "stamp", "head", "--dry-run"),
        ("db", "check"),
    ):
        done = run(program, *words, url=empty_database_url, folder=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in folder.glob("*.py")] == ["site_0001_an_index_of_ours.py"]


def test_the_wheel_has_the_types_the_revisions_and_the_sql(installed: Path) -> None:
    (package,) = installed.parent.glob("lib/python*/site-packages/pandadb")
    packed = package / "_schema"

    assert (package / "py.typed").exists()
    for folder in ("migrations/versions", "sql/views"):
        names = {path.name for path in (ROOT / folder).glob("*.??*") if path.suffix != ".pyc"}
        assert {path.name for path in (packed / folder).iterdir()} - {"__pycache__"} == names
