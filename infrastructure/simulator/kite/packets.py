"""Kite's binary ticks: big-endian integers, prices in paise.

A frame is the number of packets, and each packet after its length. The lengths tell what is in it:
8 bytes a last price, 44 a quote and 184 a full one with depth; of an index 28 and 32.
"""

import struct
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal

from application.ports.market import DepthLevel
from infrastructure.simulator.market.quotes import Quote

Mode = Literal["ltp", "quote", "full"]
HEARTBEAT: Final = b"\x00"
_PAISE: Final = 100
_DEPTH: Final = 5


def frame(packets: Sequence[bytes]) -> bytes:
    """One binary message."""
    sized = (struct.pack(">H", len(packet)) + packet for packet in packets)
    return struct.pack(">H", len(packets)) + b"".join(sized)


def packet(mode: Mode, seen: Quote, now: datetime) -> bytes:
    """One instrument, as this mode shows it."""
    token, last = seen.instrument.instrument_token, _paise(seen.last_price_inr)
    if mode == "ltp":
        return struct.pack(">II", token, last)
    if seen.instrument.kind == "INDEX":
        return _index_packet(mode, seen, now)
    cells = [
        token,
        last,
        seen.last_quantity_shares,
        _paise(seen.average_price_inr),
        seen.volume_shares,
        seen.buy_quantity_shares,
        seen.sell_quantity_shares,
        _paise(seen.open_inr),
        _paise(seen.high_inr),
        _paise(seen.low_inr),
        _paise(seen.previous_close_inr),
    ]
    if mode == "full":
        cells += [
            int(seen.traded_at.timestamp()),
            seen.open_interest_shares,
            seen.oi_day_high,
            seen.oi_day_low,
            int(now.timestamp()),
        ]
    depth = b"" if mode == "quote" else _levels(seen.bids) + _levels(seen.asks)
    return struct.pack(f">{len(cells)}I", *cells) + depth


def _index_packet(mode: Mode, seen: Quote, now: datetime) -> bytes:
    cells = [
        seen.instrument.instrument_token,
        _paise(seen.last_price_inr),
        _paise(seen.high_inr),
        _paise(seen.low_inr),
        _paise(seen.open_inr),
        _paise(seen.previous_close_inr),
    ]
    change = _paise(seen.last_price_inr - seen.previous_close_inr)
    packed = struct.pack(">6Ii", *cells, change)
    return packed if mode == "quote" else packed + struct.pack(">I", int(now.timestamp()))


def _levels(levels: Iterable[DepthLevel]) -> bytes:
    packed = [
        struct.pack(">IIHxx", level.quantity_shares, _paise(level.price_inr), level.orders or 0)
        for level in levels
    ]
    return b"".join(packed + [bytes(12)] * (_DEPTH - len(packed)))


def _paise(price_inr: Decimal) -> int:
    return int(price_inr * _PAISE)
