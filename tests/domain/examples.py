"""One event of every stored name, with every optional field filled."""

from datetime import timedelta
from decimal import Decimal

from msgspec.structs import replace

from domain import events as e
from domain.vocabulary import OrderSighting, OrderTerms
from tests.domain.facts import (
    CREATED,
    DISPATCHED,
    OPENING_BELL,
    PLACED,
    REJECTED,
    REQUESTED,
    SESSION,
    UNKNOWN,
    login,
    observed,
)

TERMS = OrderTerms(
    exchange="NFO",
    trading_symbol="M&M26NOVFUT",
    transaction_type="SELL",
    order_type="SL",
    product="NRML",
    quantity_shares=10_000_000,
    variety="amo",
    validity="IOC",
    limit_price_inr=Decimal("1480.50"),
    trigger_price_inr=Decimal("1479.0000"),
    disclosed_quantity_shares=1,
    tag='रमेश "x" \\ \n',
)
SIGHTING = OrderSighting(
    status="PARTIAL",
    raw_status="OPEN",
    filled_shares=4,
    pending_shares=6,
    average_price_inr=Decimal("0.10"),
    status_message="waiting",
    broker_time=OPENING_BELL + timedelta(microseconds=1),
)

EXAMPLES: dict[str, e.Event] = {
    "trading_session.session_created.v1": replace(
        CREATED, label="शेयर", active_broker="groww", previous_session_id=SESSION
    ),
    "trading_session.broker_selected.v1": e.BrokerSelected(broker="dhan"),
    "trading_session.broker_authenticated.v1": replace(
        login(expires_at=OPENING_BELL), relinked=True
    ),
    "trading_session.broker_authentication_failed.v1": e.BrokerAuthenticationFailed(
        broker="kite", code="TOKEN_REFUSED"
    ),
    "trading_session.broker_authentication_expired.v1": e.BrokerAuthenticationExpired(
        broker="kite", discovered="clock"
    ),
    "trading_session.broker_logged_out.v1": e.BrokerLoggedOut(broker="kite"),
    "trading_session.session_expired.v1": e.SessionExpired(
        reason="idle",
        last_activity_at=OPENING_BELL,
        deadline=OPENING_BELL + timedelta(hours=24, seconds=10),
    ),
    "trading_session.session_ended.v1": e.SessionEnded(reason="operator"),
    "trading_session.order_requested.v1": replace(REQUESTED, terms=TERMS),
    "trading_session.order_dispatched.v1": DISPATCHED,
    "trading_session.order_placed.v1": PLACED,
    "trading_session.order_rejected.v1": replace(REJECTED, reached_broker=False),
    "trading_session.order_outcome_unknown.v1": UNKNOWN,
    "trading_session.order_observed.v1": observed(SIGHTING),
    "order_key.claimed.v1": e.OrderKeyClaimed(
        order_key="k1", fingerprint="print-1", session_id=SESSION
    ),
}
