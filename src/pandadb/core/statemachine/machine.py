"""State machines as data: states, the transitions between them, and look-ups in both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pandadb.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pandadb.core.statemachine.effects import Effect, Guard

Model = TypeVar("Model", bound=type[Any])
"""The mapped classes of the tables that hold the rows."""


class UnknownState(InvalidInput):
    """No state has that name."""


class UnknownVerb(InvalidInput):
    """No transition has that verb, or none of its transitions leads to that state."""


@dataclass(frozen=True)
class State(Generic[Model]):
    """A state, with the tables that may hold its rows: the first is where a row goes."""

    name: str
    tables: tuple[Model, ...]
    meaning: str
    final: bool = False


@dataclass(frozen=True, eq=False)
class Transition:
    """A step from any of the sources to the target, for rows that meet all guards.

    Besides its effects it sets the columns that the machine names: the state, and times.
    """

    verb: str
    sources: tuple[str, ...]
    target: str
    meaning: str
    guards: tuple[Guard, ...] = ()
    effects: Mapping[str, Effect] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Machine(Generic[Model]):
    """States and transitions of one kind of rows, and the columns that every transition sets."""

    noun: str
    """A row in sentences: `job`."""
    key: tuple[str, ...]
    """The columns that identify a row in all tables; rows are locked in their order."""
    column: str
    """The column of the state."""
    states: Mapping[str, State[Model]]
    transitions: tuple[Transition, ...]
    changed_at: tuple[str, ...] = ()
    """Columns that get the time of each transition, unless it has an effect on them."""
    entered_at: tuple[str, ...] = ()
    """Columns that get the time of those transitions that change the state."""

    @property
    def verbs(self) -> tuple[str, ...]:
        """The verbs, in the order of their first transitions."""
        return tuple(dict.fromkeys(step.verb for step in self.transitions))

    def state(self, name: str) -> State[Model]:
        """Return a state by its name.

        Raises:
            UnknownState: No state has that name.
        """
        if name not in self.states:
            known = ", ".join(self.states)
            raise UnknownState(f"There is no state {name!r}: the states are {known}")
        return self.states[name]

    def steps(self, verb: str, target: str | None = None) -> tuple[Transition, ...]:
        """Return the transitions of a verb, or those of them that lead to a state.

        Raises:
            UnknownVerb: No transition has that verb, or none of its transitions leads there.
        """
        found = [step for step in self.transitions if step.verb == verb]
        if not found:
            known = ", ".join(self.verbs)
            raise UnknownVerb(f"There is no verb {verb!r}: the verbs are {known}")
        leading = tuple(step for step in found if target in (None, step.target))
        if not leading:
            targets = " or ".join(dict.fromkeys(step.target for step in found))
            raise UnknownVerb(f"{verb!r} does not make a {self.noun} {target}, but {targets}")
        return leading

    def sources_in(self, step: Transition, table: Model) -> tuple[str, ...]:
        """Return those of a transition's sources that a table may hold."""
        return tuple(name for name in step.sources if table in self.states[name].tables)

    def legal_from(self, name: str) -> tuple[str, ...]:
        """Return the verbs that have a transition from a state."""
        return tuple(dict.fromkeys(one.verb for one in self.transitions if name in one.sources))


def by_name(states: Iterable[State[Model]]) -> dict[str, State[Model]]:
    """Return states by their names, in their order."""
    return {state.name: state for state in states}
