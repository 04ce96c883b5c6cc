"""Take an order: find it if its key is known, judge it, ask the person where money is at stake, put
the intention on record, and have it sent.

Whatever happens in between, an order ends in a state that is true: never sent, or sent once and
known, or sent once and visibly unknown.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from uuid import UUID

from application.orders.draft import Draft, check_offer, denial_in, may_trade
from application.orders.instruct import must_hold
from application.orders.judging import Judging
from application.orders.receipts import Receipt as Receipt
from application.orders.receipts import claim_in, receipt
from application.orders.sending import SendOrder, check_switches, switches_of
from application.orders.sending_all import SendAll
from application.ports.clock import Clock, Ids
from application.ports.vault import Vault
from application.sessions.broker_access import Admission, Admit, state_of
from application.sessions.enter_session import Entered
from application.writer import Context, Loaded, Writer
from domain import orders
from domain.errors import (
    BrokerLoginRequired,
    OrderTooLate,
    ProposalRefused,
    SessionHasExpired,
)
from domain.events import (
    Event,
    OrderProposed,
    OrderRequested,
)
from domain.instants import trading_day
from domain.instructions import reduces_risk
from domain.order_reports import UNSETTLED
from domain.proposals import confirm, propose
from domain.risk_ledger import fold_ledger
from domain.session import must_be_open
from domain.streams import order_key_stream, risk_ledger_stream
from domain.vocabulary import Approval, OrderTerms


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Nothing was sent: a person has to say yes to `proposal` first."""

    proposal: OrderProposed
    session_id: UUID
    position: int
    minted: bool


@dataclass(frozen=True, kw_only=True)
class Order:
    """What one caller wants. Without a key one is minted. `slices`: it may go as several orders
    where the exchange takes no more at once; otherwise it is refused then."""

    terms: OrderTerms
    order_key: str | None
    broker: str | None = None
    slices: bool = False


class FirstLook(Protocol):
    def __call__(self, context: Context, session_id: UUID, admission: Admission) -> None:
        """See the account's whole book once before this process sends the first order there, and
        adopt what is ours: the store may have been restored from a backup.

        Raises:
            BrokerUnavailable: it could not be seen, so nothing may be sent.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class PlaceOrder:
    admit: Admit
    writer: Writer
    vault: Vault
    clock: Clock
    ids: Ids
    judging: Judging
    send: SendOrder
    first_look: FirstLook
    live: bool

    def __call__(self, context: Context, entered: Entered, order: Order) -> Receipt | Asked:
        """Tell the order that the key names; or judge a new one and send it (paper money), or ask
        for a person's yes.

        Raises:
            InvalidOrder, NotSupportedByBroker, NoActiveBroker, BrokerLoginRequired,
            LiveTradingOff, OrderKeyReused, TradingIsHalted, BrokerUnavailable: nothing was stored
            and nothing was sent.
            OrderDeniedByRisk: nothing was sent; the denial is on record.
            OrderInProgress: another caller is sending this very order.
            SessionHasExpired, OrderTooLate: never sent.
            StoreUnavailable: raised before the broker was called, nothing was sent; raised
                afterwards, the order is on record as dispatched and its end is not known.
        """
        orders.check_terms(order.terms)
        minted = order.order_key is None
        key = self.key_of(order)
        if not minted:
            known = self._known(context, key, order)
            if known is not None:
                return known
        draft = self.draft(context, entered, key, order)
        if draft.mode == "PAPER" or reduces_risk(order.terms):
            return self._request(context, entered.session_id, draft, minted=minted)
        return self._propose(context, entered.session_id, draft, order, minted)

    def confirmed(
        self, context: Context, session_id: UUID, proposal_id: str, method: Approval
    ) -> Receipt:
        """A person said yes: use the proposal up and send exactly what it says.

        Raises: as a call, and ProposalRefused: there is no such proposal (any more).
        """
        loaded = self.writer.load(session_id)
        now = self.clock.now()
        proposal, _ = confirm(state_of(loaded), proposal_id, method, context.principal, now)
        order = Order(
            terms=proposal.terms,
            order_key=proposal.order_key,
            broker=proposal.broker,
            slices=proposal.slices > 1,
        )
        entered = Entered(session_id, loaded)
        draft = self.draft(context, entered, proposal.order_key, order)
        if (draft.mode, draft.account, draft.fingerprint, len(draft.parts)) != (
            proposal.mode,
            proposal.account_fingerprint,
            proposal.fingerprint,
            proposal.slices,
        ):
            raise ProposalRefused(
                "The account or the broker is not what it was when this order was proposed; "
                "nothing was sent. Next: create_order again."
            )
        return self._request(context, session_id, draft, approval=(proposal_id, method))

    # An order that is known

    def _known(self, context: Context, key: str, order: Order) -> Receipt | None:
        """The order that this key names already, whatever broker is active now.

        Raises:
            OrderKeyReused: it names an order with other terms or at another broker.
        """
        claim = claim_in(self.writer.load(order_key_stream(context.principal, key)))
        if claim is None:
            return None
        session_id = claim.session_id
        known = receipt(self.writer, session_id, key, repeated=True)
        report = known.report
        orders.must_be_that_order(report, order.broker, order.terms)
        if report.state not in (*UNSETTLED, "REQUESTED"):
            return known
        unsent = [part.request for part in known.slices or (report,) if part.state == "REQUESTED"]
        its_session = Entered(session_id, self.writer.load(session_id))
        try:
            admission = self.admit(context, its_session, report.request.broker)
        except (BrokerLoginRequired, SessionHasExpired):
            if not unsent:
                return known  # nobody can look now; what is on record is the answer
            for request in unsent:
                self.send.close(context, session_id, request, "LOGIN_GONE", "The login is over.")
            return receipt(self.writer, session_id, key, repeated=True)
        if report.state == "REQUESTED":  # whoever asked first died before the broker was called
            with suppress(OrderTooLate):
                position = self._send_all(context, session_id, admission, unsent)
                return receipt(self.writer, session_id, key, position)
            return receipt(self.writer, session_id, key, repeated=True)
        if order.terms.instruction is not None:
            return known  # no order book shows it
        position = self._send_all.look(context, session_id, admission)
        return receipt(self.writer, session_id, key, position, repeated=True)

    # A new one

    def key_of(self, order: Order) -> str:
        """The caller's own, or a new one. Raises: InvalidOrder: it cannot be a key."""
        if order.order_key is None:
            return f"k-{self.ids.new().hex[:16]}"
        return orders.check_order_key(order.order_key)

    def draft(self, context: Context, entered: Entered, key: str, order: Order) -> Draft:
        """Everything about the order but the person's yes and the day's counters."""
        check_offer(self.admit.broker_of(entered, order.broker), order.terms)  # needs no login
        admission = self.admit(context, entered, order.broker)
        broker, account = admission.broker, admission.account
        mode = may_trade(admission, live=self.live)
        if not reduces_risk(order.terms):
            check_switches([self.writer.load(s) for s in switches_of(context.principal, account)])
        if broker.needs_login and not reduces_risk(order.terms):
            self.first_look(context, entered.session_id, admission)
        now = self.clock.now
        seen = self.admit.while_logged_in(
            context,
            entered.session_id,
            admission,
            lambda: self.judging.look(admission, account, order.terms, now()),
        )
        self.admit.while_logged_in(
            context, entered.session_id, admission, lambda: must_hold(admission, order.terms, now())
        )
        draft = Draft(
            key=key,
            admission=admission,
            mode=mode,
            account=account,
            terms=order.terms,
            fingerprint=orders.fingerprint(broker.name, account, order.terms),
            broker_tag=self.vault.broker_tag(context.principal, account, key),
            seen=seen,
        )
        tag = partial(self.vault.broker_tag, context.principal, account)
        return draft.sliced(tag) if order.slices else draft

    def _propose(
        self, context: Context, session_id: UUID, draft: Draft, order: Order, minted: bool
    ) -> Receipt | Asked:
        now, principal = self.clock.now(), context.principal
        ledger_id = risk_ledger_stream(principal, trading_day(now))
        proposal = draft.proposal(self.ids.new().hex, now)

        def decision(streams: Sequence[Loaded]) -> list[list[Event]]:
            session, ledger = state_of(streams[0]), fold_ledger(streams[1].events)
            if claim_in(streams[2]) or draft.waiting(session, now):  # judged when the yes comes
                return [[], [], []]
            if denied := draft.denied(ledger, now):
                return [[denied], [], []]
            return [list(propose(session, proposal, now)), [], []]

        streams = [session_id, ledger_id, order_key_stream(principal, draft.key)]
        written = self.writer.decide(context, streams, decision)
        waiting = draft.waiting(state_of(written.streams[0]), now)
        if known := claim_in(written.streams[2]) and self._known(context, draft.key, order):
            return known  # somebody else's request with this key was stored meanwhile
        if waiting is None:
            raise denial_in(written.streams[0], draft.key)
        position = written.position or self.writer.head_of(written.streams[0])
        return Asked(proposal=waiting, session_id=session_id, position=position, minted=minted)

    def _request(
        self,
        context: Context,
        session_id: UUID,
        draft: Draft,
        *,
        minted: bool = False,
        approval: tuple[str, Approval] | None = None,
    ) -> Receipt:
        """Put the intention on record, all of it or nothing, and have it sent."""
        now, principal = self.clock.now(), context.principal
        ledger_id = risk_ledger_stream(principal, trading_day(now))
        keys = [draft.key, *(part.key for part in draft.parts if part.slice_of)]
        adopted = [
            order_key_stream(principal, orders.adopted_key(p.broker_tag)) for p in draft.parts
        ]

        def decision(streams: Sequence[Loaded]) -> list[list[Event]]:
            session, ledger = state_of(streams[0]), fold_ledger(streams[1].events)
            claims = [claim_in(stream) for stream in streams[2 : 2 + len(keys)]]
            nothing: list[list[Event]] = [[] for _ in streams]
            if not orders.claim_key(claims[0], draft.key, draft.fingerprint, session_id):
                return nothing
            must_be_open(session, now)
            for part, found in zip(draft.parts, streams[2 + len(keys) :], strict=True):
                part.must_be_new(claim_in(found))
            yes: list[Event] = []
            if approval is not None:
                proposal_id, method = approval
                yes = [confirm(session, proposal_id, method, principal, now)[1]]
            if denied := draft.denied(ledger, now):  # the yes is used up all the same
                return [[*yes, denied], *nothing[1:]]
            requests, reservations = draft.requests(
                ledger, session_id, now, approval[0] if approval else None
            )
            new_claims = [
                orders.claim_new_key(claim, key, draft.fingerprint, session_id)
                for claim, key in zip(claims, keys, strict=True)
            ]
            asked = [fact for each in requests for fact in orders.request_order(session, each)]
            return [[*yes, *asked], list(reservations), *new_claims, *([] for _ in adopted)]

        streams = [session_id, ledger_id, *(order_key_stream(principal, k) for k in keys), *adopted]
        written = self.writer.decide(context, streams, decision)
        if written.position is None:  # somebody else's request with this key was stored first
            claim = claim_in(written.streams[2])
            assert claim is not None, "nothing to store means that the key was claimed before"
            return receipt(self.writer, claim.session_id, draft.key, repeated=True)
        # From the facts, not from the open orders: after a lost acknowledgement this is read again,
        # and by then somebody may have settled it.
        asked = {e.order_key: e for e in written.streams[0].events if isinstance(e, OrderRequested)}
        if draft.parts[0].key not in asked:
            raise denial_in(written.streams[0], draft.key)
        requests = [asked[part.key] for part in draft.parts]
        position = self._send_all(context, session_id, draft.admission, requests)
        return receipt(self.writer, session_id, draft.key, position, minted=minted)

    @property
    def _send_all(self) -> SendAll:
        return SendAll(writer=self.writer, clock=self.clock, send=self.send)
