"""Quotes and candles from Kite: the real SDK against the simulator."""

import itertools
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from domain.capabilities import OFFERS
from domain.errors import NotSupportedByBroker, UnknownInstrument
from domain.instruments import KiteHandle
from infrastructure.brokers.calls import Calls
from infrastructure.brokers.kite import KiteBroker
from infrastructure.brokers.kite.map_market import INTERVALS, candles, span
from infrastructure.simulator.kite.market_face import INTERVALS as AT_KITE
from infrastructure.simulator.market.universe import listed
from tests.infrastructure.brokers.kite_support import access, as_json, far_side, known, logged_in
from tests.infrastructure.simulator.support import OPENING_BELL, simulated_kite

CUSTOMERS = itertools.count(1)
INFY = known("NSE", "INFY")
NIFTY = known("NSE", "NIFTY 50")
FRIDAY_CLOSE = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def kite(tmp_path_factory):
    with simulated_kite(tmp_path_factory.mktemp("keys")) as simulator:
        yield simulator


@pytest.fixture
def broker(kite):
    return KiteBroker(kite.url, kite.keys_dir)


@pytest.fixture
def alice(kite):
    """A customer of this test only: Kite answers one about quotes once a second."""
    return logged_in(kite, f"ALICE{next(CUSTOMERS)}")


def named(symbol):
    handle = KiteHandle(instrument_token=1, trading_symbol=symbol)
    return replace(INFY, trading_symbol=symbol, kite=handle)


def a_future():
    listing = listed(OPENING_BELL)
    future = listing.future("NIFTY", listing.future_expiries("NIFTY")[0])
    assert future is not None
    return known("NFO", future.symbol)


def test_last_prices_in_the_order_asked_without_those_that_kite_does_not_know(broker, alice):
    gone = named("GONE")

    quotes = broker.quotes(alice, [NIFTY, gone, INFY], "ltp", OPENING_BELL)

    assert [quote.instrument for quote in quotes] == [NIFTY, INFY]
    assert quotes[1].last_price_inr == Decimal("1488.8")
    assert quotes[1].open_inr is None


def test_open_high_low_and_the_close_of_the_day_before(broker, alice):
    (quote,) = broker.quotes(alice, [INFY], "ohlc", OPENING_BELL)

    assert quote.low_inr <= quote.open_inr <= quote.high_inr
    assert quote.low_inr <= quote.last_price_inr <= quote.high_inr
    assert quote.previous_close_inr is not None
    assert quote.bids == ()


def test_a_full_quote_of_a_share_has_depth_and_circuits(broker, alice):
    (quote,) = broker.quotes(alice, [INFY], "full", OPENING_BELL)

    assert 1 <= len(quote.bids) <= 5
    assert quote.bids[0].price_inr < quote.asks[0].price_inr
    assert quote.lower_circuit_inr < quote.last_price_inr < quote.upper_circuit_inr
    assert quote.open_interest_shares is None
    assert quote.traded_at == OPENING_BELL


def test_a_full_quote_of_an_index_has_neither(broker, alice):
    (quote,) = broker.quotes(alice, [NIFTY], "full", OPENING_BELL)

    assert (quote.bids, quote.asks, quote.volume_shares) == ((), (), None)
    assert quote.upper_circuit_inr is None
    assert quote.traded_at is None
    assert quote.previous_close_inr > 0


def test_a_full_quote_of_a_contract_has_open_interest(broker, alice):
    (quote,) = broker.quotes(alice, [a_future()], "full", OPENING_BELL)

    assert quote.open_interest_shares > 0


def test_empty_levels_of_the_depth_are_none(tmp_path):
    nothing = {"price": 0, "quantity": 0, "orders": 0}
    row = {
        "last_price": 1,
        "ohlc": {"open": 0, "high": 0, "low": 0, "close": 1},
        "depth": {"buy": [nothing] * 5, "sell": [{"price": 2, "quantity": 3, "orders": 1}]},
        "last_trade_time": None,
        "oi": 0,
    }
    answer = as_json(200, {"status": "success", "data": {"NSE:INFY": row}})
    with far_side(lambda *_: answer) as side:
        (quote,) = KiteBroker(side.url, tmp_path).quotes(access(), [INFY], "full", OPENING_BELL)

    assert (quote.bids, len(quote.asks)) == ((), 1)
    assert (quote.open_inr, quote.traded_at) == (None, None)


@pytest.mark.parametrize(("detail", "sizes"), [("ltp", [1000, 201]), ("full", [500, 500, 201])])
def test_many_quotes_are_asked_for_in_batches(tmp_path, detail, sizes):
    many = [named(f"S{number}") for number in range(1201)]
    calls = Calls("kite", pause=lambda seconds: None)
    with far_side(lambda *_: as_json(200, {"status": "success", "data": {}})) as side:
        quotes = KiteBroker(side.url, tmp_path, calls).quotes(access(), many, detail, OPENING_BELL)

    assert quotes == ()
    assert [path.count("i=NSE%3AS") for _, path, _, _ in side.requests] == sizes


def test_what_kite_does_not_list_is_never_asked_for(tmp_path):
    nowhere = replace(INFY, kite=None)
    with far_side(lambda *_: as_json(200, {})) as side:
        broker = KiteBroker(side.url, tmp_path)

        assert broker.quotes(access(), [nowhere], "ltp", OPENING_BELL) == ()
        with pytest.raises(UnknownInstrument, match="Next: "):
            broker.candles(access(), nowhere, "1d", FRIDAY_CLOSE, OPENING_BELL, OPENING_BELL)

    assert side.asked == []


def test_minutes_between_two_instants_the_end_left_out(broker, alice):
    start = FRIDAY_CLOSE - timedelta(minutes=10)

    bars = broker.candles(alice, INFY, "1m", start, FRIDAY_CLOSE, OPENING_BELL)

    assert [bar.starts_at for bar in bars] == [start + timedelta(minutes=n) for n in range(10)]
    assert all(bar.low_inr <= bar.open_inr <= bar.high_inr for bar in bars)
    assert bars[0].open_interest_shares is None


def test_contracts_have_open_interest_in_their_candles(broker, alice):
    start = FRIDAY_CLOSE - timedelta(minutes=3)

    bars = broker.candles(alice, a_future(), "1m", start, FRIDAY_CLOSE, OPENING_BELL)

    assert len(bars) == 3
    assert all(bar.open_interest_shares is not None for bar in bars)


def test_a_span_is_written_in_ist():
    start = datetime(2026, 1, 1, 18, 30, tzinfo=UTC)

    assert span(start, start + timedelta(days=60)) == (
        "2026-01-02 00:00:00",
        "2026-03-03 00:00:00",
    )


def test_the_spans_that_are_offered_are_those_that_the_simulated_kite_keeps():
    offered = {INTERVALS[interval]: span for interval, span in OFFERS["kite"].longest_span.items()}

    assert offered == {word: timedelta(days=days) for word, (_, days) in AT_KITE.items()}
    assert all(AT_KITE[word][0] == interval for interval, word in INTERVALS.items())


def test_an_interval_that_kite_does_not_have_is_refused_naming_those_that_it_has(tmp_path):
    with pytest.raises(NotSupportedByBroker, match="1m, 3m, 5m"):
        KiteBroker("http://127.0.0.1:9", tmp_path).candles(
            access(), INFY, "2m", FRIDAY_CLOSE, OPENING_BELL, OPENING_BELL
        )


def test_sixty_days_of_minutes_are_read_without_the_sdks_slow_parser(record_property):
    """The times are told, not judged: they depend on the machine."""
    from kiteconnect import KiteConnect

    first = datetime(2026, 9, 1, 3, 45, tzinfo=UTC)
    rows = [
        [
            f"{first + timedelta(hours=5, minutes=30 + n):%Y-%m-%dT%H:%M:%S}+0530",
            1488.8,
            1489.05,
            1488.15,
            1488.9,
            1200 + n,
        ]
        for n in range(22_500)
    ]
    began = time.perf_counter()
    bars = candles(rows, first, first + timedelta(days=60))
    ours = time.perf_counter() - began
    began = time.perf_counter()
    theirs = KiteConnect._format_historical(None, {"candles": rows})
    slow = time.perf_counter() - began

    assert [bar.starts_at for bar in bars] == [row["date"] for row in theirs]
    assert bars[-1].volume_shares == theirs[-1]["volume"]
    assert bars[0].high_inr == Decimal("1489.05")
    record_property("milliseconds", (round(ours * 1000), round(slow * 1000)))
