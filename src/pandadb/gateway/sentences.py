"""Sentences about values that pydantic refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError

LONGEST = 1000


def sentence_of(error: ValidationError) -> str:
    """Return the mistakes, each with the name of its key; without the values."""
    found = [
        f"{'.'.join(str(part) for part in one['loc']) or 'the message'}: {_words(one['msg'])}"
        for one in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return "; ".join(found)[:LONGEST]


def _words(text: str) -> str:
    text = text.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return "it is missing" if text == "Field required" else text
