"""Cells and lines that the pages of states have in common."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pandadb.core.statemachine.effects import Effect


def new_values(effects: Mapping[str, Effect]) -> str:
    """Return the new values of columns, grouped by value."""
    columns = defaultdict(list)
    for column, effect in effects.items():
        columns[effect.words].append(f"`{column}`")
    return "; ".join(f"{', '.join(names)}: {words}" for words, names in columns.items())


def arrow(indent: int, source: str, target: str, verbs: Iterable[str]) -> str:
    """Return an arrow of a Mermaid `stateDiagram-v2`."""
    return f"{' ' * indent}{source} --> {target} : {', '.join(verbs)}"


def states_of(known: Sequence[str], states: Iterable[str]) -> str:
    """Return names of states; of most of the known states, those that are left out."""
    found = {*states}
    if len(found) <= len(known) // 2:
        return ", ".join(name for name in known if name in found)
    return f"any but {', '.join(name for name in known if name not in found)}"
