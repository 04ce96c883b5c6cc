"""A session as it went over the tape: a price for every full minute, volume, open interest.

Candles, the day's high and low and resting orders all look at the same minutes, so a limit is
reached exactly when the bars show it. Pure functions; what is costly is kept for a while.
"""

from datetime import date
from functools import lru_cache
from itertools import accumulate
from typing import Final

from infrastructure.simulator.market.hours import session
from infrastructure.simulator.market.instruments import Instrument
from infrastructure.simulator.market.noise import MINUTE, draw, spot_extremes, wander
from infrastructure.simulator.market.prices import second_of, ticks_at, ticks_by_minute

MINUTES: Final = 375
"""In a session; the last mark, at the closing bell, is number 375."""

_BILLION: Final = 1_000_000_000
_DAY_SECONDS: Final = 86_400
# Much is traded after the opening bell and before the closing one, little around noon.
_BUSY: Final = [187**2 + 3 * (minute - 187) ** 2 for minute in range(MINUTES)]
_BUSY_UNTIL: Final = [0, *accumulate(_BUSY)]
_SHARE_TURNOVER_TICKS: Final = 80_000_000_000  # four billion rupees a day, in ticks
_BSE_PART: Final = 12
_FUTURE_LOTS: Final = 20_000
_OPTION_LOTS: Final = 60_000


@lru_cache(maxsize=1024)
def session_ticks(seed: int, instrument: Instrument, day: date) -> tuple[int, ...]:
    """The price in ticks at each of the session's 376 marks."""
    return tuple(ticks_by_minute(seed, instrument, _opens(day), MINUTES + 1))


@lru_cache(maxsize=16_384)
def session_bar(seed: int, instrument: Instrument, day: date) -> tuple[int, int, int, int]:
    """Open, high, low and close of a whole session, in ticks."""
    if instrument.is_contract:
        ticks = session_ticks(seed, instrument, day)
        return ticks[0], max(ticks), min(ticks), ticks[-1]
    opens = _opens(day)
    high, low = spot_extremes(seed, instrument, opens, MINUTES + 1)
    closes = opens + MINUTES * MINUTE
    return ticks_at(seed, instrument, opens), high, low, ticks_at(seed, instrument, closes)


def volume_at(seed: int, instrument: Instrument, day: date, second: int) -> int:
    """Shares traded in this day's session up to a second since 1970; none of an index."""
    minute, rest = divmod(min(max(second - _opens(day), 0), MINUTES * MINUTE), MINUTE)
    lots = _lots_until(seed, instrument, day, minute)
    if rest:
        lots += (_lots_until(seed, instrument, day, minute + 1) - lots) * rest // MINUTE
    return lots * instrument.lot_size_shares


def day_volume(seed: int, instrument: Instrument, day: date) -> int:
    """Shares traded in the whole session."""
    return _day_lots(seed, instrument, day) * instrument.lot_size_shares


def open_interest_at(seed: int, instrument: Instrument, second: int) -> int:
    """In shares; 0 unless it is a contract."""
    if not instrument.is_contract:
        return 0
    moved = wander(seed, f"interest:{instrument.symbol}", _DAY_SECONDS, second)
    lots = 3 * _usual_lots(instrument)
    return (lots + lots * moved // (5 * _BILLION)) * instrument.lot_size_shares


def _opens(day: date) -> int:
    return second_of(session(day)[0])


def _lots_until(seed: int, instrument: Instrument, day: date, minute: int) -> int:
    """Part of the day's lots by the usual course of a day, and some of this minute's already."""
    total = _day_lots(seed, instrument, day)
    if minute == MINUTES or not total:
        return total
    so_far = _BUSY_UNTIL[minute] * _BILLION
    if minute:
        ahead = draw(seed, f"volume:{_key(instrument)}:{day}", MINUTE, minute)
        so_far += _BUSY[minute] * (_BILLION + ahead) // 2
    return total * so_far // (_BUSY_UNTIL[-1] * _BILLION)


@lru_cache(maxsize=4096)
def _day_lots(seed: int, instrument: Instrument, day: date) -> int:
    usual = _usual_lots(instrument)
    moved = draw(seed, f"volume:{_key(instrument)}", _DAY_SECONDS, day.toordinal())
    return usual + usual * 2 * moved // (5 * _BILLION)


def _usual_lots(instrument: Instrument) -> int:
    if instrument.kind == "INDEX":
        return 0
    if instrument.spot is None:
        shares = _SHARE_TURNOVER_TICKS // instrument.level_ticks
        return shares // _BSE_PART if instrument.exchange == "BSE" else shares
    share_of_index = 1 if instrument.spot.kind == "INDEX" else 8
    if instrument.strike_inr is None:
        return _FUTURE_LOTS // share_of_index
    strike = int(instrument.strike_inr / instrument.tick_inr)
    percent_away = abs(strike - instrument.level_ticks) * 100 // instrument.level_ticks
    return _OPTION_LOTS // (share_of_index * (1 + percent_away**2))


def _key(instrument: Instrument) -> str:
    return f"{instrument.exchange}:{instrument.symbol}"
