"""Entity diagrams of the models: the tables of a family and their relationships, as Mermaid."""

from pandadb.core.diagrams.families import families, lines, mappers, type_of
from pandadb.core.diagrams.mermaid import er_diagram, overview, page
from pandadb.core.diagrams.pictures import pictures

__all__ = [
    "er_diagram",
    "families",
    "lines",
    "mappers",
    "overview",
    "page",
    "pictures",
    "type_of",
]
