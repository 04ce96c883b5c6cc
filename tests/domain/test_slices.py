from decimal import Decimal

import pytest
from msgspec.structs import replace

from domain import events as e
from domain.errors import InvalidOrder
from domain.order_reports import order_reports
from domain.slices import report_in, slice_key, slice_terms, slices_in
from tests.domain.facts import OPENING_BELL, REQUESTED
from tests.domain.facts import TEN_INFY as TEN

NIFTY = replace(
    TEN, exchange="NFO", trading_symbol="NIFTY26NOVFUT", product="NRML", quantity_shares=4000
)


def sizes(terms):
    return [part.quantity_shares for part in terms]


@pytest.mark.parametrize(
    ("quantity", "most", "lot", "parts"),
    [
        (3600, 1800, 75, [1800, 1800]),
        (3675, 1800, 75, [1800, 1800, 75]),
        (1800, 1800, 75, [1800]),
        (130, 100, 65, [65, 65]),
        (1000, 100, 1, [100] * 10),
    ],
)
def test_slices_are_whole_lots_and_add_up(quantity, most, lot, parts):
    assert sizes(slice_terms(replace(NIFTY, quantity_shares=quantity), most, lot)) == parts


def test_a_slice_differs_from_its_order_in_the_quantity_only():
    first, _ = slice_terms(replace(NIFTY, quantity_shares=200), 100, 1)

    assert first == replace(NIFTY, quantity_shares=100)


@pytest.mark.parametrize(("quantity", "lot"), [(1001, 1), (10, 101)])
def test_an_order_of_more_than_ten_slices_is_refused(quantity, lot):
    with pytest.raises(InvalidOrder, match="10 at most"):
        slice_terms(replace(NIFTY, quantity_shares=quantity), 100, lot)


def test_a_disclosed_quantity_and_slices_exclude_each_other():
    with pytest.raises(InvalidOrder, match="disclosed_quantity"):
        slice_terms(replace(NIFTY, disclosed_quantity_shares=10), 1800, 1)


def test_the_key_of_a_slice_is_the_orders_key_with_its_number():
    assert slice_key("k1", 3) == "k1.3"
    assert len(slice_key("x" * 60, 10)) == 63
    with pytest.raises(InvalidOrder, match="60 characters"):
        slice_key("x" * 61, 1)


def requested(number, shares):
    return replace(
        REQUESTED,
        order_key=f"k1.{number}",
        slice_of="k1",
        terms=replace(NIFTY, quantity_shares=shares),
    )


def ended(*facts):
    return order_reports([requested(1, 1800), requested(2, 200), *facts])


def placed(number):
    return e.OrderPlaced(
        order_key=f"k1.{number}", broker_order_id=f"B{number}", placed_at=OPENING_BELL
    )


def test_an_order_in_slices_is_told_as_one_with_its_whole_quantity():
    whole = report_in(ended(placed(1), placed(2)), "k1")

    assert (whole.request.order_key, whole.state) == ("k1", "PLACED")
    assert whole.terms == replace(NIFTY, quantity_shares=2000)
    assert whole.reason == "2 of 2 slices are placed."
    assert whole.broker_order_id is None


@pytest.mark.parametrize(
    ("second", "state"),
    [
        (e.OrderOutcomeUnknown(order_key="k1.2", cause="no answer"), "UNKNOWN"),
        (e.OrderDispatched(order_key="k1.2"), "DISPATCHED"),
        (e.OrderRejected(order_key="k1.2", code="NO", reason="No money."), "PLACED"),
    ],
)
def test_it_is_in_doubt_while_one_slice_is_and_never_rejected_while_one_is_placed(second, state):
    whole = report_in(ended(placed(1), second), "k1")

    assert whole.state == state
    assert not whole.safe_to_retry


def test_it_is_rejected_where_no_slice_came_to_be():
    rejected = e.OrderRejected(order_key="k1.1", code="NO_MONEY", reason="No money.")
    stopped = e.OrderRejected(
        order_key="k1.2", code="SLICES_STOPPED", reason="Not sent.", reached_broker=False
    )

    whole = report_in(ended(rejected, stopped), "k1")

    assert (whole.state, whole.code) == ("REJECTED", "NO_MONEY")
    assert whole.safe_to_retry


def test_each_slice_is_also_an_order_of_its_own():
    reports = ended(placed(1))

    assert [s.request.order_key for s in slices_in(reports, "k1")] == ["k1.1", "k1.2"]
    assert report_in(reports, "k1.1").broker_order_id == "B1"
    assert slices_in(reports, "k1.1") == ()
    assert report_in(reports, "k1.1").terms.limit_price_inr == Decimal("1480.50")
