"""Facts and values that the tests of the domain begin with."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from domain import events as e
from domain.session import TradingSession, fold
from domain.vocabulary import BrokerName, OrderSighting, OrderTerms

OPENING_BELL = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)
SESSION = UUID("5e550000-0000-4000-8000-000000000001")
OTHER_SESSION = UUID("5e550000-0000-4000-8000-000000000002")

CREATED = e.SessionCreated(label="work", generation=1, ends_at=OPENING_BELL + timedelta(days=7))

TEN_INFY = OrderTerms(
    exchange="NSE",
    trading_symbol="INFY",
    transaction_type="BUY",
    order_type="LIMIT",
    product="CNC",
    quantity_shares=10,
    limit_price_inr=Decimal("1480.50"),
)
REQUESTED = e.OrderRequested(
    order_key="k1",
    broker="kite",
    mode="SIMULATED",
    account_fingerprint="acc-1",
    credential_version=1,
    terms=TEN_INFY,
    fingerprint="print-1",
    broker_tag="utag0000000000000001",
)
DISPATCHED = e.OrderDispatched(order_key="k1")
PLACED = e.OrderPlaced(order_key="k1", broker_order_id="B1", placed_at=OPENING_BELL)
REJECTED = e.OrderRejected(order_key="k1", code="INSUFFICIENT_FUNDS", reason="Not enough money.")
UNKNOWN = e.OrderOutcomeUnknown(order_key="k1", cause="no answer within 7 s")

OPEN = OrderSighting(status="OPEN", raw_status="OPEN", filled_shares=0, pending_shares=10)
PARTIAL = OrderSighting(
    status="PARTIAL",
    raw_status="OPEN",
    filled_shares=4,
    pending_shares=6,
    average_price_inr=Decimal("1480.25"),
)
FILLED = OrderSighting(
    status="FILLED",
    raw_status="COMPLETE",
    filled_shares=10,
    pending_shares=0,
    average_price_inr=Decimal("1480.25"),
)


def login(
    version: int = 1, broker: BrokerName = "kite", expires_at: datetime | None = None
) -> e.BrokerAuthenticated:
    """A login that the broker accepted."""
    return e.BrokerAuthenticated(
        broker=broker,
        mode="SIMULATED",
        account_fingerprint="acc-1",
        account_sealed="sealed-1",
        credential_version=version,
        expires_at=expires_at,
    )


def observed(sighting: OrderSighting, broker_order_id: str = "B1") -> e.OrderObserved:
    return e.OrderObserved(order_key="k1", broker_order_id=broker_order_id, sighting=sighting)


def given(*events: e.Event) -> TradingSession:
    """The session after these facts."""
    session = fold(events)
    assert session is not None
    return session
