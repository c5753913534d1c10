"""The subcommands of `pandadb sequence`."""
