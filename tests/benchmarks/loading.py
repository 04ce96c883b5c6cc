"""Loading a session of 100 events, against the library's declarative aggregate."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import median
from time import process_time
from uuid import UUID, uuid5

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from msgspec.structs import asdict

from application.ports.event_store import Append, Row
from domain import events as e
from domain.catalog import CATALOG
from domain.envelope import NO_HASH, Envelope, digest
from domain.session import fold
from domain.vocabulary import OrderSighting, OrderTerms
from infrastructure.store.sqlite import SqliteEventStore
from tests.benchmarks.scratch import scratch_server

EVENTS = 100
LOADS = 200
ROUNDS = 9
TARGET = 8.0
STREAM = UUID("00000000-0000-5000-8000-000000000001")
AT = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)


class DeclarativeSession(Aggregate):
    """The same facts, field by field, with the library's decorator, mapper and transcoder."""

    @event("Created")
    def __init__(self, label: str, generation: int, ends_at: datetime) -> None:
        self.label = label
        self.generation = generation
        self.ends_at = ends_at
        self.orders: dict[str, dict[str, object]] = {}

    @event("Requested")
    def request(
        self,
        order_key: str,
        broker: str,
        mode: str,
        account_fingerprint: str,
        credential_version: int,
        terms: dict[str, object],
        fingerprint: str,
        broker_tag: str,
    ) -> None:
        self.orders[order_key] = {"terms": terms, "fingerprint": fingerprint, "tag": broker_tag}

    @event("Dispatched")
    def dispatch(self, order_key: str) -> None:
        self.orders[order_key]["stage"] = "dispatched"

    @event("Placed")
    def place(self, order_key: str, broker_order_id: str, placed_at: datetime) -> None:
        self.orders[order_key]["broker_order_id"] = broker_order_id

    @event("Observed")
    def observe(self, order_key: str, broker_order_id: str, sighting: dict[str, object]) -> None:
        del self.orders[order_key]


def declarative_history() -> DeclarativeSession:
    """`history()` once more, told to the aggregate."""
    first, *rest = history()
    assert isinstance(first, e.SessionCreated)
    session = DeclarativeSession(first.label, first.generation, first.ends_at)
    for fact in rest:
        match fact:
            case e.OrderRequested():
                fields = {name: getattr(fact, name) for name in fact.__struct_fields__}
                session.request(**fields | {"terms": asdict(fact.terms)})
            case e.OrderDispatched():
                session.dispatch(fact.order_key)
            case e.OrderPlaced():
                session.place(fact.order_key, fact.broker_order_id, fact.placed_at)
            case e.OrderObserved():
                session.observe(fact.order_key, fact.broker_order_id, asdict(fact.sighting))
    assert session.version == EVENTS
    return session


def history() -> list[e.SessionEvent]:
    """One session with orders from request to fill: `EVENTS` facts."""
    facts: list[e.SessionEvent] = [
        e.SessionCreated(label="default", generation=1, ends_at=AT + timedelta(days=7)),
    ]
    number = 0
    while len(facts) < EVENTS:
        number += 1
        key = f"order-{number}"
        facts += [
            e.OrderRequested(
                order_key=key,
                broker="paper",
                mode="PAPER",
                account_fingerprint="f" * 32,
                credential_version=0,
                terms=OrderTerms(
                    exchange="NSE",
                    trading_symbol="INFY",
                    transaction_type="BUY",
                    order_type="LIMIT",
                    product="CNC",
                    quantity_shares=10,
                    limit_price_inr=Decimal("1500.05"),
                ),
                fingerprint="a" * 64,
                broker_tag="u" + "b" * 19,
            ),
            e.OrderDispatched(order_key=key),
            e.OrderPlaced(order_key=key, broker_order_id=f"B{number}", placed_at=AT),
            e.OrderObserved(
                order_key=key,
                broker_order_id=f"B{number}",
                sighting=OrderSighting(
                    status="FILLED", raw_status="COMPLETE", filled_shares=10, pending_shares=0
                ),
            ),
        ]
    return facts[:EVENTS]


def rows(stream_id: UUID = STREAM) -> list[Row]:
    """The history as it is stored, chained."""
    head, stored = NO_HASH, []
    for version, fact in enumerate(history(), start=1):
        envelope = Envelope(
            stream_id=stream_id,
            version=version,
            recorded_at=AT,
            principal=uuid5(stream_id, "principal"),
            actor="user",
            command_id=uuid5(stream_id, str(version)),
            correlation_id=uuid5(stream_id, str(version)),
            previous_hash=head,
        )
        name, state = CATALOG.encode(fact, envelope)
        stored.append(Row(stream_id, version, name, state))
        head = digest(stored[-1])
    return stored


def run() -> None:
    with scratch_server() as scratch:
        store = SqliteEventStore(scratch.settings.data_dir / "events.db", max_sessions=10)
        store.append(Append(rows()))
        library: Application[UUID] = Application(
            env={
                "PERSISTENCE_MODULE": "eventsourcing.sqlite",
                "SQLITE_DBNAME": str(scratch.settings.data_dir / "library.db"),
            }
        )
        theirs = declarative_history()
        library.save(theirs)

        def ours() -> None:
            fold(CATALOG.read(row).event for row in store.read(STREAM))

        def declarative() -> None:
            library.repository.get(theirs.id)

        mine, other = [], []
        for _ in range(ROUNDS):
            mine.append(_each(ours))
            other.append(_each(declarative))
        store.close()
    ratio = median(o / m for m, o in zip(mine, other, strict=True))
    print(
        f"load a session of {EVENTS} events from SQLite: {median(mine) * 1e6:.0f} us, the "
        f"library's declarative aggregate {median(other) * 1e6:.0f} us; {ratio:.1f} times faster "
        f"(at least {TARGET:.0f})"
    )


def _each(load: Callable[[], None]) -> float:
    started = process_time()
    for _ in range(LOADS):
        load()
    return (process_time() - started) / LOADS


if __name__ == "__main__":
    run()
