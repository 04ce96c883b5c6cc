"""What a trading day has taken from the limits."""

from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from domain import control_events as c
from domain import events as e
from domain.risk_ledger import RiskLedger, fold_ledger, release
from tests.domain.facts import OPENING_BELL, SESSION

RESERVED = c.RiskReserved(
    order_key="k1",
    session_id=SESSION,
    broker="kite",
    account_fingerprint="acc-1",
    same_as="ten infy",
    value_inr=Decimal("14805.00"),
    at=OPENING_BELL,
    broker_tag="utag0000000000000001",
)
OTHER = replace(
    RESERVED,
    order_key="k2",
    same_as="five tcs",
    value_inr=Decimal("0.05"),
    at=OPENING_BELL + timedelta(seconds=10),
    broker_tag="utag0000000000000002",
)
MODIFIED = replace(RESERVED, change_key="m1", value_inr=Decimal("100"))
RELEASED = c.RiskReleased(order_key="k1", reason="INSUFFICIENT_FUNDS")


def ledger(*events: e.Event) -> RiskLedger:
    return fold_ledger(events)


def test_a_new_day_has_taken_nothing():
    assert (ledger().orders, ledger().value_inr) == (0, Decimal(0))


def test_reservations_add_up_to_the_last_paisa():
    day = ledger(RESERVED, OTHER)

    assert (day.orders, day.value_inr) == (2, Decimal("14805.05"))


def test_an_order_without_a_price_counts_as_an_order_of_no_known_value():
    day = ledger(replace(RESERVED, value_inr=None))

    assert (day.orders, day.value_inr) == (1, Decimal(0))


def test_a_modification_is_counted_beside_its_order():
    day = ledger(RESERVED, MODIFIED)

    assert (day.orders, day.value_inr) == (2, Decimal("14905.00"))


# Giving back


def test_what_is_proven_not_to_be_at_the_broker_is_given_back():
    assert release(ledger(RESERVED), "k1", "INSUFFICIENT_FUNDS") == [RELEASED]


def test_what_was_given_back_still_counts_as_an_order_and_no_longer_by_its_value():
    day = ledger(RESERVED, OTHER, RELEASED)

    assert (day.orders, day.value_inr) == (2, Decimal("0.05"))


def test_giving_back_twice_stores_nothing_the_second_time():
    assert release(ledger(RESERVED, RELEASED), "k1", "INSUFFICIENT_FUNDS") == []


def test_an_order_that_took_nothing_gives_nothing_back():
    assert release(ledger(RESERVED), "k2", "INSUFFICIENT_FUNDS") == []
    assert ledger(RELEASED) == ledger()


def test_a_modification_is_given_back_without_its_order():
    [released] = release(ledger(RESERVED, MODIFIED), "k1", "ORDER_NOT_OPEN", "m1")

    assert released == c.RiskReleased(order_key="k1", reason="ORDER_NOT_OPEN", change_key="m1")
    assert ledger(RESERVED, MODIFIED, released).value_inr == Decimal("14805.00")


# Rates


@pytest.mark.parametrize(
    ("after", "orders"),
    [
        (timedelta(seconds=10), 2),
        (timedelta(seconds=60) - timedelta(microseconds=1), 2),
        (timedelta(seconds=60), 1),
        (timedelta(seconds=70), 0),
    ],
)
def test_orders_of_the_last_minute_are_counted_to_the_instant(after, orders):
    day = ledger(RESERVED, OTHER)

    assert day.since(OPENING_BELL + after, timedelta(minutes=1)) == orders


def test_orders_of_another_instances_faster_clock_count_as_well():
    assert ledger(OTHER).since(OPENING_BELL, timedelta(seconds=1)) == 1


def test_an_order_that_was_given_back_still_counts_for_the_rate():
    assert ledger(RESERVED, RELEASED).since(OPENING_BELL, timedelta(seconds=1)) == 1


# The same order again


def test_the_last_order_that_looks_the_same_is_found():
    again = replace(RESERVED, order_key="k3", at=OPENING_BELL + timedelta(seconds=29))

    assert ledger(RESERVED, again, OTHER).last_same("ten infy") == again.at
    assert ledger(again, RESERVED).last_same("ten infy") == again.at
    assert ledger(OTHER).last_same("ten infy") is None


def test_an_order_that_was_given_back_is_nobodys_duplicate():
    assert ledger(RESERVED, RELEASED).last_same("ten infy") is None


def test_facts_of_other_streams_are_nothing_to_the_ledger():
    halted = c.TradingHalted(scope="global", reason="Friday.", by=None)

    assert ledger(halted, RESERVED) == ledger(RESERVED)
