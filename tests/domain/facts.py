"""Facts and values that the tests of the domain begin with."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from msgspec.structs import replace

from domain import events as e
from domain.session import TradingSession, fold
from domain.vocabulary import BrokerName, OrderSighting, OrderStatus, OrderTerms, RiskFacts

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


ASHA = UUID("a5a00000-0000-4000-8000-000000000001")
PROPOSED = e.OrderProposed(
    order_key="k1",
    proposal_id="p1",
    broker="kite",
    mode="SIMULATED",
    account_fingerprint="acc-1",
    terms=TEN_INFY,
    fingerprint="print-1",
    text="Buy 10 shares of NSE:INFY.",
    text_hash="hash-1",
    expires_at=OPENING_BELL + timedelta(seconds=120),
)
CONFIRMED = e.OrderConfirmed(
    order_key="k1", proposal_id="p1", method="page", by=ASHA, text_hash="hash-1"
)
DECLINED = e.OrderDeclined(
    order_key="k1", proposal_id="p1", method="elicitation", by=ASHA, reason="declined"
)
DENIED = e.OrderDenied(
    order_key="k1",
    broker="kite",
    mode="SIMULATED",
    account_fingerprint="acc-1",
    terms=TEN_INFY,
    rule="max_order_value_inr",
    rule_version=1,
    threshold="10000",
    reason="It is worth 14805.00 INR.",
    facts=RiskFacts(value_inr=Decimal("14805.00")),
)
NEVER_SENT = e.OrderRejected(
    order_key="k1", code="NEVER_SENT", reason="No connection.", reached_broker=False
)
ABSENT = e.OrderFoundAbsent(order_key="k1", looked_at=OPENING_BELL + timedelta(hours=12))
MISMATCHED = e.OrderMismatched(
    order_key="k1", broker_order_id="B1", found="SELL 10 NSE:INFY instead of BUY"
)
ADOPTED = e.OrderAdopted(
    order_key="k1",
    broker="kite",
    mode="SIMULATED",
    account_fingerprint="acc-1",
    credential_version=1,
    broker_tag="utag0000000000000001",
    broker_order_id="B1",
    terms=TEN_INFY,
    sighting=OPEN,
    placed_at=OPENING_BELL,
)


def modification(key: str = "m1", quantity_shares: int = 20) -> e.OrderChangeRequested:
    """Of k1, to another quantity."""
    return e.OrderChangeRequested(
        order_key="k1",
        change_key=key,
        kind="modify",
        broker_order_id="B1",
        terms=replace(TEN_INFY, quantity_shares=quantity_shares),
        fingerprint=f"print-{key}",
        credential_version=1,
        egress=None,
        dispatch_by=OPENING_BELL + timedelta(seconds=10),
    )


def cancellation(key: str = "c1") -> e.OrderChangeRequested:
    """Of k1."""
    return replace(modification(key), kind="cancel", terms=None)


def sent(key: str) -> e.OrderChangeDispatched:
    return e.OrderChangeDispatched(order_key="k1", change_key=key)


def accepted(key: str) -> e.OrderChangeAccepted:
    return e.OrderChangeAccepted(order_key="k1", change_key=key)


def refused(key: str) -> e.OrderChangeRejected:
    return e.OrderChangeRejected(
        order_key="k1", change_key=key, code="ORDER_NOT_OPEN", reason="Too late."
    )


def doubted(key: str) -> e.OrderChangeUnknown:
    return e.OrderChangeUnknown(order_key="k1", change_key=key, cause="no answer within 7 s")


def observed(sighting: OrderSighting, broker_order_id: str = "B1") -> e.OrderObserved:
    return e.OrderObserved(order_key="k1", broker_order_id=broker_order_id, sighting=sighting)


def ended(status: OrderStatus, filled_shares: int = 0) -> OrderSighting:
    """Seen in this state, which the broker calls the same."""
    return OrderSighting(
        status=status,
        raw_status=status,
        filled_shares=filled_shares,
        pending_shares=10 - filled_shares,
    )


def given(*events: e.Event) -> TradingSession:
    """The session after these facts."""
    session = fold(events)
    assert session is not None
    return session
