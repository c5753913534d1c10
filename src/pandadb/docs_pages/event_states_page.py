"""The page about the states of ranges of events: a diagram, and tables of states, transitions."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any

from pandadb.core.events.states import EventStatus
from pandadb.core.events.transitions import STATES, TRANSITIONS
from pandadb.docs_pages import markdown
from pandadb.docs_pages.state_tables import arrow, new_values, states_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.core.statemachine.machine import State, Transition

sources_in_words = partial(states_of, tuple(STATES))
"""Names some of the states of the page."""
NOTE = (
    "The state of a range is `status` in JEDI_EVENTS, a number. A new state is one statement for"
    " any number of ranges, guarded by the states that the transition comes from. [Ranges of"
    " events](events.md) explains how a range gets from one state to the next."
)
DIAGRAM_NOTE = (
    "The life of a range that is processed. The other transitions end ranges that are not needed:"
    " the table has them all."
)
TRANSITIONS_NOTE = (
    "Of several steps of a verb a range takes the one that fits. A failed range stays with its job;"
    " when the job ends, a copy with an attempt less goes back to the job set, once."
)
DRAWN = ("take", "report", "end", "merge", "corrupt", "give up")


def page() -> str:
    """Return the page."""
    return markdown.joined(
        "# States of ranges of events",
        "Generated from the data in `core/events/transitions.py` by `pandadb docs states`.",
        NOTE,
        "## Diagram",
        DIAGRAM_NOTE,
        f"```mermaid\n{diagram()}\n```",
        "## States",
        markdown.table(("State", "`status`", "Final", "The range"), map(_state, STATES.values())),
        "98 and 99 are states within transactions of PanDA's server.",
        "## Transitions",
        TRANSITIONS_NOTE,
        markdown.table(("Verb", "From", "To", "When", "Only if", "Sets"), map(_step, TRANSITIONS)),
    )


def _state(state: State[Any]) -> tuple[str, ...]:
    number = EventStatus[state.name.upper()].value
    return f"`{state.name}`", str(number), "yes" if state.final else "", state.meaning


def _step(step: Transition) -> tuple[str, ...]:
    guards = " and ".join(guard.words for guard in step.guards)
    sources = sources_in_words(step.sources)
    return f"`{step.verb}`", sources, step.target, step.meaning, guards, new_values(step.effects)


def diagram() -> str:
    """Return the life of a range as a Mermaid `stateDiagram-v2`."""
    drawn = [arrow(4, *ends, verbs) for ends, verbs in _arrows()]
    final = (f"    {name} --> [*]" for name, state in STATES.items() if state.final)
    return "\n".join(["stateDiagram-v2", "    [*] --> ready : submit", *drawn, *final])


def _arrows() -> Iterator[tuple[tuple[str, str], list[str]]]:
    arrows: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for step in TRANSITIONS:
        for source in step.sources if step.verb in DRAWN else ():
            ends = (source, step.target)
            if source != step.target and step.verb not in arrows[ends]:
                arrows[ends].append(step.verb)
    live = ("ready", "sent", "running", "finished", "done")
    yield from (
        (ends, verbs)
        for ends, verbs in arrows.items()
        if verbs and ends[0] in live and (ends[1] != "fatal" or ends[0] == "ready")
    )
