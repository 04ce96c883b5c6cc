import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import get_args
from uuid import UUID

import msgspec
import pytest

from domain import control_events as c
from domain import events as e
from domain.catalog import CATALOG, EVENTS, Catalog, UnknownEventName
from domain.envelope import NO_HASH, Envelope, Row, digest
from tests.domain.examples import EXAMPLES

STREAM = UUID("5e550000-0000-4000-8000-000000000001")
ENVELOPE = Envelope(
    stream_id=STREAM,
    version=7,
    recorded_at=datetime(2026, 11, 23, 3, 45, 0, 1, tzinfo=UTC),
    principal=UUID("a5a00000-0000-4000-8000-000000000001"),
    actor="user",
    command_id=UUID(int=1),
    correlation_id=UUID(int=2),
    previous_hash="ab" * 32,
    causation_id=UUID(int=3),
    client_name="Claude Desktop",
    client_version="1.2",
    trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
)


def every_kind(kind: type[e.Event] = e.Event) -> Iterator[type[e.Event]]:
    for child in kind.__subclasses__():
        yield from every_kind(child)
        if not child.__subclasses__() and child.__module__ in (e.__name__, c.__name__):
            yield child


def field_names(kind: object) -> Iterator[str]:
    """Of a struct and of the structs inside it, optional ones too."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for inner in msgspec.structs.fields(kind):
            yield inner.name
            yield from field_names(inner.type)
    for argument in get_args(kind):
        yield from field_names(argument)


# Names


def test_every_event_of_the_domain_has_exactly_one_stored_name():
    assert sorted(EVENTS.values(), key=repr) == sorted(every_kind(), key=repr)


def test_stored_names_have_a_stream_a_fact_and_a_version():
    odd = [name for name in EVENTS if not re.fullmatch(r"[a-z_]+\.[a-z_]+\.v\d+", name)]

    assert odd == []


def test_a_stored_name_says_what_its_event_is():
    def words(kind: type[e.Event]) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()

    def said(name: str) -> set[str]:
        """Beside a session the stream says what is claimed, reserved or halted."""
        stream, fact, _ = name.split(".")
        first_word = stream.split("_")[0]
        return (
            {fact} if stream == "trading_session" else {f"{first_word}_{fact}", f"{stream}_{fact}"}
        )

    assert [name for name, kind in EVENTS.items() if words(kind) not in said(name)] == []


def test_no_field_of_an_event_or_envelope_has_the_name_of_a_secret():
    secret = re.compile(r"token|secret|passw|pin$|otp|api_key|access|credential(?!_version)|cookie")
    named = {name for kind in (*EVENTS.values(), Envelope) for name in field_names(kind)}

    assert "limit_price_inr" in named, "the walk reaches the structs inside an event"
    assert {name for name in named if secret.search(name)} == set()


# There and back


def test_every_stored_name_has_an_example_here():
    assert EXAMPLES.keys() == EVENTS.keys()


def inner_structs(event: e.Event) -> list[msgspec.Struct]:
    values = [getattr(event, field.name) for field in msgspec.structs.fields(event)]
    return [value for value in values if isinstance(value, msgspec.Struct)]


def test_the_examples_leave_no_field_at_its_default():
    idle = [
        (name, field.name)
        for name, event in EXAMPLES.items()
        for struct in (event, *inner_structs(event))
        for field in msgspec.structs.fields(struct)
        if not field.required and getattr(struct, field.name) == field.default
    ]

    assert idle == []


def stored(event: e.Event, catalog: Catalog = CATALOG) -> Row:
    """The row of this event, at version 7 of its stream and position 41 of the log."""
    return Row(STREAM, 7, *catalog.encode(event, ENVELOPE), 41)


def damaged(row: Row, was: bytes, became: bytes) -> Row:
    state = row.state.replace(was, became)
    assert state != row.state
    return Row(row.stream_id, row.version, row.name, state, row.position)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_event_comes_back_as_it_was_stored(name):
    row = stored(EXAMPLES[name])

    recorded = CATALOG.read(row)

    assert row.name == name == CATALOG.name_of(EXAMPLES[name])
    assert recorded.name == name
    assert recorded.event == EXAMPLES[name]
    assert type(recorded.event) is EVENTS[name]
    assert recorded.envelope == ENVELOPE
    assert recorded.hash == digest(row)
    assert recorded.position == 41


def test_an_envelope_of_bare_necessities_comes_back_without_the_rest():
    bare = Envelope(
        stream_id=STREAM,
        version=1,
        recorded_at=datetime(2026, 11, 23, 3, 45, tzinfo=UTC),
        principal=UUID(int=4),
        actor="system",
        command_id=UUID(int=1),
        correlation_id=UUID(int=2),
        previous_hash=NO_HASH,
    )
    row = Row(STREAM, 1, *CATALOG.encode(e.BrokerSelected(broker="kite"), bare))

    recorded = CATALOG.read(row)

    assert recorded.envelope == bare
    assert recorded.envelope.client_name is None
    assert recorded.position is None


def test_prices_come_back_with_every_digit_that_was_stored():
    requested = CATALOG.read(stored(EXAMPLES["trading_session.order_requested.v1"])).event

    assert isinstance(requested, e.OrderRequested)
    assert str(requested.terms.limit_price_inr) == "1480.50"
    assert str(requested.terms.trigger_price_inr) == "1479.0000"


def test_a_price_is_stored_as_text_and_never_as_a_float():
    row = stored(EXAMPLES["trading_session.order_requested.v1"])

    assert b'"limit_price_inr":"1480.50"' in row.state


def test_a_field_of_a_later_release_is_passed_over():
    row = stored(e.BrokerSelected(broker="kite"))
    later = damaged(row, b'"broker":"kite"', b'"broker":"kite","mood":"good"')

    assert CATALOG.read(later).event == e.BrokerSelected(broker="kite")


# What cannot be read


@pytest.mark.parametrize(
    "name", ["trading_session.order_blessed.v1", "trading_session.broker_selected.v2"]
)
def test_an_unknown_name_is_refused_loudly(name):
    row = stored(e.BrokerSelected(broker="kite"))

    with pytest.raises(UnknownEventName, match=rf"'{re.escape(name)}' is not known"):
        CATALOG.read(Row(STREAM, 7, name, row.state))


@pytest.mark.parametrize(
    "damage",
    [
        (b'"broker":"kite"', b'"broker":"upstox"'),
        (b'"broker":"kite"', b'"broker":7'),
        (b'"broker":"kite"', b'"brokr":"kite"'),
        (b'"event":', b'"evnt":'),
        (b'"envelope":', b'"envlope":'),
        (b"}}", b"}"),
        (b"}}", b"}}}"),
    ],
)
def test_bytes_that_are_not_what_the_name_promises_are_refused(damage):
    row = stored(e.BrokerSelected(broker="kite"))

    with pytest.raises(msgspec.DecodeError):
        CATALOG.read(damaged(row, *damage))


@pytest.mark.parametrize(
    "damage",
    [
        (b'"version":7', b'"version":"7"'),
        (b'"actor":"user"', b'"actor":"nobody"'),
        (b'"principal":"a5a00000', b'"principal":"nobody00'),
        (b'"command_id":', b'"comand_id":'),
    ],
)
def test_a_damaged_envelope_is_refused_at_the_latest_when_it_is_asked_for(damage):
    row = stored(e.BrokerSelected(broker="kite"))

    with pytest.raises(msgspec.DecodeError):
        _ = CATALOG.read(damaged(row, *damage)).envelope


# Old versions


class PetNamed(e.Event, frozen=True, kw_only=True):
    """The newest of three versions of a fact that only this test knows."""

    species: str
    names: tuple[str, ...]
    age_years: int | None = None


def v1_to_v2(fields):
    return "pet.named.v2", {"kind": fields["kind"], "names": [fields["name"]]}


def v2_to_v3(fields):
    return "pet.named.v3", {"species": fields["kind"].upper(), "names": fields["names"]}


PETS = Catalog({"pet.named.v3": PetNamed}, {"pet.named.v1": v1_to_v2, "pet.named.v2": v2_to_v3})
CURRENT = PetNamed(species="CAT", names=("Mishti",))


def old_row(name: str, fields: dict[str, object]) -> Row:
    state = msgspec.json.encode({"envelope": ENVELOPE, "event": fields})
    return Row(STREAM, 7, name, state, 41)


@pytest.mark.parametrize(
    "row",
    [
        old_row("pet.named.v1", {"kind": "cat", "name": "Mishti"}),
        old_row("pet.named.v2", {"kind": "cat", "names": ["Mishti"]}),
        stored(CURRENT, PETS),
    ],
    ids=lambda row: row.name,
)
def test_every_version_is_read_as_the_newest_one(row):
    recorded = PETS.read(row)

    assert recorded.event == CURRENT
    assert recorded.name == "pet.named.v3"
    assert recorded.envelope == ENVELOPE
    assert recorded.position == 41


def test_the_hash_of_an_old_version_is_over_the_bytes_as_they_were_stored():
    row = old_row("pet.named.v1", {"kind": "cat", "name": "Mishti"})

    assert PETS.read(row).hash == digest(row)


def test_an_old_version_that_leads_to_nonsense_is_refused():
    row = old_row("pet.named.v2", {"kind": "cat", "names": "Mishti"})

    with pytest.raises(msgspec.ValidationError):
        PETS.read(row)


def test_only_the_newest_version_is_written():
    assert PETS.encode(CURRENT, ENVELOPE)[0] == "pet.named.v3"


def test_old_versions_count_as_readable():
    assert PETS.readable_names == {"pet.named.v1", "pet.named.v2", "pet.named.v3"}


# The chain of hashes


FIRST_ROW = Row(STREAM, 1, "pet.named.v1", b"{}")


def test_a_digest_is_the_same_in_every_release():
    assert digest(FIRST_ROW) == "9fe2ab5672758040d18453ebca42f6eb6e1f397dee35d344cd9c2beb94c6a855"


@pytest.mark.parametrize(
    "other",
    [
        Row(UUID(int=1), 1, "pet.named.v1", b"{}"),
        Row(STREAM, 2, "pet.named.v1", b"{}"),
        Row(STREAM, 1, "pet.named.v2", b"{}"),
        Row(STREAM, 1, "pet.named.v1", b"{ }"),
        Row(STREAM, 1, "pet.named.v", b"1{}"),
    ],
    ids=["stream", "version", "name", "bytes", "where the name ends"],
)
def test_a_digest_covers(other):
    assert digest(other) != digest(FIRST_ROW)


def test_a_digest_does_not_depend_on_the_place_in_the_log():
    assert digest(Row(STREAM, 1, "pet.named.v1", b"{}", 41)) == digest(FIRST_ROW)


def test_the_first_event_of_a_stream_follows_a_hash_of_zeros():
    assert NO_HASH == "0000000000000000000000000000000000000000000000000000000000000000"
