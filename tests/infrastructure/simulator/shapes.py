"""Wire shapes: which keys an answer has and what kind of value stands at each.

A shape is "string", "number", "boolean" or "null", several of them joined by "|"; a list with one
shape in it; or an object of shapes. A key that ends in "?" may be absent, and "*" stands for any
other key. {"one of": [...]} is for what may be an object or something else.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

SHAPES = Path(__file__).parents[3] / "infrastructure" / "simulator" / "shapes"


def described(broker: str, name: str) -> Any:
    """The shape in one of the simulator's data files, which says where it comes from."""
    told = json.loads((SHAPES / broker / f"{name}.json").read_text())
    assert told["source"]
    return told["shape"]


def misfits(shape: Any, value: Any, at: str = "") -> list[str]:
    """What is wrong with `value`; empty when it has this shape."""
    if isinstance(shape, dict) and "one of" in shape:
        tried = [misfits(each, value, at) for each in shape["one of"]]
        return [] if [] in tried else min(tried, key=len)
    if isinstance(shape, dict):
        return _misfits_of_object(shape, value, at)
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{at}: {_kind(value)} instead of a list"]
        return [
            wrong
            for number, each in enumerate(value)
            for wrong in misfits(shape[0] if shape else {}, each, f"{at}[{number}]")
        ]
    return [] if _kind(value) in shape.split("|") else [f"{at}: {_kind(value)} instead of {shape}"]


def _misfits_of_object(shape: dict[str, Any], value: Any, at: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{at}: {_kind(value)} instead of an object"]
    known = {key.removesuffix("?"): each for key, each in shape.items()}
    missing = [
        f"{at}.{key}: missing"
        for key in shape
        if not key.endswith("?") and key != "*" and key not in value
    ]
    wrong = []
    for key, each in value.items():
        if key in known:
            wrong += misfits(known[key], each, f"{at}.{key}")
        elif "*" in shape:
            wrong += misfits(shape["*"], each, f"{at}.{key}")
        else:
            wrong.append(f"{at}.{key}: unheard of")
    return missing + wrong


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float() | Decimal():
            return "number"
        case str():
            return "string"
        case list():
            return "list"
        case _:
            return "object"
