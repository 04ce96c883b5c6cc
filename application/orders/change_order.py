"""Modify or cancel an open order of one's own: found, judged, asked about where it could cost more,
put on record, sent once, and what became of it recorded.

Orders that were placed elsewhere are shown and never touched.
"""

from dataclasses import dataclass
from uuid import UUID

from application.orders.change_draft import ChangeDraft, NewTerms, key_is_taken, terms_before
from application.orders.draft import check_offer, may_trade
from application.orders.judging import Judging, Seen
from application.orders.observe import read_book
from application.orders.own_orders import Own, find_own
from application.orders.place_order import Asked
from application.orders.request_change import ChangeReceipt, RequestChange
from application.orders.sending import check_switches, switches_of
from application.ports.broker import BrokerDown
from application.ports.clock import Clock, Ids
from application.sessions.broker_access import Admission, Admit, state_of, supported
from application.sessions.enter_session import Entered
from application.writer import Context, Writer
from domain import order_changes, orders
from domain.absence import change_in_doubt
from domain.capabilities import Function
from domain.errors import InvalidOrder, OrderNotFound, ProposalRefused
from domain.order_offers import must_be_changeable
from domain.order_reports import UNSETTLED, ChangeReport, OrderReport, order_reports
from domain.order_text import rupees
from domain.proposals import confirm
from domain.vocabulary import Approval, OrderTerms


@dataclass(frozen=True, kw_only=True)
class Change:
    """What one caller wants: `order` is an order_key or a broker's order id; `new` is `None` for a
    cancellation. Without a key one is minted. `variety`, where it is said, must be the order's."""

    order: str
    new: NewTerms | None
    change_key: str | None = None
    broker: str | None = None
    variety: str | None = None

    def fingerprint(self, report: OrderReport, before: OrderTerms) -> str:
        """Of what it asks for, where the order's terms were those `before`."""
        terms = self.new.of(before) if self.new else None
        return order_changes.change_fingerprint(
            report.broker_order_id or "", "modify" if terms else "cancel", terms
        )


@dataclass(frozen=True, kw_only=True)
class ChangeOrder:
    admit: Admit
    writer: Writer
    clock: Clock
    ids: Ids
    judging: Judging
    request: RequestChange
    live: bool

    def __call__(self, context: Context, entered: Entered, change: Change) -> ChangeReceipt | Asked:
        """Tell the change that the key names; or send a new one, or ask for a person's yes to a
        modification where money is at stake.

        Raises:
            OrderNotFound: no open order of one's own bears this key or id, or it is in an account
            that one is not logged in to.
            InvalidOrder, NotSupportedByBroker, BrokerLoginRequired, OrderKeyReused,
            OrderInProgress, LiveTradingOff, ProposalRefused: nothing was sent.
            TradingIsHalted, SessionHasExpired: nothing is modified while a switch is off, or after
            the end of the order's session; cancelling goes on.
            OrderDeniedByRisk: nothing was sent; the denial is on record.
            OrderTooLate: never sent. StoreUnavailable: as for placing.
        """
        if change.broker is not None:
            supported(self.admit.brokers, change.broker)
        if change.change_key is not None:
            orders.check_order_key(change.change_key)
        active = entered.session.active_broker
        own = find_own(self.writer, context.principal, change.order, change.broker, active)
        function: Function = "modify" if change.new else "cancel"
        admission = self._admitted(context, entered, own.report, function)
        known = self._known(context, entered.session_id, own, admission, change)
        if known is not None:
            return known
        draft = self._draft(context, entered.session_id, own, admission, change)
        if draft.kind == "cancel":
            return self.request.cancel(context, entered.session_id, draft)
        self._may_modify(context, draft)
        if own.report.request.mode == "PAPER":
            return self.request.modify(context, entered.session_id, draft)
        return self.request.propose(context, draft)

    def confirmed(
        self, context: Context, session_id: UUID, proposal_id: str, method: Approval
    ) -> ChangeReceipt:
        """A person said yes to a modification: use the proposal up and send exactly what it says.

        Raises: as a call, and ProposalRefused: there is no such proposal (any more).
        """
        loaded = self.writer.load(session_id)
        session, now = state_of(loaded), self.clock.now()
        proposal, _ = confirm(session, proposal_id, method, context.principal, now)
        report = order_reports(loaded.events)[proposal.order_key]
        admission = self._admitted(context, Entered(session_id, loaded), report, "modify")
        _must_be_where_it_was(admission, report)
        order_changes.open_order(session, proposal.order_key)
        assert proposal.change_key is not None, "what names no change is an order"
        draft = ChangeDraft(
            session_id=session_id,
            report=report,
            admission=admission,
            change_key=proposal.change_key,
            minted=False,
            kind="modify",
            terms=proposal.terms,
            fingerprint=proposal.fingerprint,
            seen=self._seen(context, session_id, admission, proposal.terms),
        )
        self._may_modify(context, draft)
        return self.request.modify(context, session_id, draft, approval=(proposal_id, method))

    # An order, and a change, that is known

    def _admitted(
        self, context: Context, entered: Entered, report: OrderReport, function: Function
    ) -> Admission:
        """The way to the account that the order is in.

        Raises:
            OrderNotFound: the login is of another one. BrokerLoginRequired: there is none.
            NotSupportedByBroker: see `Admit`.
        """
        request = report.request
        admission = self.admit(context, entered, request.broker, function)
        if admission.account != request.account_fingerprint:
            raise OrderNotFound(
                f"This order is in another {request.broker} account than the one that is logged "
                "in; nothing was sent. Next: log in with that account."
            )
        return admission

    def _known(
        self,
        context: Context,
        caller_session: UUID,
        own: Own,
        admission: Admission,
        change: Change,
    ) -> ChangeReceipt | None:
        """The change that this key names; without a key, the same one that is not finished.

        Raises:
            OrderKeyReused: it names another change of this order.
        """
        report, key = own.report, own.report.request.order_key
        for known in report.changes:
            before = terms_before(report, known.change_key)
            named = known.change_key == change.change_key
            same = known.fingerprint == change.fingerprint(report, before)
            if named and not same:
                raise key_is_taken(key, known.change_key)
            if named or (change.change_key is None and same and self._is_under_way(own, known)):
                return self.request.again(context, caller_session, own, admission, known)
        return None

    def _is_under_way(self, own: Own, known: ChangeReport) -> bool:
        """A cancellation in doubt is not: it may be asked for again."""
        if known.state not in UNSETTLED or known.kind == "modify":
            return known.state in UNSETTLED
        order = state_of(own.stream).orders.get(own.report.request.order_key)
        change = order.changes.get(known.change_key) if order else None
        return change is None or not change_in_doubt(change, self.clock.now())

    # A new one

    def _draft(
        self, context: Context, caller_session: UUID, own: Own, admission: Admission, change: Change
    ) -> ChangeDraft:
        report = own.report
        _must_be_where_it_was(admission, report)
        order_changes.open_order(state_of(own.stream), report.request.order_key)
        if change.variety not in (None, report.terms.variety):
            raise InvalidOrder(
                f"The order's variety is {report.terms.variety}, which cannot be changed; nothing "
                "was sent. Next: leave variety out."
            )
        terms = self._new_terms(admission, report, change.new) if change.new else None
        if terms is not None and admission.broker.needs_login:
            self._must_be_unchanged(context, caller_session, admission, report)
        return ChangeDraft(
            session_id=own.session_id,
            report=report,
            admission=admission,
            change_key=change.change_key or f"c-{self.ids.new().hex[:16]}",
            minted=change.change_key is None,
            kind="modify" if terms else "cancel",
            terms=terms,
            fingerprint=change.fingerprint(report, report.terms),
            seen=self._seen(context, caller_session, admission, terms) if terms else None,
        )

    def _seen(
        self, context: Context, session_id: UUID, admission: Admission, terms: OrderTerms
    ) -> Seen:
        """What it is judged by. Raises: BrokerLoginRequired, as for placing."""
        now = self.clock.now()
        return self.admit.while_logged_in(
            context,
            session_id,
            admission,
            lambda: self.judging.look(admission, admission.account, terms, now),
        )

    def _must_be_unchanged(
        self, context: Context, session_id: UUID, admission: Admission, report: OrderReport
    ) -> None:
        """Its owner may have changed it in the broker's own app: then what a person would be asked
        about is not what stands there.

        Raises:
            InvalidOrder: it stands there with another quantity or limit.
        """
        try:
            book = self.admit.while_logged_in(
                context, session_id, admission, lambda: read_book(admission, self.clock)
            )
        except BrokerDown:
            return  # what is on record is the best there is
        terms = report.terms
        for row in book.orders:
            differs = (row.quantity_shares, row.limit_price_inr) != (
                terms.quantity_shares,
                terms.limit_price_inr,
            )
            if row.broker_order_id == report.broker_order_id and terms.limit_price_inr and differs:
                price = "no limit" if row.limit_price_inr is None else rupees(row.limit_price_inr)
                raise InvalidOrder(
                    f"This order was changed elsewhere: at {admission.broker.display_name} it "
                    f"stands with {row.quantity_shares} shares at {price}. Nothing was sent. Next: "
                    "change it there again, or cancel_order and place a new one."
                )

    def _new_terms(self, admission: Admission, report: OrderReport, new: NewTerms) -> OrderTerms:
        must_be_changeable(report.terms)
        terms = orders.check_terms(new.of(report.terms))
        check_offer(admission.broker, terms)
        if orders.plain_prices(terms) == orders.plain_prices(report.terms):
            raise InvalidOrder(
                "The order has these terms already; nothing was sent. Next: say what is to be "
                "different."
            )
        return terms

    def _may_modify(self, context: Context, draft: ChangeDraft) -> None:
        """Raises: TradingIsHalted, LiveTradingOff."""
        switches = switches_of(context.principal, draft.admission.account)
        check_switches([self.writer.load(stream) for stream in switches])
        may_trade(draft.admission, live=self.live)


def _must_be_where_it_was(admission: Admission, report: OrderReport) -> None:
    """Raises:
    ProposalRefused: what listens there is not what it was when the order was placed.
    """
    mode, placed = admission.broker.mode(admission.access.egress), report.request.mode
    if mode != placed:
        raise ProposalRefused(
            f"The order was placed as {placed}, and what listens there now is {mode}; nothing was "
            "sent. Next: get_orders()."
        )
