"""What paper money does overnight, and to the paisa."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from msgspec.structs import replace

from application.ports.broker import Access
from domain.events import OrderRequested
from domain.order_reports import OrderReport
from domain.vocabulary import OrderTerms, Product
from infrastructure.brokers.paper import PaperBroker
from infrastructure.brokers.paper_book import OPENING_CASH_INR, fold_book
from infrastructure.simulator.market.instruments import INSTRUMENTS
from infrastructure.simulator.market.prices import price

INFY = INSTRUMENTS["INFY"]
SEED = 7
MORNING = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
NEXT_MORNING = MORNING + timedelta(days=1)
LAST_SECOND = datetime(2026, 11, 23, 18, 29, 59, tzinfo=UTC)
ASHA = Access(principal=UUID("a5a00000-0000-4000-8000-000000000001"), account_id="PAPER")
SELL_500_INTRADAY = OrderReport(
    request=OrderRequested(
        order_key="k1",
        broker="paper",
        mode="PAPER",
        account_fingerprint="f",
        credential_version=0,
        terms=OrderTerms(
            exchange="NSE",
            trading_symbol="INFY",
            transaction_type="SELL",
            order_type="MARKET",
            product="MIS",
            quantity_shares=500,
        ),
        fingerprint="p",
        broker_tag="u1",
    ),
    state="PLACED",
    broker_order_id="PAPER-1",
    placed_at=MORNING,
)


def test_an_intraday_sale_is_bought_back_at_the_last_price_of_its_day():
    sold, bought = price(SEED, INFY, MORNING), price(SEED, INFY, LAST_SECOND)

    book = fold_book(SEED, [SELL_500_INTRADAY], NEXT_MORNING)

    assert book.cash_inr == OPENING_CASH_INR + 500 * (sold - bought)
    assert book.positions == {}


def test_an_order_of_yesterday_is_listed_until_its_end_is_on_record():
    broker = PaperBroker(SEED, lambda _: [SELL_500_INTRADAY])
    (seen,) = broker.orders(ASHA, NEXT_MORNING)
    settled = replace(SELL_500_INTRADAY, sighting=seen.sighting)

    assert seen.sighting.status == "FILLED"
    assert PaperBroker(SEED, lambda _: [settled]).orders(ASHA, NEXT_MORNING) == ()
    assert len(PaperBroker(SEED, lambda _: [settled]).orders(ASHA, LAST_SECOND)) == 1


def test_what_was_paid_is_exact_however_it_was_averaged():
    terms = replace(
        SELL_500_INTRADAY.request.terms, transaction_type="BUY", product="CNC", quantity_shares=5
    )
    bought = [
        replace(
            SELL_500_INTRADAY,
            request=replace(SELL_500_INTRADAY.request, terms=terms, broker_tag=f"u{n}"),
            placed_at=MORNING + timedelta(seconds=7 * n),
        )
        for n in range(3)
    ]
    paid = sum((5 * price(SEED, INFY, b.placed_at or MORNING) for b in bought), Decimal(0))

    (held,) = PaperBroker(SEED, lambda _: bought).holdings(ASHA, LAST_SECOND)

    assert held.quantity_shares == 15
    assert (held.average_price_inr * 15).quantize(Decimal("0.000001")) == paid


def traded(*signed_shares: int, product: Product = "MIS") -> PaperBroker:
    """Market orders, seven seconds apart, from the first one's time on."""
    reports = []
    for n, shares in enumerate(signed_shares):
        terms = replace(
            SELL_500_INTRADAY.request.terms,
            transaction_type="BUY" if shares > 0 else "SELL",
            product=product,
            quantity_shares=abs(shares),
        )
        reports.append(
            replace(
                SELL_500_INTRADAY,
                request=replace(SELL_500_INTRADAY.request, terms=terms, broker_tag=f"u{n}"),
                placed_at=paid_at(n),
            )
        )
    return PaperBroker(SEED, lambda _: reports)


def paid_at(n: int) -> datetime:
    return MORNING + timedelta(seconds=7 * n)


def paid(n: int) -> Decimal:
    return price(SEED, INFY, paid_at(n))


def test_a_position_that_was_closed_today_shows_what_it_earned():
    (held,) = traded(10, -10).positions(ASHA, LAST_SECOND)

    assert (held.quantity_shares, held.average_price_inr) == (0, Decimal(0))
    assert held.realised_inr == 10 * (paid(1) - paid(0))
    assert held.day is not None
    assert (held.day.overnight_shares, held.day.buy_shares, held.day.sell_shares) == (0, 10, 10)
    assert held.day.sell_value_inr - held.day.buy_value_inr == held.realised_inr


def test_a_position_that_turned_round_has_realised_its_first_side_only():
    (held,) = traded(-4, 10).positions(ASHA, LAST_SECOND)

    assert (held.quantity_shares, held.average_price_inr) == (6, paid(1))
    assert held.realised_inr == 4 * (paid(0) - paid(1))


def test_what_is_carried_over_night_is_no_trade_of_today():
    carried = traded(10, -4, product="NRML")

    (held,) = carried.positions(ASHA, NEXT_MORNING)

    assert (held.quantity_shares, held.realised_inr) == (6, Decimal(0))
    assert held.day is not None
    assert (held.day.overnight_shares, held.day.buy_shares, held.day.sell_shares) == (6, 0, 0)
    assert traded(10, -10, product="NRML").positions(ASHA, NEXT_MORNING) == ()


def test_shares_bought_today_are_told_apart_from_those_of_before():
    broker = traded(10, -4, product="CNC")

    (today,) = broker.holdings(ASHA, LAST_SECOND)
    (tomorrow,) = broker.holdings(ASHA, NEXT_MORNING)

    assert (today.quantity_shares, today.bought_today_shares) == (6, 6)
    assert today.bought_today_price_inr == paid(0)
    assert (tomorrow.bought_today_shares, tomorrow.sellable_shares) == (0, 6)
    assert tomorrow.previous_close_inr is not None
