"""Put a change of an order on record, all of it or nothing, and have it sent once; or have a person
asked first."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from application.orders.change_draft import ChangeDraft
from application.orders.draft import denial_in
from application.orders.observe import look_at_book
from application.orders.own_orders import Own
from application.orders.place_order import Asked, Receipt
from application.orders.sending_changes import SendChange
from application.ports.clock import Clock, Ids
from application.sessions.broker_access import Admission, state_of
from application.writer import Context, Loaded, Writer, Written
from domain import order_changes
from domain.errors import OrderInProgress, OrderTooLate
from domain.events import Event, OrderChangeRequested
from domain.instants import trading_day
from domain.order_reports import UNSETTLED, ChangeReport, order_reports
from domain.proposals import confirm, propose
from domain.risk_ledger import fold_ledger
from domain.streams import risk_ledger_stream
from domain.vocabulary import Approval


@dataclass(frozen=True, kw_only=True)
class ChangeReceipt(Receipt):
    """`change` is what is known about the change now; `minted` and `repeated` are about it."""

    change: ChangeReport


@dataclass(frozen=True, kw_only=True)
class RequestChange:
    writer: Writer
    clock: Clock
    ids: Ids
    send: SendChange

    def propose(self, context: Context, draft: ChangeDraft) -> Asked:
        """Ask the person; or tell what they are being asked already.

        Raises:
            OrderDeniedByRisk: the denial is on record. OrderKeyReused, OrderInProgress,
            OrderNotFound, SessionHasExpired, ProposalRefused: nothing was stored.
        """
        now = self.clock.now()
        ledger_id = risk_ledger_stream(context.principal, trading_day(now))
        proposal = draft.proposal(self.ids.new().hex, now)

        def decision(streams: Sequence[Loaded]) -> list[list[Event]]:
            session, ledger = state_of(streams[0]), fold_ledger(streams[1].events)
            order_changes.request_change(session, draft.request(now, ledger), now)
            if draft.waiting(session.proposals.values(), now):
                return [[], []]  # its yes is judged
            if denied := draft.denied(ledger, now):
                return [[denied], []]
            return [list(propose(session, proposal, now)), []]

        written = self.writer.decide(context, [draft.session_id, ledger_id], decision)
        waiting = draft.waiting(state_of(written.streams[0]).proposals.values(), now)
        if waiting is None:
            raise denial_in(written.streams[0], draft.order_key)
        return Asked(
            proposal=waiting,
            session_id=draft.session_id,
            position=written.position or self.writer.head_of(written.streams[0]),
            minted=draft.minted,
        )

    def modify(
        self,
        context: Context,
        caller_session: UUID,
        draft: ChangeDraft,
        *,
        approval: tuple[str, Approval] | None = None,
    ) -> ChangeReceipt:
        """Put the intention on record with what it takes and the yes, and have it sent.

        Raises: as `propose`; and as `SendChange`, after which it was never sent.
        """
        now = self.clock.now()
        ledger_id = risk_ledger_stream(context.principal, trading_day(now))

        def decision(streams: Sequence[Loaded]) -> list[list[Event]]:
            session, ledger = state_of(streams[0]), fold_ledger(streams[1].events)
            if draft.is_known_in(streams[0]):
                return [[], []]
            yes: list[Event] = []
            if approval is not None:
                proposal_id, method = approval
                yes = [confirm(session, proposal_id, method, context.principal, now)[1]]
            if denied := draft.denied(ledger, now):  # the yes is used up all the same
                return [[*yes, denied], []]
            request = draft.request(now, ledger, approval[0] if approval else None)
            asked = order_changes.request_change(session, request, now)
            return [[*yes, *asked], [draft.reservation(now)]]

        written = self.writer.decide(context, [draft.session_id, ledger_id], decision)
        return self._sent(context, caller_session, draft, written)

    def cancel(self, context: Context, caller_session: UUID, draft: ChangeDraft) -> ChangeReceipt:
        """The same without anything to judge, to take or to ask. Raises: as `modify`."""
        now = self.clock.now()

        def decision(streams: Sequence[Loaded]) -> list[list[Event]]:
            if draft.is_known_in(streams[0]):
                return [[]]
            session = state_of(streams[0])
            return [list(order_changes.request_change(session, draft.request(now), now))]

        written = self.writer.decide(context, [draft.session_id], decision)
        return self._sent(context, caller_session, draft, written)

    def again(
        self,
        context: Context,
        caller_session: UUID,
        own: Own,
        admission: Admission,
        known: ChangeReport,
    ) -> ChangeReceipt:
        """What became of a change; looked up where nobody knows, and sent where nobody did."""
        key, position, repeated = own.report.request.order_key, 0, True
        request = _request_in(own.stream, key, known.change_key)
        if known.state == "REQUESTED" and request is not None:
            # Whoever asked first died before the broker was called, or is just calling it.
            with suppress(OrderTooLate, OrderInProgress):
                position = self.send(
                    context, own.session_id, caller_session, admission, own.report, request
                )
                repeated = False
        if known.state in UNSETTLED:
            position = self._look(context, own.session_id, admission)
        return self._tell(own.session_id, key, known.change_key, position, repeated=repeated)

    def _sent(
        self, context: Context, caller_session: UUID, draft: ChangeDraft, written: Written
    ) -> ChangeReceipt:
        key, change_key = draft.order_key, draft.change_key
        if written.position is None:  # somebody else's request with this key was stored first
            return self._tell(draft.session_id, key, change_key, 0, repeated=True)
        request = _request_in(written.streams[0], key, change_key)
        if request is None and draft.is_known_in(written.streams[0]):
            return self._tell(draft.session_id, key, change_key, 0, minted=draft.minted)
        if request is None:
            raise denial_in(written.streams[0], draft.order_key)
        position = self.send(
            context, draft.session_id, caller_session, draft.admission, draft.report, request
        )
        position = max(position, self._look(context, draft.session_id, draft.admission))
        return self._tell(draft.session_id, key, change_key, position, minted=draft.minted)

    def _look(self, context: Context, session_id: UUID, admission: Admission) -> int:
        return look_at_book(self.writer, self.clock, context, session_id, admission)

    def _tell(
        self,
        session_id: UUID,
        order_key: str,
        change_key: str,
        position: int,
        *,
        repeated: bool = False,
        minted: bool = False,
    ) -> ChangeReceipt:
        told = self.writer.load(session_id)
        report = order_reports(told.events)[order_key]
        change = next(c for c in report.changes if c.change_key == change_key)
        return ChangeReceipt(
            report=report,
            position=max(position, self.writer.head_of(told)),
            repeated=repeated,
            minted=minted,
            change=change,
        )


def _request_in(stream: Loaded, order_key: str, change_key: str) -> OrderChangeRequested | None:
    """The request of a change that is not finished."""
    order = state_of(stream).orders.get(order_key)
    change = order.changes.get(change_key) if order else None
    return change.request if change else None
