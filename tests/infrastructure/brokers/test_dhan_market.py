"""Quotes, candles and option chains of Dhan: through the real SDK, against the simulator or a far
side that says what it is told."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from application.ports.broker import BrokerDown, RateLimited
from application.ports.market import Candle, DepthLevel, Quote
from domain.errors import NotSupportedByBroker, UnknownInstrument
from domain.instruments import Instrument
from infrastructure.brokers.calls import Calls
from infrastructure.brokers.dhan.map_candles import candles
from tests.infrastructure.brokers.dhan_support import (
    TABLE,
    access,
    dhan,
    dhan_error,
    known,
    logged_in,
)
from tests.infrastructure.brokers.kite_support import as_json, far_side
from tests.infrastructure.simulator.support import OPENING_BELL, simulated_kite

INFY, NIFTY, FUTURE = known("NSE", "INFY"), known("NSE", "NIFTY 50"), known("NFO", "NIFTY26DECFUT")
TEN_O_CLOCK = datetime(2026, 11, 20, 4, 30, tzinfo=UTC)
NOWHERE = Instrument(
    name="NSE:NOWHERE",
    exchange="NSE",
    kind="EQ",
    trading_symbol="NOWHERE",
    exchange_token="9",
    description="Not at Dhan",
    tick_inr=Decimal("0.05"),
)
NO_BARS: dict[str, list[int]] = {
    name: [] for name in ("open", "high", "low", "close", "volume", "timestamp")
}


@pytest.fixture
def simulator(tmp_path):
    with simulated_kite(tmp_path / "keys") as simulator:
        yield simulator


@pytest.fixture
def broker(simulator):
    """Asked more often than Dhan likes."""
    calls = Calls("dhan", pause=lambda seconds: None)
    return dhan(simulator.url, simulator.keys_dir, calls)


def quoted(**row):
    return as_json(200, {"data": {"NSE_EQ": {"1594": row}}, "status": "success"})


def bars(*, at, **columns):
    row = {name: [1] * len(at) for name in NO_BARS} | {"timestamp": at, **columns}
    return as_json(200, row)


def test_quotes_come_in_the_order_asked_whatever_their_segments(simulator, broker):
    alice = logged_in(simulator)
    asked = [FUTURE, known("BSE", "INFY"), INFY, NIFTY]

    quotes = broker.quotes(alice, asked, "ltp", OPENING_BELL)

    assert [each.instrument for each in quotes] == asked
    assert quotes[2] == Quote(instrument=INFY, last_price_inr=Decimal("1488.8"))


def test_quotes_of_several_segments_are_one_call_with_numbers(tmp_path):
    with far_side(lambda *_: as_json(200, {"data": {}, "status": "success"})) as side:
        broker = dhan(side.url, tmp_path)
        assert broker.quotes(access(), [INFY, FUTURE, NIFTY], "full", OPENING_BELL) == ()

    assert side.asked == ["POST /v2/marketfeed/quote"]
    assert json.loads(side.requests[0][3]) == {
        "NSE_EQ": [1594],
        "NSE_FNO": [int(FUTURE.exchange_token)],
        "IDX_I": [13],
        "dhanClientId": "ALICE",
    }


def test_a_thousand_at_most_are_asked_for_in_one_call(tmp_path):
    many = [each for each in TABLE._all if each.kind == "CE"][:2001]
    with far_side(lambda *_: as_json(200, {"data": {}, "status": "success"})) as side:
        broker = dhan(side.url, tmp_path, Calls("dhan", pause=lambda seconds: None))
        broker.quotes(access(), many, "ltp", OPENING_BELL)

    asked = [json.loads(body) for _, _, _, body in side.requests]
    sizes = [
        sum(len(ids) for name, ids in each.items() if name != "dhanClientId") for each in asked
    ]
    assert sizes == [1000, 1000, 1]


def test_the_days_prices_come_with_ohlc_and_the_close_that_dhan_shows_is_not_yesterdays(
    simulator, broker
):
    alice = logged_in(simulator)
    simulator.clock.advance(hours=1)

    (ohlc,) = broker.quotes(alice, [INFY], "ohlc", OPENING_BELL)
    (full,) = broker.quotes(alice, [INFY], "full", OPENING_BELL)

    assert ohlc.open_inr == Decimal("1488.8")
    assert ohlc.low_inr <= ohlc.last_price_inr <= ohlc.high_inr
    assert (ohlc.previous_close_inr, ohlc.volume_shares, ohlc.bids) == (None, None, ())
    assert full.previous_close_inr == Decimal("1472.6")
    assert len(full.bids) == len(full.asks) == 5
    assert full.bids[0].price_inr < full.last_price_inr < full.asks[0].price_inr
    assert full.traded_at == OPENING_BELL + timedelta(hours=1)


def test_what_has_not_traded_has_no_prices_of_the_day_and_no_empty_levels(tmp_path):
    """As in Dhan's own sample: zeros for what there is not, and a trade in 1980."""
    none = {"quantity": 0, "orders": 0, "price": 0}
    row = {
        "average_price": 0,
        "depth": {"buy": [{"quantity": 1800, "orders": 1, "price": 77}, none], "sell": [none]},
        "last_price": 368.15,
        "last_trade_time": "01/01/1980 00:00:00",
        "lower_circuit_limit": 48.25,
        "net_change": 0,
        "ohlc": {"open": 0, "close": 368.15, "high": 0, "low": 0},
        "oi": 0,
        "upper_circuit_limit": 510.85,
        "volume": 0,
    }
    with far_side(lambda *_: quoted(**row)) as side:
        (quote,) = dhan(side.url, tmp_path).quotes(access(), [INFY], "full", OPENING_BELL)

    assert quote == Quote(
        instrument=INFY,
        last_price_inr=Decimal("368.15"),
        previous_close_inr=Decimal("368.15"),
        volume_shares=0,
        lower_circuit_inr=Decimal("48.25"),
        upper_circuit_inr=Decimal("510.85"),
        bids=(DepthLevel(price_inr=Decimal(77), quantity_shares=1800, orders=1),),
    )


def test_quotes_of_what_dhan_does_not_list_or_not_know_are_missing(tmp_path):
    with far_side(lambda *_: quoted(last_price=1)) as side:
        broker = dhan(side.url, tmp_path)
        (quote,) = broker.quotes(access(), [NOWHERE, FUTURE, INFY], "ltp", OPENING_BELL)
        assert broker.quotes(access(), [NOWHERE], "ltp", OPENING_BELL) == ()

    assert quote.instrument == INFY
    assert len(side.asked) == 1


def test_what_dhan_does_not_list_is_refused_before_anything_is_asked(tmp_path):
    with far_side(lambda *_: quoted(last_price=1)) as side:
        broker = dhan(side.url, tmp_path)
        for ask in (
            lambda: broker.candles(
                access(), NOWHERE, "1d", TEN_O_CLOCK, OPENING_BELL, OPENING_BELL
            ),
            lambda: broker.expiries(access(), NOWHERE, OPENING_BELL),
            lambda: broker.option_chain(access(), NOWHERE, date(2026, 12, 1), OPENING_BELL),
        ):
            with pytest.raises(UnknownInstrument, match="Dhan does not list NSE:NOWHERE"):
                ask()

    assert side.asked == []


def test_bars_begin_within_the_span_and_not_at_its_end(simulator, broker):
    alice = logged_in(simulator)
    end = TEN_O_CLOCK + timedelta(minutes=15)

    found = broker.candles(alice, INFY, "5m", TEN_O_CLOCK, end, OPENING_BELL)

    assert [bar.starts_at.minute for bar in found] == [30, 35, 40]
    assert all(bar.low_inr <= bar.close_inr <= bar.high_inr for bar in found)
    assert all(bar.volume_shares > 0 for bar in found)


def test_a_span_is_asked_for_in_indian_time_and_in_one_call(tmp_path):
    with far_side(lambda *_: as_json(200, NO_BARS)) as side:
        dhan(side.url, tmp_path).candles(
            access(), INFY, "1m", TEN_O_CLOCK - timedelta(days=90), TEN_O_CLOCK, OPENING_BELL
        )

    (asked,) = [json.loads(body) for _, _, _, body in side.requests]
    assert (asked["fromDate"], asked["toDate"]) == ("2026-08-22 10:00:00", "2026-11-20 10:00:00")
    assert (asked["interval"], asked["oi"], asked["instrument"]) == (1, False, "EQUITY")


def test_the_last_day_is_asked_for_by_the_day_after_it(tmp_path):
    """Dhan leaves `toDate` out."""
    monday, midnight = datetime(2026, 11, 15, 18, 30, tzinfo=UTC), timedelta(days=5)
    with far_side(lambda *_: as_json(200, NO_BARS)) as side:
        broker = dhan(side.url, tmp_path)
        for end in (monday + midnight, monday + midnight + timedelta(minutes=1)):
            broker.candles(access(), INFY, "1d", monday, end, OPENING_BELL)

    asked = [json.loads(body) for _, _, _, body in side.requests]
    assert [(each["fromDate"], each["toDate"]) for each in asked] == [
        ("2026-11-16", "2026-11-21"),
        ("2026-11-16", "2026-11-22"),
    ]


def test_days_are_named_by_their_midnight_in_india(simulator, broker):
    monday = datetime(2026, 11, 15, 18, 30, tzinfo=UTC)

    found = broker.candles(
        logged_in(simulator), INFY, "1d", monday, monday + timedelta(days=5), OPENING_BELL
    )

    assert [bar.starts_at for bar in found] == [monday + timedelta(days=n) for n in range(5)]


def test_columns_become_bars_with_their_seconds_read_as_utc(tmp_path):
    answer = bars(
        at=[1763611260, 1763611200],
        open=[2, 1.05],
        high=[3, 1.1],
        low=[1.5, 1],
        close=[2.5, 1.05],
        volume=[7, 9],
        open_interest=[0] * 20,
    )
    start = datetime(2025, 11, 20, 4, 0, tzinfo=UTC)
    with far_side(lambda *_: answer) as side:
        found = dhan(side.url, tmp_path).candles(
            access(), INFY, "1m", start, start + timedelta(minutes=2), OPENING_BELL
        )

    assert found == (
        Candle(
            starts_at=start,
            open_inr=Decimal("1.05"),
            high_inr=Decimal("1.1"),
            low_inr=Decimal("1"),
            close_inr=Decimal("1.05"),
            volume_shares=9,
        ),
        Candle(
            starts_at=start + timedelta(minutes=1),
            open_inr=Decimal("2"),
            high_inr=Decimal("3"),
            low_inr=Decimal("1.5"),
            close_inr=Decimal("2.5"),
            volume_shares=7,
        ),
    )


def test_open_interest_is_of_contracts_and_only_where_its_column_fits(simulator, broker, tmp_path):
    end = TEN_O_CLOCK + timedelta(minutes=5)
    (bar,) = broker.candles(logged_in(simulator), FUTURE, "5m", TEN_O_CLOCK, end, OPENING_BELL)
    assert bar.open_interest_shares is not None
    assert bar.open_interest_shares > 0

    short = bars(at=[int(TEN_O_CLOCK.timestamp())], open_interest=[])
    with far_side(lambda *_: short) as side:
        (bare,) = dhan(side.url, tmp_path).candles(
            access(), FUTURE, "5m", TEN_O_CLOCK, end, OPENING_BELL
        )
    assert bare.open_interest_shares is None


def test_columns_of_different_lengths_are_no_answer(tmp_path):
    with (
        far_side(lambda *_: bars(at=[1763611200], close=[1, 2])) as side,
        pytest.raises(BrokerDown),
    ):
        dhan(side.url, tmp_path).candles(
            access(), INFY, "1m", TEN_O_CLOCK, OPENING_BELL, OPENING_BELL
        )


def test_a_span_without_trading_has_no_bars(simulator, broker, tmp_path):
    """Dhan calls it an error: DH-907, incorrect parameters or no data."""
    saturday = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)

    found = broker.candles(
        logged_in(simulator), INFY, "1m", saturday, saturday + timedelta(hours=3), OPENING_BELL
    )

    assert found == ()
    with far_side(lambda *_: dhan_error(400, "DH-905", "bad")) as side, pytest.raises(BrokerDown):
        dhan(side.url, tmp_path).candles(
            access(), INFY, "1m", saturday, saturday + timedelta(hours=3), OPENING_BELL
        )


def test_an_interval_that_dhan_lacks_is_refused_with_those_it_has(tmp_path):
    with (
        far_side(lambda *_: as_json(200, NO_BARS)) as side,
        pytest.raises(NotSupportedByBroker, match=r"3m.*choose one of 1m, 5m, 15m, 25m, 60m, 1d"),
    ):
        dhan(side.url, tmp_path).candles(
            access(), INFY, "3m", TEN_O_CLOCK, OPENING_BELL, OPENING_BELL
        )

    assert side.asked == []


def test_sixty_days_of_minutes_are_read_and_none_is_lost():
    at = list(range(1763611200, 1763611200 + 60 * 22_500, 60))
    prices = [1400 + number % 4000 for number in range(22_500)]
    answer = dict.fromkeys(("open", "high", "low", "close"), prices)
    start = datetime.fromtimestamp(at[0], UTC)

    found = candles(
        answer | {"timestamp": at, "volume": at}, start, start + timedelta(days=60), with_oi=False
    )

    assert len(found) == 22_500
    assert (found[-1].starts_at, found[-1].close_inr) == (
        start + timedelta(minutes=22_499),
        Decimal(1400 + 2499),
    )


def test_expiries_and_chain_of_an_index(simulator, broker):
    alice = logged_in(simulator)

    nearest, following, *_ = broker.expiries(alice, NIFTY, OPENING_BELL)
    chain = broker.option_chain(alice, NIFTY, following, OPENING_BELL)

    assert (nearest, following) == (date(2026, 11, 23), date(2026, 12, 1))
    assert (chain.underlying, chain.expiry) == (NIFTY, following)
    strikes = [row.strike_inr for row in chain.rows]
    assert strikes == sorted(strikes)
    (row,) = [row for row in chain.rows if row.strike_inr == 25050]
    assert f"{row.strike_inr}" == "25050"
    assert row.call is not None
    assert row.put is not None
    assert row.call.trading_symbol == "NIFTY26D0125050CE"
    assert row.put.trading_symbol == "NIFTY26D0125050PE"
    assert row.call.last_price_inr > 0
    assert row.call.implied_volatility_percent == 12
    assert row.call.delta is not None
    assert 0 < row.call.delta < 1
    assert row.call.open_interest_shares


def test_a_chain_is_asked_for_by_numbers(tmp_path):
    side_row = {"last_price": 125.05, "oi": 5962675, "volume": 84202625}
    chain = {
        "data": {
            "last_price": 24964.25,
            "oc": {"25000.000000": {"ce": side_row}, "9000.500000": {"pe": side_row}},
        }
    }
    with far_side(lambda *_: as_json(200, chain)) as side:
        broker = dhan(side.url, tmp_path)
        found = broker.option_chain(access(), NIFTY, date(2024, 10, 31), OPENING_BELL)

    assert json.loads(side.requests[0][3]) == {
        "UnderlyingScrip": 13,
        "UnderlyingSeg": "IDX_I",
        "Expiry": "2024-10-31",
        "dhanClientId": "ALICE",
    }
    assert [row.strike_inr for row in found.rows] == [Decimal("9000.5"), Decimal("25000")]
    lower, upper = found.rows
    assert (lower.call, upper.put) == (None, None)
    assert upper.call is not None
    # Older answers name no contracts.
    assert (upper.call.trading_symbol, upper.call.delta) == (None, None)


def test_a_chain_that_does_not_exist_is_no_answer(simulator, broker):
    alice = logged_in(simulator)
    with pytest.raises(BrokerDown, match="DATA-811"):
        broker.option_chain(alice, NIFTY, date(2026, 12, 2), OPENING_BELL)


def test_a_chain_may_be_asked_for_every_three_seconds_and_its_expiries_more_often(simulator):
    broker, alice = dhan(simulator.url, simulator.keys_dir), logged_in(simulator)
    for _ in range(2):
        (_, following, *_) = broker.expiries(alice, NIFTY, OPENING_BELL)
    broker.option_chain(alice, NIFTY, following, OPENING_BELL)

    with pytest.raises(RateLimited) as limited:
        broker.option_chain(alice, NIFTY, following, OPENING_BELL)

    assert 2 < limited.value.again_in_seconds <= 3
