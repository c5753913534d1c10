"""Confirmations: a change is made only if its dry run showed all that it does."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pandadb.web.operations.outcome_texts import OutcomeText

MOST = 1000
"""Steps that a form has one by one; of more it has the number of each kind."""
NO_DRY_RUN = "Nothing was changed, as there was no dry run: this is it."
OTHER_VALUES = "Nothing was changed, as the values are other ones than at the dry run."
OTHER_STATES = "Nothing was changed, as states have changed since the dry run."
AGAIN = "This is the dry run for them now."


@dataclass(frozen=True)
class Attempt:
    """The answer to a form: the outcome of a change, or of its dry run."""

    outcome: OutcomeText
    is_confirmed: bool
    seen: str = ""
    """A field of the form: values and steps of the dry run."""


def attempt(
    given: Mapping[str, str],
    values: Mapping[str, str],
    act: Callable[[bool], OutcomeText],
) -> Attempt:
    """Return the outcome of `act(False)` if a form confirms what `act(True)` does, else of that.

    Steps of the dry run that are not there any more, such as of jobs that have ended by themselves,
    do not matter; each step that the dry run did not have does. `act` is given whether it tries.
    """
    tried = act(True)
    digest, seen = digest_of(values), given.get("seen", "")
    if given.get("confirmed") != "true":
        return Attempt(tried, is_confirmed=False, seen=_seen(digest, tried.steps))
    before, _, steps = seen.partition(" ")
    if not seen:
        why = NO_DRY_RUN
    elif before != digest:
        why = f"{OTHER_VALUES} {AGAIN}"
    elif not _has_all(steps, tried.steps):
        why = f"{OTHER_STATES} {AGAIN}"
    else:
        return Attempt(act(False), is_confirmed=True)
    again = replace(tried, sentence=f"{why} {tried.sentence}")
    return Attempt(again, is_confirmed=False, seen=_seen(digest, tried.steps))


def digest_of(values: Mapping[str, str]) -> str:
    """Return a short text that is another one for other values."""
    text = json.dumps(sorted(values.items()))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _seen(digest: str, steps: Sequence[str]) -> str:
    one_by_one = [step.replace(" ", "_") for step in steps]
    words = one_by_one if len(steps) <= MOST else _kinds(one_by_one)
    return " ".join((digest, *words))


def _kinds(steps: Sequence[str]) -> list[str]:
    """Return the number of steps of each kind, without their things: `*3:ready>closed`."""
    counts = Counter(step.partition(":")[2] for step in steps)
    return [f"*{number}:{kind}" for kind, number in sorted(counts.items())]


def _has_all(seen: str, steps: Sequence[str]) -> bool:
    """Return whether a dry run had all steps, or as many of each kind."""
    words, now = {*seen.split(" ")}, [step.replace(" ", "_") for step in steps]
    if not any(word.startswith("*") for word in words):
        return {*now} <= words
    then = {kind: number for number, _, kind in (word[1:].partition(":") for word in words)}
    counts = Counter(step.partition(":")[2] for step in now)
    return all(number <= _number(then.get(kind, "0")) for kind, number in counts.items())


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
