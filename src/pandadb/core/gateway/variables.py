"""Variables for runs to come: those of an experiment first, then those from a run on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, or_, select, update

from pandadb.models import GatewayVariable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pandadb.core.gateway.requests import RunKey, Variable
    from pandadb.core.sql.transaction import Transaction

VARIABLE = GatewayVariable.__table__.c


@dataclass(frozen=True)
class KnownVariable:
    """A variable for runs to come."""

    variable_id: int
    instrument: str
    name: str
    value: str
    type: str
    is_advanced: bool
    help_text: str
    experiment_reference: int | None
    start_run: int | None
    tracks_script: bool


COLUMNS = [VARIABLE[name] for name in KnownVariable.__dataclass_fields__]


def text_of(value: Any) -> str:
    """Return the value of a variable as text, as Python writes it."""
    return str(value)


def of_run(
    session: Transaction, key: RunKey, given: Sequence[Variable]
) -> dict[str, tuple[str, str]]:
    """Return the variables of a run, each with type and text, and keep them for later runs.

    A variable of the message wins, in this run only where a user has set one. Else one for the
    experiment, or the one from the latest run on, is the run's if a user has set it; one that
    follows reduce_vars.py is changed by it, from the run on.
    """
    known = _candidates(session, key, [one.name for one in given])
    found = dict[str, tuple[str, str]]()
    for one in given:
        old = known.get(one.name)
        if old is not None and not one.is_given and not old.tracks_script:
            found[one.name] = old.type, old.value
            continue
        found[one.name] = one.type, text_of(one.value)
        if old is None:
            _add(session, key.instrument, [one], start_run=key.run_number, tracks_script=True)
        elif old.tracks_script and old.experiment_reference is None and _differs(old, one):
            _follow(session, old, one, key.run_number)
    return found


def _candidates(
    session: Transaction, key: RunKey, names: Iterable[str]
) -> dict[str, KnownVariable]:
    """Return for each name the variable that is for a run, if there is one."""
    rows = select(*COLUMNS).where(
        VARIABLE.instrument == key.instrument,
        VARIABLE.name.in_([*names]),
        or_(
            VARIABLE.experiment_reference == key.rb_number,
            VARIABLE.experiment_reference.is_(None) & (VARIABLE.start_run <= key.run_number),
        ),
    )
    order = (
        VARIABLE.experiment_reference.asc().nulls_first(),
        VARIABLE.start_run.asc().nulls_first(),
        VARIABLE.variable_id,
    )
    return {row.name: KnownVariable(*row) for row in session.execute(rows.order_by(*order))}


def _differs(old: KnownVariable, new: Variable) -> bool:
    return any(getattr(old, name) != value for name, value in _of_script(new).items())


def _of_script(new: Variable) -> dict[str, Any]:
    """Return the columns that reduce_vars.py says."""
    return {
        "value": text_of(new.value),
        "type": new.type,
        "is_advanced": new.is_advanced,
        "help_text": new.help_text,
    }


def _follow(session: Transaction, old: KnownVariable, new: Variable, run_number: int) -> None:
    """Change a variable that follows reduce_vars.py: in place, or by a new one from a run on."""
    if old.start_run != run_number:
        _add(session, old.instrument, [new], start_run=run_number, tracks_script=True)
        return
    mine = update(GatewayVariable.__table__).where(VARIABLE.variable_id == old.variable_id)
    session.execute(mine.values(_of_script(new)))


def _add(
    session: Transaction,
    instrument: str,
    new: Iterable[Variable],
    *,
    tracks_script: bool,
    start_run: int | None = None,
    experiment_reference: int | None = None,
) -> None:
    rows = [
        {
            "instrument": instrument,
            "name": one.name,
            **_of_script(one),
            "start_run": start_run,
            "experiment_reference": experiment_reference,
            "tracks_script": tracks_script,
        }
        for one in new
    ]
    if rows:
        session.execute(insert(GatewayVariable.__table__), rows)


def put(
    session: Transaction,
    instrument: str,
    new: Sequence[Variable],
    *,
    start_run: int | None = None,
    experiment_reference: int | None = None,
) -> None:
    """Set variables for runs to come, from a run on or for an experiment, instead of earlier ones.

    They hold until they are set again, whatever reduce_vars.py has. So do the others of that file
    that are not known yet, as a user sets variables together; those that are known stay, and so
    does what a user has set from a run on.
    """
    given = [one.name for one in new if one.is_given]
    others = [one.name for one in new if not one.is_given]
    mine, any_run = VARIABLE.instrument == instrument, VARIABLE.experiment_reference.is_(None)
    if experiment_reference is not None:
        same = VARIABLE.experiment_reference == experiment_reference
        earlier = or_(same, any_run & ~VARIABLE.tracks_script)
    else:
        same = any_run & (VARIABLE.start_run == start_run)
        earlier = any_run & (VARIABLE.start_run <= start_run)
    session.execute(delete(GatewayVariable.__table__).where(mine, same, VARIABLE.name.in_(given)))
    found = select(VARIABLE.name).where(mine, earlier, VARIABLE.name.in_(others))
    known = {*session.scalars(found)}
    _add(
        session,
        instrument,
        [one for one in new if one.is_given or one.name not in known],
        start_run=start_run,
        experiment_reference=experiment_reference,
        tracks_script=False,
    )


def listed(session: Transaction, instrument: str | None = None) -> list[KnownVariable]:
    """Return variables for runs to come, the oldest first."""
    rows = select(*COLUMNS).order_by(VARIABLE.variable_id)
    if instrument is not None:
        rows = rows.where(VARIABLE.instrument == instrument)
    return [KnownVariable(*row) for row in session.execute(rows)]
