"""A person's answer to what waits for it: whose it is, what it says, and the yes or no."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from application.orders.change_order import ChangeOrder
from application.orders.draft import told_denied
from application.orders.place_order import Asked, PlaceOrder, Receipt
from application.orders.receipts import receipt
from application.orders.request_change import ChangeReceipt
from application.ports.clock import Clock
from application.sessions.broker_access import state_of
from application.writer import Context, Loaded, Writer
from domain import proposals
from domain.errors import OrderDeniedByRisk, ProposalRefused
from domain.events import (
    Event,
    OrderChangeRequested,
    OrderConfirmed,
    OrderDenied,
    OrderProposed,
    OrderRequested,
)
from domain.vocabulary import Approval


class _Found(NamedTuple):
    proposal: OrderProposed
    stream: Loaded


@dataclass(frozen=True, kw_only=True)
class Approve:
    """A proposal of another person answers exactly like one that does not exist."""

    writer: Writer
    place_order: PlaceOrder
    change_order: ChangeOrder
    clock: Clock

    def waiting(self, principal: UUID) -> tuple[Asked, ...]:
        """What this person could still say yes to, the oldest first."""
        now = self.clock.now()
        found = [
            self._asked(_Found(proposal, stream))
            for stream in self._sessions(principal)
            for proposal in state_of(stream).proposals.values()
            if now < proposal.expires_at
        ]
        return tuple(sorted(found, key=lambda asked: asked.proposal.expires_at))

    def look(self, principal: UUID, proposal_id: str) -> Asked:
        """Raises:
        ProposalRefused: there is none of this person's, it was answered, or it is too old.
        """
        found = self._find(principal, proposal_id)
        proposals.waiting(state_of(found.stream), proposal_id, self.clock.now())
        return self._asked(found)

    def find(self, principal: UUID, proposal_id: str) -> Asked:
        """What was proposed, answered or not.

        Raises:
            ProposalRefused: this person never had such a proposal.
        """
        return self._asked(self._find(principal, proposal_id))

    def outcome(self, principal: UUID, proposal_id: str) -> Receipt | None:
        """What an earlier yes to this proposal led to, as it stands now; `None` without one.

        Raises:
            ProposalRefused: this person never had such a proposal.
            OrderDeniedByRisk: a limit forbade it when the yes came.
        """
        proposal, stream = self._find(principal, proposal_id)
        if not any(
            isinstance(event, OrderConfirmed) and event.proposal_id == proposal_id
            for event in stream.events
        ):
            return None
        if not any(
            isinstance(event, OrderRequested | OrderChangeRequested)
            and event.approval == proposal_id
            for event in stream.events
        ):
            raise _denial_of(stream, proposal)
        told = receipt(self.writer, stream.stream_id, proposal.order_key, repeated=True)
        if proposal.change_key is None:
            return told
        change = next(c for c in told.report.changes if c.change_key == proposal.change_key)
        return ChangeReceipt(
            report=told.report,
            position=told.position,
            repeated=True,
            minted=False,
            change=change,
        )

    def confirm(self, context: Context, proposal_id: str, method: Approval) -> Receipt:
        """Take the yes and do what was proposed. A second yes answers with what the first led to,
        and sends nothing.

        Raises:
            ProposalRefused: see `look`; it was declined; or the account is another one by now.
            Refusal: see `PlaceOrder.confirmed` and `ChangeOrder.confirmed`.
        """
        done = self.outcome(context.principal, proposal_id)
        if done is not None:
            return done
        asked = self.look(context.principal, proposal_id)
        is_new = asked.proposal.change_key is None
        confirmed = self.place_order.confirmed if is_new else self.change_order.confirmed
        try:
            return confirmed(context, asked.session_id, proposal_id, method)
        except ProposalRefused:  # the same yes came twice at once, and the other was faster
            done = self.outcome(context.principal, proposal_id)
            if done is None:
                raise
            return done

    def decline(self, context: Context, proposal_id: str, method: Approval, reason: str) -> None:
        """Take the no. Nothing where it was answered before; a no may come late.

        Raises:
            ProposalRefused: this person never had such a proposal.
        """

        def decision(streams: Sequence[Loaded]) -> list[list[Event]]:
            session = state_of(streams[0])
            return [
                list(proposals.decline(session, proposal_id, method, context.principal, reason))
            ]

        stream = self._find(context.principal, proposal_id).stream
        self.writer.decide(context, [stream.stream_id], decision, loaded=[stream])

    def _find(self, principal: UUID, proposal_id: str) -> _Found:
        for stream in self._sessions(principal):
            for event in stream.events:
                if isinstance(event, OrderProposed) and event.proposal_id == proposal_id:
                    return _Found(event, stream)
        raise ProposalRefused(
            "No order of this user waits for a yes under this id. Next: get_orders(); then, if "
            "they still want it, create_order again."
        )

    def _sessions(self, principal: UUID) -> Iterator[Loaded]:
        """The last session under each label: all others have ended, and take no yes."""
        last = {opened.label: opened for opened in self.writer.store.sessions_of(principal)}
        for opened in last.values():
            yield self.writer.load(opened.session_id)

    def _asked(self, found: _Found) -> Asked:
        return Asked(
            proposal=found.proposal,
            session_id=found.stream.stream_id,
            position=self.writer.head_of(found.stream),
            minted=False,
        )


def _denial_of(stream: Loaded, proposal: OrderProposed) -> OrderDeniedByRisk:
    """What kept a yes from doing what it was given for: stored in the same append, behind it."""
    events = iter(stream.events)
    for event in events:
        if isinstance(event, OrderConfirmed) and event.proposal_id == proposal.proposal_id:
            break
    return told_denied(next(event for event in events if isinstance(event, OrderDenied)))
