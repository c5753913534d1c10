"""The subcommands of `pandadb flows`."""
