"""From an intention on record to the one call, and from its answer to a fact.

`OrderDispatched` is stored before the broker is called, with the session and the three switches as
they are at that moment; the outcome afterwards, at the head of the stream, whatever happened.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from application.orders.instruct import instruct
from application.ports.broker_orders import LOGIN_EXPIRED, OrderTicket
from application.ports.clock import Clock
from application.ports.egress import Egress
from application.ports.vault import Vault
from application.sessions.broker_access import Admission, Admit, state_of
from application.writer import Context, Loaded, Writer
from domain import orders
from domain.errors import OrderInProgress, Refusal, StoreUnavailable
from domain.events import Event, OrderRejected, OrderRequested, Outcome
from domain.instants import trading_day
from domain.instructions import reduces_risk
from domain.risk_ledger import fold_ledger, release
from domain.streams import (
    GLOBAL_SWITCH,
    account_switch_stream,
    risk_ledger_stream,
    user_switch_stream,
)
from domain.switches import fold_switch, must_be_on


def way_of(egress: Egress) -> str:
    """A digest of the way that calls leave by, for a fact: a proxy's address may hold a password,
    and a person's own address is nobody's business."""
    if egress.proxy is None and egress.source is None:
        return "direct"
    return hashlib.sha256(f"{egress.source}\0{egress.proxy}".encode()).hexdigest()[:16]


def switches_of(principal: UUID, account_fingerprint: str) -> tuple[UUID, UUID, UUID]:
    """The streams that stop an order: everybody's, the person's, the account's."""
    return GLOBAL_SWITCH, user_switch_stream(principal), account_switch_stream(account_fingerprint)


def check_switches(streams: Sequence[Loaded]) -> None:
    """Raises:
    TradingIsHalted: one of them is off.
    """
    must_be_on(fold_switch(stream.events) for stream in streams)


@dataclass(frozen=True, kw_only=True)
class SendOrder:
    admit: Admit
    writer: Writer
    vault: Vault
    clock: Clock

    def __call__(
        self, context: Context, session_id: UUID, admission: Admission, request: OrderRequested
    ) -> int:
        """Dispatch, call once, record; answer with the position of the outcome.

        Raises:
            OrderInProgress: somebody else is sending it, or has.
            SessionHasExpired, BrokerLoginRequired, OrderTooLate, TradingIsHalted: it was never
                sent, which is on record, and the key is spent.
            StoreUnavailable: before the call, nothing was sent; after it, the order is on record
                as dispatched and its end is not known.
        """
        self._dispatch(context, session_id, admission, request)
        outcome = self._call(admission, request)
        try:
            position = self.record(context, session_id, request, outcome)
        except StoreUnavailable:
            raise StoreUnavailable(
                f"The order {request.order_key} was sent, and its outcome could not be stored. It "
                "may be live: do not place it again. Next: get_orders() when the store is back."
            ) from None
        if isinstance(outcome, OrderRejected) and outcome.code == LOGIN_EXPIRED:
            login, broker = admission.login, admission.broker.name
            if login is not None:
                self.admit.login_is_over(context, session_id, broker, login, "broker")
        return position

    def _dispatch(
        self, context: Context, session_id: UUID, admission: Admission, request: OrderRequested
    ) -> None:
        key = request.order_key
        switches = switches_of(context.principal, request.account_fingerprint)
        guards = () if reduces_risk(request.terms) else switches

        def decision(streams: Sequence[Loaded]) -> list[list[Event]]:
            dispatched = orders.dispatch_order(state_of(streams[0]), key, self.clock.now())
            check_switches(streams[1:])
            return [list(dispatched), *([] for _ in guards)]

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
        self, context: Context, session_id: UUID, request: OrderRequested, code: str, reason: str
    ) -> None:
        """Put on record that an order was never sent, if that is still so."""

        def decision(streams: Sequence[Loaded]) -> list[list[Event]]:
            closed = orders.never_sent(state_of(streams[0]), request.order_key, code, reason)
            return [list(closed), self._released(streams[1], request) if closed else []]

        self.writer.record(
            context, [session_id, self._ledger(context.principal, request)], decision
        )

    def _call(self, admission: Admission, request: OrderRequested) -> Outcome:
        """The last look before the call: a process may have slept since it dispatched, and what it
        would send with may not be what was asked for."""
        now = self.clock.now()
        refused = None
        if request.dispatch_by is not None and now >= request.dispatch_by:
            refused = "ORDER_TOO_LATE", str(orders.too_late(request.order_key))
        elif request.egress is not None and way_of(admission.access.egress) != request.egress:
            refused = "EGRESS_CHANGED", "The way that this account's calls leave by was changed."
        elif admission.login is not None and (
            self.vault.account_fingerprint(request.broker, admission.access.account_id)
            != request.account_fingerprint
            or admission.login.credential_version != request.credential_version
        ):
            refused = "ACCOUNT_CHANGED", "The login is not the one that the order was asked with."
        if refused is not None:
            code, reason = refused
            return OrderRejected(
                order_key=request.order_key, code=code, reason=reason, reached_broker=False
            )
        if request.terms.instruction is not None:
            return instruct(admission, request, now)
        ticket = OrderTicket(
            order_key=request.order_key, broker_tag=request.broker_tag, terms=request.terms
        )
        return admission.broker.place(admission.access, ticket, now)

    def record(
        self, context: Context, session_id: UUID, request: OrderRequested, outcome: Outcome
    ) -> int:
        """Store how the call ended; a refusal gives back what the order took from the limits."""
        if not isinstance(outcome, OrderRejected):
            written = self.writer.record(context, [session_id], lambda _: [[outcome]])
        else:
            ledger = self._ledger(context.principal, request)
            written = self.writer.record(
                context,
                [session_id, ledger],
                lambda streams: [[outcome], self._released(streams[1], request)],
            )
        return written.position or 0

    def _ledger(self, principal: UUID, request: OrderRequested) -> UUID:
        return risk_ledger_stream(principal, day_of(request))

    def _released(self, stream: Loaded, request: OrderRequested) -> list[Event]:
        return release(fold_ledger(stream.events), request.order_key, "rejected")


def day_of(request: OrderRequested) -> date:
    """The trading day (IST) that an order counts in; for those of older releases, which count in
    none, the first day of all."""
    if request.dispatch_by is None:
        return date.min
    return trading_day(request.dispatch_by - orders.DISPATCH_WITHIN)
