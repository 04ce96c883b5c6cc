"""What an order would come to and whether it would pass, without asking for it."""

from dataclasses import dataclass

from application.orders.draft import Draft
from application.orders.judging import facts
from application.orders.place_order import Order, PlaceOrder
from application.sessions.enter_session import Entered
from application.writer import Context, Writer
from domain import orders
from domain.events import OrderDenied
from domain.instants import trading_day
from domain.risk_ledger import fold_ledger
from domain.streams import risk_ledger_stream
from domain.vocabulary import RiskFacts


@dataclass(frozen=True, kw_only=True)
class Preview:
    """`denied` is the fact that would be stored if it were asked for now; nothing is."""

    draft: Draft
    known: RiskFacts
    denied: OrderDenied | None


@dataclass(frozen=True, kw_only=True)
class PreviewOrder:
    place_order: PlaceOrder
    writer: Writer

    def __call__(self, context: Context, entered: Entered, order: Order) -> Preview:
        """Judge it as `PlaceOrder` would at this moment. A key is minted where none is given.

        Raises: what `PlaceOrder` raises before it stores anything.
        """
        orders.check_terms(order.terms)
        key = self.place_order.key_of(order)
        draft = self.place_order.draft(context, entered, key, order)
        now = self.place_order.clock.now()
        stream = self.writer.load(risk_ledger_stream(context.principal, trading_day(now)))
        ledger = fold_ledger(stream.events)
        return Preview(
            draft=draft,
            known=facts(draft.seen, ledger, draft.account, draft.terms, now),
            denied=draft.denied(ledger, now),
        )
