"""Texts of Python 2: floats of 12 digits, and codecs between texts."""

from __future__ import annotations

import codecs
import math
from typing import Any

from typing_extensions import override

DIGITS = 12
"""Digits of a float as text; `repr` has all."""


class FloatText(float):
    """A float whose text has 12 digits."""

    @override
    def __str__(self) -> str:
        return float_text(self)

    @override
    def __format__(self, form: str) -> str:
        return format(float(self), form) if form else float_text(self)


def float_text(value: float) -> str:
    """Return a float as text."""
    if not math.isfinite(value):
        return float.__repr__(value)
    text = f"{float(value):.{DIGITS}g}"
    if "." in text or "e" in text:
        return text
    if len(text.lstrip("-")) < DIGITS:
        return f"{text}.0"
    mantissa, exponent = f"{float(value):.{DIGITS - 1}e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{exponent}"


def text_of(value: Any = "", *codec: str) -> str:
    """Return a value as `print` and `str` of Python 2 write it."""
    if type(value) is float:
        return float_text(value)
    if type(value) is set:
        return f"set({[*value]!r})"
    if type(value) is range:
        return f"x{value!r}".replace("(0, ", "(")
    return value if isinstance(value, str) else str(value, *codec)


def encoded(text: str, action: str, codec: str = "utf-8", errors: str = "strict") -> str:
    """Return a text encoded or decoded; a text is its bytes, so one of UTF-8 is itself.

    Args:
        text: The text.
        action: encode or decode.
        codec: The codec, such as hex or base64.
        errors: The way with errors, for codecs of characters.
    """
    if getattr(codecs.lookup(codec), "_is_text_encoding", True):
        if action == "encode" and errors == "strict":
            text.encode(codec, "surrogateescape")
        return text
    function: Any = codecs.encode if action == "encode" else codecs.decode
    try:
        done = function(text.encode("utf-8", "surrogateescape"), codec)
    except TypeError:  # rot13 takes a text
        done = function(text, codec)
    return done.decode("utf-8", "surrogateescape") if isinstance(done, bytes) else str(done)
