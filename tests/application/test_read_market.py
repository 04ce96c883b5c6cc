import pytest

from application.market.read_market import Quotes, Symbol
from domain.errors import InvalidArgument, UnknownInstrument
from tests.application.market import INFY, TCS, MarketWorld
from tests.application.world import context


def quotes(world: MarketWorld, *symbols: str, detail=None) -> Quotes:
    wanted = [Symbol(text=each) for each in symbols]
    return world.read_market.quotes(
        context(), world.entered(), world.broker.name, wanted, detail
    ).answer


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
    monkeypatch.setattr("application.market.read_market.A_SCREENFUL", 1)
    world = MarketWorld("kite")

    quotes(world, "INFY")
    quotes(world, "INFY", "TCS")
    quotes(world, "INFY", "TCS", detail="full")

    assert [asked[0] for asked in world.broker.asked] == ["full", "ohlc", "full"]


def test_more_calls_than_one_question_is_worth_are_refused_with_a_way_out(monkeypatch):
    monkeypatch.setattr("application.market.read_market.MOST_CALLS", 1)
    world = MarketWorld("groww")

    with pytest.raises(InvalidArgument, match="1 symbols with detail='full' are the most"):
        quotes(world, "INFY", "TCS", detail="full")
    found = quotes(world, "INFY", "TCS", detail="ltp")

    assert [each.instrument for each in found.quotes] == [INFY]


def test_a_symbol_says_the_exchange_that_was_given_beside_it():
    assert str(Symbol(text="INFY", exchange="BSE")) == "BSE:INFY"
    assert str(Symbol(text="INFY")) == "INFY"
