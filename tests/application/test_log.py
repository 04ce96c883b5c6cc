from uuid import UUID

from application.log import DecodedLog
from application.ports.event_store import Append, Row
from domain.catalog import CATALOG
from domain.envelope import Recorded, Undecodable
from domain.events import BrokerSelected, SessionCreated
from tests.application.world import FIRST, OPENING_BELL, World

KITE = BrokerSelected(broker="kite")
SELECTED = "trading_session.broker_selected.v1"


def put(world: World, name: str, state: bytes) -> None:
    """A row that this version of the software did not write."""
    version = len(world.store.read(FIRST)) + 1
    world.store.store(Append([Row(FIRST, version, name, state)]))


def test_the_log_is_read_in_order_from_behind_a_position(world: World):
    log = DecodedLog(world.store, CATALOG)
    world.append(FIRST, KITE, BrokerSelected(broker="groww"), BrokerSelected(broker="dhan"))

    batch = log(1, 500)

    assert [entry.position for entry in batch] == [2, 3]
    assert [e.event for e in batch if isinstance(e, Recorded)] == [
        BrokerSelected(broker="groww"),
        BrokerSelected(broker="dhan"),
    ]


def test_a_batch_is_no_longer_than_asked_for(world: World):
    world.append(FIRST, KITE, KITE, KITE)

    assert [entry.position for entry in DecodedLog(world.store, CATALOG)(0, 2)] == [1, 2]


def test_at_the_head_of_the_log_there_is_nothing(world: World):
    log = DecodedLog(world.store, CATALOG)
    world.append(FIRST, KITE)

    assert list(log(1, 500)) == []


def test_what_is_stored_after_an_empty_answer_is_found_by_the_next_one(world: World):
    log = DecodedLog(world.store, CATALOG)
    assert list(log(0, 500)) == []

    world.append(FIRST, KITE)

    assert [entry.position for entry in log(0, 500)] == [1]


def test_followers_at_the_same_position_share_one_reading(world: World, monkeypatch):
    log = DecodedLog(world.store, CATALOG)
    world.append(FIRST, KITE)
    first = log(0, 500)
    monkeypatch.setattr(world.store, "log", None)

    assert log(0, 500) is first


def test_an_unknown_name_is_told_as_such_and_the_rest_is_read(world: World):
    world.append(FIRST, KITE)
    put(world, "trading_session.order_blessed.v1", b"{}")
    world.append(UUID(int=7), KITE)

    _, stranger, after = DecodedLog(world.store, CATALOG)(0, 500)

    assert isinstance(stranger, Undecodable)
    assert stranger.unknown_name
    assert (stranger.stream_id, stranger.version, stranger.position) == (FIRST, 2, 2)
    assert "'trading_session.order_blessed.v1' is not known" in stranger.cause
    assert isinstance(after, Recorded)


def test_bytes_that_no_longer_decode_are_told_with_the_cause(world: World):
    put(world, SELECTED, b'{"envelope":')

    [broken] = DecodedLog(world.store, CATALOG)(0, 500)

    assert isinstance(broken, Undecodable)
    assert not broken.unknown_name
    assert broken.name == SELECTED
    assert broken.cause.startswith("DecodeError: ")


def test_a_value_outside_the_vocabulary_is_told_with_the_cause(world: World):
    world.append(FIRST, KITE)
    state = world.store.read(FIRST)[0].state.replace(b'"kite"', b'"upstox"')
    put(world, SELECTED, state)

    broken = DecodedLog(world.store, CATALOG)(0, 500)[1]

    assert isinstance(broken, Undecodable)
    assert broken.cause.startswith("ValidationError: Invalid enum value 'upstox'")


def test_a_damaged_envelope_is_told_with_the_cause(world: World):
    world.append(FIRST, KITE)
    state = world.store.read(FIRST)[0].state.replace(b'"actor":"user"', b'"actor":"nobody"')
    put(world, SELECTED, state)

    broken = DecodedLog(world.store, CATALOG)(0, 500)[1]

    assert isinstance(broken, Undecodable)
    assert not broken.unknown_name
    assert broken.cause.startswith("ValidationError: Invalid enum value 'nobody'")


def test_the_hashes_of_the_log_are_those_of_the_streams(world: World):
    world.append(FIRST, SessionCreated(label="x", generation=1, ends_at=OPENING_BELL), KITE)

    batch = DecodedLog(world.store, CATALOG)(0, 500)

    assert [entry.hash for entry in batch if isinstance(entry, Recorded)] == [
        recorded.hash for recorded in world.recorded(FIRST)
    ]
