"""The libraries of the extra `parquet`, imported lazily."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pandadb.errors import PandaDBError


class ParquetMissing(PandaDBError):
    """The extra `parquet` is not installed."""


def library(name: str) -> Any:
    """Return a module of pyarrow or duckdb.

    Raises:
        ParquetMissing: It is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise ParquetMissing(
            f"Parquet files need {package}, which is not installed: "
            "pip install 'pandadb[parquet]', or in a checkout '.[parquet]'"
        ) from error
