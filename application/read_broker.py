"""Questions to a broker, and its order book: what it says now, beside what the log knows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from application.orders.judging import RECENT_SESSIONS
from application.orders.observe import Book, observe_book
from application.ports.broker import Access, Broker, BrokerDown, reason
from application.ports.broker import RateLimited as TooSoon
from application.ports.broker_orders import BrokerOrder
from application.ports.clock import Clock
from application.ports.event_store import EventStore
from application.sessions.broker_access import Admission, Admit
from application.sessions.enter_session import Entered
from application.writer import Context, Writer
from domain.capabilities import Function
from domain.errors import BrokerUnavailable, RateLimited
from domain.order_reports import OrderReport, order_reports

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class OrderBook:
    """`orders` as the broker lists them; `ours` by the tag that we gave them; `unlisted` are the
    person's orders that the broker does not list, and whose absence is worth telling."""

    admission: Admission
    orders: tuple[BrokerOrder, ...]
    ours: dict[str, OrderReport]
    unlisted: tuple[OrderReport, ...]


@dataclass(frozen=True, kw_only=True)
class Answered(Generic[T]):
    """`answer` is what the broker said just now, `admission` says which broker and account."""

    admission: Admission
    answer: T


@dataclass(frozen=True, kw_only=True)
class ReadBroker:
    admit: Admit
    store: EventStore
    writer: Writer
    clock: Clock

    def ask(
        self,
        context: Context,
        entered: Entered,
        named: str | None,
        function: Function,
        question: Callable[[Broker, Access, datetime], T],
    ) -> Answered[T]:
        """Put one question to the named broker, or to the active one.

        Raises:
            NotSupportedByBroker: the broker has no call for it; nobody was asked.
            BrokerLoginRequired, BrokerUnavailable, NoActiveBroker, BrokerNotSupported.
        """
        admission = self.admit(context, entered, named, function)
        return Answered(
            admission=admission,
            answer=self.asking(
                context,
                entered,
                admission,
                lambda: question(admission.broker, admission.access, self.clock.now()),
            ),
        )

    def order_book(self, context: Context, entered: Entered, named: str | None) -> OrderBook:
        """Raises: as `ask`."""
        read_at = self.clock.now()
        asked = self.ask(
            context, entered, named, "orders", lambda broker, *who: broker.orders(*who)
        )
        admission = asked.admission
        book = Book(
            broker=admission.broker.name,
            account_fingerprint=admission.account,
            orders=asked.answer,
            read_at=read_at,
        )
        ours: dict[str, OrderReport] = {}
        for opened in self.store.sessions_of(context.principal)[-RECENT_SESSIONS:]:
            observe_book(self.writer, context, opened.session_id, book)
            for report in order_reports(self.writer.load(opened.session_id).events).values():
                if report.request.account_fingerprint == admission.account:
                    ours[report.request.broker_tag] = report
        listed = {tag for order in book.orders for tag in order.broker_tags}
        return OrderBook(
            admission=admission,
            orders=book.orders,
            ours=ours,
            unlisted=tuple(
                report
                for tag, report in ours.items()
                if tag not in listed
                and report.state != "PLACED"
                and report.request.terms.instruction is None
            ),
        )

    def asking(
        self, context: Context, entered: Entered, admission: Admission, ask: Callable[[], T]
    ) -> T:
        """Put a question to a broker that the person was admitted to. Raises: as `ask`."""
        broker = admission.broker
        try:
            return self.admit.while_logged_in(context, entered.session_id, admission, ask)
        except TooSoon as late:
            raise RateLimited(
                f"{broker.display_name} takes no more questions for this account just now. "
                f"Nothing changed. Next: try again in {late.again_in_seconds:.1f} s."
            ) from None
        except BrokerDown as down:
            raise BrokerUnavailable(
                f"{broker.display_name} gave no usable answer{reason(down)}. Nothing changed. "
                "Next: try again in a moment."
            ) from None
