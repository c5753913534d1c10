"""Scripts of instruments, and their variables: read from files, and from modules run apart."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import tokenize
from contextlib import suppress
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from pandadb.services.gateway import InvalidValue, Variable, converted, type_of

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT, VARIABLES = "reduce.py", "reduce_vars.py"
LARGEST = 1 << 20
"""Characters of JSON of all variables."""
LONGEST_NAME = 100
DECLARED = re.compile(rb"coding[:=]")
READING_SECONDS = 30
"""Seconds that reduce_vars.py may run."""
READER = """
import importlib.util, json, os, sys
out = os.dup(1)
os.dup2(2, 1)
spec = importlib.util.spec_from_file_location("reduce_vars", sys.argv[1])
module = importlib.util.module_from_spec(spec)
sys.dont_write_bytecode = True
def worded(group):
    if not isinstance(group, dict):
        return group
    kinds = (str, int, float, list)
    return {name: one if isinstance(one, kinds) else str(one) for name, one in group.items()}
try:
    spec.loader.exec_module(module)
    names = ("standard_vars", "advanced_vars", "variable_help")
    found = {name: getattr(module, name, None) or {} for name in names}
    for name in names[:2]:
        found[name] = worded(found[name])
    text = json.dumps(found, default=str)
except BaseException as error:
    text = json.dumps({"error": f"{type(error).__name__}: {error}"})
os.write(out, text.encode("utf-8", "replace"))
"""
"""The program that runs reduce_vars.py: whatever it does, it is not done in the gateway.

As in the service, a value of none of the five types becomes a text, such as a tuple.
"""


class ScriptVariables(NamedTuple):
    """Variables with the values that reduce_vars.py has; there may be no such file."""

    standard_vars: dict[str, Any]
    advanced_vars: dict[str, Any]
    helps: dict[str, dict[str, str]]
    is_there: bool = True


def read_script(folder: Path) -> str | None:
    """Return the text of an instrument's script, as Python reads it; None if there is none.

    Raises:
        InvalidValue: It cannot be read.
    """
    try:
        raw = (folder / SCRIPT).read_bytes()
        text = _decoded(raw)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InvalidValue(f"{SCRIPT} cannot be read: {error.strerror}") from None
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise InvalidValue(f"{SCRIPT} cannot be read: {error}") from None
    if "\0" in text:
        raise InvalidValue(f"{SCRIPT} cannot be read: it has a NUL")
    return text


def _decoded(raw: bytes) -> str:
    """Return a script as text: in the encoding that it declares, else UTF-8, else Latin-1.

    Python imports a module with bytes of Latin-1 in comments, too.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        return io.TextIOWrapper(io.BytesIO(raw), encoding).read()
    except (SyntaxError, UnicodeDecodeError):
        if DECLARED.search(b"\n".join(raw.splitlines()[:2])) or b"\0" in raw:
            raise
    return io.TextIOWrapper(io.BytesIO(raw), "latin-1").read()


def read_variables(folder: Path) -> ScriptVariables:
    """Return the variables of an instrument's script.

    Raises:
        InvalidValue: reduce_vars.py cannot be run, or has no two dictionaries.
    """
    path = folder / VARIABLES
    try:
        found = path.stat()
    except FileNotFoundError:
        return ScriptVariables({}, {}, {}, is_there=False)
    except OSError as error:
        raise InvalidValue(f"{VARIABLES} cannot be read: {error.strerror}") from None
    stamp = found.st_mtime_ns, found.st_size, found.st_ino
    known = json.loads(_read(str(path), stamp))
    groups = [known[name] for name in ("standard_vars", "advanced_vars")]
    helps = known["variable_help"] if isinstance(known["variable_help"], dict) else {}
    if not all(isinstance(one, dict) for one in groups):
        raise InvalidValue(f"{VARIABLES} has variables that are no dictionary")
    return ScriptVariables(groups[0], groups[1], helps)


@lru_cache(64)
def _read(path: str, _stamp: tuple[int, ...]) -> str:
    """Return the variables of a file as JSON; a file that has changed is run again.

    Raises:
        InvalidValue: It cannot be run, or has no such variables.
    """
    text = _output([sys.executable, "-I", "-c", READER, path])
    try:
        known = json.loads(text)
    except ValueError:
        known = {"error": "it has ended its process, or has too many variables"}
    if "error" in known:
        raise InvalidValue(f"{VARIABLES} cannot be run: {known['error']}"[:2000])
    return text


def _output(argv: list[str]) -> str:
    """Return the output of a program, in a file: a child of it that goes on is not waited for."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: S603 - the program is ours
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"PATH": os.defpath, "LANG": "C.UTF-8"},
            start_new_session=True,
        )
        try:
            process.wait(READING_SECONDS)
        except subprocess.TimeoutExpired:
            return json.dumps({"error": f"it ran longer than {READING_SECONDS} s"})
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(0)
        return output.read(LARGEST).decode("utf-8", "replace")


def merged(known: ScriptVariables, given: dict[str, Any]) -> list[Variable]:
    """Return the variables of a script, those of a message instead where it has them.

    Raises:
        InvalidValue: A variable is none of the script's, or has another type; named.
    """
    found = list[Variable]()
    for group, is_advanced in (("standard_vars", False), ("advanced_vars", True)):
        own = getattr(known, group)
        mine = _group(given, group)
        if known.is_there and (unknown := sorted(mine.keys() - own.keys())):
            raise InvalidValue(f"reduction_arguments: {VARIABLES} has no {group} {unknown[0]!r}")
        for name, default in {**mine, **own}.items():
            _check(name, default)
            kind = type_of(default)
            value = converted(name, mine[name], kind) if name in mine else default
            kind = type_of(value) if value == [] else kind  # as in the service
            text = _help(known.helps.get(group), name)
            found.append(Variable(name, value, kind, is_advanced, text, name in mine))
    return found


def _check(name: str, value: Any) -> None:
    """See that a variable can be stored.

    Raises:
        InvalidValue: It cannot.
    """
    if len(name) > LONGEST_NAME or "\0" in name or "\0" in str(value):
        raise InvalidValue(f"The variable {name[:40]!r} cannot be stored")
    try:
        json.dumps(value if isinstance(value, list) else None, allow_nan=False)
    except ValueError:
        raise InvalidValue(f"The variable {name} has a number that is not finite") from None


def of_message(given: dict[str, Any]) -> list[Variable]:
    """Return the variables of a message that has its own script, with the values that it has.

    Raises:
        InvalidValue: They are not two objects.
    """
    found = list[Variable]()
    for group, is_advanced in (("standard_vars", False), ("advanced_vars", True)):
        mine = _group(given, group)
        found += [
            Variable(name, value, type_of(value), is_advanced, "", True)
            for name, value in mine.items()
        ]
    return found


def _group(given: dict[str, Any], group: str) -> dict[str, Any]:
    """Return one of the two groups of variables of a message.

    Raises:
        InvalidValue: It is no object.
    """
    mine = given.get(group) or {}
    if not isinstance(mine, dict):
        raise InvalidValue(f"reduction_arguments: {group} has to be an object")
    return mine


def _help(helps: Any, name: str) -> str:
    """Return the help of a variable as HTML."""
    text = helps.get(name, "") if isinstance(helps, dict) else ""
    return escape(str(text)).replace("\n", "<br>").replace("\t", 4 * "&nbsp;")
