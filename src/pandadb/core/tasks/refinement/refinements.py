"""Refinement: a task gets its attributes, split rules, datasets and templates (semantics 3.2).

Each task has an outcome of its own: it is `defined`, or waits (`pending`, `staging`), or ends
(`finishing`, `tobroken`, `toabort`), with the reason in `errordialog`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pandadb.core.sql.validation import InvalidValue, check_columns, check_text
from pandadb.core.tasks.refinement import (
    conditions,
    dispositions,
    increments,
    job_templates,
    parameter_rules,
    registrations,
    streams,
    surroundings,
    task_columns,
)
from pandadb.core.tasks.refinement.dispositions import NEW, Disposition, Refinement
from pandadb.core.tasks.refinement.drafts import Draft
from pandadb.core.tasks.split_rules import format_rules, has_rule
from pandadb.core.tasks.submission.parameters import InvalidTask, check_task, encode_parameters
from pandadb.models import JediDatasets, JediOutputTemplate, JediTasks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.tasks.refinement.streams import DatasetNames
    from pandadb.core.tasks.refinement.surroundings import Surroundings

AFTER_STAGING = ("staged", "rerefine")
"""States of tasks that are not staged again."""


def refine(
    session: Transaction,
    tasks: Sequence[int],
    host: str,
    catalogue: DatasetNames | None = None,
) -> list[Refinement]:
    """Refine tasks that are `registered`, `staged` or `rerefine`; return the outcomes.

    Tasks in other states are left out. Parameters that are no JSON leave a task as it is. Without
    a catalogue each input dataset is taken to exist.
    """
    rows = registrations.lock(session, tasks)
    read = {row["jeditaskid"]: _read(row) for row in rows}
    drafts = {number: one for number, one in read.items() if isinstance(one, Draft)}
    around = surroundings.read(session, [*drafts.values()], catalogue)
    made = {number: _follow(draft, around) for number, draft in drafts.items()}
    first = [
        one.draft for one in made.values() if one.is_registered and one.draft.task["status"] in NEW
    ]
    for number, others in conditions.duplicates(session, first).items():
        made[number] = dispositions.abort_duplicate(drafts[number], others)
    increments.append(session, [*made.values()])
    registrations.write(session, [*made.values()], host, around.moment)
    return [
        one if isinstance(one, Refinement) else made[number].report()
        for number, one in read.items()
    ]


def _read(row: Mapping[str, Any]) -> Draft | Refinement:
    try:
        parameters = json.loads(row["taskparams"] or "")
    except (ValueError, RecursionError) as error:
        return Refinement(row["jeditaskid"], row["status"], f"its parameters are no JSON: {error}")
    if not isinstance(parameters, dict):
        return Refinement(row["jeditaskid"], row["status"], "its parameters are no JSON object")
    return Draft(row, parameters)


def _follow(draft: Draft, around: Surroundings) -> Disposition:
    """Follow the parameters of a task as far as they lead."""
    try:
        check_task(draft.parameters)
        task_columns.complete(draft.parameters)
        task_columns.set_attributes(draft, around.moment)
        parameter_rules.set_rules(draft)
        surroundings.set_queue(draft, around)
        task_columns.check_working_group(draft)
    except InvalidTask as error:
        return dispositions.give_up(draft, f"cannot be refined: {error}")
    return _after_parent(draft, around)


def _after_parent(draft: Draft, around: Surroundings) -> Disposition:
    number = draft.task["parent_tid"]
    parent = None
    if number not in (None, draft.number):
        parent = conditions.parent_state(draft.task["parent_status"])
        if parent in ("unknown", "corrupted"):
            return dispositions.give_up(draft, f"its parent task {number} is {parent}")
        if parent == dispositions.RUNNING_PARENT and not has_rule(draft.rules, "noWaitParent"):
            reason = f"waits until its parent task {number} is done"
            return dispositions.hold(draft, reason, is_frozen=False)
    try:
        streams.set_streams(draft, around.catalogue)
        job_templates.set_job_template(draft)
    except InvalidTask as error:
        return dispositions.follow_error(draft, error, parent)
    if draft.parameters.get("toStaging") and draft.task["status"] not in AFTER_STAGING:
        return dispositions.stage(draft)
    return _checked(draft)


def _checked(draft: Draft) -> Disposition:
    """Register a task if all its rows fit their tables; otherwise none of them is written."""
    streams.keep_unstaged(draft)
    try:
        check_columns(JediTasks, {"splitrule": format_rules(draft.rules)})
        for row in draft.datasets():
            check_columns(JediDatasets, row)
        for template in draft.templates():
            check_columns(JediOutputTemplate, template)
        check_text("the template of the parameters of jobs", draft.job_parameters or "")
        draft.text = encode_parameters(draft.parameters)
    except InvalidValue as error:
        draft.values = {}
        return dispositions.give_up(draft, f"cannot be registered: {error}")
    return dispositions.register(draft)
