"""Rules of scripts that need no database: what they return, their links, texts, and cycles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pandadb.gateway import places
from pandadb.gateway.reduction.outputs import settle_links
from pandadb.gateway.reduction.script_process import _call, folders_of
from pandadb.gateway.scripts import read_script
from pandadb.services.gateway import InvalidValue


@pytest.mark.parametrize(
    ("returned", "folders"),
    [
        (False, []),
        (0, []),
        ((), []),
        (b"", []),
        ("/a", ["/a"]),
        (("/a", "", Path("/b")), ["/a", "/b"]),
    ],
)
def test_a_value_that_is_false_names_no_folder_and_a_path_names_one(
    returned: Any, folders: list[str]
) -> None:
    said = folders_of(returned)
    assert (said.get("folders", []), said.get("mistake")) == (folders, None)


@pytest.mark.parametrize("returned", [True, b"x", object(), ["/a", None], range(20_000)])
def test_another_value_is_a_mistake(returned: Any) -> None:
    assert folders_of(returned)["mistake"]


def test_main_gets_its_arguments_by_name() -> None:
    def by_name(output_dir: str, input_file: str) -> list[str]:
        return [input_file, output_dir]

    def by_place(data: str, result: str) -> list[str]:
        return [data, result]

    assert _call(by_name, "in", "out") == _call(by_place, "in", "out") == ["in", "out"]


def test_links_of_a_result_lead_to_nothing_in_its_temporary_folder(tmp_path: Path) -> None:
    made, final = tmp_path / "made", tmp_path / "final"
    (made / "sub").mkdir(parents=True)
    (made / "sub" / "a.txt").write_text("a")
    (made / "file.txt").symlink_to(made / "sub" / "a.txt")
    (made / "folder").symlink_to(made / "sub")
    (made / "nowhere").symlink_to(tmp_path / "none")
    settle_links(made)
    made.rename(final)
    assert (final / "file.txt").read_text() == (final / "folder" / "a.txt").read_text() == "a"
    assert not (final / "nowhere").is_symlink()


def test_a_script_that_cannot_be_read_is_none_that_is_missing(tmp_path: Path) -> None:
    assert read_script(tmp_path) is None
    script = tmp_path / "reduce.py"
    script.write_bytes(b"# caf\xe9\nx = 1\n")
    assert read_script(tmp_path) == "# caf\xe9\nx = 1\n"
    for wrong in (b"# coding: nonsense\n", "x = 1\n".encode("utf-16")):
        script.write_bytes(wrong)
        with pytest.raises(InvalidValue, match="cannot be read"):
            read_script(tmp_path)


@pytest.mark.parametrize(
    ("data", "cycle"),
    [
        ("/isis/data/cycle_16_5/a.nxs", "16_5"),
        ("/isis/data/cycle_16_5", "16_5"),
        ("/isis/data/CYCLE_15_1/a.nxs", "15_1"),
        ("/isis/cycle_15_1/cycle_16_10/a.nxs", "16_10"),
        (r"\\isis\inst$\data\cycle_16_5\a.nxs", "16_5"),
        ("/isis/data/cycle_x/a.nxs", None),
    ],
)
def test_the_cycle_of_data_is_that_of_the_last_folder_of_one(data: str, cycle: str | None) -> None:
    assert places.names_of({"data": data}).get("cycle") == cycle
