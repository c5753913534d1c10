"""The wheel: what is installed from it works without the checkout, on each Python there is."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

pytestmark = [pytest.mark.any_server, pytest.mark.slow]

ROOT = Path(__file__).parents[1]
OTHERS = [f"3.{minor}" for minor in range(11, 15) if minor != sys.version_info.minor]
PLACES = (".pyenv/versions/{}.*/bin/python", ".local/share/uv/python/cpython-{}.*/bin/python3")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    subprocess.run(build, check=True, capture_output=True)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh virtual environment with the wheel; dependencies are borrowed from this one."""
    environment = tmp_path_factory.mktemp("installed") / "venv"
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


@pytest.mark.slow
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

    assert upgraded.returncode == 0, upgraded.stderr
    assert "the newest" in upgraded.stdout

    folder = tmp_path / "site"
    write = ("db", "revision", "-m", "an index of ours")
    refused = run(program, *write, url=empty_database_url, folder=tmp_path)
    assert "set PANDADB_REVISIONS" in refused.stderr
    (tmp_path / ".env").write_text(f"PANDADB_REVISIONS={folder}\n")
    for words in (write, ("db", "upgrade"), ("db", "check")):
        done = run(program, *words, url=empty_database_url, folder=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in folder.glob("*.py")] == ["site_0001_an_index_of_ours.py"]


@pytest.mark.parametrize("version", OTHERS)
def test_upgrade_and_check_work_on_each_python_that_is_there(
    version: str, wheel: Path, empty_database_url: str, tmp_path: Path
) -> None:
    python = found(version)
    subprocess.run([python, "-m", "venv", tmp_path / "venv"], check=True)
    programs = tmp_path / "venv" / "bin"
    install = [programs / "python", "-m", "pip", "install", "--quiet", wheel]
    got = subprocess.run(install, capture_output=True, text=True, check=False)
    if got.returncode and "No matching distribution" in got.stderr:
        pytest.skip(f"the dependencies cannot be had here: {got.stderr.splitlines()[-1]}")
    assert got.returncode == 0, got.stderr

    for words in (("db", "upgrade"), ("db", "check")):
        done = run(programs / "pandadb", *words, url=empty_database_url, folder=tmp_path)
        assert (done.returncode, "Warning" in done.stderr) == (0, False), done.stderr


def found(version: str) -> str:
    """Return a Python of a version, or skip the test."""
    places = [Path.home().glob(place.format(version)) for place in PLACES]
    on_path = shutil.which(f"python{version}")
    for python in [*map(str, [path for place in places for path in place]), on_path]:
        if python and works(python):
            return python
    pytest.skip(f"there is no Python {version} here")


def works(python: str) -> bool:
    """Tell whether it starts: a program of that name may only stand for one that is missing."""
    asked = [python, "-c", "import ensurepip, venv"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def test_the_wheel_has_the_types_the_revisions_and_the_sql(installed: Path) -> None:
    (package,) = installed.parent.glob("lib/python*/site-packages/pandadb")
    packed = package / "_schema"

    assert (package / "py.typed").exists()
    for folder in ("migrations/versions", "sql/views"):
        names = {path.name for path in (ROOT / folder).glob("*.??*") if path.suffix != ".pyc"}
        assert {path.name for path in (packed / folder).iterdir()} - {"__pycache__"} == names


def test_the_wheel_writes_the_examples(installed: Path, tmp_path: Path) -> None:
    written = run(installed / "pandadb", "demo", "--write-examples", "new", url="", folder=tmp_path)

    assert written.returncode == 0, written.stderr
    for example in (file for file in (ROOT / "examples").rglob("*") if file.is_file()):
        name = example.relative_to(ROOT / "examples")
        assert (tmp_path / "new" / name).read_bytes() == example.read_bytes()
