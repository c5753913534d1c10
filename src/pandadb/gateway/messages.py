"""Messages of the gateway: their keys, and what is allowed in them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

RESULT_KEYS = ("message", "reduction_data", "reduction_log", "admin_log", "information")
"""Keys that events have, and that are ignored in a message that asks for a reduction."""


class VariableGroups(BaseModel):
    """Variables for a script."""

    model_config = ConfigDict(extra="allow")

    standard_vars: dict[str, Any] = Field(default_factory=dict)
    advanced_vars: dict[str, Any] = Field(default_factory=dict)
