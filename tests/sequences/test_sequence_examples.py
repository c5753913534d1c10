"""The examples of the seed's document run as they are written there (F.4, 39 to 41 and 47)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pandadb.sequences.journal import SequenceStatus
from tests.sequences.stages import SEED, Stage

if TYPE_CHECKING:
    from tests.sequences.pop_server import PopServer

pytestmark = pytest.mark.any_server


def seed_text(begin: str, end: str) -> str:
    """Return the part of the seed between two lines; a test without the seed is skipped."""
    if not SEED.exists():
        pytest.skip(f"{SEED} is not here")
    text = SEED.read_text(encoding="utf-8", errors="replace")
    return text[text.index(begin) + len(begin) :].split(end)[0]


def test_39_the_first_example_submits_and_downloads(stage: Stage, mailbox: PopServer) -> None:
    """The copy of the document has lost two lines, which are restored."""
    text = seed_text("$ cat myseq.txt\n", "How to run is simply")
    text = text.replace("result = Step1", "Step1.execute()\nresult = Step1").rstrip()
    for folder in ("cmthome", "myWork/run"):
        (stage.home / folder).mkdir(parents=True)
    stage.submits("pathena.1", 100)
    end = stage.play(f"{text}\n    Step2.execute()\n")
    assert end.status == SequenceStatus.FINISHED, end.message
    assert stage.calls == [
        "pathena -v --outDS user.tmaeno.testEvt",
        "dq2-get user.tmaeno.testEvt",
    ]
    assert mailbox.logins >= 1


@pytest.mark.parametrize(("last", "is_downloaded"), [(20, True), (10, False)])
def test_40_three_tries_then_another_job_and_its_download(
    stage: Stage, mailbox: PopServer, last: int, is_downloaded: bool
) -> None:
    text = seed_text("e.g.,\n### Sequence\n", "The above example")
    text = text.replace("    resAOD =", "    AOD_Step.execute()\n    resAOD =")
    text = text.replace("Failed == 0:", "Failed == 0:\n        break")
    text = text.replace("resDPD =", "DPD_Step.execute()\nresDPD =", 1).rstrip()
    steps = (
        "### AOD_Step\npathena --outDS user.someone.aod\n"
        "### DPD_Step\npathena --outDS user.someone.dpd\n"
        "### getDPD_Step\ndq2-get user.someone.dpd\n### Sequence\n"
    )
    for place, failed in enumerate((2, 1, 0), start=1):
        stage.submits(f"pathena.{place}", 99 + place, failed=failed)
    stage.submits("pathena.4", 103, jobs=last)
    end = stage.play(f"{steps}{text}\n    getDPD_Step.execute()\n")
    assert end.status == SequenceStatus.FINISHED, end.message
    aod, dpd = "pathena --outDS user.someone.aod", "pathena --outDS user.someone.dpd"
    download = ["dq2-get user.someone.dpd"] if is_downloaded else []
    assert stage.calls == [aod, aod, aod, dpd, *download]
    assert mailbox.logins >= 1


def test_41_values_of_env_arrive_as_they_are(stage: Stage) -> None:
    text = seed_text("### StepXX\nsource /afs/\n\n", "Internally the step")
    given = {
        name: f"{value}'\"$HOME`id`\n$(id)\\"
        for name, value in re.findall(r"'(\w+)'\]\s*= '(.*)'", text)
    }
    assert sorted(given) == ["OUTDATASET", "OUTFILE"]
    assignments = "".join(f"var[{name!r}] = {value!r}\n" for name, value in given.items())
    end = stage.play(
        '### StepXX\nprintf \'%s|%s|\' "$OUTFILE" "$OUTDATASET"\n'
        f"{text}\n{assignments}StepXX.execute(env=var)\nprint('> %r' % StepXX.result().output)\n"
    )
    assert end.message is None
    assert stage.lines == [repr(f"{given['OUTFILE']}|{given['OUTDATASET']}|")]


def test_47_statements_of_python_2_run(stage: Stage) -> None:
    end = stage.play(
        """\
        ### Step1
        exit 3
        ### Sequence
        Step1.execute()
        res = Step1.result()
        print '>', res.status
        try:
            raise ValueError, 'bad'
        except ValueError, error:
            print '> %s %s' % (error, 7 / 2)
        if res.status <> 0 and {'a': 1}.has_key('a'):
            print '> ' + `res.status`
        """
    )
    assert end.message is None
    assert stage.lines == ["3", "bad 3", "3"]
