"""The feed of a dataset: choice of files, ranges of events, releases, changes of its files."""
