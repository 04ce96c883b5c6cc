"""What Groww gives in pages, and smart orders by the month at that."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from domain.instants import IST
from infrastructure.brokers.groww import map_orders
from infrastructure.brokers.groww.mapping import SEGMENTS

if TYPE_CHECKING:
    from infrastructure.brokers.groww.sdk import GrowwClient, Row

MOST_PAGES: Final = 400
_ORDERS_PER_PAGE: Final = 25
_TRADES_PER_PAGE: Final = 50
# Groww lists at most a month at once; February is the shortest month.
_WINDOW: Final = timedelta(days=28)
# A GTT waits for a year; the duration of an OCO, which is its legs', can only be DAY.
_LIVES: Final = {"GTT": timedelta(days=366), "OCO": _WINDOW}
_SMART_ORDERS_PER_PAGE: Final = 50


def book(client: "GrowwClient") -> list[map_orders.OrderRow]:
    """Every order of the day. Without a segment the SDK would forget the page, and a page has 25
    orders whatever is asked for. New orders move the others along: they come twice, not never.

    Raises:
        ValueError: it does not end.
    """
    found: dict[str, map_orders.OrderRow] = {}
    for segment in SEGMENTS:
        for page in range(MOST_PAGES):
            rows = map_orders.order_rows(client.get_order_list(page, segment=segment))
            fresh = {row.groww_order_id: row for row in rows}
            nothing_new = fresh.keys() <= found.keys()
            found |= fresh
            if len(rows) < _ORDERS_PER_PAGE or nothing_new:
                break
        else:
            raise ValueError("the order book does not end")
    return list(found.values())


def trades_of(client: "GrowwClient", order: map_orders.OrderRow) -> Iterator["Row"]:
    """The fills of one order, which are no more than its shares."""
    for page in range(order.filled_quantity // _TRADES_PER_PAGE + 1):
        answer = client.get_trade_list_for_order(
            order.groww_order_id, order.segment, page, _TRADES_PER_PAGE
        )
        yield answer
        if len(answer.get("trade_list", ())) < _TRADES_PER_PAGE:
            return


def waiting(
    client: "GrowwClient", word: str, segment: str, window: tuple[str, str]
) -> Iterator["Row"]:
    for page in range(MOST_PAGES):
        answer = client.get_smart_order_list(
            smart_order_type=word,
            segment=segment,
            status="ACTIVE",
            page=page,
            page_size=_SMART_ORDERS_PER_PAGE,
            start_date_time=window[0],
            end_date_time=window[1],
        )
        yield answer
        if len(answer.get("orders", ())) < _SMART_ORDERS_PER_PAGE:
            return
    raise ValueError("the list of smart orders does not end")


def windows(word: str, now: datetime) -> Iterator[tuple[str, str]]:
    """What to ask for, piece by piece, to see all that may still wait: the latest first."""
    today = now.astimezone(IST).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    end = today + timedelta(days=1)
    last = end - _LIVES[word]
    while end > last:
        start = max(end - _WINDOW, last)
        yield f"{start:%Y-%m-%dT%H:%M:%S}", f"{end:%Y-%m-%dT%H:%M:%S}"
        end = start
