"""What is asked for again, and what is not. It is Friday noon, 20 Nov 2026, unless said."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from application.market.bars import Bars
from application.market.keep_candles import Told, Wanted, read_through
from application.market.periods import Period
from application.ports.candle_store import Kept
from application.ports.market import Candle
from tests.application.bar_rows import days, ist, table, written

NOW = ist(20, 12)
THIS_MORNING = ist(20, 10)
YESTERDAY = ist(19, 20)
KEPT = Kept(
    since=ist(9), until=ist(14), checked_at=THIS_MORNING, bars=table(*days(9, 10, 11, 12, 13))
)
NOVEMBER = (2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20)


class Market:
    """A broker with daily bars; `asked` are the days of each call, first to last."""

    def __init__(self, *candles: Candle) -> None:
        self.candles = candles or days(*NOVEMBER)
        self.asked: list[str] = []

    def __call__(self, periods: list[Period]) -> list[Bars]:
        return [self._between(each.start, each.end) for each in periods]

    def _between(self, start: datetime, end: datetime) -> Bars:
        bars = table(*(each for each in self.candles if start <= each.starts_at < end))
        self.asked.append(" ".join(each[:2] for each in written(bars)))
        return bars


def read(
    kept: Kept | None, first: int, last: int, market: Market, *, quiet=False, now=NOW, reach=60
) -> Told:
    """The days from `first` to `last`; today's bar can still change."""
    wanted = Wanted(
        period=Period(start=ist(first), end=min(ist(last + 1), now)),
        interval="1d",
        settled=ist(20),
        reach=timedelta(days=reach),
        at=now,
        quiet=lambda _start, _end: quiet,
    )
    return read_through(kept, wanted, market)


def told(answer: Told) -> str:
    return " ".join(each[:2] for each in written(answer.bars))


def kept(answer: Told) -> tuple[datetime, datetime, str]:
    assert answer.kept is not None
    bars = " ".join(each[:2] for each in written(answer.kept.bars))
    return answer.kept.since, answer.kept.until, bars


def test_what_is_not_known_is_fetched_and_kept_without_what_can_still_change():
    market = Market()

    answer = read(None, 16, 20, market)

    assert (told(answer), market.asked) == ("16 17 18 19 20", ["16 17 18 19 20"])
    assert kept(answer) == (ist(16), ist(20), "16 17 18 19")
    assert answer.from_cache == 0


def test_what_is_kept_is_not_asked_for_again():
    market = Market()

    answer = read(KEPT, 10, 12, market)

    assert (told(answer), market.asked) == ("10 11 12", [])
    assert (answer.kept, answer.from_cache) == (None, 3)


def test_more_is_fetched_from_the_last_kept_bar_on():
    market = Market()

    answer = read(KEPT, 12, 20, market)

    assert told(answer) == "12 13 16 17 18 19 20"
    assert market.asked == ["13 16 17 18 19 20"]
    assert kept(answer) == (ist(9), ist(20), "09 10 11 12 13 16 17 18 19")
    assert answer.from_cache == 2


def test_what_lies_before_is_fetched_up_to_the_first_kept_bar():
    market = Market()

    answer = read(KEPT, 4, 10, market)

    assert (told(answer), market.asked) == ("04 05 06 09 10", ["04 05 06 09"])
    assert kept(answer) == (ist(4), ist(14), "04 05 06 09 10 11 12 13")


def test_what_lies_on_both_sides_is_fetched_and_the_middle_is_not():
    market = Market()

    answer = read(KEPT, 6, 16, market)

    assert told(answer) == "06 09 10 11 12 13 16"
    assert market.asked == ["06 09", "13 16"]
    assert kept(answer)[:2] == (ist(6), ist(17))


@pytest.mark.parametrize(
    ("first", "last", "asked"), [(2, 4, "02 03 04 05 06 09"), (17, 18, "13 16 17 18")]
)
def test_a_hole_is_never_left_between(first, last, asked):
    market = Market()

    answer = read(KEPT, first, last, market)

    assert market.asked == [asked]
    assert kept(answer)[2].split() == sorted(set(asked.split()) | {"09", "10", "11", "12", "13"})


def test_of_two_spans_that_are_far_apart_the_newer_one_is_kept():
    market = Market()

    newer = read(KEPT, 18, 19, market, reach=3)
    older = read(KEPT, 2, 4, market, reach=3)

    assert market.asked == ["18 19", "02 03 04"]
    assert kept(newer) == (ist(18), ist(20), "18 19")
    assert (told(older), older.kept) == ("02 03 04", None)


@pytest.mark.parametrize(("first", "last"), [(6, 10), (12, 19)])
def test_other_prices_at_the_seam_mean_that_all_is_fetched_anew(first, last):
    split = Market(*days(*NOVEMBER, price="300.00"))

    answer = read(KEPT, first, last, split)

    assert {candle.close_inr for candle in answer.bars.candles()} == {300}
    assert split.asked[-1] == " ".join(f"{n:02}" for n in NOVEMBER if first <= n <= last)
    assert kept(answer)[:2] == (ist(first), ist(last + 1))
    assert answer.from_cache == 0


def test_a_broker_that_has_lost_the_bar_at_the_seam_is_believed():
    market = Market(*days(16, 17))

    answer = read(KEPT, 12, 17, market)

    assert (told(answer), kept(answer)[2]) == ("16 17", "16 17")


def test_what_was_not_compared_today_is_compared_at_its_last_bar():
    stale = replace(KEPT, checked_at=YESTERDAY)
    market, split = Market(), Market(*days(*NOVEMBER, price="300.00"))

    same = read(stale, 10, 12, market)
    other = read(stale, 10, 12, split)

    assert (told(same), market.asked) == ("10 11 12", ["13"])
    assert same.kept is not None
    assert (same.kept.checked_at, same.kept.bars) == (NOW, KEPT.bars)
    assert split.asked == ["13", "10 11 12"]
    assert {candle.close_inr for candle in other.bars.candles()} == {300}


def test_while_no_exchange_trades_nothing_new_is_asked_for():
    market = Market()

    answer = read(KEPT, 10, 15, market, quiet=True)

    assert (told(answer), market.asked, answer.kept) == ("10 11 12 13", [], None)


def test_bars_that_can_still_change_are_fetched_each_time_and_written_once():
    market = Market()

    first = read(KEPT, 10, 20, market)
    again = read(first.kept, 10, 20, market, now=NOW + timedelta(minutes=5))

    assert market.asked == ["13 16 17 18 19 20", "19 20"]
    assert (told(again)[-5:], again.kept) == ("19 20", None)


def test_a_last_bar_that_a_broker_has_later_than_others_is_asked_for_again():
    late = Market(*days(16, 17, 18))

    first = read(None, 16, 19, late)
    again = read(first.kept, 16, 19, Market())

    assert kept(first) == (ist(16), ist(19), "16 17 18")
    assert (told(again), kept(again)[2]) == ("16 17 18 19", "16 17 18 19")


def test_the_first_look_of_a_day_is_one_at_all_that_may_have_come():
    stale = replace(KEPT, checked_at=YESTERDAY)
    market = Market()

    answer = read(stale, 10, 17, market, quiet=True)

    assert (told(answer), market.asked) == ("10 11 12 13 16 17", ["13 16 17"])


def test_what_changes_nothing_is_not_written_again():
    assert read(KEPT, 10, 15, Market()).kept is None


def test_nothing_is_kept_where_the_broker_has_nothing_or_nothing_is_closed():
    assert read(None, 7, 8, Market()).kept is None
    assert read(None, 20, 20, Market()).kept is None


def test_the_oldest_bars_go_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr("application.market.keep_candles.MOST_KEPT_BARS", 3)

    answer = read(None, 9, 13, Market())

    assert told(answer) == "09 10 11 12 13"
    assert kept(answer) == (ist(11), ist(14), "11 12 13")
