"""What changes something at Dhan: one call each, never repeated, and it never raises."""

import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

from application.ports.account import Conversion
from application.ports.broker import Access
from application.ports.broker_orders import Accepted, GttOrder, GttTicket, OrderTicket, Written
from domain.events import Outcome
from domain.vocabulary import OrderTerms
from infrastructure.brokers.clients import in_address
from infrastructure.brokers.dhan import map_account, map_gtt, map_orders
from infrastructure.brokers.dhan.reading import DhanReads
from infrastructure.brokers.outcomes import NotThere, as_fact

if TYPE_CHECKING:
    from collections.abc import Callable

    from infrastructure.brokers.dhan.sdk import DhanClient, Row

_SWITCHED: Final = {
    True: re.compile(r"\b(activated|ACTIVATE)\b"),
    False: re.compile(r"\b(deactivated|DEACTIVATE)\b"),
}


class DhanWrites(DhanReads):
    """See `application.ports.broker.Broker`."""

    def place(self, access: Access, ticket: OrderTicket, now: datetime) -> Outcome:
        def prepare() -> "Callable[[DhanClient], Row]":
            arguments = map_orders.order_arguments(ticket, self._names.on(now))
            return lambda dhan: dhan.place_order(**arguments)

        return as_fact(self._writing(access, prepare, _names_an_order), ticket.order_key, now)

    def modify(
        self, access: Access, broker_order_id: str, terms: OrderTerms, now: datetime
    ) -> Written:
        def prepare() -> "Callable[[DhanClient], Row]":
            arguments = map_orders.changed_arguments(in_address(broker_order_id), terms)
            return lambda dhan: dhan.modify_order(**arguments)

        return self._writing(access, prepare, _names_an_order)

    def cancel(
        self, access: Access, broker_order_id: str, terms: OrderTerms, now: datetime
    ) -> Written:
        def prepare() -> "Callable[[DhanClient], Row]":
            order_id = in_address(broker_order_id)
            return lambda dhan: dhan.cancel_order(order_id)

        return self._writing(access, prepare, _names_an_order)

    def convert_position(self, access: Access, conversion: Conversion, now: datetime) -> Written:
        """Dhan's yes is 202 without a word; anything that it does say is not the yes we know."""

        def prepare() -> "Callable[[DhanClient], Row]":
            arguments = map_account.conversion_arguments(conversion, self._names.on(now))
            return lambda dhan: dhan.convert_position(**arguments)

        return self._writing(access, prepare, lambda _: None, silence_is_yes=True)

    def place_gtt(self, access: Access, ticket: GttTicket, now: datetime) -> Written:
        def prepare() -> "Callable[[DhanClient], Row]":
            arguments = map_gtt.gtt_arguments(ticket, self._names.on(now))
            return lambda dhan: dhan.place_forever(**arguments)

        return self._writing(access, prepare, _names_an_order)

    def modify_gtt(self, access: Access, gtt_id: str, ticket: GttTicket, now: datetime) -> Written:
        """Reads it first: Dhan would put these prices onto whatever has this id."""

        def prepare() -> "Callable[[DhanClient], Row]":
            listed = {each.gtt_id: each for each in self.gtt_orders(access, now)}
            if gtt_id not in listed:
                raise NotThere(f"Dhan lists no forever order {gtt_id}. Next: list them.")
            arguments = map_gtt.changed_gtt_arguments(ticket, listed[gtt_id])
            return lambda dhan: dhan.modify_forever(**arguments)

        return self._writing(access, prepare, _names_an_order)

    def cancel_gtt(self, access: Access, gtt: GttOrder, now: datetime) -> Written:
        def prepare() -> "Callable[[DhanClient], Row]":
            gtt_id = in_address(gtt.gtt_id)
            return lambda dhan: dhan.cancel_forever(gtt_id)

        return self._writing(access, prepare, _names_an_order)

    def set_kill_switch(self, access: Access, on: bool, now: datetime) -> Written:
        action = "ACTIVATE" if on else "DEACTIVATE"

        def switched(answer: object) -> Accepted | None:
            said = answer.get("killSwitchStatus") if isinstance(answer, dict) else None
            return Accepted() if _SWITCHED[on].search(str(said)) else None

        return self._writing(access, lambda: lambda dhan: dhan.kill_switch(action), switched)


def _names_an_order(answer: object) -> Accepted | None:
    order_id = answer.get("orderId") if isinstance(answer, dict) else None
    return Accepted(reference=order_id) if isinstance(order_id, str) and order_id else None
