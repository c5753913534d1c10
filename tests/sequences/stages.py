"""A stage for sequences: a home, a working folder, and stand-ins for the programs of PanDA."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from pandadb.sequences.journal import NullJournal
from pandadb.sequences.runs import RunOptions, SequenceEnd, SequenceRuns
from pandadb.sequences.sources import find_sources

SEED = Path(__file__).parents[3] / "shared" / "seeds" / "psequencer.txt"
STUB = """\
#!/bin/sh
# Logs the call; the n-th one prints and mails what was prepared for it.
name=$(basename "$0")
echo "$name $*" >>"{calls}"
nth=$(grep -c "^$name" "{calls}")
cat "{prepared}/$name.$nth.out" 2>/dev/null
cp "{prepared}/$name.$nth".*.eml "{spool}/" 2>/dev/null
exit 0
"""
SUMMARY = """\
Summary of JobsetID : {jobset}

Created : 2026-01-05 03:31:47 (UTC)
Ended   : 2026-01-05 14:41:24 (UTC)

Site : SITE_A

Total Number of Jobs : {jobs}
           Succeeded : {succeeded}
           Partial   : 0
           Failed    : {failed}

In  : user.someone.lib._000070
Out : user.someone.005008.RDO.pool.v3
"""


@dataclass
class Stage:
    """Where sequences are played."""

    folder: Path
    show: list[str] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def config(self) -> Path:
        return self.home / ".pathena" / "panda.cfg"

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    @property
    def calls(self) -> list[str]:
        log = self.folder / "calls"
        return log.read_text().splitlines() if log.exists() else []

    @property
    def lines(self) -> list[str]:
        """Lines that the sequences have printed: those that begin with `> `."""
        return re.findall(r"(?m)^> (.*)$", "".join(self.show))

    def stand_in(self, name: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(
            STUB.format(
                calls=self.folder / "calls", prepared=self.folder / "prepared", spool=self.spool
            )
        )
        path.chmod(0o755)

    def prepare(self, call: str, output: str, *mails: str) -> None:
        """Let a call such as `pathena.1` print a text, and send mails."""
        (self.folder / "prepared" / f"{call}.out").write_text(output)
        for place, text in enumerate(mails):
            (self.folder / "prepared" / f"{call}.{place}.eml").write_text(text)

    def submits(self, call: str, jobset: int, *, jobs: int = 10, failed: int = 0) -> None:
        """Let a call submit a job set, whose notification comes at once."""
        self.prepare(call, f" JobsetID : {jobset}\n", summary(jobset, jobs, failed))

    def reads_mail(self, port: int, *more: str) -> None:
        lines = (
            "[sequencer]", "mail_protocol = pop3", "mail_host = 127.0.0.1", f"mail_port = {port}",
            "mail_user = someone", "mail_pass = secret", "mail_ssl = False",
            "mail_interval = 0.002", "mail_keepalive = False", *more,
        )  # fmt: skip
        self.config.write_text("\n".join([*lines, ""]))
        self.config.chmod(0o600)

    def file(self, text: str, name: str = "seq.txt") -> Path:
        path = self.folder / "work" / name
        path.write_text(textwrap.dedent(text))
        return path

    def runs(self, *, scan_days: int = 3, **options: object) -> SequenceRuns:
        found = find_sources(scan_days, is_needed=True)
        given = RunOptions(scan_days=scan_days, **options)  # type: ignore[arg-type]
        return SequenceRuns(
            given, NullJournal(), self.show.append, source=found.source,
            local_jobs=found.local_jobs,
        )  # fmt: skip

    def play(self, text: str, **options: object) -> SequenceEnd:
        """Run a sequence in this process, and return its end."""
        [end] = self.runs(**options).run([self.file(text)])
        return end

    def command(self, *words: str, program: str | None = None) -> subprocess.Popen[str]:
        """Start the command in a process group of its own, as a terminal does.

        Args:
            words: Its options and files.
            program: A program in Python in place of `pandadb sequence run`.
        """
        command = ["-m", "pandadb", "sequence", "run"] if program is None else ["-c", program]
        return subprocess.Popen(
            [sys.executable, *command, *words],
            cwd=self.folder / "work",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )


def summary(jobset: int, jobs: int = 10, failed: int = 0, **sent: str) -> str:
    """A notification as a mail."""
    text = SUMMARY.format(jobset=jobset, jobs=jobs, succeeded=jobs - failed, failed=failed)
    return mail(text, **sent)


def mail(
    text: str, *, sender: str = "Atlas Pangaea <panda@example.org>", more: str = "", days: int = 0
) -> str:
    when = format_datetime(datetime.now(UTC) - timedelta(days=days))
    return (
        f"From: {sender}\nTo: someone@example.org\nSubject: PANDA notification\n"
        f"Date: {when}\nMessage-ID: <1@example.org>\n{more}\n{text}"
    )


def make_stage(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    stage = Stage(folder)
    for name in ("home/.pathena", "work", "bin", "prepared", "spool"):
        (folder / name).mkdir(parents=True)
    for name in ("pathena", "prun", "dq2-get", "pbook", "tool"):
        stage.stand_in(name)
    monkeypatch.setenv("HOME", str(stage.home))
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")
    monkeypatch.delenv("PANDA_CONFIG_ROOT", raising=False)
    monkeypatch.chdir(folder / "work")
    return stage
