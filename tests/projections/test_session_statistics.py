"""Totals by kind, which only rise."""

from domain import events as e
from domain.vocabulary import OrderSighting
from tests.domain.facts import (
    CREATED,
    DISPATCHED,
    FILLED,
    OPENING_BELL,
    PARTIAL,
    PLACED,
    REJECTED,
    REQUESTED,
    UNKNOWN,
    login,
    observed,
)
from tests.projections.history import HOME, KEY, RAVI, WORK


def test_before_the_first_event_there_is_nothing_to_count(shown):
    assert shown().statistics().value == {}


def test_each_kind_of_fact_has_its_own_total(history, shown):
    cancelled = OrderSighting(
        status="CANCELLED", raw_status="CANCELLED", filled_shares=0, pending_shares=0
    )
    history.happened(
        WORK,
        CREATED,
        e.BrokerAuthenticationFailed(broker="kite", code="TOKEN_REFUSED"),
        login(),
        e.BrokerSelected(broker="kite"),
        REQUESTED,
        DISPATCHED,
        PLACED,
        observed(PARTIAL),
        observed(FILLED),
        REJECTED,
        UNKNOWN,
        observed(cancelled),
        e.BrokerAuthenticationExpired(broker="kite", discovered="broker"),
        e.BrokerLoggedOut(broker="kite"),
        e.SessionEnded(reason="done"),
    )
    history.happened(
        HOME,
        CREATED,
        e.SessionExpired(reason="age", last_activity_at=OPENING_BELL, deadline=OPENING_BELL),
        principal=RAVI,
    )
    history.happened(KEY, e.OrderKeyClaimed(order_key="k1", fingerprint="print-1", session_id=WORK))

    assert shown().statistics().value == {
        "sessions_created": 2,
        "sessions_expired": 1,
        "sessions_ended": 1,
        "logins_accepted": 1,
        "logins_refused": 1,
        "logins_expired": 1,
        "logouts": 1,
        "orders_requested": 1,
        "orders_dispatched": 1,
        "orders_placed": 1,
        "orders_rejected": 1,
        "orders_unknown": 1,
        "orders_seen_partial": 1,
        "orders_seen_filled": 1,
        "orders_seen_cancelled": 1,
    }


def test_totals_go_on_from_batch_to_batch(history, shown):
    history.happened(WORK, CREATED, REQUESTED)
    assert shown().statistics().value["orders_requested"] == 1

    history.happened(WORK, REQUESTED, REQUESTED)

    assert shown().statistics().value == {"sessions_created": 1, "orders_requested": 3}
