"""Where prices wander: smooth noise in layers, a pure function of seed, path and second.

Whole numbers only: no float could round differently on another machine. Prices here are counted in
ticks. A price at a full minute is worked out in runs, many at a time: candles, the day's high and
low, and a look back over a day of orders need thousands of them.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from infrastructure.simulator.market.instruments import Instrument

_BILLION: Final = 1_000_000_000
MINUTE: Final = 60

# Each layer wanders between anchors a period apart. (period in seconds, reach in billionths);
# together the layers within a day reach 2.4 %, the slow ones carry the level over the weeks.
_SLOW: Final = (
    (40 * 86_400, 60_000_000),
    (5 * 86_400, 15_000_000),
    (6 * 3_600, 10_000_000),
    (3_600, 6_000_000),
    (300, 4_000_000),
)
# At a full minute these stand on an anchor of theirs.
_FAST: Final = ((30, 2_000_000), (2, 1_500_000))
_FAST_REACH: Final = sum(reach for _, reach in _FAST)
# The two exchanges disagree on a share by at most this.
_BSE_APART_TICKS: Final = 3


def spot_ticks(seed: int, spot: Instrument, second: int) -> int:
    """Of a share or an index, during this second since 1970; at least 1."""
    moved = sum(
        reach * wander(seed, spot.path, period, second) // _BILLION
        for period, reach in (*_SLOW, *_FAST)
    )
    return _in_ticks(spot, moved, _apart(seed, spot, second))


def spot_ticks_by_minute(seed: int, spot: Instrument, first: int, count: int) -> list[int]:
    """`spot_ticks` at `count` full minutes, beginning with the second `first`."""
    moved = _slow_by_minute(seed, spot.path, first, count)
    return [
        _in_ticks(spot, slow + _fast(seed, spot.path, second), _apart(seed, spot, second))
        for slow, second in zip(moved, range(first, first + count * MINUTE, MINUTE), strict=True)
    ]


def spot_extremes(seed: int, spot: Instrument, first: int, count: int) -> tuple[int, int]:
    """The highest and the lowest of `spot_ticks_by_minute`, for about half of the work.

    The fast layers are small and cost most: they are worked out only where they could matter.
    """
    moved = _slow_by_minute(seed, spot.path, first, count)

    def exactly(minute: int) -> int:
        return moved[minute] + _fast(seed, spot.path, first + minute * MINUTE)

    top = exactly(max(range(count), key=moved.__getitem__))
    bottom = exactly(min(range(count), key=moved.__getitem__))
    margin = _FAST_REACH
    if spot.exchange == "BSE":  # both may be apart, and one tick for the rounding
        ticks = 2 * _BSE_APART_TICKS + 1
        margin += ticks * _BILLION * 100 // (spot.level_ticks * spot.reach_percent) + 1
    candidates = [
        _in_ticks(spot, exactly(minute), _apart(seed, spot, first + minute * MINUTE))
        for minute, slow in enumerate(moved)
        if slow + margin >= top or slow - margin <= bottom
    ]
    return max(candidates), min(candidates)


def wander(seed: int, path: str, period: int, second: int) -> int:
    """Smooth noise between two anchors, from -1 to 1 in billionths."""
    index, offset = divmod(second, period)
    here, there = _anchor(seed, path, period, index), _anchor(seed, path, period, index + 1)
    return here + (there - here) * _eased(period, offset) // _BILLION


def draw(seed: int, path: str, period: int, index: int) -> int:
    """The anchor with this number, from -1 to 1 in billionths."""
    digest = hashlib.blake2b(f"{seed}:{path}:{period}:{index}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % (2 * _BILLION + 1) - _BILLION


_anchor = lru_cache(maxsize=8192)(draw)


def _in_ticks(spot: Instrument, moved: int, apart: int) -> int:
    moved = _BILLION + moved * spot.reach_percent // 100
    return max((spot.level_ticks * moved + _BILLION // 2) // _BILLION + apart, 1)


def _apart(seed: int, spot: Instrument, second: int) -> int:
    """By how many ticks the BSE differs from the NSE in this minute."""
    if spot.exchange != "BSE":
        return 0
    return draw(seed, f"BSE:{spot.path}", MINUTE, second // MINUTE) * _BSE_APART_TICKS // _BILLION


def _fast(seed: int, path: str, second: int) -> int:
    """What the fast layers add at a full minute."""
    return sum(
        reach * draw(seed, path, period, second // period) // _BILLION for period, reach in _FAST
    )


def _slow_by_minute(seed: int, path: str, first: int, count: int) -> list[int]:
    layers = (_layer_by_minute(seed, path, layer, first, count) for layer in _SLOW)
    return [sum(parts) for parts in zip(*layers, strict=True)]


def _layer_by_minute(
    seed: int, path: str, layer: tuple[int, int], first: int, count: int
) -> list[int]:
    period, reach = layer
    moved: list[int] = []
    while len(moved) < count:
        index, offset = divmod(first + len(moved) * MINUTE, period)
        here, there = _anchor(seed, path, period, index), _anchor(seed, path, period, index + 1)
        run = min(count - len(moved), -((offset - period) // MINUTE))
        apart = there - here
        moved += [
            reach * (here + apart * eased // _BILLION) // _BILLION
            for eased in _eased_by_minute(period, offset, run)
        ]
    return moved


@lru_cache(maxsize=1024)
def _eased_by_minute(period: int, offset: int, count: int) -> Sequence[int]:
    return tuple(_eased(period, offset + n * MINUTE) for n in range(count))


def _eased(period: int, offset: int) -> int:
    return _BILLION * offset * offset * (3 * period - 2 * offset) // period**3
