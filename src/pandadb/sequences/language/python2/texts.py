"""Texts of Python 2: of floats, of sets and of others, and codecs between texts."""

from __future__ import annotations

import codecs
import math
import sys
from typing import TYPE_CHECKING, Any

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable

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
    if type(value) in OTHER_TEXTS or isinstance(value, type):
        return repr_of(value)
    return value if isinstance(value, str) else str(value, *codec)


def repr_of(value: Any) -> str:
    """Return a value as `repr` of Python 2 writes it: a text is its bytes."""
    try:
        return _repr_of(value)
    except RecursionError:  # it has itself
        return repr(value)


def _repr_of(value: Any) -> str:
    if isinstance(value, BaseException) and type(value).__repr__ is BaseException.__repr__:
        return type(value).__name__ + _row(value.args)
    if isinstance(value, type) and value.__module__ == "builtins":
        place = "exceptions." if issubclass(value, BaseException) else ""
        return f"<type '{place}{value.__name__}'>"
    return TEXTS.get(type(value), repr)(value)


def _bytes_of(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a pair
        return text.encode("utf-8", "surrogatepass")


def _joined(values: Any) -> str:
    return ", ".join(map(_repr_of, values))


def _row(values: tuple[Any, ...]) -> str:
    return f"({_joined(values)}{',' if len(values) == 1 else ''})"


def _pairs(held: dict[Any, Any]) -> str:
    return ", ".join(f"{_repr_of(key)}: {_repr_of(value)}" for key, value in held.items())


TEXTS: dict[type, Callable[[Any], str]] = {
    str: lambda text: repr(_bytes_of(text))[1:],
    int: lambda number: f"{number}L" if abs(number) > sys.maxsize else str(number),
    list: lambda values: f"[{_joined(values)}]",
    tuple: _row,
    dict: lambda held: f"{{{_pairs(held)}}}",
    set: lambda values: f"set([{_joined(values)}])",
    frozenset: lambda values: f"frozenset([{_joined(values)}])",
    range: lambda values: f"x{values!r}".replace("(0, ", "("),
}
"""The texts by `repr` of types that Python 3 writes otherwise."""
OTHER_TEXTS = {*TEXTS} - {str, int}
"""Types whose values have these texts by `str`, too."""


class Shown:
    """A value that is filled into a text."""

    def __init__(self, value: Any) -> None:
        self._value = value

    @override
    def __str__(self) -> str:
        return text_of(self._value)

    @override
    def __repr__(self) -> str:
        return repr_of(self._value)


class ShownText(str):
    """A text that is filled into another one."""

    __slots__ = ()

    @override
    def __repr__(self) -> str:
        return repr_of(str(self))


def filled(value: Any) -> Any:
    """Return a value that has its texts of Python 2 when it is filled into a text."""
    if type(value) is float:
        return FloatText(value)
    if type(value) is str and not value.isascii():
        return ShownText(value)
    if type(value) in OTHER_TEXTS or isinstance(value, type | BaseException):
        return Shown(value)
    return value


def encoded(text: str, codec: str = "utf-8", errors: str = "strict", *, action: str) -> str:
    """Return a text encoded or decoded; a text is its bytes, so one of UTF-8 is itself.

    Args:
        text: The text.
        codec: The codec, such as hex or base64.
        errors: The way with errors, for codecs of characters.
        action: encode or decode.
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
