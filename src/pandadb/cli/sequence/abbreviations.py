"""Options of the old command psequencer, which may be abbreviated, as optparse lets them."""

from typing import Any

from typer.core import TyperCommand
from typing_extensions import override

OPTIONS = ("--help", "--initScanDepth", "--version")


class OldCommand(TyperCommand):
    """A command that takes the old long options abbreviated, too."""

    @override
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the arguments with whole options; behind -- there are none."""
        end = args.index("--") if "--" in args else len(args)
        return super().parse_args(ctx, [*map(_in_full, args[:end]), *args[end:]])


def _in_full(word: str) -> str:
    """Return an argument with the long option that it abbreviates."""
    option, is_set, value = word.partition("=")
    meant = [one for one in OPTIONS if one.startswith(option)] if option[2:] else []
    return f"{meant[0]}{is_set}{value}" if len(meant) == 1 else word
