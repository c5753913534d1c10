"""Files of applications: what they may declare, and the sentence about a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from pandadb.demo import examples
from pandadb.services.applications import InvalidApplications, InvalidInputs, read_applications
from pandadb.services.applications.inputs import checked
from tests.web.applications.forms import declared

pytestmark = pytest.mark.any_server

WORD = "argv = ['echo', '{word}']\n[a.parameters.word]\n"

MALFORMED = {
    "x = 5": "x is no section: write [x] above its keys",
    "[a]": "a.argv: Field required",
    "[a]\nargv = []": "a.argv: Tuple should have at least 1 item",
    "[a]\nargv = 'sleep 1'": "a.argv: Input should be a valid tuple",
    "[a]\nargv = ['{x}']": "{x}, which is no parameter",
    "[a]\nargv = ['echo', '{x.__class__}']\n[a.parameters.x]": "{x.__class__}, which is no par",
    "[a]\nargv = ['{x}']\n[a.parameters.x]": "has to begin with the program",
    "[a]\nargv = ['echo', '{']": "a: ",
    "[a]\nargv = ['a']\nshell = true": "a.shell: Extra inputs are not permitted",
    "[a]\nargv = ['a']\ntimeout = 0": "a.timeout: Input should be greater than 0",
    "[a]\nargv = ['a']\nresult_word = 1\nresult_pattern = '(x)'": "not both",
    "[a]\nargv = ['a']\nresult_pattern = 'x'": "needs a group",
    "[a]\nargv = ['a']\nresult_pattern = '('": "is no regular expression",
    "[a]\nargv = ['a']\nsubject = \"x\\nBcc: y\"": "subject has to be one line",
    "['a b']\nargv = ['a']": "a b.name: String should match",
    "[a]\nargv = ['a']\n[a.parameters.email]": "no parameter can be called email",
    f"[a]\n{WORD}type = 'choice'": "a.parameters.word: choices are those",
    f"[a]\n{WORD}minimum = 5": "a.parameters.word: minimum and maximum are limits of numbers",
    "[a": "cannot be read",
    "[a]\nargv = ['a']\nenv = {'x=y' = 'z'}": "a: env cannot have a variable 'x=y'",
}


@pytest.mark.parametrize("text", MALFORMED)
def test_a_malformed_file_is_refused_by_a_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidApplications) as error:
        declared(tmp_path, text)
    assert MALFORMED[text] in str(error.value)
    assert str(tmp_path / "applications.toml") in str(error.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidApplications, match="cannot be read: No such file"):
        read_applications(tmp_path / "missing.toml")


def test_the_page_and_the_example_declare_the_same_program(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "applications.md").read_text()
    block = page.partition("```toml\n")[2].partition("```")[0]
    shown = declared(tmp_path, block)["slow_div"]
    example = read_applications(examples.home() / "applications.toml")["slow_div"]
    same = ("title", "env", "queue", "timeout", "stderr_is_failure", "computes", "result_word")
    assert [getattr(shown, one) for one in same] == [getattr(example, one) for one in same]
    assert shown.parameters.keys() == example.parameters.keys()


def test_paths_are_those_of_the_folder_of_the_file(tmp_path: Path) -> None:
    found = declared(tmp_path, "[a]\nargv = ['sh', './run.sh', '../x']")
    assert found["a"].argv == ("sh", f"{tmp_path}/run.sh", "../x")


@pytest.mark.parametrize(
    ("rules", "good", "wrong"),
    [
        ("type = 'integer'\nminimum = 1", {"1": "1", "1_000": "1000"}, ["0", "1.5", "", "x"]),
        ("type = 'number'\nmaximum = 2", {"1e0": "1.0", "-3": "-3.0"}, ["2.1", "nan", "inf", ""]),
        ("type = 'choice'\nchoices = ['a', 'b']", {"a": "a"}, ["c", ""]),
        ("max_length = 3", {"abc": "abc", "é": "é", "": "", "$x": "$x"}, ["abcd", "-x", "a\nb"]),
        ("pattern = '-?[a-z]+'", {"-x": "-x"}, ["X", "", "x\n"]),
    ],
)
def test_values_fit_their_parameters(
    tmp_path: Path, rules: str, good: dict[str, str], wrong: list[str]
) -> None:
    application = declared(tmp_path, f"[a]\n{WORD}{rules}")["a"]
    for given, value in good.items():
        assert checked(application, {"word": given}) == {"word": value}
    for given in wrong:
        with pytest.raises(InvalidInputs, match="parameter 'word'"):
            checked(application, {"word": given})
