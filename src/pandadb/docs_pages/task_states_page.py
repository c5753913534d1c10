"""The page about the states of tasks: a diagram, and tables of states, commands, transitions."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from pandadb.core.tasks.commands.catalog import COMMANDS
from pandadb.core.tasks.states import GENERATING, STATES, TASKS
from pandadb.docs_pages import markdown
from pandadb.docs_pages.state_tables import arrow, new_values, states_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pandadb.core.statemachine.machine import State, Transition
    from pandadb.core.tasks.commands.catalog import Command

states_in_words = partial(states_of, tuple(STATES))
"""Names some of the states of the page."""
FINAL = tuple(name for name, state in STATES.items() if state.final)
AT_WORK = (
    "registered", "staging", "staged", "rerefine", "topreprocess", "preprocessing", "defined",
    "assigning", "ready", "scouting", "scouted", "running", "merging", "prepared",
)  # fmt: skip
BOXES: Mapping[str, tuple[str, ...]] = {"at_work": AT_WORK, "ended": FINAL}
"""Boxes of the diagram, with their states."""
TITLES = {"at_work": "at work", "ended": "ended"}
MANY = 3
"""Arrows that are drawn as one, to or from their box."""
COLOURS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "generating": ("#dcfce7", GENERATING),
    "held": ("#fef3c7", ("pending", "throttled", "paused", "exhausted")),
    "commanded": (
        "#dbeafe",
        ("aborting", "finishing", "passed", "toretry", "toincexec", "toreassign", "reassigning"),
    ),
    "final": ("#e5e7eb", FINAL),
}
"""Kinds of states, each with its colour."""

NOTE = (
    "The state of a task is `status` in JEDI_TASKS. A new state is one statement for any number of"
    " tasks: it changes JEDI_TASKS, guarded by the states that the transition comes from, writes"
    " TASKS_STATUSLOG, and copies the state to T_TASK where production systems see it. [Tasks]"
    "(tasks.md) explains how a task gets from one state to the next."
)
DIAGRAM_NOTE = (
    "Green: jobs are generated. Yellow: the task waits. Blue: a command is being carried out. Grey:"
    f" final. An arrow from or to a box stands for {MANY} or more of its states, and then states"
    " beside the boxes are left out if they are as many: the table of transitions has them all."
)
COMMANDS_NOTE = (
    "`pandadb tasks command TASK COMMAND`. A command is given in some states, waits in"
    " PRODSYS_COMM, and is accepted in some states; it is refused with a reason in the others."
    " *Accepted* names states only where they are not those in which it is given."
)
TRANSITIONS_NOTE = (
    "Besides the columns below, each transition sets `status`, `modificationtime` (now) and, where"
    " the state changes, `statechangetime`. Steps of agents have further conditions, which the"
    " modules of `core/tasks/` and `core/generation/` have; the guards here are those that the"
    " statement itself checks. Of several steps of a verb a task takes the first that fits."
)


def page() -> str:
    """Return the page."""
    return markdown.joined(
        "# States of tasks",
        "Generated from the data in `core/tasks/states.py` and `core/tasks/commands/catalog.py` by"
        " `pandadb docs states`.",
        NOTE,
        "## Diagram",
        DIAGRAM_NOTE,
        f"```mermaid\n{diagram()}\n```",
        "## States",
        markdown.table(("State", "Final", "The task"), map(_state, STATES.values())),
        "## Commands",
        COMMANDS_NOTE,
        markdown.table(
            ("Command", "Purpose", "Right", "Given in", "Accepted", "Meanwhile", "Then", "Effects"),
            map(_command, COMMANDS.values()),
        ),
        "## Transitions",
        TRANSITIONS_NOTE,
        markdown.table(
            ("Verb", "From", "To", "When the task", "Only if", "Sets"), _steps(TASKS.transitions)
        ),
    )


def _state(state: State[Any]) -> tuple[str, ...]:
    return f"`{state.name}`", "yes" if state.final else "", state.meaning


def _command(command: Command) -> tuple[str, ...]:
    right = str(command.right)
    if command.for_production:
        right += f"; in {states_in_words(command.for_production)} production role"
    accepted = {*command.accepted_in} != {*command.requested_in}
    return (
        f"`{command.name}`",
        command.meaning,
        right,
        states_in_words(command.requested_in),
        states_in_words(command.accepted_in) if accepted else "",
        command.doing or "",
        command.next or "",
        command.effects,
    )


class Row(NamedTuple):
    """The cells that steps to several states share in the table of transitions."""

    verb: str
    sources: str
    meaning: str
    guards: str
    effects: str


def _steps(steps: Iterable[Transition]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of transitions: one for those that differ in their target only."""
    targets: defaultdict[Row, list[str]] = defaultdict(list)
    for step in steps:
        guards = " and ".join(guard.words for guard in step.guards)
        if guards.endswith(f" is {step.target}"):
            guards = f"{guards.removesuffix(step.target)}that state"
        row = Row(
            f"`{step.verb}`",
            states_in_words(step.sources),
            step.meaning,
            guards,
            new_values(step.effects),
        )
        targets[row].append(step.target)
    for row, found in targets.items():
        yield row.verb, row.sources, states_in_words(found), row.meaning, row.guards, row.effects


def diagram() -> str:
    """Return all states as a Mermaid `stateDiagram-v2`."""
    drawn = arrows()
    lines = ["stateDiagram-v2"]
    for box, states in BOXES.items():
        inside = {ends: verbs for ends, verbs in drawn.items() if {*ends} <= {*states}}
        lines += [
            f'    state "{TITLES[box]}" as {box} {{',
            *(f"        {name}" for name in states),
            *(arrow(8, *ends, verbs) for ends, verbs in inside.items()),
            "    }",
        ]
    home = {name: box for box, states in BOXES.items() for name in states}
    lines += [
        arrow(4, "[*]", "registered", ["take"]),
        *(
            arrow(4, *ends, verbs)
            for ends, verbs in drawn.items()
            if not (ends[0] in home and home[ends[0]] == home.get(ends[1]))
        ),
        "    ended --> [*]",
        *(f"    classDef {kind} fill:{colour},color:#111" for kind, (colour, _) in COLOURS.items()),
        *(f"    class {','.join(states)} {kind}" for kind, (_, states) in COLOURS.items()),
    ]
    return "\n".join(lines)


def arrows() -> dict[tuple[str, str], list[str]]:
    """Return the arrows of the diagram, each with its verbs."""
    targets: defaultdict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for step in TASKS.transitions:
        targets[step.verb, step.sources].append(step.target)
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for (verb, sources), reached in targets.items():
        for source in _ends(sources, reached):
            for target in _ends(reached, sources):
                if source != target and verb not in found[source, target]:
                    found[source, target].append(verb)
    return {ends: verbs for ends, verbs in found.items() if verbs}


def _ends(states: Iterable[str], others: Iterable[str]) -> list[str]:
    """Return the ends of arrows in boxes and beside them: a box for many of its states.

    Not for a box that has the `others`: Mermaid draws no arrow from a state to its own box.
    """
    left, found = [*states], []
    for box, members in BOXES.items():
        inside = [name for name in left if name in members]
        left = [name for name in left if name not in members]
        many = len(inside) >= MANY and not {*others} & {*members}
        found += [box] if many else inside
    return found + (left if len(left) < MANY or not found else [])
