"""Rows as earlier releases stored them, byte for byte. Such a file is written once, with the
release that first stores the name, and never changed: the rows that it stands for cannot change
either."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.catalog import CATALOG, EVENTS
from domain.envelope import NO_HASH, Row

FILES = sorted((Path(__file__).parent.parent / "golden").glob("*/*.json"))
ROWS = [json.loads(file.read_text(encoding="utf-8")) for file in FILES]
CURRENT = [row for row in ROWS if row["name"] in EVENTS]
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
every_current_row = pytest.mark.parametrize("row", CURRENT, ids=lambda row: row["name"])


def decoded(row):
    stream_id, state = UUID(row["stream_id"]), row["state"].encode()
    return CATALOG.read(Row(stream_id, row["version"], row["name"], state))


def as_it_was_then(now: Any, then: Any) -> Any:  # Any: JSON
    """Without the fields that were added since, which stand at their defaults."""
    if not isinstance(then, dict):
        return now
    return {name: as_it_was_then(now[name], then[name]) for name in now if name in then}


def test_every_stored_name_has_a_golden_row():
    assert set(EVENTS) - {row["name"] for row in ROWS} == set()


def test_every_golden_row_has_a_name_that_can_still_be_read():
    assert {row["name"] for row in ROWS} - CATALOG.readable_names == set()


def test_a_golden_row_lies_in_the_file_of_its_name():
    assert [row["name"] for row in ROWS] == [file.stem for file in FILES]


@every_row
def test_a_golden_row_is_read_as_an_event_of_today_in_its_own_envelope(row):
    recorded = decoded(row)

    assert EVENTS[recorded.name] is type(recorded.event)
    envelope = msgspec.to_builtins(recorded.envelope)
    assert as_it_was_then(envelope, row["envelope"]) == row["envelope"]
    assert recorded.envelope.stream_id == UUID(row["stream_id"])
    assert recorded.envelope.version == row["version"]


@every_row
def test_the_hash_of_a_golden_row_is_the_one_it_was_stored_under(row):
    assert decoded(row).hash == row["hash"]


@every_current_row
def test_a_golden_row_says_what_it_said_when_it_was_stored(row):
    event = decoded(row).event

    assert type(event).__name__ == row["type"]
    told = json.loads(msgspec.json.encode(event))
    assert as_it_was_then(told, row["event"]) == row["event"]


@every_current_row
def test_a_golden_row_stored_again_gives_the_same_bytes(row):
    recorded = decoded(row)

    name, state = CATALOG.encode(recorded.event, recorded.envelope)

    then = {"envelope": row["envelope"], "event": row["event"]}
    now = msgspec.json.decode(state)
    if as_it_was_then(now, then) != now:  # fields were added: compare what remains
        state = msgspec.json.encode(as_it_was_then(now, then))
    assert (name, state.decode()) == (row["name"], row["state"])


def test_the_first_golden_session_is_one_unbroken_chain():
    first_release = [row for file, row in zip(FILES, ROWS, strict=True) if "0.1.0" in file.parts]
    session = sorted(
        (row for row in first_release if row["name"].startswith("trading_session.")),
        key=lambda row: row["version"],
    )

    assert [row["envelope"]["previous_hash"] for row in session] == [
        NO_HASH,
        *(row["hash"] for row in session[:-1]),
    ]
