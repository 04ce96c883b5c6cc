"""One event of every stored name, with every optional field filled."""

from datetime import timedelta
from decimal import Decimal

from msgspec.structs import replace

from domain import control_events as c
from domain import events as e
from domain.vocabulary import GttLeg, OrderSighting, OrderTerms, PlaceGtt, RiskFacts
from tests.domain.facts import (
    ABSENT,
    ADOPTED,
    ASHA,
    CONFIRMED,
    CREATED,
    DECLINED,
    DENIED,
    DISPATCHED,
    MISMATCHED,
    OPENING_BELL,
    PLACED,
    PROPOSED,
    REJECTED,
    REQUESTED,
    SESSION,
    UNKNOWN,
    accepted,
    doubted,
    login,
    modification,
    observed,
    refused,
    sent,
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
    instruction=PlaceGtt(
        legs=(
            GttLeg(trigger_price_inr=Decimal("1400.00"), limit_price_inr=Decimal("1395.50")),
            GttLeg(trigger_price_inr=Decimal("1600.0000"), limit_price_inr=Decimal("1599")),
        )
    ),
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
RISK = RiskFacts(
    price_inr=Decimal("1479.95"),
    price_at=OPENING_BELL,
    value_inr=Decimal("14805000000.00"),
    tick_inr=Decimal("0.05"),
    lot_size_shares=400,
    kind="FUT",
    orders_today=7,
    value_today_inr=Decimal("99999.9900"),
    orders_last_second=1,
    orders_last_minute=3,
    unknown_open=1,
    same_order_at=OPENING_BELL - timedelta(seconds=29),
    held_inr=Decimal("9000.00"),
    exchange_open=False,
    closed_because="Guru Nanak Jayanti",
    opens_at=OPENING_BELL + timedelta(days=2),
)

EXAMPLES: dict[str, e.Event] = {
    "trading_session.session_created.v1": replace(
        CREATED,
        label="शेयर",
        active_broker="groww",
        previous_session_id=SESSION,
        data_broker="kite",
    ),
    "trading_session.broker_selected.v1": e.BrokerSelected(broker="dhan"),
    "trading_session.data_broker_selected.v1": e.DataBrokerSelected(broker="kite"),
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
    "trading_session.order_requested.v1": replace(
        REQUESTED,
        terms=TERMS,
        egress="way-1",
        dispatch_by=OPENING_BELL + timedelta(seconds=10),
        approval="p1",
        risk=RISK,
        slice_of="k0",
    ),
    "trading_session.order_dispatched.v1": DISPATCHED,
    "trading_session.order_placed.v1": PLACED,
    "trading_session.order_rejected.v1": replace(REJECTED, reached_broker=False),
    "trading_session.order_outcome_unknown.v1": UNKNOWN,
    "trading_session.order_observed.v1": observed(SIGHTING),
    "trading_session.order_proposed.v1": replace(PROPOSED, terms=TERMS, change_key="m1", slices=3),
    "trading_session.order_confirmed.v1": CONFIRMED,
    "trading_session.order_declined.v1": DECLINED,
    "trading_session.order_denied.v1": replace(DENIED, terms=TERMS, facts=RISK, change_key="m1"),
    "trading_session.order_found_absent.v1": ABSENT,
    "trading_session.order_adopted.v1": replace(ADOPTED, terms=TERMS, sighting=SIGHTING),
    "trading_session.order_mismatched.v1": MISMATCHED,
    "trading_session.order_change_requested.v1": replace(
        modification(), terms=TERMS, egress="way-1", approval="p1", risk=RISK
    ),
    "trading_session.order_change_dispatched.v1": sent("m1"),
    "trading_session.order_change_accepted.v1": replace(accepted("m1"), at=OPENING_BELL),
    "trading_session.order_change_rejected.v1": replace(refused("m1"), reached_broker=False),
    "trading_session.order_change_unknown.v1": doubted("m1"),
    "risk_ledger.reserved.v1": c.RiskReserved(
        order_key="k1",
        session_id=SESSION,
        broker="kite",
        account_fingerprint="acc-1",
        same_as="same-1",
        value_inr=Decimal("14805.00"),
        at=OPENING_BELL,
        broker_tag="utag0000000000000001",
        change_key="m1",
    ),
    "risk_ledger.released.v1": c.RiskReleased(
        order_key="k1", reason="INSUFFICIENT_FUNDS", change_key="m1"
    ),
    "risk_limits.changed.v1": c.RiskLimitsChanged(
        changes={"max_order_value_inr": "50000", "max_orders_per_day": None},
        reason="asked for by phone",
    ),
    "trading_switch.halted.v1": c.TradingHalted(
        scope="account", reason="A mismatch at the broker.", by=ASHA, order_key="k1"
    ),
    "trading_switch.resumed.v1": c.TradingResumed(scope="account", reason="Looked into.", by=ASHA),
    "order_key.claimed.v1": e.OrderKeyClaimed(
        order_key="k1", fingerprint="print-1", session_id=SESSION
    ),
}
