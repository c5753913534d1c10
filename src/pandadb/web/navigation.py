"""Sections of the operators' pages, in the order of the navigation."""

from typing import NamedTuple


class Section(NamedTuple):
    """A section of the pages."""

    name: str
    path: str


SECTIONS = (
    Section("Overview", "/"),
    Section("Jobs", "/jobs"),
    Section("Tasks", "/tasks"),
    Section("Workers", "/workers"),
    Section("Archive", "/archive"),
    Section("Partitions", "/partitions"),
    Section("Shares", "/shares"),
    Section("Sites", "/sites"),
    Section("Harvester", "/harvester"),
    Section("Applications", "/applications"),
)
