"""Applications as a TOML file declares them: program, parameters with limits, queue, result."""

from __future__ import annotations

import re
import tomllib
from string import Formatter
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pandadb.core.queue.input.job_checks import MAX_SECONDS
from pandadb.core.queue.input.new_jobs import NewQueueJob
from pandadb.core.sql.validation import InvalidValue
from pandadb.errors import InvalidInput
from pandadb.models import JobControl

if TYPE_CHECKING:
    from pathlib import Path

NAME = r"[A-Za-z][A-Za-z0-9_-]{0,59}"
"""Names of applications and parameters: they are part of addresses and of forms."""
RESERVED = ("email", "form_token")
"""Fields of each form."""
RELATIVE = "./"
"""The begin of words that are paths relative to the file."""
LONGEST_QUEUE = JobControl.__table__.c.queue.type.length  # type: ignore[attr-defined]


class InvalidApplications(InvalidInput):
    """A file of applications that cannot be read, or declares one that cannot be."""


class Declared(BaseModel):
    """A section of the file: an unknown key is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Parameter(Declared):
    """A parameter of an application: a field of its form."""

    type: Literal["integer", "number", "text", "choice"] = "text"
    label: str | None = None
    """The label of the field; None for its name."""
    hint: str = ""
    minimum: float | None = None
    """The least number."""
    maximum: float | None = None
    max_length: int = Field(200, ge=1, le=10_000)
    """Characters of a text at most."""
    pattern: str | None = None
    """A regular expression that the whole text has to match."""
    choices: tuple[str, ...] = ()
    default: str = ""
    """The value in an empty form."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        has_limits = self.minimum is not None or self.maximum is not None
        if has_limits and self.type not in ("integer", "number"):
            raise ValueError("minimum and maximum are limits of numbers")
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("choices are those of the type choice, which needs some")
        if self.pattern is not None:
            _compiled(self.pattern)
            if self.type != "text":
                raise ValueError("a pattern is one of the type text")
        return self


class Application(Declared):
    """A program that users start by a form."""

    name: Annotated[str, Field(pattern=f"^{NAME}$")]
    title: str | None = None
    """Its name on pages; None for `name`."""
    description: str = ""
    argv: tuple[str, ...] = Field(min_length=1)
    """The words of the command line, with `{parameter}` where a value is put; never a shell's."""
    env: dict[str, str] = Field(default_factory=dict)
    parameters: dict[Annotated[str, Field(pattern=f"^{NAME}$")], Parameter] = Field(
        default_factory=dict
    )
    queue: str = Field("applications", min_length=1, max_length=LONGEST_QUEUE)
    timeout: float = Field(3600.0, gt=0, le=MAX_SECONDS)
    """Seconds that the program may run."""
    max_attempts: int = Field(3, ge=1, le=100)
    """Attempts if workers are lost; a program that fails is not repeated."""
    priority: int = Field(0, ge=-(2**31), le=2**31 - 1)
    stderr_is_failure: bool = False
    """Whether a program that writes to its standard error has failed, with exit code 0, too."""
    computes: str | None = None
    """What a job computes, as `{x} / {y}`; None for the name with the values."""
    result_word: int | None = Field(None, ge=1)
    """The result is this word of the standard output."""
    result_pattern: str | None = None
    """The result is the first group of this regular expression in the standard output."""
    subject: str | None = None
    """The subject of mails; None for `NAME results`."""

    @property
    def shown_name(self) -> str:
        """Return its name on pages."""
        return self.title or self.name

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in self.parameters:
            if name in RESERVED:
                raise ValueError(f"no parameter can be called {name}, as a field of each form")
        for template in (*self.argv, self.computes or ""):
            self._check_template(template)
        if not self.argv[0] or any(field for _, field, *_ in Formatter().parse(self.argv[0])):
            raise ValueError("argv has to begin with the program, not with a parameter")
        if self.subject is not None and not self.subject.isprintable():
            raise ValueError("subject has to be one line")
        if self.result_word is not None and self.result_pattern is not None:
            raise ValueError("the result is either result_word or result_pattern, not both")
        if self.result_pattern is not None and not _compiled(self.result_pattern).groups:
            raise ValueError("result_pattern needs a group: the part in parentheses is the result")
        return self

    def _check_template(self, template: str) -> None:
        """See that a text has parameters by their plain names only."""
        if "\0" in template:
            raise ValueError("a text has a NUL character")
        for _, field, form, conversion in Formatter().parse(template):
            if field is None:
                continue
            if form or conversion or field not in self.parameters:
                raise ValueError(f"{template!r} has {{{field}}}, which is no parameter")


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None


def read_applications(path: Path) -> dict[str, Application]:
    """Return the applications of a TOML file by their names: each section is one.

    Words of a command line that begin with `./` become paths in the folder of the file.

    Raises:
        InvalidApplications: The file cannot be read, or an entry is malformed; the sentence names
            it.
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        why = getattr(error, "strerror", None) or error
        raise InvalidApplications(f"The applications in {path} cannot be read: {why}") from None
    return {name: _application(path, name, section) for name, section in given.items()}


def _application(path: Path, name: str, section: Any) -> Application:
    if not isinstance(section, dict):
        raise InvalidApplications(f"{path}: {name} is no section: write [{name}] above its keys")
    try:
        found = Application.model_validate({**section, "name": name})
    except ValidationError as error:
        raise InvalidApplications(f"{path}: {name}{_mistake_of(error)}") from None
    folder = path.absolute().parent
    words = (str(folder / one) if one.startswith(RELATIVE) else one for one in found.argv)
    try:
        NewQueueJob(found.queue, found.name, argv=found.argv, env=found.env)
    except InvalidValue as error:
        raise InvalidApplications(f"{path}: {name}: {error}") from None
    return found.model_copy(update={"argv": tuple(words)})


def _mistake_of(error: ValidationError) -> str:
    """Return the place below an application, and the first mistake there."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = "".join(f".{one}" for one in first["loc"] if one != "[key]")
    return f"{place}: {first['msg'].removeprefix('Value error, ')}"
