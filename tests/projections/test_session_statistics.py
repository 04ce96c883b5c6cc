"""Totals by kind, which only rise, and how many orders are in each state now."""

from msgspec.structs import replace

from domain import events as e
from domain.vocabulary import OrderSighting
from tests.domain.examples import EXAMPLES
from tests.domain.facts import (
    ABSENT,
    ADOPTED,
    CONFIRMED,
    CREATED,
    DECLINED,
    DENIED,
    DISPATCHED,
    FILLED,
    MISMATCHED,
    OPENING_BELL,
    PARTIAL,
    PLACED,
    PROPOSED,
    REJECTED,
    REQUESTED,
    UNKNOWN,
    accepted,
    doubted,
    login,
    modification,
    observed,
    refused,
    sent,
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


def test_what_is_decided_about_orders_and_changes_has_its_totals_too(history, shown):
    history.happened(
        WORK,
        CREATED,
        *(PROPOSED, CONFIRMED, PROPOSED, DECLINED, DENIED, ADOPTED, MISMATCHED, ABSENT),
        *(modification("m1"), sent("m1"), accepted("m1"), refused("m1"), doubted("m1")),
    )
    history.happened(
        KEY,
        EXAMPLES["risk_ledger.reserved.v1"],
        EXAMPLES["risk_ledger.released.v1"],
        EXAMPLES["risk_limits.changed.v1"],
        EXAMPLES["trading_switch.halted.v1"],
        EXAMPLES["trading_switch.resumed.v1"],
    )

    assert shown().statistics().value == {
        "sessions_created": 1,
        "orders_proposed": 2,
        "orders_confirmed": 1,
        "orders_declined": 1,
        "orders_denied": 1,
        "orders_adopted": 1,
        "orders_mismatched": 1,
        "orders_found_absent": 1,
        "changes_requested": 1,
        "changes_dispatched": 1,
        "changes_accepted": 1,
        "changes_rejected": 1,
        "changes_unknown": 1,
        "risk_reserved": 1,
        "risk_released": 1,
        "risk_limits_changed": 1,
        "trading_halted": 1,
        "trading_resumed": 1,
    }


def test_orders_are_counted_by_the_state_that_they_are_in_now(history, shown):
    def now() -> list[int]:
        orders = shown().orders_now().value
        return [orders[state] for state in ("requested", "dispatched", "placed", "unknown")]

    assert now() == [0, 0, 0, 0]
    history.happened(WORK, CREATED, REQUESTED, replace(REQUESTED, order_key="k2"))
    assert now() == [2, 0, 0, 0]
    history.happened(WORK, DISPATCHED)
    assert now() == [1, 1, 0, 0]
    history.happened(WORK, UNKNOWN)
    assert now() == [1, 0, 0, 1]
    history.happened(WORK, PLACED)
    assert now() == [1, 0, 1, 0]
    history.happened(WORK, observed(FILLED))
    assert now() == [1, 0, 0, 0]


def test_totals_go_on_from_batch_to_batch(history, shown):
    history.happened(WORK, CREATED, REQUESTED)
    assert shown().statistics().value["orders_requested"] == 1

    history.happened(WORK, REQUESTED, REQUESTED)

    assert shown().statistics().value["orders_requested"] == 3
