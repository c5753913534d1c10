"""Answers of the API: rows and dataclasses as JSON."""

from dataclasses import asdict, is_dataclass
from typing import Any

from fastapi.responses import Response
from pydantic_core import to_json
from typing_extensions import override


class JSONAnswer(Response):
    """An answer in JSON: times in ISO 8601, decimal numbers as texts, NaN as null."""

    media_type = "application/json"

    @override
    def render(self, content: Any) -> bytes:
        found = asdict(content) if is_dataclass(content) else content  # type: ignore[arg-type]
        return to_json(found, inf_nan_mode="null", serialize_unknown=True)
