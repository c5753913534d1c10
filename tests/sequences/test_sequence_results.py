"""Results by notification mails: their forms, their senders, the mailbox (F.4, 42, 43 and 49)."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from pandadb.mail_tokens import mail_token
from pandadb.sequences.journal import SequenceStatus
from pandadb.sequences.mail.configuration import InvalidConfiguration, read_configuration
from pandadb.sequences.mail.notifications import (
    notification_of,
    parse_fields,
    parse_message,
    received_at,
    sent_at,
    text_of,
)
from pandadb.sequences.mail.passwords import ExposedSecret, MissingPassword
from pandadb.sequences.results import JobNumbers, Result
from tests.sequences.stages import SEED, Stage, mail, summary

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sequences.pop_server import PopServer

pytestmark = pytest.mark.any_server

TODAY = """\
Summary of TaskID:100

Created : 2026-01-05 03:31:47 (UTC)
Ended   : 2026-01-05 14:41:24 (UTC)

Final Status : finished

Total Number of Inputs : 800
             Succeeded : 781
             Failed    : 19
             Cancelled : 0

Error Dialog : None

Datasets :
In  : user.someone.in
Out : user.someone.out/

Parameters : prun --inDS user.someone.in --outDS user.someone.out
"""
SUBMIT = """\
### Submit
pathena --outDS a
### Sequence
Submit.execute()
first = Submit.result(blocking=False)
print('> %s' % first)
res = Submit.result()
print('> %s %s' % (res.JobsetID, res.Failed))
print('> %s' % Submit.result(blocking=False).Succeeded)
"""


def test_42_without_blocking_there_is_no_result_until_the_mail_is_there(
    stage: Stage, mailbox: PopServer
) -> None:
    """The result arrives after the first look, and after a refused login."""
    stage.prepare("pathena.1", " JobsetID : 100\n", summary(100, failed=3))
    mailbox.refusals = 1
    end = stage.play(SUBMIT)
    assert end.message is None
    assert stage.lines == ["None", "100 3", "7"]
    assert mailbox.logins >= 1


def test_43_the_mail_of_the_document_gives_its_attributes() -> None:
    """The copy of the document has lost the line of the site."""
    if not SEED.exists():
        pytest.skip(f"{SEED} is not here")
    seed = SEED.read_text(encoding="utf-8", errors="replace")
    text = seed[seed.index("Summary of JobID") : seed.index("is mapped to")]
    fields = parse_fields(text.replace("\n\n\n", "\nSite : ANALY_LONG_BNL_ATLAS\n\n"))
    dates = {name: fields.pop(name) for name in ("Created", "Ended")}
    assert dates == {
        "Created": "2008-08-23 03:31:47 (UTC)",
        "Ended": "2008-08-23 14:41:24 (UTC)",
    }
    assert fields == {
        "JobID": 123,
        "Site": "ANALY_LONG_BNL_ATLAS",
        "Jobs": 800,
        "Succeeded": 681,
        "Partial": 100,
        "Failed": 19,
        "In": [
            "user08.KeteviAAssamagan.lxplus213_54.lib._000070",
            "user08.KeteviAAssamagan.005008.CavernInputSF05.simul.pool.v18",
            "ddo.000001.Atlas.Ideal.DBRelease.v050601",
        ],
        "Out": ["user08.KeteviAAssamagan.005008.CavernInputSF05.RDO.pool.v3"],
    }


def test_43_the_mail_of_today_gives_the_same_and_more() -> None:
    found = notification_of(TODAY, datetime.now(UTC).replace(tzinfo=None))
    assert found is not None
    assert found.numbers == JobNumbers(task=100)
    wanted = {
        "TaskID": 100, "FinalStatus": "finished", "Jobs": 800, "Succeeded": 781, "Failed": 19,
        "Cancelled": 0, "In": ["user.someone.in"], "Out": ["user.someone.out/"],
    }  # fmt: skip
    assert wanted.items() <= found.fields.items()


@pytest.mark.parametrize(
    ("printed", "fields", "is_same"),
    [
        (JobNumbers(jobset=5, job=7), {"JobsetID": 5, "JobID": 9}, True),
        (JobNumbers(jobset=5, job=7), {"JobsetID": 7}, False),
        (JobNumbers(jobset=5, job=7), {"JobID": 7}, True),
        (JobNumbers(jobset=5), {"JobID": 5}, True),
        (JobNumbers(jobset=5), {"TaskID": 5}, True),
        (JobNumbers(jobset=5, task=9), {"TaskID": 9}, True),
        (JobNumbers(jobset=5, task=9), {"TaskID": 5}, False),
        (JobNumbers(task=9), {"JobsetID": 9}, False),
        (JobNumbers(job=9), {"TaskID": 9}, False),
    ],
)
def test_a_notification_is_about_the_jobs_of_its_number(
    printed: JobNumbers, fields: dict[str, int], is_same: bool
) -> None:
    assert printed.has(fields) is is_same


def test_an_unknown_attribute_names_the_known_ones() -> None:
    with pytest.raises(AttributeError, match="'failed': it has status, output, Failed, Jobs"):
        _ = Result(0, "", {"Jobs": 5, "Failed": 1}).failed


def test_43_a_forged_mail_without_the_token_is_passed_over(
    stage: Stage, mailbox: PopServer
) -> None:
    key = stage.config.parent / "token"
    key.write_text("key of the site\n")
    key.chmod(0o600)
    stage.reads_mail(mailbox.port, "mail_token_file = token")
    forged, real = summary(100, failed=9), summary(100, failed=3)
    message = parse_message(real.encode())
    token = mail_token(
        "key of the site", message_id=message["Message-ID"], date=message["Date"],
        text=message.get_content(),
    )  # fmt: skip
    signed = real.replace("\n\n", f"\nX-PanDA-Token: {token}\n\n", 1)
    stage.prepare("pathena.1", " JobsetID : 100\n", forged, signed)
    end = stage.play(SUBMIT.replace("first = Submit.result(blocking=False)", "first = None"))
    assert end.message is None
    assert stage.lines == ["None", "100 3", "7"]


@pytest.mark.slow
def test_mails_that_nothing_can_parse_are_passed_over(stage: Stage, mailbox: PopServer) -> None:
    """Odd ones come first, with dates of long ago, headers in pieces and texts of no charset."""
    odd = [
        "From: =?utf-8?q?=\nDate: no\n\nx", "From: <\nDate: Mon, 1 Jan 2001 00:00:00 +0000\n\n",
        "\n", "Date: 99\nFrom: Atlas Pangaea <a@b>\nContent-Type: text/plain; charset=no\n\n\xe9",
        'From: Atlas Pangaea <a@b>\nContent-Type: multipart/mixed; boundary="x"\n\n--x\n\n--y',
        "From: Atlas Pangaea <a@b>\n\nSummary of JobsetID : " + "9" * 5000 + "\n",
        "From: Atlas Pangaea <a@b>\n\n" + "x" * 2_000_000 + "\n",
    ]  # fmt: skip
    for place, text in enumerate(odd):
        (stage.spool / f"0.{place}.eml").write_text(text)
        (stage.spool / f"z.{place}.eml").write_text(text)
    stage.prepare("pathena.1", " JobsetID : 100\n", summary(100, failed=3))
    end = stage.play(
        "### S\npathena a\n### Sequence\nS.execute(True)\nprint('> %s' % S.result().Failed)\n"
    )
    assert end.message is None
    assert stage.lines == ["3"]
    assert mailbox.logins


def config(folder: Path, *lines: str, mode: int = 0o600) -> Path:
    path = folder / "panda.cfg"
    given = ("mail_protocol = imap", "mail_host = localhost", "mail_user = someone", *lines)
    path.write_text("\n".join(["[sequencer]", *given, ""]))
    path.chmod(mode)
    return path


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """A folder that other users can enter, as most homes can be."""
    changed = [one for one in (tmp_path, *tmp_path.parents) if one.owner() == tmp_path.owner()]
    before = {one: stat.S_IMODE(one.stat().st_mode) for one in changed}
    for one, mode in before.items():
        one.chmod(mode | stat.S_IXGRP | stat.S_IXOTH)
    yield tmp_path  # type: ignore[misc]
    for one, mode in before.items():
        one.chmod(mode)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_49_a_password_that_others_can_read_is_refused(open_folder: Path, mode: int) -> None:
    path = config(open_folder, "mail_pass = secret", mode=mode)
    with pytest.raises(ExposedSecret, match=f"chmod 600 {path}"):
        read_configuration(path)
    path.chmod(0o600)
    assert read_configuration(path).password == "secret"


def test_49_so_is_one_in_a_file_of_its_own(open_folder: Path) -> None:
    path = config(open_folder, "mail_pass_file = password", mode=0o644)
    secret = open_folder / "password"
    secret.write_text("secret\n")
    secret.chmod(0o644)
    with pytest.raises(ExposedSecret, match="chmod 600"):
        read_configuration(path)
    secret.chmod(0o600)
    assert read_configuration(path).password == "secret"


def test_the_password_may_be_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    path = config(tmp_path, mode=0o644)
    with pytest.raises(MissingPassword, match="keyring set pandadb someone@localhost"):
        read_configuration(path)
    monkeypatch.setenv("PANDADB_MAIL_PASSWORD", "of the environment")
    assert read_configuration(path).password == "of the environment"


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (("mail_protocol = smtp",), "write imap or pop3"),
        (("mail_port = many",), "write a number from 1 to 65535"),
        (("mail_interval = soon",), "write minutes"),
        (("mail_ssl = maybe",), "write True or False"),
        (("mail_host =",), "has no mail_host"),
        (("no value",), "write name = value"),
    ],
)
def test_a_bad_configuration_is_refused(
    tmp_path: Path, lines: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(InvalidConfiguration, match=sentence):
        read_configuration(config(tmp_path, "mail_pass = secret", *lines))


def test_a_value_may_have_a_remark_and_name_another_one(tmp_path: Path) -> None:
    lines = "who = some", "mail_user = %(WHO)sone", "mail_host = localhost ; here"
    found = read_configuration(config(tmp_path, "mail_pass = 5%(who;x%%", *lines))
    assert (found.user, found.host, found.password) == ("someone", "localhost", "5%(who;x%%")


@pytest.mark.parametrize(
    ("header", "sent"),
    [
        ("Date: Mon, 4 Jan 2010 10:00:00 +0000", datetime(2026, 1, 5)),
        ("Date: Sun, 4 Jan 2026 02:00:00 +0100", datetime(2026, 1, 4, 1)),
        ("Date: yesterday", datetime(2026, 1, 5)),
        ("Subject: none", datetime(2026, 1, 5)),
        ("Date: Mon, 4 Jan 2038 10:00:00 +0000", datetime(2038, 1, 4, 10)),
    ],
)
def test_a_date_long_before_the_arrival_is_wrong(header: str, sent: datetime) -> None:
    received = "Received: from a; Mon, 5 Jan 2026 01:00:00 +0100\nReceived: b\n"
    message = parse_message(f"{received}{header}\n\ntext".encode())
    assert sent_at(message, received_at(message)) == sent


def test_a_mail_without_text_has_that_of_all_its_parts() -> None:
    parts = (
        'Content-Type: multipart/mixed; boundary="XX"\n\n--XX\nContent-Type: image/x\n\na\n--XX--\n'
    )
    assert text_of(parse_message(parts.encode())) == "a"
    whole = b"Content-Type: application/octet-stream\n\nb : c\n"
    assert parse_fields(text_of(parse_message(whole)))["b"] == "c"
    assert parse_fields("a : b\x0cc : d\x85\n") == {"a": "d\x85", "In": [], "Out": []}


def test_a_notification_may_be_attached(stage: Stage, mailbox: PopServer) -> None:
    part = "Content-Disposition: attachment\n\nSummary of JobsetID : 100\nFailed : 3\n"
    text = f"--X\nContent-Type: text/plain\n\nsee there\n--X\n{part}--X--\n"
    header = "Content-Type: multipart/mixed; boundary=X\n"
    stage.prepare("pathena.1", " JobsetID : 100\n", mail(text, more=header))
    end = stage.play(
        "### S\npathena a\n### Sequence\nS.execute()\nprint('> %s' % S.result().Failed)\n"
    )
    assert end.message is None
    assert (stage.lines, mailbox.refusals) == (["3"], 0)


def test_the_configuration_is_left_alone(stage: Stage, mailbox: PopServer) -> None:
    before = stage.config.read_bytes(), stage.config.stat().st_mtime_ns
    stage.submits("pathena.1", 100)
    end = stage.play("### S\npathena a\n### Sequence\nS.execute(True)\n")
    assert end.status == SequenceStatus.FINISHED
    assert (stage.config.read_bytes(), stage.config.stat().st_mtime_ns) == before
    assert [one.name for one in stage.home.rglob("*") if one.is_file()] == ["panda.cfg"]
    assert mailbox.logins


def test_frozen_jobs_are_those_of_the_mails_of_the_last_days(
    stage: Stage, mailbox: PopServer
) -> None:
    for jobset, days in ((1, 20), (2, 10), (3, 1), (4, 0), (4, 0)):
        text = mail(f"Summary of JobsetID : {jobset}\nFailed : {days}\n", days=days)
        (stage.spool / f"{len([*stage.spool.iterdir()])}.eml").write_text(text)
    text = """\
        ### Sequence
        for job in getFrozenPandaJobs():
            print('> %s %s' % (job.name, job.result().Failed))
        """
    assert stage.play(text).message is None
    assert stage.lines == ["PandaJob3 1", "PandaJob4 0"]
    stage.show.clear()
    assert stage.play(text, scan_days=14).message is None
    assert stage.lines == ["PandaJob2 10", "PandaJob3 1", "PandaJob4 0"]
    assert mailbox.logins == 2
