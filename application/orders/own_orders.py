"""Find an order of one's own by what a person calls it."""

from typing import NamedTuple
from uuid import UUID

from application.orders.judging import RECENT_SESSIONS
from application.writer import Loaded, Writer
from domain.errors import OrderNotFound
from domain.order_reports import OrderReport, order_reports


class Own(NamedTuple):
    """An order, and the session that it belongs to."""

    report: OrderReport
    stream: Loaded

    @property
    def session_id(self) -> UUID:
        return self.stream.stream_id


def find_own(
    writer: Writer, principal: UUID, named: str, broker: str | None, active: str | None
) -> Own:
    """The newest order that bears this order_key or broker's order id: at `broker`, or else at the
    active one, or else at any.

    Raises:
        OrderNotFound: this person has none; it may be somebody else's, or placed elsewhere.
    """
    found: Own | None = None
    slices: list[str] = []
    for opened in reversed(writer.store.sessions_of(principal)[-RECENT_SESSIONS:]):
        stream = writer.load(opened.session_id)
        for key, report in reversed(order_reports(stream.events).items()):
            its_broker = report.request.broker
            if report.request.slice_of == named:
                slices.insert(0, key)
            if named not in (key, report.broker_order_id) or broker not in (None, its_broker):
                continue
            if its_broker in (broker, active):
                return Own(report, stream)
            found = found or Own(report, stream)
    if found is None and slices:
        raise OrderNotFound(
            f"{named} went as {len(slices)} orders, which are changed one by one. Next: name one "
            f"of {', '.join(slices)}."
        )
    if found is None:
        raise OrderNotFound(
            "No order of yours that was placed here bears this key or id; orders that were placed "
            "elsewhere are shown and never touched. Next: get_orders()."
        )
    return found
