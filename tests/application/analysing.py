"""An analysis at a broker whose candles a test has written; every line tells the bar's close."""

from datetime import datetime

from application.market.analyse import Analyse, Analysed, NotAnalysed, Request
from application.market.read_market import Symbol
from application.market.readings import Reading
from domain.indicator_text import parse_indicator
from domain.instants import IST
from tests.application.bar_rows import bar, ist
from tests.application.market import MarketWorld
from tests.application.world import OPENING_BELL, context
from tests.fakes.indicators import CloseForEverything

THREE_WEEKS = (2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20)
"""The trading days of November 2026 up to the last closed one."""


def analysed(
    world: MarketWorld,
    *indicators: str,
    symbols: tuple[str, ...] = ("INFY",),
    interval="1d",
    since: datetime | None = None,
    until: datetime = OPENING_BELL,
    fake: CloseForEverything | None = None,
    **more,
) -> tuple[Analysed | NotAnalysed, ...]:
    request = Request(
        symbols=[Symbol(text=each) for each in symbols],
        wanted=[parse_indicator(each) for each in indicators],
        interval=interval,
        since=since,
        until=until,
        **{"most": 1, **more},
    )
    analyse = Analyse(read_candles=world.read_candles, indicators=fake or CloseForEverything())
    return analyse(context(), world.entered(), world.broker.name, request).answer


def reading(world: MarketWorld, indicator: str, **more) -> Reading:
    """Of the only symbol and indicator."""
    (one,) = analysed(world, indicator, **more)
    assert isinstance(one, Analysed)
    return one.readings[0]


def told(one: Reading) -> list[tuple[str, float | None]]:
    """`20 00:00` of each bar, and its first line."""
    return [
        (f"{value.starts_at.astimezone(IST):%d %H:%M}", next(iter(value.lines.values())))
        for value in one.values
    ]


def numbered(*numbers: int, first: int = 100):
    """Daily bars of these days of November, with closes 100.00, 101.00 and so on."""
    return tuple(bar(ist(day), f"{first + at}.00") for at, day in enumerate(numbers))
