"""Schemas of tools, said shortly: a model reads every word of them before it begins."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

Schema = dict[str, Any]
"""Any: JSON."""

DEFINED: Final = "#/$defs/"
UNLISTED: Final[dict[str, Any]] = {"unlisted": True}
"""`Field(json_schema_extra=UNLISTED)`: an argument that is taken and not told of, because only
clients of the server before this one know it."""


def of_arguments(schema: Schema) -> Schema:
    """What a tool takes. An argument is left out rather than null; null goes on meaning the same,
    but is not told of: some models' makers take no such types."""
    return _each_part(_shortened(schema), _left_out_rather_than_null)


def of_answer(schema: Schema) -> Schema:
    """What a tool answers. All fields are always there, as the server's instructions say once: a
    list of the required ones would only repeat every name. Names, nesting and words are told; the
    type of a plain value is not: what it is shows when it is there."""
    return _each_part(_shortened(schema), _without_promises)


def _shortened(schema: Schema) -> Schema:
    """The same without titles, which only repeat names; with `"type": ["string", "null"]` where
    pydantic writes a choice of two; and what is referred to once stands right there."""
    return _each_part(_inlined(schema), _said_shortly)


def _said_shortly(schema: Schema) -> Schema:
    short = {key: value for key, value in schema.items() if key != "title"}
    choices = short.get("anyOf", [])
    if len(choices) == 2 and choices[1] == {"type": "null"} and _is_plain(choices[0]):
        del short["anyOf"]
        return {**choices[0], **short, "type": [choices[0]["type"], "null"]}
    return short


def _is_plain(schema: Schema) -> bool:
    """Of one type, and no list of values: `null` would have to be one of these, too."""
    return isinstance(schema.get("type"), str) and not {"enum", "const"} & schema.keys()


def _left_out_rather_than_null(schema: Schema) -> Schema:
    fields: dict[str, Schema] = schema.get("properties", {})
    optional = fields.keys() - set(schema.get("required", []))
    told = {
        name: _never_null(field) if name in optional else field
        for name, field in fields.items()
        if "unlisted" not in field
    }
    return {**schema, "properties": told} if fields else schema


def _never_null(schema: Schema) -> Schema:
    told = {k: v for k, v in schema.items() if not (k == "default" and v is None)}
    if isinstance(kinds := schema.get("type"), list):
        told["type"] = _only([kind for kind in kinds if kind != "null"])
    if choices := told.pop("anyOf", None):
        choices = [each for each in choices if each != {"type": "null"}]
        told = {**choices[0], **told} if len(choices) == 1 else {"anyOf": choices, **told}
    return told


def _only(kinds: list[str]) -> str | list[str]:
    return kinds[0] if len(kinds) == 1 else kinds


def _without_promises(schema: Schema) -> Schema:
    said = {key: value for key, value in schema.items() if key not in ("required", "default")}
    telling = {"properties", "additionalProperties", "items", "enum"}
    if not telling & said.keys() and said.get("type") != "null":
        said.pop("type", None)
    return said


def _each_part(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """Every schema within this one changed, the innermost first. Names of fields are no part."""

    def part(key: str, value: Any) -> Any:
        if key in ("properties", "$defs"):
            return {name: _each_part(each, change) for name, each in value.items()}
        if key in ("items", "additionalProperties") and isinstance(value, dict):
            return _each_part(value, change)
        if key == "anyOf":
            return [_each_part(each, change) for each in value]
        return value

    return change({key: part(key, value) for key, value in schema.items()})


def _inlined(schema: Schema) -> Schema:
    """A definition that is used once moves to its only use."""
    definitions: dict[str, Schema] = schema.get("$defs", {})
    uses = Counter(_references(schema))
    shared = {name for name in definitions if uses[name] > 1}

    def inline(part: Schema) -> Schema:
        name = part.get("$ref", "").removeprefix(DEFINED)
        if name not in definitions or name in shared:
            return part
        beside = {key: value for key, value in part.items() if key != "$ref"}
        return {**_each_part(definitions[name], inline), **beside}

    rest = {key: value for key, value in schema.items() if key != "$defs"}
    kept = {name: definitions[name] for name in definitions if name in shared}
    return _each_part({**rest, **({"$defs": kept} if kept else {})}, inline)


def _references(value: Any) -> Iterator[str]:
    """The names of the definitions that are referred to, as often as they are."""
    if isinstance(value, dict):
        if isinstance(named := value.get("$ref"), str):
            yield named.removeprefix(DEFINED)
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _references(each)
