"""The short list that answers before a table was loaded: well-known shares and the indices.

Their tokens and ISINs are the real ones, so they are good for every broker; contracts come only
with a table, because they come and go.
"""

import sqlite3
from collections.abc import Iterator
from functools import lru_cache

from msgspec.structs import replace

from domain.instruments import plain
from infrastructure.instruments.indices import BY_DHAN_ID
from infrastructure.instruments.join import join
from infrastructure.instruments.listing import Listing
from infrastructure.instruments.schema import fill
from infrastructure.simulator.market.instruments import BSE_SHARES, INDICES, INSTRUMENTS, Instrument


@lru_cache(maxsize=1)
def _built_in() -> bytes:
    with sqlite3.connect(":memory:") as connection:
        fill(
            connection,
            (
                join(tuple(_listings(each)))
                for each in (*INSTRUMENTS.values(), *BSE_SHARES.values(), *INDICES)
            ),
        )
        return connection.serialize()


def connect_built_in() -> sqlite3.Connection:
    """A table like that of a day, in memory, with a connection of its own."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.deserialize(_built_in())
    return connection


def _listings(each: Instrument) -> Iterator[Listing]:
    """As the three brokers list it."""
    is_index = each.kind == "INDEX"
    known = BY_DHAN_ID.get(each.dhan_security_id) if is_index else None
    groww = known.groww_symbol if known else each.root
    common = Listing(
        broker="kite",
        exchange=each.exchange,
        kind=each.kind,
        token=str(each.exchange_token),
        symbol=each.symbol,
        description=each.description,
        handle=(str(each.instrument_token),),
        lot_size_shares=None if is_index else each.lot_size_shares,
        tick_inr=None if is_index else plain(each.tick_inr),
        isin=each.isin or None,
    )
    yield common
    yield replace(
        common,
        broker="dhan",
        token=each.dhan_security_id,
        handle=(each.dhan_segment, "INDEX" if is_index else "EQUITY"),
    )
    yield replace(common, broker="groww", handle=(groww, f"{each.exchange}-{groww}", "CASH"))
