"""Tails of outputs are texts that the database can have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pandadb.worker.payload.tails import TAIL_BYTES, join_tails, read_tail

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.any_server


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (b"", ""),
        (b"a\0b\xffc", "ab\ufffdc"),
        ("é".encode() * TAIL_BYTES, "é" * (TAIL_BYTES // 2)),
        (b"x" + "é".encode() * TAIL_BYTES, "é" * (TAIL_BYTES // 2)),
        ("é".encode() * TAIL_BYTES + b"x", "é" * (TAIL_BYTES // 2 - 1) + "x"),
        ("😀".encode() * TAIL_BYTES + b"xy", "😀" * (TAIL_BYTES // 4 - 1) + "xy"),
        (b"x" * 70_000 + b"\xe2\x82", "x" * (TAIL_BYTES - 2) + "\ufffd"),
    ],
)
def test_a_tail_is_the_last_64_kib_repaired(tmp_path: Path, written: bytes, text: str) -> None:
    (tmp_path / "stdout").write_bytes(written)

    assert read_tail(tmp_path / "stdout") == text


@pytest.mark.parametrize(
    ("out", "err", "text"),
    [
        ("abc", "", "abc"),
        ("x" * 200, "", "x" * 100),
        ("", "bad", "[stderr]\nbad"),
        ("out\n", "bad", "out\n\n[stderr]\nbad"),
        ("o" * 200, "e" * 200, "o" * 45 + "\n[stderr]\n" + "e" * 45),
        ("o" * 200, "eee", "o" * 87 + "\n[stderr]\neee"),
        ("ooo", "e" * 200, "ooo\n[stderr]\n" + "e" * 87),
    ],
)
def test_both_outputs_share_the_room(out: str, err: str, text: str) -> None:
    assert join_tails(out, err, 100) == text
    assert join_tails("", "") == ""
