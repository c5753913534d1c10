"""Catalogues of data: the one method that a feed calls, and a catalogue in JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pandadb.core.sql.validation import InvalidValue, mistake_of, near, shown
from pandadb.errors import PandaDBError
from pandadb.models import JediDatasetContents

if TYPE_CHECKING:
    from collections.abc import Sequence

FIELDS: Mapping[str, str] = {
    "lfn": "lfn", "guid": "guid", "scope": "scope", "fsize": "fsize", "checksum": "checksum",
    "events": "nevents", "lumiblocknr": "lumiblocknr",
}  # fmt: skip
"""Fields of a file in JSON, and the columns of JEDI_DATASET_CONTENTS that they go to."""
DATASET_FIELDS = ("state", "files")
"""Fields of a dataset in JSON."""
STATES = ("open", "closed")
"""States of a dataset in the catalogue: files may be added, or not."""


class CatalogueError(PandaDBError):
    """The catalogue cannot answer now; the task waits, and is fed again later."""


class CatalogueFile(NamedTuple):
    """A file of a dataset, as the catalogue has it."""

    lfn: str
    guid: str | None = None
    scope: str | None = None
    fsize: int | None = None
    """Bytes."""
    checksum: str | None = None
    events: int | None = None
    lumiblocknr: int | None = None


@dataclass(frozen=True)
class Listing:
    """The files of a dataset, and whether more may come."""

    files: Sequence[CatalogueFile]
    state: str = "closed"


class Catalogue(Protocol):
    """A data catalogue."""

    def list_files(self, name: str) -> Listing | None:
        """Return the files of a dataset; None for one that the catalogue does not have.

        Raises:
            CatalogueError: There is no answer now.
        """


class JsonCatalogue:
    """A catalogue of datasets in JSON: `{name: {"state": "closed", "files": [{"lfn": …}]}}`.

    Raises:
        InvalidValue: It has another form; the sentence names the dataset, the file and the field.
    """

    def __init__(self, datasets: Mapping[str, Any]) -> None:
        if not isinstance(datasets, Mapping):
            raise InvalidValue(f"a catalogue is an object of datasets, not {shown(datasets)}")
        self._listings = {name: _listing(name, given) for name, given in datasets.items()}

    def list_files(self, name: str) -> Listing | None:
        """Return the files of a dataset; None for one that is not there."""
        return self._listings.get(name)


def read_catalogue(text: str) -> JsonCatalogue:
    """Return the catalogue of a JSON text.

    Raises:
        InvalidValue: The text is no such JSON.
    """
    try:
        found = json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise InvalidValue(f"the catalogue is no JSON: {error}") from None
    return JsonCatalogue(found)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object; of a dataset that is there twice, json would take the last one's files."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(
            name for name, number in Counter(one for one, _ in pairs).items() if number > 1
        )
        raise ValueError(f"{shown(twice)} is there twice in one object")
    return found


def _listing(name: str, given: Any) -> Listing:
    if not isinstance(given, Mapping) or not isinstance(given.get("files", ()), list | tuple):
        raise InvalidValue(f"dataset {shown(name)}: an object with a list of files is needed")
    for field in given:
        if field not in DATASET_FIELDS:
            raise InvalidValue(
                f"dataset {shown(name)}: unknown field {shown(field)}{near(field, DATASET_FIELDS)}"
            )
    state = given.get("state", "closed")
    if state not in STATES:
        raise InvalidValue(
            f"dataset {shown(name)}: its state is open or closed, not {shown(state)}"
        )
    files = given.get("files", ())
    return Listing([_file(name, number, one) for number, one in enumerate(files, start=1)], state)


def _file(name: str, number: int, given: Any) -> CatalogueFile:
    place = f"dataset {shown(name)}, file {number}"
    if not isinstance(given, Mapping) or not given.get("lfn"):
        raise InvalidValue(f"{place}: an object with an lfn is needed, not {shown(given)}")
    for field, value in given.items():
        if field not in FIELDS:
            raise InvalidValue(f"{place}: unknown field {shown(field)}{near(field, FIELDS)}")
        mistake = mistake_of(JediDatasetContents, FIELDS[field], value)
        if isinstance(value, int) and value < 0:
            mistake = f"has to be a number from 0 on, not {shown(value)}"
        if mistake:
            raise InvalidValue(f"{place}: {field} {mistake}")
    return CatalogueFile(**given)
