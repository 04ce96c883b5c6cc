"""What changes something at Kite: one call each, never repeated, and it never raises."""

from datetime import datetime
from functools import partial

from application.ports.account import Conversion
from application.ports.broker import Access, BrokerDown, LoginExpired
from application.ports.broker_orders import (
    LOGIN_EXPIRED,
    Accepted,
    Declined,
    GttOrder,
    GttTicket,
    OrderTicket,
    Written,
)
from domain.events import Outcome
from domain.order_offers import must_be_changeable
from domain.vocabulary import OrderTerms
from infrastructure.brokers.clients import in_address
from infrastructure.brokers.kite import map_account, map_gtt, map_orders
from infrastructure.brokers.kite.client import KiteClients
from infrastructure.brokers.outcomes import as_fact


class KiteWrites(KiteClients):
    """See `application.ports.broker.Broker`."""

    def place(self, access: Access, ticket: OrderTicket, now: datetime) -> Outcome:
        written = self._writing(
            access,
            lambda client: partial(client.place_order, **map_orders.order_arguments(ticket)),
            _names_an_order,
        )
        return as_fact(written, ticket.order_key, now)

    def modify(
        self, access: Access, broker_order_id: str, terms: OrderTerms, now: datetime
    ) -> Written:
        must_be_changeable(terms)
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
        """Of an iceberg the leg that is in the market, which has to be looked up first."""
        order_id = broker_order_id
        if terms.variety == "iceberg":
            try:
                order_id = self._reading(
                    access, lambda client: map_orders.working_leg(client.orders(), broker_order_id)
                )
            except LoginExpired:
                words = "The login has ended."
                return Declined(code=LOGIN_EXPIRED, reason=words, reached_broker=False)
            except BrokerDown:
                words = "Which leg of the iceberg is in the market could not be looked up."
                return Declined(code="NOT_LOOKED_UP", reason=words, reached_broker=False)
        return self._writing(
            access,
            lambda client: partial(client.cancel_order, terms.variety, in_address(order_id)),
            _names_an_order,
        )

    def convert_position(self, access: Access, conversion: Conversion, now: datetime) -> Written:
        return self._writing(
            access,
            lambda client: partial(
                client.convert_position, **map_account.conversion_arguments(conversion)
            ),
            lambda answer: Accepted() if answer is True else None,
        )

    def place_gtt(self, access: Access, ticket: GttTicket, now: datetime) -> Written:
        return self._writing(
            access,
            lambda client: partial(client.place_gtt, **map_gtt.gtt_arguments(ticket)),
            _names_a_gtt,
        )

    def modify_gtt(self, access: Access, gtt_id: str, ticket: GttTicket, now: datetime) -> Written:
        return self._writing(
            access,
            lambda client: partial(
                client.modify_gtt, in_address(gtt_id), **map_gtt.gtt_arguments(ticket)
            ),
            _names_a_gtt,
        )

    def cancel_gtt(self, access: Access, gtt: GttOrder, now: datetime) -> Written:
        return self._writing(
            access, lambda client: partial(client.delete_gtt, in_address(gtt.gtt_id)), _names_a_gtt
        )


def _names_an_order(answer: object) -> Accepted | None:
    order_id = map_orders.order_id(answer)
    return Accepted(reference=order_id) if order_id else None


def _names_a_gtt(answer: object) -> Accepted | None:
    gtt_id = map_gtt.gtt_id(answer)
    return Accepted(reference=gtt_id) if gtt_id else None
