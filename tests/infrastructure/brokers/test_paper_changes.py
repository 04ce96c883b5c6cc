"""What becomes of a paper order that is modified or cancelled while the market moves.

INFY on 23 November 2026, seed 7, at full minutes after 04:00 UTC: 1490.05, 1490.10, 1491.95,
1487.40, 1487.35, 1483.10, 1488.30; and 1492.40, 1491.45, 1492.15, 1493.35, 1489.65, 1494.20 from
the ninth minute on.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from msgspec.structs import replace

from application.ports.broker import Access
from application.ports.broker_orders import Accepted, Declined, OrderTicket
from domain.events import OrderRejected, OrderRequested
from domain.order_reports import OrderReport
from domain.vocabulary import OrderTerms
from infrastructure.brokers.paper import PaperBroker
from tests.support.changes import after_change

SEED = 7
MORNING = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
ASHA = Access(principal=UUID("a5a00000-0000-4000-8000-000000000001"), account_id="PAPER")
BUY_AT_1484 = OrderTerms(
    exchange="NSE",
    trading_symbol="INFY",
    transaction_type="BUY",
    order_type="LIMIT",
    product="CNC",
    quantity_shares=10,
    limit_price_inr=Decimal("1484.00"),
)
"""Filled in the fifth minute, unless something is done about it."""
BUY_AT_MARKET = replace(BUY_AT_1484, order_type="MARKET", limit_price_inr=None)
BREAKOUT_AT_1493 = replace(BUY_AT_MARKET, order_type="SL-M", trigger_price_inr=Decimal("1493.00"))
"""Filled in the twelfth minute."""


def after(minutes: float) -> datetime:
    return MORNING + timedelta(minutes=minutes)


def placed(terms: OrderTerms = BUY_AT_1484, order_id: str = "PAPER-1") -> OrderReport:
    request = OrderRequested(
        order_key=order_id,
        broker="paper",
        mode="PAPER",
        account_fingerprint="f",
        credential_version=0,
        terms=terms,
        fingerprint="p",
        broker_tag=f"u{order_id}",
    )
    return OrderReport(request=request, state="PLACED", broker_order_id=order_id, placed_at=MORNING)


def paper(*reports: OrderReport) -> PaperBroker:
    return PaperBroker(SEED, lambda _: reports)


def seen(report: OrderReport, minutes: float) -> tuple[str, datetime | None, Decimal | None]:
    """Status, since when, and the average price."""
    (order,) = paper(report).orders(ASHA, after(minutes))
    sighting = order.sighting
    return sighting.status, sighting.broker_time, sighting.average_price_inr


def at(price: str, **more: object) -> OrderTerms:
    return replace(BUY_AT_1484, limit_price_inr=Decimal(price), **more)


def why_not(broker: PaperBroker, terms: OrderTerms, minutes: float) -> str | None:
    """The code of the refusal to modify; `None` for a yes."""
    end = broker.modify(ASHA, "PAPER-1", terms, after(minutes))
    if isinstance(end, Declined):
        assert end.reached_broker
        return end.code
    assert end == Accepted(reference="PAPER-1")
    return None


def why_not_placed(broker: PaperBroker, terms: OrderTerms, minutes: float) -> str | None:
    ticket = OrderTicket(order_key="k2", broker_tag="u1b2c3d4e5f6g7h8i9j0", terms=terms)
    outcome = broker.place(ASHA, ticket, after(minutes))
    return outcome.code if isinstance(outcome, OrderRejected) else None


def test_without_a_change_the_order_is_filled_in_the_fifth_minute():
    assert seen(placed(), 10) == ("FILLED", after(5), Decimal("1483.10"))


def test_a_new_price_counts_from_its_change_on():
    changed = after_change(placed(), at("1487.50"), after(2.5))

    assert seen(changed, 2.75) == ("OPEN", after(2.5), None)
    assert seen(changed, 10) == ("FILLED", after(3), Decimal("1487.40"))


def test_the_old_price_counts_no_more_once_it_is_changed():
    changed = after_change(placed(), at("1480.00"), after(4))

    assert seen(changed, 10) == ("OPEN", after(4), None)


def test_the_book_shows_the_terms_that_held_at_that_time():
    changed = after_change(placed(), at("1480.00", quantity_shares=7), after(4))

    (before,) = paper(changed).orders(ASHA, after(3))
    (now,) = paper(changed).orders(ASHA, after(5))

    assert (before.quantity_shares, before.limit_price_inr) == (10, Decimal("1484.00"))
    assert (now.quantity_shares, now.limit_price_inr) == (7, Decimal("1480.00"))
    assert (before.sighting.pending_shares, now.sighting.pending_shares) == (10, 7)


def test_what_was_filled_before_its_change_stays_filled_at_the_old_terms():
    changed = after_change(placed(), at("1400.00", quantity_shares=500), after(6))

    (order,) = paper(changed).orders(ASHA, after(10))

    assert (order.quantity_shares, order.limit_price_inr) == (10, Decimal("1484.00"))
    assert (order.sighting.status, order.sighting.filled_shares) == ("FILLED", 10)
    assert order.sighting.broker_time == after(5)


def test_the_fill_after_a_change_is_of_the_new_quantity():
    changed = after_change(placed(), at("1487.50", quantity_shares=7), after(2.5))

    (held,) = paper(changed).holdings(ASHA, after(10))
    (trade,) = paper(changed).trades(ASHA, after(10))

    assert (held.quantity_shares, held.average_price_inr) == (7, Decimal("1487.40"))
    assert (trade.quantity_shares, trade.price_inr) == (7, Decimal("1487.40"))


def test_a_cancelled_order_ended_when_it_was_cancelled():
    cancelled = after_change(placed(), None, after(4))

    assert seen(cancelled, 3) == ("OPEN", MORNING, None)
    assert seen(cancelled, 4) == ("CANCELLED", after(4), None)
    assert seen(cancelled, 10) == ("CANCELLED", after(4), None)


def test_a_cancellation_frees_the_money_at_once():
    broker = paper(after_change(placed(), None, after(4)))

    (blocked,), (free,) = broker.funds(ASHA, after(3)), broker.funds(ASHA, after(4))

    assert (blocked.available_inr, blocked.used_inr) == (Decimal(985_160), Decimal(14_840))
    assert (free.available_inr, free.used_inr) == (Decimal(1_000_000), Decimal(0))


def test_a_cancellation_frees_the_shares_at_once():
    bought = placed(BUY_AT_MARKET)
    sale = replace(at("1500.00"), transaction_type="SELL")
    resting = placed(sale, "PAPER-2")
    cancelled = after_change(resting, None, after(4))

    assert why_not_placed(paper(bought, resting), sale, 5) == "INSUFFICIENT_HOLDINGS"
    assert why_not_placed(paper(bought, cancelled), sale, 5) is None


def test_an_open_order_may_be_cancelled_and_nothing_is_kept():
    broker = paper(placed())

    assert broker.cancel(ASHA, "PAPER-1", BUY_AT_1484, after(4)) == Accepted(reference="PAPER-1")
    assert [order.sighting.status for order in broker.orders(ASHA, after(4))] == ["OPEN"]


def test_a_filled_order_cannot_be_cancelled_or_modified():
    broker = paper(placed())

    end = broker.cancel(ASHA, "PAPER-1", BUY_AT_1484, after(6))

    assert end == Declined(code="ORDER_NOT_OPEN", reason="The order is FILLED and stays so.")
    assert why_not(broker, at("1480.00"), 6) == "ORDER_NOT_OPEN"


def test_a_cancelled_order_cannot_be_cancelled_or_modified():
    broker = paper(after_change(placed(), None, after(1)))

    end = broker.cancel(ASHA, "PAPER-1", BUY_AT_1484, after(2))

    assert end == Declined(code="ORDER_NOT_OPEN", reason="The order is CANCELLED and stays so.")
    assert why_not(broker, at("1480.00"), 2) == "ORDER_NOT_OPEN"


def test_an_order_of_yesterday_cannot_be_changed():
    never = placed(at("1000.00"))

    assert why_not(paper(never), at("1001.00"), 24 * 60) == "ORDER_NOT_OPEN"


@pytest.mark.parametrize("terms", [BUY_AT_MARKET, replace(BUY_AT_1484, validity="IOC")])
def test_an_order_that_ends_at_once_cannot_be_changed(terms):
    broker = paper(placed(terms))

    assert why_not(broker, BUY_AT_1484, 0) == "ORDER_NOT_OPEN"
    assert isinstance(broker.cancel(ASHA, "PAPER-1", terms, MORNING), Declined)


def test_a_cancellation_comes_before_a_price_of_the_same_second():
    """At 04:04:40 INFY stands at 1483.90 for a moment. Who looks then sees a fill; unless that was
    put on record, a cancellation of then holds for good."""
    broker = paper(placed())
    touched = MORNING + timedelta(minutes=4, seconds=40)
    (looked,) = broker.orders(ASHA, touched)
    assert looked.sighting.status == "FILLED"

    assert isinstance(broker.cancel(ASHA, "PAPER-1", BUY_AT_1484, touched), Accepted)

    cancelled = after_change(placed(), None, touched)
    assert seen(cancelled, 10) == ("CANCELLED", touched, None)


def test_what_is_settled_on_record_stays_so_whatever_was_accepted_meanwhile():
    touched = MORNING + timedelta(minutes=4, seconds=40)
    (looked,) = paper(placed()).orders(ASHA, touched)
    recorded = replace(placed(), sighting=looked.sighting)

    assert isinstance(paper(recorded).cancel(ASHA, "PAPER-1", BUY_AT_1484, touched), Declined)
    assert seen(after_change(recorded, None, touched), 10) == (
        "FILLED",
        touched,
        Decimal("1483.90"),
    )
    (later,) = paper(after_change(recorded, at("1480.00"), after(6))).orders(ASHA, after(10))
    assert later.limit_price_inr == Decimal("1484.00")


def test_nothing_comes_after_a_cancellation_and_times_tell_what_came_first():
    """Two instances may each have said yes before either heard of the other's."""
    both = after_change(after_change(placed(), at("1487.50"), after(2.5)), None, after(2))

    assert seen(both, 10) == ("CANCELLED", after(2), None)


def test_a_change_that_only_the_books_show_changes_no_book():
    """Without an instant it never was paper's own yes."""
    assert seen(after_change(placed(), at("1480.00"), None), 10)[0] == "FILLED"


def test_a_limit_order_that_becomes_a_market_order_is_filled_at_once():
    broker = paper(placed())
    changed = after_change(placed(), BUY_AT_MARKET, after(3))

    assert why_not(broker, BUY_AT_MARKET, 3) is None
    assert seen(changed, 10) == ("FILLED", after(3), Decimal("1487.40"))


@pytest.mark.parametrize(
    ("price", "status", "average"),
    [("1487.50", "FILLED", Decimal("1487.40")), ("1484.00", "CANCELLED", None)],
)
def test_an_order_that_becomes_an_immediate_one_is_filled_now_or_never(price, status, average):
    changed = after_change(placed(), at(price, validity="IOC"), after(3))

    assert seen(changed, 10) == (status, after(3), average)


def test_an_immediate_stop_is_not_filled_by_a_trigger_of_later():
    assert seen(placed(replace(BREAKOUT_AT_1493, validity="IOC")), 20)[0] == "CANCELLED"


def test_a_stop_waits_for_its_new_trigger():
    later = replace(BREAKOUT_AT_1493, trigger_price_inr=Decimal("1494.00"))
    changed = after_change(placed(BREAKOUT_AT_1493), later, after(10))

    assert seen(placed(BREAKOUT_AT_1493), 20) == ("FILLED", after(12), Decimal("1493.35"))
    assert seen(changed, 13) == ("TRIGGER_PENDING", after(10), None)
    assert seen(changed, 20) == ("FILLED", after(14), Decimal("1494.20"))


@pytest.mark.parametrize(
    ("shares", "code"), [(673, None), (674, "INSUFFICIENT_FUNDS"), (10, None), (1, None)]
)
def test_more_shares_need_more_money_and_its_own_is_free_for_it(shares, code):
    assert why_not(paper(placed()), replace(BUY_AT_1484, quantity_shares=shares), 1) == code


def test_what_other_orders_have_spoken_for_is_not_free():
    other = placed(replace(BUY_AT_1484, quantity_shares=300), "PAPER-2")
    broker = paper(placed(), other)

    assert why_not(broker, replace(BUY_AT_1484, quantity_shares=373), 1) is None
    assert why_not(broker, replace(BUY_AT_1484, quantity_shares=374), 1) == "INSUFFICIENT_FUNDS"


def test_more_shares_than_are_held_cannot_be_sold_by_a_change_either():
    sale = replace(at("1500.00"), transaction_type="SELL")
    broker = paper(placed(BUY_AT_MARKET, "PAPER-2"), placed(sale))

    assert why_not(broker, replace(sale, limit_price_inr=Decimal("1499.00")), 1) is None
    assert why_not(broker, replace(sale, quantity_shares=11), 1) == "INSUFFICIENT_HOLDINGS"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"limit_price_inr": Decimal("1484.03")}, "PRICE_NOT_ON_TICK"),
        ({"trading_symbol": "TCS"}, "INPUT_REFUSED"),
        ({"transaction_type": "SELL"}, "INPUT_REFUSED"),
        ({"product": "MIS"}, "INPUT_REFUSED"),
    ],
)
def test_new_terms_are_judged_as_those_of_an_order(change, code):
    assert why_not(paper(placed()), replace(BUY_AT_1484, **change), 1) == code


def test_an_order_that_nobody_placed_is_not_found():
    end = paper(placed()).cancel(ASHA, "PAPER-2", BUY_AT_1484, after(1))

    assert end == Declined(code="NOT_FOUND", reason="There is no paper order PAPER-2.")
