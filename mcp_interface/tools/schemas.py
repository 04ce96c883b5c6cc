"""Schemas of tools, said shortly: a model reads every word of them before it begins."""

from typing import Any

Schema = dict[str, Any]
"""Any: JSON."""


def shortened(schema: Schema) -> Schema:
    """The same schema without titles, which only repeat names, and with `"type": ["string",
    "null"]` where pydantic writes a choice of two."""
    short = {key: _part(key, value) for key, value in schema.items() if key != "title"}
    choices = short.get("anyOf", [])
    if len(choices) == 2 and choices[1] == {"type": "null"} and _is_plain(choices[0]):
        del short["anyOf"]
        return {**choices[0], **short, "type": [choices[0]["type"], "null"]}
    return short


def _part(key: str, value: Any) -> Any:
    if key in ("properties", "$defs"):
        return {name: shortened(each) for name, each in value.items()}
    if key in ("items", "additionalProperties") and isinstance(value, dict):
        return shortened(value)
    if key == "anyOf":
        return [shortened(each) for each in value]
    return value


def _is_plain(schema: Schema) -> bool:
    """Of one type, and no list of values: `null` would have to be one of these, too."""
    return isinstance(schema.get("type"), str) and not {"enum", "const"} & schema.keys()
