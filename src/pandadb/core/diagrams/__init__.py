"""Entity diagrams of the models: the tables of a family and their lines, as Mermaid and as SVG.

The SVG is the same on every machine: igraph only says in which order boxes stand in a column, and
every coordinate is a whole number that is computed here. Columns stand from left to right; a line
leaves the side of a box at the row of its column, turns in a lane of the gutter between two
columns, and ends at the row of the other column.
"""

from pandadb.core.diagrams.families import families, lines, mappers, type_of
from pandadb.core.diagrams.layout import LayoutLibraryMissing, layout
from pandadb.core.diagrams.mermaid import index, mermaid
from pandadb.core.diagrams.pictures import pictures
from pandadb.core.diagrams.svg import svg

__all__ = [
    "LayoutLibraryMissing",
    "families",
    "index",
    "layout",
    "lines",
    "mappers",
    "mermaid",
    "pictures",
    "svg",
    "type_of",
]
