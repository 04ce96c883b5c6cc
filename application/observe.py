"""Turn what a broker's order book says into facts about our own orders."""

from collections.abc import Iterable
from uuid import UUID

from application.ports.broker_orders import BrokerOrder
from application.writer import Context, Loaded, Writer
from domain.events import Event
from domain.orders import observe_order
from domain.session import evolve, fold
from domain.vocabulary import BrokerName, OrderTerms


def observe_book(
    writer: Writer,
    context: Context,
    session_id: UUID,
    broker: BrokerName,
    book: Iterable[BrokerOrder],
) -> int:
    """Store what is new about the session's open orders at this broker; answer with the position,
    0 for nothing.

    An order of ours is recognised by the tag that we gave it; in a row without any tag by the
    broker's order id, which another broker, or this one on another day, may give to another order.
    """
    by_tag = {tag: order for order in book for tag in order.broker_tags}
    by_id = {order.broker_order_id: order for order in book if not order.broker_tags}
    if not by_tag and not by_id:
        return 0

    def decision(loaded: Loaded) -> list[Event]:
        session = fold(loaded.events)
        news: list[Event] = []
        for key, known in session.orders.items() if session else ():
            if known.request.broker != broker:
                continue
            if known.stage == "requested":
                continue  # not sent, so whatever is in the book is not this order
            seen = by_tag.get(known.request.broker_tag) or by_id.get(known.broker_order_id or "")
            if seen is None or session is None or not _is_that_order(seen, known.request.terms):
                continue
            for fact in observe_order(session, key, seen.broker_order_id, seen.sighting):
                news.append(fact)
                session = evolve(session, fact)
        return news

    return writer.record(context, session_id, decision).position or 0


def _is_that_order(seen: BrokerOrder, terms: OrderTerms) -> bool:
    """A row that names another share, side or quantity is another order, whatever its id."""
    return (seen.trading_symbol, seen.transaction_type, seen.quantity_shares) == (
        terms.trading_symbol,
        terms.transaction_type,
        terms.quantity_shares,
    )
