"""Quotes, candles, option chains: through the real SDK, against the simulator or a far side."""

import time
import warnings
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from application.ports.broker import BrokerDown
from application.ports.market import Candle
from domain.capabilities import OFFERS
from domain.errors import NotSupportedByBroker, UnknownInstrument
from domain.instants import IST
from domain.instruments import GrowwHandle
from infrastructure.brokers.calls import Calls
from infrastructure.brokers.groww.map_candles import INTERVALS, candles
from infrastructure.brokers.groww.map_market import days
from infrastructure.simulator.groww.market_face import INTERVALS as AT_GROWW
from tests.infrastructure.brokers.groww_support import (
    FUTURE,
    access,
    groww,
    groww_error,
    known,
    logged_in,
    payload,
)
from tests.infrastructure.brokers.kite_support import far_side
from tests.infrastructure.simulator.support import OPENING_BELL, simulated_kite

INFY, NIFTY = known("NSE", "INFY"), known("NSE", "NIFTY 50")


def called(instrument, symbol):
    """The same, under another symbol at Groww."""
    handle = GrowwHandle(trading_symbol=symbol, groww_symbol=f"NSE-{symbol}", segment="CASH")
    return replace(instrument, name=f"NSE:{symbol}", groww=handle)


FRIDAY_CLOSE = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
DAY = "{open: 149.50,high: 150.50,low: 148.50,close: 149.40}"
QUOTE = {
    "average_price": 150.25,
    "day_change": -0.5,
    "upper_circuit_limit": 151,
    "lower_circuit_limit": 148.5,
    "ohlc": DAY,
    "depth": {
        "buy": [{"price": 149.45, "quantity": 1000}, {"price": 0, "quantity": 0}],
        "sell": [{"price": 149.55, "quantity": 700}],
    },
    "last_trade_time": 1633072800000,
    "last_price": 149.5,
    "open_interest": 2000,
    "volume": 10000,
}


@pytest.fixture(scope="module")
def simulator(tmp_path_factory):
    with simulated_kite(tmp_path_factory.mktemp("keys")) as simulator:
        yield simulator


def patient():
    return Calls("groww", pause=lambda seconds: None)


@pytest.fixture
def broker(simulator):
    return groww(simulator.url, simulator.keys_dir, patient())


@pytest.fixture
def alice(simulator):
    return logged_in(simulator)


def test_shares_indices_and_contracts_are_priced_in_one_go_and_in_the_order_asked(broker, alice):
    wanted = [known("NFO", FUTURE), NIFTY, INFY, known("BSE", "INFY")]

    quotes = broker.quotes(alice, wanted, "ltp", OPENING_BELL)

    assert [quote.instrument.name for quote in quotes] == [each.name for each in wanted]
    assert quotes[2].last_price_inr == Decimal("1488.8")
    assert quotes[2].open_inr is None


def test_names_are_asked_for_by_segment_and_fifty_at_a_time(tmp_path):
    shares = [INFY, INFY, *(called(INFY, f"S{n}") for n in range(51))]
    with far_side(lambda *_: payload({"NSE_INFY": 1488.8})) as side:
        quotes = groww(side.url, tmp_path, patient()).quotes(
            access(), [*shares, known("NFO", FUTURE)], "ltp", OPENING_BELL
        )

    assert len(quotes) == 2  # asked twice, told twice
    assert [path.count("NSE_") for path in side.asked] == [50, 2, 1]
    assert side.asked[2] == f"GET /v1/live-data/ltp?segment=FNO&exchange_symbols=NSE_{FUTURE}"


def test_an_instrument_that_groww_does_not_list_is_missing_and_not_asked_for(tmp_path):
    nobody = replace(INFY, groww=None)
    with far_side(lambda *_: payload({})) as side:
        broker = groww(side.url, tmp_path)
        for detail in ("ltp", "ohlc", "full"):
            assert broker.quotes(access(), [nobody], detail, OPENING_BELL) == ()

    assert side.asked == []


def test_the_ohlc_that_looks_like_json_and_is_none_is_read(tmp_path):
    def answer(_: str, path: str):
        return payload({"NSE_INFY": DAY if "/ohlc" in path else 149.5})

    with far_side(answer) as side:
        (quote,) = groww(side.url, tmp_path).quotes(access(), [INFY], "ohlc", OPENING_BELL)

    assert (quote.open_inr, quote.high_inr) == (Decimal("149.50"), Decimal("150.50"))
    assert (quote.low_inr, quote.previous_close_inr) == (Decimal("148.50"), Decimal("149.40"))
    assert quote.last_price_inr == Decimal("149.5")


@pytest.mark.parametrize(
    "said",
    [
        "",
        "{}",
        "{open: 149.50,high: 150.50,low: 148.50}",
        "{open: 149.50,high: 150.50,low: 148.50,close: NaN}",
        "{open: 1e9,high: 150.50,low: 148.50,close: 149.40}",
        "{high: 150.50,open: 149.50,low: 148.50,close: 149.40}",
        DAY + DAY,
        f"x{DAY}",
        7,
    ],
)
def test_an_ohlc_that_is_written_otherwise_is_no_answer(said):
    with pytest.raises(ValueError):  # noqa: PT011  # msgspec's and ours alike
        days({"NSE_INFY": said})


def test_an_ohlc_that_is_an_object_after_all_is_read_too():
    read = days({"NSE_INFY": {"open": 1.5, "high": 2, "low": 1, "close": 1.25}, "NSE_X": None})

    assert list(read) == ["NSE_INFY"]
    assert (read["NSE_INFY"].open, read["NSE_INFY"].close) == (Decimal("1.5"), Decimal("1.25"))


def test_a_price_without_its_day_is_no_answer(tmp_path):
    def answer(_: str, path: str):
        return payload({} if "/ohlc" in path else {"NSE_INFY": 149.5})

    with far_side(answer) as side, pytest.raises(BrokerDown):
        groww(side.url, tmp_path).quotes(access(), [INFY], "ohlc", OPENING_BELL)


def test_a_full_quote_has_all_that_groww_says(tmp_path):
    with far_side(lambda *_: payload(QUOTE)) as side:
        (quote,) = groww(side.url, tmp_path).quotes(access(), [INFY], "full", OPENING_BELL)

    assert side.asked == ["GET /v1/live-data/quote?exchange=NSE&segment=CASH&trading_symbol=INFY"]
    assert quote.previous_close_inr == Decimal("150.0")
    assert (quote.volume_shares, quote.average_price_inr) == (10000, Decimal("150.25"))
    assert quote.open_interest_shares is None  # a share has none
    assert (quote.lower_circuit_inr, quote.upper_circuit_inr) == (Decimal("148.5"), Decimal(151))
    assert [(each.price_inr, each.quantity_shares) for each in quote.bids] == [
        (Decimal("149.45"), 1000)
    ]
    assert [each.orders for each in quote.asks] == [None]
    assert quote.traded_at == datetime(2021, 10, 1, 7, 20, tzinfo=UTC)


def test_full_quotes_are_asked_for_one_by_one_and_unknown_ones_are_missing(tmp_path):
    absent = groww_error(404, "GA004", "Requested entity does not exist.")

    def answer(_: str, path: str):
        return absent if "TCS" in path else payload(QUOTE)

    wanted = [known("NSE", "TCS"), INFY, known("NFO", FUTURE)]
    with far_side(answer) as side:
        quotes = groww(side.url, tmp_path).quotes(access(), wanted, "full", OPENING_BELL)

    assert [quote.instrument.trading_symbol for quote in quotes] == ["INFY", FUTURE]
    assert quotes[1].open_interest_shares == 2000
    assert len(side.asked) == 3


def test_an_index_has_a_full_quote_without_depth(broker, alice):
    (quote,) = broker.quotes(alice, [NIFTY], "full", OPENING_BELL)

    assert quote.last_price_inr > 20_000
    assert (quote.bids, quote.asks, quote.volume_shares) == ((), (), None)


def test_candles_of_a_future_have_open_interest_and_those_of_a_share_none(broker, alice):
    start = FRIDAY_CLOSE - timedelta(minutes=3)

    shares = broker.candles(alice, INFY, "1m", start, FRIDAY_CLOSE, OPENING_BELL)
    future = broker.candles(alice, known("NFO", FUTURE), "1m", start, FRIDAY_CLOSE, OPENING_BELL)

    assert [bar.starts_at for bar in shares] == [start + timedelta(minutes=n) for n in range(3)]
    assert {bar.open_interest_shares for bar in shares} == {None}
    assert all(bar.open_interest_shares for bar in future)


def test_the_deprecated_candles_of_the_sdk_are_not_asked_for(tmp_path):
    row = ["2026-11-20T09:15:00", 245.95, 246.15, 245.05, 245.6, 735060, None]
    start = datetime(2026, 11, 20, 3, 45, tzinfo=UTC)
    with (
        far_side(lambda *_: payload({"candles": [row]})) as side,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error", DeprecationWarning)
        bars = groww(side.url, tmp_path).candles(
            access(), INFY, "15m", start, FRIDAY_CLOSE, OPENING_BELL
        )

    assert bars == (
        Candle(
            starts_at=start,
            open_inr=Decimal("245.95"),
            high_inr=Decimal("246.15"),
            low_inr=Decimal("245.05"),
            close_inr=Decimal("245.6"),
            volume_shares=735060,
        ),
    )
    assert side.asked == [
        "GET /v1/historical/candles?exchange=NSE&segment=CASH&groww_symbol=NSE-INFY"
        "&start_time=2026-11-20+09%3A15%3A00&end_time=2026-11-20+15%3A30%3A00"
        "&candle_interval=15minute"
    ]


@pytest.mark.parametrize(
    "said",
    ["2026-11-20T09:15:00", "2026-11-20 09:15:00", "2026-11-20T09:15:00+05:30"],
)
def test_a_candles_time_is_indian_with_or_without_a_zone(said):
    row = [said, 1, 1, 1, 1, 1]

    (bar,) = candles({"candles": [row]}, FRIDAY_CLOSE - timedelta(days=1), FRIDAY_CLOSE)

    assert bar.starts_at == datetime(2026, 11, 20, 3, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    "row", [["2026-11-20T09:15:00", 1, None, 1, 1, 1], ["x", 1, 1, 1, 1, 1], [1633072800, 1], {}]
)
def test_what_is_no_candle_is_no_answer(row):
    with pytest.raises(ValueError):  # noqa: PT011  # msgspec's and ours alike
        candles({"candles": [row]}, OPENING_BELL, OPENING_BELL)


def test_the_spans_that_are_offered_are_those_that_the_simulated_groww_keeps():
    offered = {INTERVALS[interval]: span for interval, span in OFFERS["groww"].longest_span.items()}

    assert offered == {word: timedelta(days=most) for word, (_, most) in AT_GROWW.items()}
    assert all(AT_GROWW[word][0] == interval for interval, word in INTERVALS.items())


def test_an_interval_that_groww_does_not_have_is_refused_naming_those_that_it_has(broker, alice):
    with pytest.raises(NotSupportedByBroker, match="1m, 2m, 3m"):
        broker.candles(alice, INFY, "25m", FRIDAY_CLOSE, OPENING_BELL, OPENING_BELL)


def test_candles_of_what_groww_does_not_list_are_not_asked_for(tmp_path):
    with pytest.raises(UnknownInstrument):
        groww("http://127.0.0.1:9", tmp_path).candles(
            access(),
            replace(INFY, groww=None),
            "1d",
            FRIDAY_CLOSE,
            OPENING_BELL,
            OPENING_BELL,
        )


def test_sixty_days_of_minutes_are_read_at_once(record_property):
    """The time is told, not judged: it depends on the machine. The SDK itself parses nothing."""
    first = datetime(2026, 9, 1, 9, 15, tzinfo=IST)
    rows = [
        [
            f"{first + timedelta(minutes=n):%Y-%m-%dT%H:%M:%S}",
            1488.8 + n / 100,
            1489.05,
            1488.15,
            1488.9,
            1200 + n,
            None,
        ]
        for n in range(22_500)
    ]
    began = time.perf_counter()
    bars = candles({"candles": rows}, first, first + timedelta(days=60))
    ours = time.perf_counter() - began

    assert len(bars) == 22_500
    assert bars[-1].starts_at == first + timedelta(minutes=22_499)
    assert bars[1].open_inr == Decimal("1488.81")
    record_property("milliseconds", round(ours * 1000))


def test_expiries_are_those_to_come_of_this_year_and_of_the_next_if_groww_tells_them(tmp_path):
    def answer(_: str, path: str):
        if "year=2027" in path:
            return groww_error(400, "GA001", "Bad request: invalid year.")
        return payload({"expiries": ["2026-12-01", "2026-01-06", "2026-11-24", "2026-11-23"]})

    with far_side(answer) as side:
        expiries = groww(side.url, tmp_path).expiries(access(), NIFTY, OPENING_BELL)

    assert expiries == (date(2026, 11, 23), date(2026, 11, 24), date(2026, 12, 1))
    assert side.asked == [
        "GET /v1/historical/expiries?exchange=NSE&underlying_symbol=NIFTY&year=2026",
        "GET /v1/historical/expiries?exchange=NSE&underlying_symbol=NIFTY&year=2027",
    ]


def test_a_refusal_of_this_year_is_no_empty_list(tmp_path):
    refusal = groww_error(400, "GA001", "Bad request")
    with far_side(lambda *_: refusal) as side, pytest.raises(BrokerDown):
        groww(side.url, tmp_path).expiries(access(), NIFTY, OPENING_BELL)


def test_an_index_is_asked_for_by_the_name_that_its_contracts_bear(tmp_path):
    """Groww calls this index NIFTYMIDSELECT, and its options MIDCPNIFTY."""
    midcap = called(known("NSE", "NIFTY MID SELECT"), "NIFTYMIDSELECT")
    with far_side(lambda *_: payload({"strikes": {}})) as side:
        chain = groww(side.url, tmp_path).option_chain(
            access(), midcap, date(2026, 11, 24), OPENING_BELL
        )

    assert chain.rows == ()
    assert side.asked == [
        "GET /v1/option-chain/exchange/NSE/underlying/MIDCPNIFTY?expiry_date=2026-11-24"
    ]


def test_a_chain_has_greeks_and_the_symbols_that_can_be_traded(broker, alice):
    expiry = broker.expiries(alice, NIFTY, OPENING_BELL)[0]

    chain = broker.option_chain(alice, NIFTY, expiry, OPENING_BELL)

    middle = chain.rows[len(chain.rows) // 2]
    assert middle.call is not None
    assert middle.call.trading_symbol is not None
    assert known("NFO", middle.call.trading_symbol).strike_inr == middle.strike_inr
    for greek in ("delta", "gamma", "theta", "vega", "implied_volatility_percent"):
        assert getattr(middle.call, greek) is not None
    assert middle.call.last_price_inr > 0
    assert middle.call.open_interest_shares is not None


def test_a_chain_as_growws_documentation_shows_it(tmp_path):
    side_of_strike = {
        "greeks": {
            "delta": 0.9936,
            "gamma": 0,
            "theta": -1.0787,
            "vega": 0.6943,
            "rho": 5.1802,
            "iv": 25.3409,
        },
        "trading_symbol": "NIFTY25N1823400CE",
        "ltp": 2200,
        "open_interest": 7,
        "volume": 5,
    }
    said = {"underlying_ltp": 25641.7, "strikes": {"23400": {"CE": side_of_strike}, "900.5": {}}}
    with far_side(lambda *_: payload(said)) as side:
        chain = groww(side.url, tmp_path).option_chain(
            access(), NIFTY, date(2025, 11, 18), OPENING_BELL
        )

    low, row = chain.rows
    assert (low.strike_inr, low.call, low.put) == (Decimal("900.5"), None, None)
    assert (row.strike_inr, row.put) == (Decimal(23400), None)
    assert row.call is not None
    assert row.call.trading_symbol == "NIFTY25N1823400CE"
    assert row.call.implied_volatility_percent == Decimal("25.3409")
    assert (row.call.delta, row.call.gamma) == (Decimal("0.9936"), Decimal(0))
    assert chain.underlying_price_inr == Decimal("25641.7")


def test_a_contract_has_no_chain_of_its_own(broker, alice):
    with pytest.raises(NotSupportedByBroker, match="is a contract itself"):
        broker.expiries(alice, known("NFO", FUTURE), OPENING_BELL)
