"""The tree of shares: parts of everything, order, shares without a way to the top."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from pandadb.core.shares import tree
from pandadb.core.shares.tree import ShareTree
from tests.share_rows import make_shares, share_row

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@st.composite
def trees(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows of a tree, in any order: each share is at the top or below an earlier one."""
    rows: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 12))):
        parent = draw(st.none() | st.sampled_from([row["name"] for row in rows] or [None]))
        value = draw(st.integers(1, 100))
        rows.append(
            share_row(f"S{number}", value, parent, queue_id=draw(st.none() | st.just(number)))
        )
    return draw(st.permutations(rows))


@given(trees())
def test_the_leaves_are_all_of_everything_and_each_share_is_the_sum_of_those_below(
    rows: list[dict[str, Any]],
) -> None:
    found = tree.grow(rows)

    assert sum(leaf.percent for leaf in found.leaves()) == pytest.approx(100)
    for share in found.root.walk():
        assert share.percent == pytest.approx(sum(leaf.percent for leaf in share.leaves()))
        total = sum(child.value for child in share.children)
        for child in share.children:
            assert child.percent == pytest.approx(share.percent * child.value / total)
    assert {share.name for share in found.shares()} == {row["name"] for row in rows}
    assert found.unreachable == []


@given(trees(), st.randoms())
def test_the_order_of_the_rows_does_not_matter(
    rows: list[dict[str, Any]], chance: random.Random
) -> None:
    other = [*rows]
    chance.shuffle(other)
    assert tree.grow(rows) == tree.grow(other)


def test_siblings_come_by_number_and_then_by_name() -> None:
    rows = [share_row("B", 1), share_row("A", 1), share_row("Z", 1, queue_id=2)]
    assert [leaf.name for leaf in tree.grow(rows).leaves()] == ["Z", "A", "B"]


def test_shares_without_a_way_to_the_top_are_no_leaves_and_are_named() -> None:
    rows = [
        share_row("A", 1), share_row("Lost", 1, "Gone"), share_row("Below", 1, "Lost"),
        share_row("X", 1, "Y"), share_row("Y", 1, "X"),
    ]  # fmt: skip
    found = tree.grow(rows)
    assert [leaf.name for leaf in found.leaves()] == ["A"]
    assert {*found.unreachable} == {"Lost", "Below", "X", "Y"}


def test_siblings_without_a_value_have_no_part() -> None:
    found = tree.grow([share_row("A", 0), share_row("B", 0)])
    assert [leaf.percent for leaf in found.leaves()] == [0, 0]


def test_without_shares_the_root_is_the_only_leaf() -> None:
    assert [leaf.name for leaf in tree.grow([]).leaves()] == ["root"]
    assert ShareTree(tree.grow([]).root).find("root") == tree.grow([]).root


def test_a_share_that_is_deleted_is_no_leaf_any_more(session: Session) -> None:
    """The server has old leaves in front of the new ones until it is started again."""
    make_shares(session, [share_row("A", 30), share_row("B", 10)])
    first = [(leaf.name, leaf.percent) for leaf in tree.leaves(session)]
    session.execute(text("DELETE FROM doma_panda.global_shares WHERE name = 'B'"))
    make_shares(session, [share_row("C", 90)])

    again = [(leaf.name, leaf.percent) for leaf in tree.leaves(session)]

    assert first == [("A", 75), ("B", 25)]
    assert again == [("A", 25), ("C", 75)]
