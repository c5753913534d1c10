"""Targets and ranking of shares, from statistics of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pandadb.core.shares import ranking, tree
from pandadb.core.shares.ranking import Power
from tests.core.shares.test_tree import trees
from tests.share_rows import make_shares, make_stats, rows_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pandadb.core.shares.tree import Share

STATES = ("sent", "running", "activated", "holding", "starting")
COUNTED = st.tuples(
    st.sampled_from([None, *(f"S{number}" for number in range(12)), "Gone"]),
    st.sampled_from(STATES),
    st.none() | st.integers(0, 10_000),
)


@settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(trees(), st.lists(COUNTED, max_size=20))
def test_powers_are_sums_and_targets_are_all_that_runs(
    session: Session,
    rows: list[dict[str, Any]],
    counted: list[tuple[str | None, str, int | None]],
) -> None:
    with session.begin_nested() as savepoint:
        make_shares(session, rows)
        make_stats(session, *counted)
        found = tree.read(session)
        powers = ranking.distribution(session, found)
        ranked = ranking.ranking(session)
        savepoint.rollback()

    leaves = [leaf.name for leaf in found.leaves()]
    executed = {
        name: sum(hs or 0 for share, state, hs in counted if share == name and state in STATES[:2])
        for name in {share for share, _, _ in counted}
    }
    queued = sum(hs or 0 for share, state, hs in counted if share in leaves and state == STATES[2])
    for name in leaves:
        assert powers[name].executing == executed.get(name, 0)
    assert powers["root"].queued == queued
    assert powers["root"].executing == sum(executed.get(name, 0) for name in leaves)
    assert powers["root"].target == pytest.approx(sum(executed.values()))
    for share in found.root.walk():
        if share.children:
            below = sum((powers[child.name] for child in share.children), Power())
            assert powers[share.name] == below
    assert ranked == reference(found.root, powers)
    assert sorted(ranked) == sorted(leaves)


def reference(share: Share, powers: dict[str, Power]) -> list[str]:
    """Insert each child before the first that uses more of its target, then go down."""
    if not share.children:
        return [share.name]
    placed: list[Share] = []
    for child in share.children:
        use = powers[child.name].use
        later = [one for one in placed if use < powers[one.name].use]
        placed.insert(placed.index(later[0]) if later else len(placed), child)
    return [name for child in placed for name in reference(child, powers)]


def test_leaves_stay_with_their_siblings_even_if_one_is_further_behind(session: Session) -> None:
    make_shares(session)
    make_stats(session, ("Simulation", "running", 900), ("Analysis", "running", 100))

    assert ranking.ranking(session) == ["Analysis", "Group", "Simulation"]


def test_without_running_jobs_the_order_is_that_of_the_tree(session: Session) -> None:
    make_shares(session, rows_of({"Z": (1, None, {}), "A": (9, None, {})}))
    make_stats(session, ("A", "activated", 100))

    assert ranking.ranking(session) == ["Z", "A"]
