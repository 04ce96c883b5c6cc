from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from application.periods import Period
from application.ports.market import Candle
from application.read_market import Bars, Quotes, Symbol
from domain.errors import InvalidArgument, UnknownInstrument
from tests.application.market import INFY, TCS, MarketWorld
from tests.application.world import OPENING_BELL, context

LAST_WEEK = Period(start=OPENING_BELL - timedelta(days=7), end=OPENING_BELL)


def quotes(world: MarketWorld, *symbols: str, detail=None) -> Quotes:
    wanted = [Symbol(text=each) for each in symbols]
    return world.read_market.quotes(
        context(), world.entered(), world.broker.name, wanted, detail
    ).answer


def bars(world: MarketWorld, interval="5m", period=LAST_WEEK) -> Bars:
    return world.read_market.candles(
        context(), world.entered(), world.broker.name, Symbol(text="INFY"), interval, period
    ).answer


def bar(starts_at: datetime) -> Candle:
    one = Decimal("1500.00")
    return Candle(
        starts_at=starts_at,
        open_inr=one,
        high_inr=one,
        low_inr=one,
        close_inr=one,
        volume_shares=10,
    )


def test_the_unknown_and_the_unpriced_are_told_apart():
    found = quotes(MarketWorld("kite"), "INFY", "INFOSY", "TCS")

    assert [each.instrument for each in found.quotes] == [INFY]
    assert [each.symbol.text for each in found.unknown] == ["INFOSY"]
    assert found.unknown[0].reason == "INFOSY is not in the table. Next: search_instruments."
    assert found.unquoted == (TCS,)


def test_an_instrument_under_two_names_is_asked_for_once():
    world = MarketWorld("kite")

    found = quotes(world, "NSE:INFY", "INFY", "X", "X")

    assert world.broker.asked == [("full", "NSE:INFY")]
    assert len(found.quotes) == len(found.unknown) == 1


def test_without_any_price_the_answer_is_a_refusal_with_all_reasons():
    world = MarketWorld("kite")

    with pytest.raises(UnknownInstrument) as told:
        quotes(world, "INFOSY", "TCS")

    assert str(told.value) == (
        "INFOSY is not in the table. Next: search_instruments. Kite has no price of NSE:TCS. "
        "Next: search_instruments says who lists what."
    )


def test_a_broker_is_not_asked_for_nothing():
    world = MarketWorld("kite")

    with pytest.raises(UnknownInstrument):
        quotes(world, "INFOSY")

    assert world.broker.asked == []


def test_a_screenful_comes_in_full_and_more_without_depth(monkeypatch):
    monkeypatch.setattr("application.read_market.A_SCREENFUL", 1)
    world = MarketWorld("kite")

    quotes(world, "INFY")
    quotes(world, "INFY", "TCS")
    quotes(world, "INFY", "TCS", detail="full")

    assert [asked[0] for asked in world.broker.asked] == ["full", "ohlc", "full"]


def test_more_calls_than_one_question_is_worth_are_refused_with_a_way_out(monkeypatch):
    monkeypatch.setattr("application.read_market.MOST_CALLS", 1)
    world = MarketWorld("groww")

    with pytest.raises(InvalidArgument, match="1 symbols with detail='full' are the most"):
        quotes(world, "INFY", "TCS", detail="full")
    found = quotes(world, "INFY", "TCS", detail="ltp")

    assert [each.instrument for each in found.quotes] == [INFY]


def test_a_bar_is_open_until_its_end():
    world = MarketWorld("kite")
    world.broker.bars = (bar(OPENING_BELL - timedelta(minutes=5)), bar(OPENING_BELL))

    found = bars(world)
    world.clock.advance(timedelta(minutes=5))
    later = bars(world)

    assert (found.is_last_open, later.is_last_open) == (True, False)
    assert found.last_ends_at == datetime(2026, 11, 23, 3, 50, tzinfo=UTC)


def test_no_bars_is_an_answer():
    found = bars(MarketWorld("kite"))

    assert (found.candles, found.last_ends_at, found.is_last_open) == ((), None, False)


@pytest.mark.parametrize(("interval", "days"), [("1m", 133), ("1d", 4000)])
def test_a_period_of_too_many_bars_or_calls_is_refused_with_how_long_it_may_be(
    interval, days, monkeypatch
):
    monkeypatch.setattr("application.read_market.MOST_CALLS", 2 if interval == "1d" else 50)
    world = MarketWorld("kite")
    longest = Period(start=OPENING_BELL - timedelta(days=days), end=OPENING_BELL)
    longer = Period(start=longest.start - timedelta(seconds=1), end=OPENING_BELL)

    bars(world, interval, longest)
    with pytest.raises(InvalidArgument, match=f"at most {days} days of {interval} bars"):
        bars(world, interval, longer)

    assert world.broker.asked == [("NSE:INFY", interval, longest.start, longest.end)]


def test_a_symbol_that_nobody_knows_has_no_bars():
    world = MarketWorld("kite")

    with pytest.raises(UnknownInstrument):
        world.read_market.candles(
            context(), world.entered(), "kite", Symbol(text="INFOSY"), "1d", LAST_WEEK
        )


def test_a_symbol_says_the_exchange_that_was_given_beside_it():
    assert str(Symbol(text="INFY", exchange="BSE")) == "BSE:INFY"
    assert str(Symbol(text="INFY")) == "INFY"
