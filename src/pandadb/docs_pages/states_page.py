"""The page about the states of jobs: a diagram and two tables, from the data in `states`."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from pandadb.core.jobs.creation.submission import FIRST_STATES
from pandadb.core.jobs.states import RUNS, SET_STATE, STATES, TRANSITIONS
from pandadb.docs_pages import markdown
from pandadb.docs_pages.state_tables import arrow, new_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.core.statemachine.machine import State, Transition

LIVE, WITH_PILOT = "live", "with_pilot"
COLOURS = {
    "jobsdefined4": "#dbeafe",
    "jobswaiting4": "#fef3c7",
    "jobsactive4": "#dcfce7",
    "jobsarchived4": "#e5e7eb",
}
"""Colours of the tables in the diagram."""

DIAGRAM_NOTE = (
    "A state has the colour of its table:"
    " blue JOBSDEFINED4, yellow JOBSWAITING4, green JOBSACTIVE4, grey JOBSARCHIVED4. An arrow into"
    " a box leads to each of its states, and one out of it comes from each of them, except for"
    " those to final states: the table of transitions lists their sources. The verb `set state` of"
    " administrators is left out."
)
TRANSITIONS_NOTE = (
    "A verb takes one job or many in one statement per table, guarded by their states: it deletes"
    " them from the table they are in and inserts them into the one of their new state, or updates"
    " them where the table stays, and writes JOBS_STATUSLOG. A refused job stays as it is, with a"
    " reason; the files and the counters of its task follow a job in the same transaction."
)
ALWAYS_SET = (
    "Besides the columns below, each transition sets `jobstatus`, `modificationtime` (now), and"
    " `statechangetime` (now) where the state changes. A dispatch, a heartbeat and a reset set"
    " `modificationhost`; the others leave its worker node, and only the status log has their host."
)


def page() -> str:
    """Return the page."""
    return markdown.joined(
        "# States of jobs",
        "Generated from the data in `core/jobs/states.py` by `pandadb docs states`.",
        TRANSITIONS_NOTE,
        "## Diagram",
        DIAGRAM_NOTE,
        f"```mermaid\n{diagram()}\n```",
        "## States",
        markdown.table(("State", "Table", "Final", "Meaning"), map(_state, STATES.values())),
        "## Transitions",
        ALWAYS_SET,
        markdown.table(
            ("Verb", "From", "To", "When the job", "Only if", "Sets"), map(_step, TRANSITIONS)
        ),
    )


def _state(state: State[Any]) -> tuple[str, ...]:
    tables = " or ".join(table.__tablename__.upper() for table in state.tables)
    return f"`{state.name}`", tables, "yes" if state.final else "", state.meaning


def _step(step: Transition) -> tuple[str, ...]:
    guards = " and ".join(guard.words for guard in step.guards)
    sources = ", ".join(step.sources)
    return f"`{step.verb}`", sources, step.target, step.meaning, guards, new_values(step.effects)


def diagram() -> str:
    """Return all states as a Mermaid `stateDiagram-v2`."""
    drawn = dict(_arrows())
    inside = {ends: verbs for ends, verbs in drawn.items() if {*ends} <= {*RUNS}}
    final = [name for name, state in STATES.items() if state.final]
    leaving = {ends for ends in drawn if {*ends} & {*final}}
    lines = [
        "stateDiagram-v2",
        f'    state "live" as {LIVE} {{',
        f'        state "with a pilot" as {WITH_PILOT} {{',
        *(arrow(12, *ends, verbs) for ends, verbs in inside.items()),
        "        }",
        *(arrow(8, *a, verbs) for a, verbs in drawn.items() if a not in {*inside, *leaving}),
        "    }",
        *(arrow(4, "[*]", name, ["submit"]) for name in FIRST_STATES),
        *(arrow(4, *ends, drawn[ends]) for ends in drawn if ends in leaving),
        *(f"    {name} --> [*]" for name in final),
        *(f"    classDef {table} fill:{colour},color:#111" for table, colour in COLOURS.items()),
        *_coloured(),
    ]
    return "\n".join(lines)


def _arrows() -> Iterator[tuple[tuple[str, str], list[str]]]:
    """Yield the arrows of the diagram, each with its verbs; `set state` leads everywhere."""
    arrows: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    drawn = [step for step in TRANSITIONS if step.verb != SET_STATE]
    for step in drawn:
        for ends in _ends_of(step):
            if ends[0] != ends[1] and step.verb not in arrows[ends]:
                arrows[ends].append(step.verb)
    yield from ((ends, verbs) for ends, verbs in arrows.items() if verbs)


def _ends_of(step: Transition) -> Iterator[tuple[str, str]]:
    """Yield the arrows of a step: from a box if it comes from all states in the box."""
    if STATES[step.target].final:
        yield LIVE, step.target
        return
    sources = [*step.sources]
    target = step.target
    if target not in RUNS and {*RUNS} <= {*sources}:
        yield WITH_PILOT, target
        sources = [name for name in sources if name not in RUNS]
    for source in sources:
        yield source, WITH_PILOT if target in RUNS and source not in RUNS else target


def _coloured() -> Iterator[str]:
    """Yield the Mermaid classes of states: the colours of their tables."""
    homes = defaultdict(list)
    for name, state in STATES.items():
        homes[state.tables[0].__tablename__].append(name)
    yield from (f"    class {','.join(names)} {table}" for table, names in homes.items())
