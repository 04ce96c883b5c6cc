"""Candles on Monday, 23 Nov 2026, at 09:15 IST."""

from datetime import UTC, datetime, timedelta

import pytest

from application.market.bars import Bars
from application.market.periods import Period
from application.market.read_candles import Candles, WantedBars
from application.market.read_market import Symbol
from application.ports.broker import BrokerDown, LoginExpired, RateLimited
from domain.errors import (
    BrokerLoginRequired,
    BrokerUnavailable,
    InvalidArgument,
    UnknownInstrument,
)
from domain.errors import RateLimited as TooSoon
from tests.application.bar_rows import bar, days, ist, session_of, written
from tests.application.market import MarketWorld
from tests.application.world import OPENING_BELL, context

LAST_WEEK = Period(start=ist(16), end=ist(21))
TWO_WEEKS = Period(start=ist(9), end=OPENING_BELL)
WEEK = days(16, 17, 18, 19, 20)


def wanted(interval="1d", period=LAST_WEEK, warm_up=0) -> WantedBars:
    return WantedBars(interval=interval, period=period, warm_up=warm_up)


def read(world: MarketWorld, ask: WantedBars | None = None, symbol="INFY", **more) -> Candles:
    return world.read_candles(
        context(),
        world.entered(),
        world.broker.name,
        Symbol(text=symbol),
        ask or wanted(),
        **more,
    ).answer


def several(world: MarketWorld, *symbols: str, **more) -> list[object]:
    """The candles' number of bars, or the refusal."""
    answers = world.read_candles.several(
        context(),
        world.entered(),
        world.broker.name,
        [Symbol(text=each) for each in symbols],
        wanted(),
        **more,
    ).answer
    return [len(each.bars) if isinstance(each, Candles) else type(each) for each in answers]


@pytest.fixture
def world() -> MarketWorld:
    world = MarketWorld("kite")
    world.broker.bars = WEEK
    return world


def test_candles_say_where_they_are_from(world):
    found = read(world)

    assert written(found.bars) == ["16 00:00", "17 00:00", "18 00:00", "19 00:00", "20 00:00"]
    assert (found.instrument.name, found.interval, found.period) == ("NSE:INFY", "1d", LAST_WEEK)
    assert (found.calls, found.from_cache, found.fetched_at) == (1, 0, OPENING_BELL)
    assert (found.last_ends_at, found.is_last_open) == (ist(20, 15, 30), False)


def test_the_second_time_they_come_without_the_broker(world):
    read(world)
    world.clock.advance(timedelta(minutes=5))

    again = read(world)

    assert len(world.broker.asked) == 1
    assert (again.calls, again.from_cache, again.fetched_at) == (0, 5, OPENING_BELL)


def test_a_last_bar_is_open_until_the_session_closes(world):
    world.broker.bars = (*WEEK, *days(23))
    until_now = wanted(period=Period(start=ist(16), end=ist(24)))

    at_the_bell = read(world, until_now)
    world.clock.advance(timedelta(hours=6, minutes=15))
    at_the_close = read(world, until_now)

    assert (at_the_bell.is_last_open, at_the_bell.last_ends_at) == (True, ist(23, 15, 30))
    assert at_the_close.is_last_open is False


def test_no_bars_is_an_answer(world):
    found = read(world, wanted(period=Period(start=ist(14), end=ist(16))))

    assert (len(found.bars), found.last_ends_at, found.is_last_open) == (0, None, False)
    assert not found.gaps


def test_a_long_period_is_asked_for_in_pieces_and_each_is_told():
    world = MarketWorld("kite")
    world.broker.bars = days(2, 20)
    told: list[tuple[int, int]] = []
    start = OPENING_BELL - timedelta(days=250)

    found = read(
        world,
        wanted("5m", Period(start=start, end=OPENING_BELL)),
        progress=lambda *counts: told.append(counts),
    )

    starts, ends = zip(*(asked[2:] for asked in world.broker.asked), strict=True)
    assert (starts[0], ends[-1]) == (start, OPENING_BELL)
    assert starts[1:] == ends[:-1]
    assert max(end - begin for begin, end in zip(starts, ends, strict=True)) <= timedelta(days=100)
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert (found.calls, len(found.bars)) == (3, 2)


def test_a_warm_up_goes_back_over_trading_days_and_is_told_apart(world):
    found = read(world, wanted(period=Period(start=ist(19), end=ist(21)), warm_up=2))

    assert written(found.bars[: found.first]) == ["16 00:00", "17 00:00", "18 00:00"]
    assert written(found.bars[found.first :]) == ["19 00:00", "20 00:00"]
    assert found.period.start == ist(19)


def test_a_warm_up_that_the_broker_does_not_have_is_shorter(world):
    found = read(world, wanted(warm_up=3))

    assert (found.first, len(found.bars)) == (0, 5)


def test_a_warm_up_up_to_now_needs_no_period(world):
    found = read(world, wanted(period=Period(start=OPENING_BELL, end=OPENING_BELL), warm_up=1))

    assert written(found.bars) == ["18 00:00", "19 00:00", "20 00:00"]
    assert found.first == 3


def test_a_warm_up_that_is_longer_than_a_period_may_be_is_shorter_and_no_refusal(monkeypatch):
    monkeypatch.setattr("application.market.read_candles.MOST_CALLS", 1)
    world = MarketWorld("groww")

    read(world, wanted("1w", Period(start=ist(16), end=OPENING_BELL), warm_up=500))

    assert world.broker.asked[0][2] == ist(16) - timedelta(days=180)
    assert world.broker.asked[-1][3] == OPENING_BELL


def test_the_longest_period_has_its_warm_up_all_the_same(monkeypatch):
    monkeypatch.setattr("application.market.read_candles.MOST_CALLS", 1)
    world = MarketWorld("groww")
    longest = Period(start=OPENING_BELL - timedelta(days=180), end=OPENING_BELL)

    read(world, wanted("1d", longest, warm_up=20))

    earliest = world.broker.asked[0][2]
    assert isinstance(earliest, datetime)
    assert earliest < longest.start - timedelta(days=20)


def test_gaps_are_found_against_the_calendar(world):
    world.broker.bars = days(16, 18, 19, 20)

    found = read(world)

    assert [str(day) for day in found.gaps.days] == ["2026-11-17"]


def test_the_week_that_goes_on_is_not_kept():
    world = MarketWorld("groww")
    world.broker.bars = (bar(ist(9)), bar(ist(16)))

    read(world, wanted("1w", Period(start=ist(9), end=ist(20))))

    kept = world.candle_store.read("groww", "NSE:INFY", "1w")
    assert kept is not None
    assert (written(kept.bars), kept.until) == (["09 00:00"], ist(16))


def test_todays_bars_are_kept_from_the_evening_on(world):
    world.broker.bars = session_of(23)
    today = wanted("60m", Period(start=ist(23), end=ist(24)))
    seen = []
    for hours in (8, 1, 1, 1):
        world.clock.advance(timedelta(hours=hours))
        seen.append(read(world, today).calls)

    assert seen == [1, 1, 1, 0]
    assert world.clock.now() == ist(23, 20, 15)


@pytest.mark.parametrize(("interval", "days_long"), [("1m", 266), ("1d", 4000)])
def test_a_period_of_too_many_bars_or_calls_is_refused_with_how_long_it_may_be(
    interval, days_long, monkeypatch
):
    monkeypatch.setattr("application.market.read_candles.MOST_CALLS", 2 if interval == "1d" else 50)
    world = MarketWorld("kite")
    longest = Period(start=OPENING_BELL - timedelta(days=days_long), end=OPENING_BELL)
    longer = Period(start=longest.start - timedelta(seconds=1), end=OPENING_BELL)

    read(world, wanted(interval, longest))
    asked = len(world.broker.asked)
    with pytest.raises(InvalidArgument, match=f"at most {days_long} days of {interval} bars"):
        read(world, wanted(interval, longer))

    assert len(world.broker.asked) == asked


def test_a_symbol_that_nobody_knows_has_no_bars(world):
    with pytest.raises(UnknownInstrument):
        read(world, symbol="INFOSY")


@pytest.mark.parametrize(
    ("trouble", "said"),
    [(BrokerDown("ReadTimeout"), BrokerUnavailable), (RateLimited(1.5), TooSoon)],
)
def test_what_a_broker_cannot_answer_is_a_refusal(world, trouble, said):
    world.broker.trouble = trouble

    with pytest.raises(said):
        read(world)


# Several


def test_one_symbol_without_candles_never_hides_the_others(world):
    told: list[tuple[int, int]] = []

    answers = several(world, "INFY", "INFOSY", "TCS", progress=lambda *counts: told.append(counts))

    assert answers == [5, UnknownInstrument, 5]
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_broker_that_is_away_is_not_asked_for_everything(world):
    world.broker.trouble = BrokerDown("ReadTimeout")

    answers = several(world, "INFY", "TCS", "NIFTY 50", "INFY")

    assert answers == [BrokerUnavailable] * 4
    assert [asked[0] for asked in world.broker.asked] == ["NSE:INFY", "NSE:TCS"]


def test_a_login_that_is_over_ends_it_all(world):
    world.broker.trouble = LoginExpired()

    with pytest.raises(BrokerLoginRequired):
        several(world, "INFY", "TCS")

    assert len(world.broker.asked) == 1


def test_who_is_not_logged_in_gets_nothing_that_others_have_fetched(world):
    read(world)
    world.broker.needs_login = True

    with pytest.raises(BrokerLoginRequired):
        read(world)
    with pytest.raises(BrokerLoginRequired):
        several(world, "INFY")


def test_bars_are_columns_that_can_be_cut(world):
    bars = read(world).bars

    assert isinstance(bars, Bars)
    assert bars.starts_at[0] == datetime(2026, 11, 15, 18, 30, tzinfo=UTC).timestamp()
    assert written(bars[1:3]) == ["17 00:00", "18 00:00"]
    assert next(bars.candles()) == WEEK[0]
