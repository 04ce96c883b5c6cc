"""A list of tools as clients get it, and what reading it costs a model."""

import json
from collections.abc import Sequence
from typing import Any

from mcp.types import Tool

MOST_TOOLS, MOST_TOKENS = 26, 9_000
"""Of the default list."""
BYTES_A_TOKEN = 4

Told = list[dict[str, Any]]
"""Any: JSON."""


def as_told(tools: Sequence[Tool]) -> Told:
    return [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]


def tokens(told: Told) -> int:
    """Bytes of the compact JSON, divided by four and rounded up."""
    compact = json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()
    return -(-len(compact) // BYTES_A_TOKEN)
