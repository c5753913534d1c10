"""Arrays of ids, as a text that PostgreSQL reads."""

from __future__ import annotations

from typing import Any

import pytest

from pandadb.core.sql.id_arrays import written

pytestmark = pytest.mark.any_server


def test_ids_are_written_as_an_array() -> None:
    assert [written(ids) for ids in ([], [7], (1, 2**40))] == ["{}", "{7}", "{1,1099511627776}"]


@pytest.mark.parametrize("bad", ["1,2", "1", 1.0])
def test_what_is_no_whole_number_is_no_id(bad: Any) -> None:
    with pytest.raises(ValueError, match="format code 'd'"):
        written([5, bad])
