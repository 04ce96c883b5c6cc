"""Order book and portfolio: what the broker says now, beside what the log knows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from application.broker_access import Admission, Admit
from application.enter_session import Entered
from application.observe import observe_book
from application.ports.broker import (
    BrokerDown,
    BrokerOrder,
    Holding,
    LoginExpired,
    Position,
)
from application.ports.clock import Clock
from application.writer import Context, Writer
from domain.errors import BrokerLoginRequired, BrokerUnavailable
from domain.orders import OrderReport, order_reports

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class OrderBook:
    """`orders` as the broker lists them; `ours` by our tag; `unseen` are orders of this session
    that the log knows and the broker does not list."""

    admission: Admission
    orders: tuple[BrokerOrder, ...]
    ours: dict[str, OrderReport]
    unseen: tuple[OrderReport, ...]


@dataclass(frozen=True, kw_only=True)
class Portfolio:
    admission: Admission
    holdings: tuple[Holding, ...]
    positions: tuple[Position, ...]


@dataclass(frozen=True, kw_only=True)
class ReadBroker:
    admit: Admit
    writer: Writer
    clock: Clock

    def order_book(self, context: Context, entered: Entered, named: str | None) -> OrderBook:
        """Raises: BrokerLoginRequired, BrokerUnavailable, NoActiveBroker, BrokerNotSupported."""
        admission = self.admit(context, entered, named)
        book = self._asking(
            context,
            entered,
            admission,
            lambda: admission.broker.orders(admission.access, self.clock.now()),
        )
        observe_book(self.writer, context, entered.session_id, book)
        reports = order_reports(self.writer.load(entered.session_id).events)
        mine = {
            report.request.broker_tag: report
            for report in reports.values()
            if report.request.broker == admission.broker.name
        }
        listed = {tag for order in book for tag in order.broker_tags}
        unseen = tuple(report for tag, report in mine.items() if tag not in listed)
        return OrderBook(admission=admission, orders=book, ours=mine, unseen=unseen)

    def portfolio(self, context: Context, entered: Entered, named: str | None) -> Portfolio:
        """Raises: BrokerLoginRequired, BrokerUnavailable, NoActiveBroker, BrokerNotSupported."""
        admission = self.admit(context, entered, named)
        broker, access, now = admission.broker, admission.access, self.clock.now()
        return self._asking(
            context,
            entered,
            admission,
            lambda: Portfolio(
                admission=admission,
                holdings=broker.holdings(access, now),
                positions=broker.positions(access, now),
            ),
        )

    def _asking(
        self, context: Context, entered: Entered, admission: Admission, ask: Callable[[], T]
    ) -> T:
        broker = admission.broker
        try:
            return ask()
        except LoginExpired:
            if admission.login is not None:
                self.admit.login_is_over(
                    context, entered.session_id, broker.name, admission.login, "broker"
                )
            raise BrokerLoginRequired(
                f"{broker.display_name} says that your login has ended. Next: "
                f"get_broker_login_instructions(broker='{broker.name}')."
            ) from None
        except BrokerDown:
            raise BrokerUnavailable(
                f"{broker.display_name} gave no usable answer. Nothing changed. "
                "Next: try again in a moment."
            ) from None
