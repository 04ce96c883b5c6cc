"""The model's modifications and cancellations."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final
from uuid import UUID

from application.orders.change_draft import NewTerms
from domain.vocabulary import BrokerName, OrderTerms
from tests.simulation.broker import Placed
from tests.state_machine.model import Change, Died, Login, No, Order, Proposal, Session, worth
from tests.state_machine.orders import DISPATCH_WITHIN, Answer, Orders

UNDER_WAY: Final = ("DISPATCHED", "UNKNOWN")


class Model(Orders):
    """`minted` is the key that a change without one was given, `were_open` the ids of what was open
    at each broker when the call began."""

    minted: str = ""
    were_open: frozenset[tuple[str, str | None]] = frozenset()

    def change(
        self,
        who: UUID,
        label: str,
        named: str,
        broker: BrokerName | None,
        key: str | None,
        new: NewTerms | None,
    ) -> Answer:
        session = self.enter(who, label)
        order = self._find(who, named, broker, session.active)
        account, login = self.admit(session, order.account.broker)
        if account != order.account:
            raise No("ORDER_NOT_FOUND")
        known = self._known(order, key, new)
        if known is not None:
            return self._change_again(order, known, login, session)
        self._must_be_changeable(order)
        if new is None:
            return self._cancel(order, key, login, session)
        terms = new.of(order.terms)
        if terms == order.terms:
            raise No("INVALID_ORDER")
        if login is not None:
            self._must_be_unchanged(session, order, login)
        self.must_not_be_halted(who, account)
        if account.broker == "paper":
            self._judge_change(order, terms)
            self._must_be_free(order)
            change = Change(key or self.minted, "modify", terms, order.terms, self.now)
            return self._do(order, change, login, session)
        self._must_be_free(order)
        wanted = Proposal(
            "", order.session, order.key, account, terms, self.now, key or self.minted
        )
        return self.ask_person(
            wanted, lambda: self._judge_change(order, terms), is_minted=key is None
        )

    def _must_be_unchanged(self, session: Session, order: Order, login: Login) -> None:
        """The book is looked at: its owner may have changed the order elsewhere. Or we may have,
        by a call whose answer was lost."""
        if not self.kite.takes(login.token):
            session.login = None
            raise No("BROKER_LOGIN_REQUIRED")
        if self.kite.is_down:
            return
        [there] = [p for p in self.kite.placed if p.broker_order_id == order.broker_id]
        shown = there.visible_at <= self.now
        if shown and (there.terms.quantity_shares, there.terms.limit_price_inr) != (
            order.terms.quantity_shares,
            order.terms.limit_price_inr,
        ):
            raise No("INVALID_ORDER")

    def _find(
        self, who: UUID, named: str, broker: BrokerName | None, active: BrokerName | None
    ) -> Order:
        opened = [s for s in self.sessions if s.who == who]
        mine = [o for o in self.orders if o.session.who == who and named in (o.key, o.broker_id)]
        mine = [o for o in mine if broker in (None, o.account.broker)]
        mine.sort(key=lambda o: (opened.index(o.session), self.orders.index(o)), reverse=True)
        preferred = [o for o in mine if o.account.broker in (broker, active)]
        if not mine:
            raise No("ORDER_NOT_FOUND")
        return (preferred or mine)[0]

    def _known(self, order: Order, key: str | None, new: NewTerms | None) -> Change | None:
        for change in order.changes:
            same = change.terms == (new.of(change.before) if new else None)
            if key == change.key and not same:
                raise No("ORDER_KEY_REUSED")
            if key == change.key or (key is None and same and self._is_under_way(order, change)):
                return change
        return None

    def _is_under_way(self, order: Order, change: Change) -> bool:
        if change.state not in UNDER_WAY:
            return False
        return change.kind == "modify" or not order.is_open or not change.in_doubt(self.now)

    def _must_be_changeable(self, order: Order) -> None:
        if not order.is_open:
            raise No("ORDER_NOT_FOUND")
        if order.broker_id is None:
            raise No("ORDER_IN_PROGRESS")

    def _must_be_free(self, order: Order) -> None:
        """Of other changes; and its session takes commands."""
        self.must_be_open(order.session)
        if any(change.is_open for change in order.changes):
            raise No("ORDER_IN_PROGRESS")

    def _judge_change(self, order: Order, terms: OrderTerms) -> None:
        self.judge(order.session.who, order.account, terms, 0, worth(order.terms))

    def _cancel(
        self, order: Order, key: str | None, login: Login | None, caller: Session
    ) -> Answer:
        for other in order.changes:
            if other.kind == "cancel" and other.is_open:
                fresh = other.state == "REQUESTED" and self.now < other.asked_at + DISPATCH_WITHIN
                if fresh or (other.state != "REQUESTED" and not other.in_doubt(self.now)):
                    raise No("ORDER_IN_PROGRESS")
        change = Change(key or self.minted, "cancel", None, order.terms, self.now)
        return self._do(order, change, login, caller)

    def confirmed_change(self, proposal: Proposal) -> Answer:
        session, who = proposal.session, proposal.session.who
        order = self.order_of(who, proposal.key)
        assert order is not None, "a change was proposed of an order that is there"
        account, login = self.admit(session, order.account.broker)
        if account != order.account:
            raise No("ORDER_NOT_FOUND")
        self._must_be_changeable(order)
        self.must_not_be_halted(who, account)
        for known in order.changes:
            if known.key == proposal.change_key:
                if known.terms != proposal.terms:
                    raise No("ORDER_KEY_REUSED")
                return "told", known.state, True
        proposal.judged(lambda: self._judge_change(order, proposal.terms))
        self._must_be_free(order)
        proposal.answer = "yes"
        assert proposal.change_key is not None, "it is about a change"
        change = Change(proposal.change_key, "modify", proposal.terms, order.terms, self.now)
        return self._do(order, change, login, session)

    # Sending

    def _do(self, order: Order, change: Change, login: Login | None, caller: Session) -> Answer:
        order.changes.append(change)
        if change.terms is not None:
            adds = max(worth(change.terms) - worth(order.terms), Decimal(0))
            self.take(order.session.who, order, change.terms, change.key, adds)
        self._send_change(order, change, login, caller)
        self.look_in_passing(order.session, order.account, login)
        return "told", change.state, False

    def _change_again(
        self, order: Order, change: Change, login: Login | None, caller: Session
    ) -> Answer:
        if change.state == "REQUESTED" and order.is_open:
            if change.kind == "modify":
                self._refusing(order, change, lambda: self.must_be_open(order.session))
            if self.now >= change.asked_at + DISPATCH_WITHIN:
                self._undo(order, change)
            else:
                self._send_change(order, change, login, caller)
                return "told", change.state, False
        elif change.state in UNDER_WAY:
            self.look_in_passing(order.session, order.account, login)
        return "told", change.state, True

    def _refusing(self, order: Order, change: Change, check: Callable[[], None]) -> None:
        """What forbids the dispatch closes the change."""
        try:
            check()
        except No:
            self._undo(order, change)
            raise

    def _send_change(
        self, order: Order, change: Change, login: Login | None, caller: Session
    ) -> None:
        who = order.session.who
        if change.kind == "modify":
            self._refusing(order, change, lambda: self.must_not_be_halted(who, order.account))
        if self.ending == "dies unsent":
            raise Died
        change.state = "DISPATCHED"
        if login is not None and not self.kite.takes(login.token):
            caller.login = None
            return self._undo(order, change)
        ending = self.ending_at(order.account)
        if ending in ("dies before", "dies after"):
            raise Died
        match ending:
            case "no" | "never sent":
                self._undo(order, change)
            case _ if (order.account.broker, order.broker_id) not in self.were_open:
                change.state = "UNKNOWN" if ending == "lost" else "REJECTED"
                if change.state == "REJECTED":
                    self._undo(order, change)
            case "yes":
                self._done(order, change)
            case _:
                change.state = "UNKNOWN"
        return None

    def _done(self, order: Order, change: Change) -> None:
        change.state = "ACCEPTED"
        order.terms = change.terms or order.terms

    def _undo(self, order: Order, change: Change) -> None:
        change.state = "REJECTED"
        self.give_back(order.session.who, order.key, change.key)

    # Looking

    def close_stale_changes(self, order: Order) -> None:
        for change in order.changes if order.is_open else ():
            late = self.now > change.asked_at + DISPATCH_WITHIN
            is_paper = order.account.broker == "paper" and change.in_doubt(self.now)
            if (change.state == "REQUESTED" and late) or (change.is_open and is_paper):
                self._undo(order, change)
            elif change.state == "DISPATCHED" and change.in_doubt(self.now):
                change.state = "UNKNOWN"

    def see_changes(self, order: Order, there: Placed, *, over: bool) -> None:
        for change in order.changes:
            if not change.is_open:
                continue
            shown = (
                there.status == "CANCELLED"
                if change.terms is None
                else (_shown(there) == _wanted(change))
            )
            if change.state != "REQUESTED" and shown and (over or change.in_doubt(self.now)):
                self._done(order, change)
            elif over:
                self._undo(order, change)


def _shown(there: Placed) -> object:
    return there.terms.quantity_shares, there.terms.limit_price_inr


def _wanted(change: Change) -> object:
    assert change.terms is not None, "a modification"
    return change.terms.quantity_shares, change.terms.limit_price_inr
