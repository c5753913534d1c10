"""A stage for each test, and a mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sequences.pop_server import PopServer, pop_server
from tests.sequences.stages import Stage, make_stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return make_stage(tmp_path, monkeypatch)


@pytest.fixture
def mailbox(stage: Stage) -> Iterator[PopServer]:
    """A mailbox whose mails are the files of the stage's spool; `panda.cfg` names it."""
    with pop_server(stage.spool) as server:
        stage.reads_mail(server.port)
        yield server
