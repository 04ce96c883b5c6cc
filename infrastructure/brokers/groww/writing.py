"""What changes something at Groww: one call each, never repeated, and it never raises."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from application.ports.broker import Access
from application.ports.broker_orders import Accepted, GttOrder, GttTicket, OrderTicket, Written
from domain.events import Outcome
from domain.vocabulary import OrderTerms
from infrastructure.brokers.clients import in_address
from infrastructure.brokers.groww import map_account, map_gtt, map_orders
from infrastructure.brokers.groww.client import if_there
from infrastructure.brokers.groww.mapping import place_of
from infrastructure.brokers.groww.reading import GrowwReads
from infrastructure.brokers.outcomes import NotThere, as_fact

if TYPE_CHECKING:
    from infrastructure.brokers.groww.sdk import GrowwClient, Row


class GrowwWrites(GrowwReads):
    """See `application.ports.broker.Broker`."""

    def place(self, access: Access, ticket: OrderTicket, now: datetime) -> Outcome:
        written = self._writing(
            access,
            lambda client: partial(
                client.place_order, **map_orders.order_arguments(ticket, self._names)
            ),
            _names_an_order,
            places=True,
        )
        return as_fact(written, ticket.order_key, now)

    def modify(
        self, access: Access, broker_order_id: str, terms: OrderTerms, now: datetime
    ) -> Written:
        return self._writing(
            access,
            lambda client: partial(
                client.modify_order,
                **map_orders.changed_arguments(in_address(broker_order_id), terms),
            ),
            _names_an_order,
        )

    def cancel(
        self, access: Access, broker_order_id: str, terms: OrderTerms, now: datetime
    ) -> Written:
        return self._writing(
            access,
            lambda client: partial(
                client.cancel_order, in_address(broker_order_id), place_of(terms.exchange)[1]
            ),
            _names_an_order,
        )

    def place_gtt(self, access: Access, ticket: GttTicket, now: datetime) -> Written:
        """For an OCO the position is read first: Groww wants to be told what is to be left."""

        def prepare(client: "GrowwClient") -> "Callable[[], Row]":
            net = self._position_to_leave(access, ticket) if ticket.kind == "OCO" else 0
            arguments = map_gtt.gtt_arguments(ticket, net, self._names)
            return partial(client.create_smart_order, **arguments)

        return self._writing(access, prepare, _names_a_smart_order, places=True)

    def modify_gtt(self, access: Access, gtt_id: str, ticket: GttTicket, now: datetime) -> Written:
        """Reads it first: Groww leaves out, silently, what it does not change."""

        def prepare(client: "GrowwClient") -> "Callable[[], Row]":
            known = self._gtt(access, gtt_id, ticket)
            return partial(client.modify_smart_order, **map_gtt.changed_arguments(ticket, known))

        return self._writing(access, prepare, _names_a_smart_order)

    def cancel_gtt(self, access: Access, gtt: GttOrder, now: datetime) -> Written:
        return self._writing(
            access,
            lambda client: partial(
                client.cancel_smart_order,
                place_of(gtt.exchange)[1],
                map_gtt.word_of(gtt.kind),
                in_address(gtt.gtt_id),
            ),
            lambda answer: _names_a_smart_order(answer) if map_gtt.is_cancelled(answer) else None,
        )

    def _gtt(self, access: Access, gtt_id: str, ticket: GttTicket) -> GttOrder:
        """Raises: NotThere, LoginExpired, BrokerDown."""
        word, (_, segment) = map_gtt.word_of(ticket.kind), place_of(ticket.exchange)

        def read(client: "GrowwClient") -> GttOrder | None:
            smart_order_id = in_address(gtt_id)
            answer = if_there(lambda: client.get_smart_order(segment, word, smart_order_id))
            return None if answer is None else map_gtt.gtt_order(answer, segment, self._names)

        known = self._reading(access, read)
        if known is None:
            raise NotThere(f"Groww has no {word} order {gtt_id} in {segment}. Next: list them.")
        return known

    def _position_to_leave(self, access: Access, ticket: GttTicket) -> int:
        """Raises: UnknownInstrument, NotAtGroww, LoginExpired, BrokerDown."""
        symbol = self._names.handle(ticket.exchange, ticket.trading_symbol).trading_symbol
        _, segment = place_of(ticket.exchange)
        rows = self._reading(
            access,
            lambda client: map_account.position_rows(
                client.get_position_for_trading_symbol(symbol, segment)
            ),
        )
        return map_gtt.position_to_leave(ticket, rows)


def _names_an_order(answer: object) -> Accepted | None:
    order_id = map_orders.order_id(answer)
    return Accepted(reference=order_id) if order_id else None


def _names_a_smart_order(answer: object) -> Accepted | None:
    order_id = map_gtt.smart_order_id(answer)
    return Accepted(reference=order_id) if order_id else None
