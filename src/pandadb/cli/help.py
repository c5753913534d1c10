"""Names in place of Python's types in `--help`, for options and arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typer.main import get_command

if TYPE_CHECKING:
    import typer


def program_of(app: typer.Typer) -> Any:
    """Return the command of an app; its help has no values for flags and no types in brackets."""
    command = get_command(app)
    _name_values(command)
    return command


def _name_values(command: Any) -> None:
    for parameter in command.get_params(command.context_class(command, **command.context_settings)):
        if parameter.param_type_name == "argument":
            parameter.display_type_rich = lambda ctx: None  # noqa: ARG005 - its name says enough
        elif parameter.metavar is None:
            parameter.metavar = "" if parameter.is_flag else parameter.name.upper()
    for below in getattr(command, "commands", {}).values():
        _name_values(below)
