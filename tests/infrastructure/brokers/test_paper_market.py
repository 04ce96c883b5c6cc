"""What paper money sees of the market, and what it can tell about its own orders and cash."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from application.ports.broker import Access
from domain.errors import NotSupportedByBroker, UnknownInstrument
from domain.events import OrderRequested
from domain.instruments import Instrument
from domain.order_reports import OrderReport
from domain.vocabulary import OrderTerms
from infrastructure.brokers.paper import PaperBroker
from infrastructure.simulator.market.instruments import INSTRUMENTS
from infrastructure.simulator.market.prices import price

SEED = 2026
MORNING = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
ASHA = Access(principal=UUID("a5a00000-0000-4000-8000-000000000001"), account_id="PAPER")
INFY = Instrument(
    name="NSE:INFY",
    exchange="NSE",
    kind="EQ",
    trading_symbol="INFY",
    exchange_token="1594",
    description="Infosys",
    tick_inr=Decimal("0.05"),
)
NOT_SIMULATED = Instrument(
    name="NSE:ZYXW",
    exchange="NSE",
    kind="EQ",
    trading_symbol="ZYXW",
    exchange_token="1",
    description="Nobody",
    tick_inr=Decimal("0.05"),
)
BOUGHT = OrderReport(
    request=OrderRequested(
        order_key="k1",
        broker="paper",
        mode="PAPER",
        account_fingerprint="f",
        credential_version=0,
        terms=OrderTerms(
            exchange="NSE",
            trading_symbol="INFY",
            transaction_type="BUY",
            order_type="MARKET",
            product="CNC",
            quantity_shares=10,
        ),
        fingerprint="p",
        broker_tag="u1",
    ),
    state="PLACED",
    broker_order_id="PAPER-1",
    placed_at=MORNING,
)


def paper(*reports: OrderReport) -> PaperBroker:
    return PaperBroker(SEED, lambda _: reports)


@pytest.mark.parametrize(
    ("symbol", "at", "expected"),
    [
        ("RELIANCE", datetime(2026, 11, 20, 4, 0, tzinfo=UTC), "1441.00"),
        ("RELIANCE", datetime(2027, 3, 3, 9, 17, 41, tzinfo=UTC), "1442.90"),
        ("INFY", datetime(2026, 11, 20, 4, 0, tzinfo=UTC), "1406.75"),
        ("BAJAJ-AUTO", datetime(2027, 3, 3, 9, 17, 41, tzinfo=UTC), "8530.00"),
    ],
)
def test_the_paper_prices_of_release_0_1_0_never_change(symbol, at, expected):
    """The fills of stored orders are computed anew from them, years later, too."""
    assert price(SEED, INSTRUMENTS[symbol], at) == Decimal(expected)


def test_quotes_come_in_the_order_asked_without_those_that_are_not_simulated():
    seen = paper().quotes(ASHA, [NOT_SIMULATED, INFY], "ltp", MORNING)

    assert [quote.instrument.name for quote in seen] == ["NSE:INFY"]
    assert seen[0].last_price_inr == price(SEED, INSTRUMENTS["INFY"], MORNING)
    assert seen[0].bids == ()


def test_a_full_quote_has_five_levels_around_the_price():
    (seen,) = paper().quotes(ASHA, [INFY], "full", MORNING)

    assert len(seen.bids) == len(seen.asks) == 5
    assert seen.bids[0].price_inr < seen.asks[0].price_inr
    assert seen.low_inr is not None
    assert seen.high_inr is not None
    assert seen.low_inr <= seen.last_price_inr <= seen.high_inr
    assert seen.open_interest_shares is None


def test_candles_begin_where_asked_and_end_before_the_end():
    start = MORNING - timedelta(minutes=10)

    bars = paper().candles(ASHA, INFY, "1m", start, MORNING, MORNING)

    assert [bar.starts_at for bar in bars] == [start + timedelta(minutes=n) for n in range(10)]


def test_an_interval_that_paper_lacks_is_refused():
    with pytest.raises(NotSupportedByBroker, match=r"1m, 5m, 15m, 60m, 1d"):
        paper().candles(ASHA, INFY, "25m", MORNING, MORNING, MORNING)


def test_candles_of_what_is_not_simulated_are_refused():
    with pytest.raises(UnknownInstrument, match="NSE:ZYXW is not simulated"):
        paper().candles(ASHA, NOT_SIMULATED, "1m", MORNING, MORNING, MORNING)


def test_a_fill_is_a_trade():
    (trade,) = paper(BOUGHT).trades(ASHA, MORNING)

    assert (trade.trading_symbol, trade.quantity_shares) == ("INFY", 10)
    assert trade.price_inr == price(SEED, INSTRUMENTS["INFY"], MORNING)
    assert trade.broker_order_id == "PAPER-1"


def test_an_order_is_found_by_its_tag_and_by_its_id():
    broker = paper(BOUGHT)

    assert [o.broker_order_id for o in broker.find(ASHA, "u1", "NSE", MORNING)] == ["PAPER-1"]
    assert broker.find(ASHA, "u2", "NSE", MORNING) == ()
    assert [s.status for s in broker.order_history(ASHA, "PAPER-1", "NSE", MORNING)] == ["FILLED"]
    assert broker.order_history(ASHA, "PAPER-2", "NSE", MORNING) == ()


def test_what_is_bought_is_no_longer_available():
    (funds,) = paper(BOUGHT).funds(ASHA, MORNING)

    paid = 10 * price(SEED, INSTRUMENTS["INFY"], MORNING)
    assert funds.available_inr == Decimal(1_000_000) - paid
