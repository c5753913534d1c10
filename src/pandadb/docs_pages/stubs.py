"""Stubs of `pandadb.aio`: each function of the services as a coroutine, for type checkers."""

from __future__ import annotations

import ast
import builtins
import sys
import textwrap
from importlib import import_module
from inspect import getdoc, signature
from typing import TYPE_CHECKING, Any

from pandadb import aio
from pandadb.aio.mirror import is_iterator, is_of_database
from pandadb.docs_pages.stub_imports import Imports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from inspect import Parameter
    from types import ModuleType

HEAD = """# Written from the functions of `{service}` by `pandadb docs stubs`.

"""
DATABASE = "AsyncDatabase"


def pages() -> dict[str, str]:
    """Return the texts of the stubs by their file names."""
    names = (name for name in aio.__all__ if name.islower())
    return {f"{name}.pyi": page(import_module(f"pandadb.services.{name}")) for name in names}


def page(service: ModuleType) -> str:
    """Return the stub of the module of asyncio that mirrors a module of services."""
    imports = Imports()
    named = {name: getattr(service, name) for name in service.__all__}
    coroutines = {name: value for name, value in named.items() if is_of_database(value)}
    for name in named.keys() - coroutines.keys():
        imports.add(service.__name__, name)
    imports.add("pandadb.aio.database", DATABASE)
    functions = [text(name, value, imports) for name, value in sorted(coroutines.items())]
    listed = "".join(f'    "{name}",\n' for name in service.__all__)
    head = HEAD.format(service=service.__name__)
    return f"{head}{imports.text()}\n__all__ = [\n{listed}]\n\n" + "\n".join(functions)


def text(name: str, function: Callable[..., Any], imports: Imports) -> str:
    """Return the lines of one function; add the names of its annotations to the imports."""
    parameters = "".join(f"    {line},\n" for line in _parameters(function, imports))
    word, returned = "async def", function.__annotations__["return"]
    if is_iterator(function):
        word, returned = "def", f"AsyncIterator[{returned.partition('[')[2]}"
        imports.add("collections.abc", "AsyncIterator")
    returned = _for_asyncio(returned, function, imports)
    doc = textwrap.indent(f'"""{getdoc(function)}', "    ")
    end = '\n    """\n' if "\n" in doc else '"""\n'
    return f"{word} {name}(\n{parameters}) -> {returned}:\n{doc}{end}"


def _parameters(function: Callable[..., Any], imports: Imports) -> Iterator[str]:
    """Yield the parameters as they are written, with their constants as defaults."""
    is_starred = False
    for one in signature(function).parameters.values():
        if one.kind is one.KEYWORD_ONLY and not is_starred:
            is_starred = True
            yield "*"
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
        if not isinstance(node, ast.Name) or hasattr(builtins, node.id):
            continue
        if node.id == "Database":
            node.id = DATABASE
        elif node.id != "AsyncIterator":
            imports.add_from(module, node.id)
    return ast.unparse(written)
