"""From a change on record to the one call, and from its answer to a fact. See `sending.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from application.orders.sending import check_switches, switches_of, way_of
from application.ports.broker_orders import (
    LOGIN_EXPIRED,
    Accepted,
    Declined,
    Unproven,
    Written,
)
from application.ports.clock import Clock
from application.sessions.broker_access import Admission, Admit, state_of
from application.writer import Context, Loaded, Writer
from domain import order_changes, orders
from domain.errors import OrderInProgress, Refusal, StoreUnavailable
from domain.events import (
    ChangeOutcome,
    Event,
    OrderChangeAccepted,
    OrderChangeRejected,
    OrderChangeRequested,
    OrderChangeUnknown,
)
from domain.instants import trading_day
from domain.order_reports import OrderReport
from domain.risk_ledger import fold_ledger, release
from domain.streams import risk_ledger_stream


@dataclass(frozen=True, kw_only=True)
class SendChange:
    admit: Admit
    writer: Writer
    clock: Clock

    def __call__(
        self,
        context: Context,
        session_id: UUID,
        caller_session: UUID,
        admission: Admission,
        report: OrderReport,
        request: OrderChangeRequested,
    ) -> int:
        """Dispatch, call once, record; answer with the position of the outcome. The login is that
        of `caller_session`, which need not be the session of the order.

        Raises:
            OrderInProgress: somebody else is sending it, or has.
            OrderNotFound, OrderTooLate, TradingIsHalted, SessionHasExpired: it was never sent,
                which is on record.
            StoreUnavailable: before the call, nothing was sent; after it, the change is on record
                as dispatched and its end is not known.
        """
        self._dispatch(context, session_id, admission, request)
        outcome = self._call(admission, report, request)
        try:
            position = self._record(context, session_id, request, outcome)
        except StoreUnavailable:
            raise StoreUnavailable(
                f"The change of {request.order_key} was sent, and its outcome could not be stored. "
                "Next: get_orders() when the store is back."
            ) from None
        if isinstance(outcome, OrderChangeRejected) and outcome.code == LOGIN_EXPIRED:
            login, broker = admission.login, admission.broker.name
            if login is not None:
                self.admit.login_is_over(context, caller_session, broker, login, "broker")
        return position

    def _dispatch(
        self,
        context: Context,
        session_id: UUID,
        admission: Admission,
        request: OrderChangeRequested,
    ) -> None:
        """A switch stops modifications. It never stops a cancellation."""
        switches = switches_of(context.principal, admission.account)
        guards = switches if request.kind == "modify" else ()

        def decision(streams: Sequence[Loaded]) -> list[list[Event]]:
            facts = order_changes.dispatch_change(
                state_of(streams[0]), request.order_key, request.change_key, self.clock.now()
            )
            check_switches(streams[1:])
            return [list(facts), *([] for _ in guards)]

        try:
            self.writer.decide(
                context, [session_id, *guards], decision, shared=(switches[0], switches[2])
            )
        except (OrderInProgress, StoreUnavailable):
            raise
        except Refusal as refusal:  # whatever it was, the dispatch is not on record
            self.close(context, session_id, request, refusal.code, str(refusal))
            raise

    def close(
        self,
        context: Context,
        session_id: UUID,
        request: OrderChangeRequested,
        code: str,
        reason: str,
    ) -> None:
        """Put on record that a change was never sent, if that is still so."""

        def decision(streams: Sequence[Loaded]) -> list[list[Event]]:
            closed = order_changes.change_never_sent(
                state_of(streams[0]), request.order_key, request.change_key, code, reason
            )
            return [list(closed), self._released(streams[1], request) if closed else []]

        ledger = ledger_of(context.principal, request)
        self.writer.record(context, [session_id, ledger], decision)

    def _call(
        self, admission: Admission, report: OrderReport, request: OrderChangeRequested
    ) -> ChangeOutcome:
        now = self.clock.now()
        if now >= request.dispatch_by:
            late = str(order_changes.change_too_late(request.order_key))
            return _unsent(request, "ORDER_TOO_LATE", late)
        if request.egress is not None and way_of(admission.access.egress) != request.egress:
            why = "The way that this account's calls leave by was changed."
            return _unsent(request, "EGRESS_CHANGED", why)
        broker, access = admission.broker, admission.access
        if request.terms is not None:
            written = broker.modify(access, request.broker_order_id, request.terms, now)
        else:
            written = broker.cancel(access, request.broker_order_id, report.terms, now)
        return _fact(written, request, now)

    def _record(
        self,
        context: Context,
        session_id: UUID,
        request: OrderChangeRequested,
        outcome: ChangeOutcome,
    ) -> int:
        if not isinstance(outcome, OrderChangeRejected):
            written = self.writer.record(context, [session_id], lambda _: [[outcome]])
        else:
            written = self.writer.record(
                context,
                [session_id, ledger_of(context.principal, request)],
                lambda streams: [[outcome], self._released(streams[1], request)],
            )
        return written.position or 0

    def _released(self, stream: Loaded, request: OrderChangeRequested) -> list[Event]:
        ledger = fold_ledger(stream.events)
        return release(ledger, request.order_key, "rejected", request.change_key)


def ledger_of(principal: UUID, request: OrderChangeRequested) -> UUID:
    """The stream of the trading day (IST) that a change counts in."""
    return risk_ledger_stream(principal, trading_day(request.dispatch_by - orders.DISPATCH_WITHIN))


def _unsent(request: OrderChangeRequested, code: str, reason: str) -> OrderChangeRejected:
    return OrderChangeRejected(
        order_key=request.order_key,
        change_key=request.change_key,
        code=code,
        reason=reason,
        reached_broker=False,
    )


def _fact(written: Written, request: OrderChangeRequested, now: datetime) -> ChangeOutcome:
    key, change = request.order_key, request.change_key
    match written:
        case Accepted():
            return OrderChangeAccepted(order_key=key, change_key=change, at=now)
        case Declined():
            return OrderChangeRejected(
                order_key=key,
                change_key=change,
                code=written.code,
                reason=written.reason,
                reached_broker=written.reached_broker,
            )
        case Unproven(cause=cause):
            return OrderChangeUnknown(order_key=key, change_key=change, cause=cause)
