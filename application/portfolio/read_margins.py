"""What orders that nobody places would block and cost, as the broker reckons it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.ports.account import Charges, Margins
from application.ports.broker import Access, Broker
from application.read_broker import Answered, ReadBroker
from application.sessions.broker_access import Admit
from application.sessions.enter_session import Entered
from application.writer import Context
from domain.order_offers import must_take
from domain.vocabulary import OrderTerms


@dataclass(frozen=True, kw_only=True)
class ReadMargins:
    admit: Admit
    read_broker: ReadBroker

    def one_by_one(
        self, context: Context, entered: Entered, named: str | None, orders: Sequence[OrderTerms]
    ) -> Answered[Margins]:
        """Raises: NotSupportedByBroker: it takes no such order; nobody was asked. And as
        `ReadBroker.ask`."""
        self._must_be_taken(entered, named, orders)
        return self.read_broker.ask(
            context,
            entered,
            named,
            "order_margins",
            lambda broker, access, now: broker.order_margins(access, orders, now),
        )

    def together(
        self,
        context: Context,
        entered: Entered,
        named: str | None,
        orders: Sequence[OrderTerms],
        *,
        consider_positions: bool = True,
    ) -> Answered[Margins]:
        """Raises: as `one_by_one`."""
        self._must_be_taken(entered, named, orders)

        def question(broker: Broker, access: Access, now: datetime) -> Margins:
            return broker.basket_margins(access, orders, now, consider_positions=consider_positions)

        return self.read_broker.ask(context, entered, named, "basket_margins", question)

    def charges(
        self, context: Context, entered: Entered, named: str | None, orders: Sequence[OrderTerms]
    ) -> Answered[tuple[Charges, ...]]:
        """`limit_price_inr` is the price that each is reckoned with. Raises: as `one_by_one`."""
        self._must_be_taken(entered, named, orders)
        return self.read_broker.ask(
            context,
            entered,
            named,
            "charges",
            lambda broker, access, now: broker.charges(access, orders, now),
        )

    def _must_be_taken(
        self, entered: Entered, named: str | None, orders: Sequence[OrderTerms]
    ) -> None:
        broker = self.admit.broker_of(entered, named)
        for terms in orders:
            must_take(broker.name, broker.display_name, broker.offer, terms)
