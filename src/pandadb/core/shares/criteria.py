"""Criteria of work queues: conditions on a task's attributes, as JEDI_WORK_QUEUE has them.

Comparisons with =, <>, <, >, IN, LIKE and IS NULL, joined by AND, OR, NOT and parentheses. Values
are quoted texts, numbers, or names with a colon and values in the column `variables`, which are
texts. The server executes the text as Python; here it is parsed, and other text is refused.

The types are those of the server: a number never equals a text, and to order a number and a text,
or to compare NULL by LIKE, < or >, is an error that leaves the queue out (semantics 7.1). AND and
OR stop at the first condition that decides.
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any

from pandadb.core.sql.validation import InvalidValue, near, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Attributes = Mapping[str, Any]
    Term = Callable[[Attributes], Any]
    """A condition or a value, given the attributes of a task."""

ATTRIBUTES = (
    "prodsourcelabel", "workinggroup", "processingtype", "corecount", "site", "eventservice",
    "splitrule", "campaign",
)  # fmt: skip
"""Attributes of a task that a criterion may name, in letters of any case."""
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "==": operator.eq, "!=": operator.ne, "<>": operator.ne,
    "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}  # fmt: skip
TOKEN = re.compile(
    r"\s*(?:(?P<text>'[^']*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<variable>:\w+)"
    r"|(?P<word>[A-Za-z_]\w*)|(?P<sign><>|[=!<>]=|[=<>(),]))"
)


class Undecidable(InvalidValue):
    """A condition that cannot be decided for a task: a value is NULL, or of another type."""


def parse_variables(text: str | None) -> dict[str, str]:
    """Return the values of variables by name, of the text `name:value,name:value`."""
    pairs = (one.strip().split(":") for one in (text or "").split(","))
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def parse_criteria(text: str | None, variables: Mapping[str, str]) -> Term:
    """Return the condition of a text; none is met by every task.

    Raises:
        InvalidValue: The text is no criterion.
    """
    if not text or not text.strip():
        return lambda _task: True
    parser = _Parser(text, variables)
    found = parser.alternatives()
    parser.expect_end()
    return found


class _Parser:
    """A parser by recursive descent; a method for each level of precedence."""

    def __init__(self, text: str, variables: Mapping[str, str]) -> None:
        self.text, self.variables = text, variables
        self.tokens = _tokens(text)
        self.place = 0

    def alternatives(self) -> Term:
        terms = [self.conjunction()]
        while self.takes("OR"):
            terms.append(self.conjunction())
        return lambda task: any(term(task) for term in terms)

    def conjunction(self) -> Term:
        terms = [self.negation()]
        while self.takes("AND"):
            terms.append(self.negation())
        return lambda task: all(term(task) for term in terms)

    def negation(self) -> Term:
        if self.takes("NOT"):
            term = self.negation()
            return lambda task: not term(task)
        if self.takes("("):
            term = self.alternatives()
            self.expect(")")
            return term
        return self.comparison()

    def comparison(self) -> Term:
        left = self.value()
        if self.takes("IS"):
            negated = self.takes("NOT")
            self.expect("NULL")
            return lambda task: (left(task) is None) is not negated
        negated = self.takes("NOT")
        term = self.membership(left)
        return (lambda task: not term(task)) if negated else term

    def membership(self, left: Term) -> Term:
        if self.takes("LIKE"):
            pattern = self.value()
            return lambda task: _is_like(left(task), pattern(task))
        if self.takes("IN"):
            values = self.values()
            return lambda task: left(task) in [value(task) for value in values]
        sign = self.next()
        if sign not in COMPARISONS:
            raise self.mistake(sign)
        right = self.value()
        return lambda task: _compare(sign, left(task), right(task))

    def values(self) -> list[Term]:
        self.expect("(")
        found = [self.value()]
        while self.takes(","):
            found.append(self.value())
        self.expect(")")
        return found

    def value(self) -> Term:
        token = self.next()
        name = token.lower()
        if token.startswith("'"):
            return lambda _task: token[1:-1]
        if token.startswith(":") and token[1:] in self.variables:
            text = self.variables[token[1:]]
            return lambda _task: text
        if name in ATTRIBUTES:
            return lambda task: task.get(name)
        if re.fullmatch(r"-?\d+(\.\d+)?", token):
            return lambda _task: float(token)
        raise self.mistake(token)

    def takes(self, word: str) -> bool:
        """Take the next token if it is this word."""
        found = self.place < len(self.tokens) and self.tokens[self.place].upper() == word
        self.place += found
        return found

    def next(self) -> str:
        if self.place == len(self.tokens):
            raise InvalidValue(f"the criteria {shown(self.text)} end too early")
        self.place += 1
        return self.tokens[self.place - 1]

    def expect(self, word: str) -> None:
        if not self.takes(word):
            raise self.mistake(self.next(), f", where {word} is expected")

    def expect_end(self) -> None:
        if self.place < len(self.tokens):
            raise self.mistake(self.next())

    def mistake(self, token: str, where: str = "") -> InvalidValue:
        hint = near(token, ATTRIBUTES) if token[:1].isalpha() else ""
        return InvalidValue(f"the criteria {shown(self.text)} have {shown(token)}{where}{hint}")


def _tokens(text: str) -> list[str]:
    found, place = [], 0
    rest = len(text.rstrip())
    while place < rest:
        token = TOKEN.match(text, place)
        if token is None:
            raise InvalidValue(f"the criteria {shown(text)} cannot be read at {text[place:]!r}")
        found.append(token[0].strip())
        place = token.end()
    return found


def _compare(sign: str, left: Any, right: Any) -> bool:
    """Compare values as Python does.

    Raises:
        Undecidable: The order of NULL, or of a text and a number.
    """
    try:
        return bool(COMPARISONS[sign](left, right))
    except TypeError:
        raise Undecidable(f"{shown(left)} {sign} {shown(right)} cannot be decided") from None


def _is_like(value: Any, pattern: Any) -> bool:
    """Return whether a text has a pattern, in letters of any case; with % the whole text is meant.

    Otherwise patterns are regular expressions, as the server takes them.

    Raises:
        Undecidable: The value is NULL or a number.
        InvalidValue: The pattern is no regular expression.
    """
    if not (isinstance(value, str) and isinstance(pattern, str)):
        raise Undecidable(f"{shown(value)} LIKE {shown(pattern)} cannot be decided")
    text = f"^{pattern.replace('%', '.*')}$" if "%" in pattern else pattern
    try:
        return re.search(text, value, re.IGNORECASE) is not None
    except (re.error, RecursionError, OverflowError):
        raise InvalidValue(f"the pattern {shown(pattern)} cannot be read") from None
