"""Stubs of `pandadb.aio`: each function of the services as a coroutine, for type checkers."""

from __future__ import annotations

import ast
import builtins
import sys
import textwrap
from inspect import getdoc, isclass, signature
from typing import TYPE_CHECKING, Any

from pandadb import aio
from pandadb.aio.base.mirror import is_iterator, is_of_database, public_methods
from pandadb.docs_pages.stub_imports import Imports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from inspect import Parameter
    from types import ModuleType

HEAD = """# Written from the functions of `{mirrored}` by `pandadb docs stubs`.

"""
DATABASE, INDENT = "AsyncDatabase", "    "


def pages() -> dict[str, str]:
    """Return the texts of the stubs by their file names."""
    names = [name for name in aio.__all__ if name.islower()]
    return {f"{name}.pyi": page(getattr(aio, name).MIRRORED) for name in names}


def page(mirrored: ModuleType) -> str:
    """Return the stub of the module of asyncio that mirrors a module."""
    imports = Imports()
    imports.add("pandadb.aio.base.database", DATABASE)
    parts = []
    for name in mirrored.__all__:
        value = getattr(mirrored, name)
        if not is_of_database(value):
            imports.add(mirrored.__name__, name)
        elif isclass(value):
            parts.append(_class(name, value, imports))
        else:
            parts.append(text(name, value, imports))
    listed = "".join(f'    "{name}",\n' for name in mirrored.__all__)
    head = HEAD.format(mirrored=mirrored.__name__)
    return f"{head}{imports.text()}\n__all__ = [\n{listed}]\n\n" + "\n".join(parts)


def _class(name: str, mirrored: Any, imports: Imports) -> str:
    """Return the lines of a class that is made with a database."""
    constructor = _signature("def", "__init__", mirrored.__init__, "None", imports)
    methods = public_methods(mirrored)
    imports.hidden = methods.keys() & vars(builtins).keys()
    texts = "\n".join([text(*one, imports) for one in methods.items()])
    imports.hidden = set()
    body = f"{_doc(mirrored)}\n{constructor} ...\n{texts}"
    return f"class {name}:\n{textwrap.indent(body, INDENT)}"


def text(name: str, function: Callable[..., Any], imports: Imports) -> str:
    """Return the lines of one function; add the names of its annotations to the imports."""
    word, returned = "async def", function.__annotations__["return"]
    if is_iterator(function):
        word, returned = "def", f"AsyncIterator[{returned.partition('[')[2]}"
        imports.add("collections.abc", "AsyncIterator")
    head = _signature(word, name, function, returned, imports)
    return f"{head}\n{textwrap.indent(_doc(function), INDENT)}"


def _signature(
    word: str, name: str, function: Callable[..., Any], returned: str, imports: Imports
) -> str:
    parameters = "".join(f"{INDENT}{line},\n" for line in _parameters(function, imports))
    return f"{word} {name}(\n{parameters}) -> {_for_asyncio(returned, function, imports)}:"


def _doc(value: Any) -> str:
    doc = getdoc(value) or ""
    return f'"""{doc}\n"""\n' if "\n" in doc else f'"""{doc}"""\n'


def _parameters(function: Callable[..., Any], imports: Imports) -> Iterator[str]:
    """Yield the parameters as they are written, with their constants as defaults."""
    is_starred = False
    for one in signature(function).parameters.values():
        if one.kind is one.KEYWORD_ONLY and not is_starred:
            is_starred = True
            yield "*"
        if one.annotation is one.empty:
            yield one.name  # self
            continue
        stars = "**" if one.kind is one.VAR_KEYWORD else "*" * (one.kind is one.VAR_POSITIONAL)
        annotation = _for_asyncio(one.annotation, function, imports)
        yield f"{stars}{one.name}: {annotation}{_default(one)}"


def _default(one: Parameter) -> str:
    if one.default is one.empty:
        return ""
    is_constant = one.default is None or type(one.default) in (bool, int, float)
    return f" = {one.default!r}" if is_constant else " = ..."


def _for_asyncio(annotation: str, function: Callable[..., Any], imports: Imports) -> str:
    """Return an annotation for asyncio; import its names from where the function has them."""
    written = ast.parse(annotation, mode="eval")
    module = sys.modules[function.__module__]
    for node in ast.walk(written):
        if not isinstance(node, ast.Name):
            continue
        if hasattr(builtins, node.id):
            node.id = imports.builtin(node.id)
        elif node.id == "Database":
            node.id = DATABASE
        elif node.id != "AsyncIterator":
            imports.add_from(module, node.id)
    return ast.unparse(written)
