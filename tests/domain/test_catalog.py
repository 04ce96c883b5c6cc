import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import get_args
from uuid import UUID

import msgspec
import pytest

from domain import events as e
from domain.catalog import CATALOG, EVENTS, Catalog, UnknownEventName
from domain.envelope import NO_HASH, Envelope, Recorded, digest
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
        if not child.__subclasses__() and child.__module__ == e.__name__:
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

    said = {name.split(".")[1]: words(kind) for name, kind in EVENTS.items()}

    assert said.pop("claimed") == "order_key_claimed"
    assert [(name, word) for name, word in said.items() if name != word] == []


def test_no_field_of_an_event_or_envelope_has_the_name_of_a_secret():
    secret = re.compile(r"token|secret|passw|pin$|otp|api_key|access|credential(?!_version)|cookie")
    named = {name for kind in (*EVENTS.values(), Envelope) for name in field_names(kind)}

    assert "limit_price_inr" in named, "the walk reaches the structs inside an event"
    assert {name for name in named if secret.search(name)} == set()


# There and back


def test_every_stored_name_has_an_example_here():
    assert EXAMPLES.keys() == EVENTS.keys()


def test_the_examples_leave_no_field_at_its_default():
    idle = [
        (name, field.name)
        for name, event in EXAMPLES.items()
        for struct in (event, getattr(event, "terms", event), getattr(event, "sighting", event))
        for field in msgspec.structs.fields(struct)
        if not field.required and getattr(struct, field.name) == field.default
    ]

    assert idle == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_event_comes_back_as_it_was_stored(name):
    stored_name, state = CATALOG.encode(EXAMPLES[name], ENVELOPE)

    recorded = CATALOG.decode(stored_name, state, stream_id=STREAM, version=7, position=41)

    assert stored_name == name == CATALOG.name_of(EXAMPLES[name])
    assert recorded == Recorded(
        name, EXAMPLES[name], ENVELOPE, digest(STREAM, 7, name, state), position=41
    )
    assert type(recorded.event) is EVENTS[name]


def test_prices_come_back_with_every_digit_that_was_stored():
    name, state = CATALOG.encode(EXAMPLES["trading_session.order_requested.v1"], ENVELOPE)

    requested = CATALOG.decode(name, state, stream_id=STREAM, version=7).event

    assert isinstance(requested, e.OrderRequested)
    assert str(requested.terms.limit_price_inr) == "1480.50"
    assert str(requested.terms.trigger_price_inr) == "1479.0000"


def test_a_price_is_stored_as_text_and_never_as_a_float():
    _, state = CATALOG.encode(EXAMPLES["trading_session.order_requested.v1"], ENVELOPE)

    assert b'"limit_price_inr":"1480.50"' in state


def test_a_field_of_a_later_release_is_passed_over():
    state = CATALOG.encode(e.BrokerSelected(broker="kite"), ENVELOPE)[1]
    later = state.replace(b'"broker":"kite"', b'"broker":"kite","mood":"good"')

    recorded = CATALOG.decode(
        "trading_session.broker_selected.v1", later, stream_id=STREAM, version=7
    )

    assert recorded.event == e.BrokerSelected(broker="kite")


# What cannot be read


def test_an_unknown_name_is_refused_loudly():
    with pytest.raises(UnknownEventName, match=r"'trading_session\.order_blessed\.v1' is not"):
        CATALOG.decode("trading_session.order_blessed.v1", b"{}", stream_id=STREAM, version=1)


def test_a_later_version_of_a_known_name_is_an_unknown_name():
    state = CATALOG.encode(e.BrokerSelected(broker="kite"), ENVELOPE)[1]

    with pytest.raises(UnknownEventName):
        CATALOG.decode("trading_session.broker_selected.v2", state, stream_id=STREAM, version=1)


@pytest.mark.parametrize(
    "damage",
    [
        (b'"broker":"kite"', b'"broker":"upstox"'),
        (b'"broker":"kite"', b'"broker":7'),
        (b'"broker":"kite"', b'"brokr":"kite"'),
        (b'"version":7', b'"version":"7"'),
        (b'"actor":"user"', b'"actor":"nobody"'),
        (b"}}", b"}"),
    ],
)
def test_bytes_that_are_not_what_the_name_promises_are_refused(damage):
    state = CATALOG.encode(e.BrokerSelected(broker="kite"), ENVELOPE)[1]
    damaged = state.replace(*damage)

    assert damaged != state
    with pytest.raises(msgspec.DecodeError):
        CATALOG.decode("trading_session.broker_selected.v1", damaged, stream_id=STREAM, version=7)


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


def old_row(fields: dict[str, object]) -> bytes:
    return msgspec.json.encode({"envelope": ENVELOPE, "event": fields})


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("pet.named.v1", old_row({"kind": "cat", "name": "Mishti"})),
        ("pet.named.v2", old_row({"kind": "cat", "names": ["Mishti"]})),
        ("pet.named.v3", PETS.encode(CURRENT, ENVELOPE)[1]),
    ],
)
def test_an_old_version_is_read_as_the_newest_one(name, state):
    recorded = PETS.decode(name, state, stream_id=STREAM, version=7, position=3)

    assert recorded.event == CURRENT
    assert recorded.name == "pet.named.v3"
    assert recorded.envelope == ENVELOPE
    assert recorded.position == 3


def test_the_hash_of_an_old_version_is_over_the_bytes_as_they_were_stored():
    state = old_row({"kind": "cat", "name": "Mishti"})

    recorded = PETS.decode("pet.named.v1", state, stream_id=STREAM, version=7)

    assert recorded.hash == digest(STREAM, 7, "pet.named.v1", state)


def test_only_the_newest_version_is_written():
    assert PETS.encode(CURRENT, ENVELOPE)[0] == "pet.named.v3"


def test_old_versions_count_as_readable():
    assert PETS.readable_names == {"pet.named.v1", "pet.named.v2", "pet.named.v3"}


# The chain of hashes


def test_a_digest_is_the_same_in_every_release():
    assert digest(STREAM, 1, "pet.named.v1", b"{}") == (
        "9fe2ab5672758040d18453ebca42f6eb6e1f397dee35d344cd9c2beb94c6a855"
    )


def test_a_digest_covers_stream_version_name_and_bytes():
    digests = {
        digest(STREAM, 1, "pet.named.v1", b"{}"),
        digest(UUID(int=1), 1, "pet.named.v1", b"{}"),
        digest(STREAM, 2, "pet.named.v1", b"{}"),
        digest(STREAM, 1, "pet.named.v2", b"{}"),
        digest(STREAM, 1, "pet.named.v1", b"{ }"),
        digest(STREAM, 1, "pet.named.v", b"1{}"),
    }

    assert len(digests) == 6


def test_the_first_event_of_a_stream_follows_a_hash_of_zeros():
    assert NO_HASH == "0000000000000000000000000000000000000000000000000000000000000000"
