"""Parameters of tasks, changed by incexec: JEDI_TASKPARAMS (semantics 3.3)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, Text, bindparam, select, update

from pandadb.core.sql.id_arrays import array, is_given, unnested, written
from pandadb.core.sql.validation import InvalidValue, shown
from pandadb.models import JediTaskParams

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandadb.core.sql.transaction import Transaction

SANDBOX = "fixedSandbox"
"""The parameter that names another archive of the user's software."""
ARCHIVE_OPTION = re.compile(r"-a [^ ]+")


def parse(comment: str | None) -> tuple[dict[str, Any] | None, list[str]]:
    """Return the new parameters and the qualifiers of a comment of incexec.

    The comment is a JSON object, or a list of one and of words; for words that are no JSON the
    parameters are None: they stay as they are.

    Raises:
        InvalidValue: It begins as JSON and is none, or has another form.
    """
    if not (comment or "").lstrip().startswith(("{", "[")):
        return None, []
    try:
        given = json.loads(comment or "")
    except (ValueError, RecursionError) as error:
        raise InvalidValue(
            f"parameters of incexec are no JSON ({error}): {shown(comment)}"
        ) from None
    changes, qualifiers = given if isinstance(given, list) and len(given) == 2 else (given, [])
    if not isinstance(changes, dict) or not _are_words(qualifiers):
        raise InvalidValue(
            "parameters of incexec are a JSON object, or a list of one and of a list of words,"
            f" not {shown(comment)}"
        )
    return changes, qualifiers


def check(comment: str | None) -> None:
    """See that a comment of incexec can be read: see `parse`."""
    parse(comment)


def _are_words(given: Any) -> bool:
    return isinstance(given, list) and all(isinstance(word, str) for word in given)


def changed(params: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters with changes: null takes one away; a new sandbox is put into its places."""
    kept = {name: value for name, value in params.items() if name != SANDBOX}
    new = {name: value for name, value in {**kept, **changes}.items() if _stays(name, changes)}
    return _with_sandbox(new, new[SANDBOX]) if SANDBOX in new else new


def _stays(name: str, changes: Mapping[str, Any]) -> bool:
    return name not in changes or changes[name] is not None


def _with_sandbox(params: dict[str, Any], archive: Any) -> dict[str, Any]:
    """Return parameters with another archive for jobs, builds and merges."""
    option = f"-a {archive}"
    new = {**params}
    if isinstance(jobs := new.get("jobParameters"), list):
        new["jobParameters"] = [
            {**one, "value": option} if _is_archive_option(one) else one for one in jobs
        ]
    if isinstance(new.get("buildSpec"), dict):
        new["buildSpec"] = {**new["buildSpec"], "archiveName": archive}
    merge = new.get("mergeSpec")
    if isinstance(merge, dict) and isinstance(merge.get("jobParameters"), str):
        text = ARCHIVE_OPTION.sub(lambda _found: option, merge["jobParameters"])
        new["mergeSpec"] = {**merge, "jobParameters": text}
    return new


def _is_archive_option(parameter: Any) -> bool:
    return (
        isinstance(parameter, dict)
        and parameter.get("type") == "constant"
        and ARCHIVE_OPTION.fullmatch(str(parameter.get("value"))) is not None
    )


def change(session: Transaction, changes: Mapping[int, Mapping[str, Any]]) -> dict[int, str]:
    """Change the parameters of tasks; return those that could not be, each with the reason."""
    if not changes:
        return {}
    table = JediTaskParams.__table__
    found = session.execute(
        select(table.c.jeditaskid, table.c.taskparams)
        .where(is_given(table.c.jeditaskid))
        .order_by(table.c.jeditaskid)
        .with_for_update(),
        {"pandaids": written(changes)},
    ).all()
    new, refused = {}, dict.fromkeys(changes, "the task has no parameters in JEDI_TASKPARAMS")
    for task, text in found:
        try:
            params = json.loads(text or "")
        except (ValueError, RecursionError) as error:
            refused[task] = f"the parameters of the task are no JSON: {error}"
            continue
        if not isinstance(params, dict):
            refused[task] = "the parameters of the task are no JSON object"
            continue
        del refused[task]
        new[task] = json.dumps(changed(params, changes[task]))
    _write(session, new)
    return refused


def _write(session: Transaction, new: Mapping[int, str]) -> None:
    if not new:
        return
    table = JediTaskParams.__table__
    given = unnested(
        "given", jeditaskid=array("tasks"), taskparams=bindparam("params", type_=ARRAY(Text))
    )
    session.execute(
        update(table)
        .where(table.c.jeditaskid == given.c.jeditaskid)
        .values(taskparams=given.c.taskparams),
        {"tasks": [*new], "params": [*new.values()]},
    )
