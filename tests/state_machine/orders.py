"""The model's orders: what creating, approving and looking must come to."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from domain.instants import IST
from domain.vocabulary import BrokerName, OrderTerms
from tests.simulation.broker import Placed
from tests.state_machine.broker import TAKEN, Ending, StoryBroker, on_paper
from tests.state_machine.model import (
    SETTLED,
    Account,
    Died,
    Login,
    No,
    Order,
    People,
    Proposal,
    Session,
    worth,
)

DISPATCH_WITHIN: Final = timedelta(seconds=10)
APPROVAL_LIFE: Final = timedelta(seconds=120)
MOST_PROPOSALS: Final = 20
DAY_OVER: Final = time(18, 0)
Answer = tuple[str, str | None, object]
"""`told` with a state and whether nothing was sent; `asked` with a proposal; `refused` with a code
and a rule; `died`."""


class Orders(People):
    """Told beforehand how the broker will be called (`ending`) and under which id a new proposal
    was made (`fresh`)."""

    ending: Ending = "yes"
    fresh: str | None = None
    expected_there: int = 0
    """How many orders there are at both brokers, by what was predicted."""

    def __init__(self, now: Callable[[], datetime], kite: StoryBroker, paper: StoryBroker) -> None:
        super().__init__(now, kite, paper)
        self.orders: list[Order] = []
        self.proposals: dict[str, Proposal] = {}

    # Creating

    def create(
        self, who: UUID, label: str, key: str, terms: OrderTerms, broker: BrokerName | None
    ) -> Answer:
        session = self.enter(who, label)
        known = self.order_of(who, key)
        if known is not None:
            if terms != known.asked_for or broker not in (None, known.account.broker):
                raise No("ORDER_KEY_REUSED")
            return self._again(known)
        account, login = self._draft(session, broker)
        if login is not None:
            return self._propose(session, key, account, terms)
        self._judge_new(who, account, terms)
        return self._request(session, key, account, None, terms)

    def _again(self, order: Order) -> Answer:
        """Whoever asks again is told; what was never sent is sent now, if it still may be."""
        if order.state not in ("REQUESTED", "DISPATCHED", "UNKNOWN"):
            return "told", order.state, True
        try:
            _, login = self.admit(order.session, order.account.broker)
        except No as no:
            if no.answer[1] not in ("BROKER_LOGIN_REQUIRED", "SESSION_EXPIRED"):
                raise
            if order.state == "REQUESTED":
                self._reject(order, "LOGIN_GONE")
            return "told", order.state, True
        if order.state == "REQUESTED":
            if self.now >= order.asked_at + DISPATCH_WITHIN and self._is_the_login(order, login):
                self._reject(order, "ORDER_TOO_LATE")
                return "told", order.state, True
            self._send(order, login)
            return "told", order.state, False
        self.look_in_passing(order.session, order.account, login)
        return "told", order.state, True

    def _draft(self, session: Session, broker: BrokerName | None) -> tuple[Account, Login | None]:
        account, login = self.admit(session, broker)
        self.must_not_be_halted(session.who, account)
        if login is not None and login.token not in self.seen_whole:
            self._first_look(session, account, login)
        return account, login

    def _first_look(self, session: Session, account: Account, login: Login) -> None:
        if not self.kite.takes(login.token):
            session.login = None
            raise No("BROKER_LOGIN_REQUIRED")
        if self.kite.is_down:
            raise No("BROKER_UNAVAILABLE")
        self.see(session.who, account, None)
        self.seen_whole.add(login.token)

    def _propose(self, session: Session, key: str, account: Account, terms: OrderTerms) -> Answer:
        wanted = Proposal("", session, key, account, terms, self.now, None)
        return self.ask_person(wanted, lambda: self._judge_new(session.who, account, terms))

    def ask_person(
        self, wanted: Proposal, judge: Callable[[], None], *, is_minted: bool = False
    ) -> Answer:
        """Whoever asks for the same again is told the same proposal; its yes is judged anyway."""
        waiting = [
            p
            for p in self.proposals.values()
            if p.session is wanted.session and not p.answer and self.now < p.expires_at
        ]
        for p in waiting:
            if _is_about(p) == _is_about(wanted) and (
                is_minted or p.change_key == wanted.change_key
            ):
                return "asked", p.id, None
            if p.key == wanted.key and p.change_key == wanted.change_key is not None:
                raise No("ORDER_KEY_REUSED")
        judge()
        if len(waiting) >= MOST_PROPOSALS:
            raise No("PROPOSAL_REFUSED")
        assert self.fresh is not None, "a proposal was expected"
        assert self.fresh not in self.proposals, "another proposal under an old id"
        wanted.id, wanted.expires_at = self.fresh, self.now + APPROVAL_LIFE
        self.proposals[wanted.id] = wanted
        return "asked", wanted.id, None

    def _judge_new(self, who: UUID, account: Account, terms: OrderTerms) -> None:
        unknown = [
            o
            for o in self.orders
            if o.session.who == who
            and o.account == account
            and o.is_open
            and o.in_doubt(self.now)
            and day_of(o.asked_at) == self.today
        ]
        self.judge(who, account, terms, len(unknown), None)

    # A person's answer

    def yes(self, by: UUID, proposal: Proposal) -> Answer:
        """By the page or the tool: a second yes is told what the first one led to."""
        self._must_be_theirs(by, proposal)
        if proposal.denial is not None:
            raise proposal.denial
        if proposal.answer == "yes":
            order = self.order_of(by, proposal.key)
            assert order is not None, "a yes has led to an order"
            changes = [c for c in order.changes if c.key == proposal.change_key]
            return "told", changes[0].state if changes else order.state, True
        return self.confirmed(proposal)

    def no(self, by: UUID, proposal: Proposal) -> None:
        self._must_be_theirs(by, proposal)
        proposal.answer = proposal.answer or "no"

    def _must_be_theirs(self, by: UUID, proposal: Proposal) -> None:
        session = proposal.session
        last = [s for s in self.sessions if (s.who, s.label) == (session.who, session.label)][-1]
        if by != session.who or last is not session:
            raise No("PROPOSAL_REFUSED")

    def confirmed(self, proposal: Proposal) -> Answer:
        if proposal.answer or self.now >= proposal.expires_at:
            raise No("PROPOSAL_REFUSED")
        if proposal.change_key is not None:
            return self.confirmed_change(proposal)
        session, who = proposal.session, proposal.session.who
        account, login = self._draft(session, proposal.account.broker)
        if account != proposal.account:
            raise No("PROPOSAL_REFUSED")
        known = self.order_of(who, proposal.key)
        if known is not None:
            if (known.account, known.asked_for) != (account, proposal.terms):
                raise No("ORDER_KEY_REUSED")
            return "told", known.state, True
        proposal.judged(lambda: self._judge_new(who, account, proposal.terms))
        proposal.answer = "yes"
        return self._request(session, proposal.key, account, login, proposal.terms)

    def confirmed_change(self, proposal: Proposal) -> Answer:
        raise NotImplementedError

    # Sending

    def _request(
        self,
        session: Session,
        key: str,
        account: Account,
        login: Login | None,
        terms: OrderTerms,
    ) -> Answer:
        token = login.token if login else None
        order = Order(session, key, account, terms, terms, self.now, token)
        self.orders.append(order)
        self.take(session.who, order, terms, None, worth(terms))
        self._send(order, login)
        return "told", order.state, False

    def _send(self, order: Order, login: Login | None) -> None:
        """One call at most; then a look at what the book says of it."""
        if not self._is_the_login(order, login):
            self._reject(order, "BROKER_LOGIN_REQUIRED")
            raise No("BROKER_LOGIN_REQUIRED")
        try:
            self.must_not_be_halted(order.session.who, order.account)
        except No:
            self._reject(order, "TRADING_HALTED")
            raise
        if self.ending == "dies unsent":
            raise Died
        order.state = "DISPATCHED"
        self._called(order, login)
        self.look_in_passing(order.session, order.account, login)

    def _is_the_login(self, order: Order, login: Login | None) -> bool:
        return login is None or login.token == order.token

    def _called(self, order: Order, login: Login | None) -> None:
        if login is not None and not self.kite.takes(login.token):
            order.session.login = None
            return self._reject(order, "LOGIN_EXPIRED")
        ending = self.ending_at(order.account)
        if ending in TAKEN:
            self.expected_there += 1
            order.there = self.far(order.account).placed[-1]
        if ending in ("dies before", "dies after"):
            raise Died
        match ending:
            case "yes":
                assert order.there is not None, "see above"
                order.state, order.broker_id = "PLACED", order.there.broker_order_id
            case "no":
                self._reject(order, "NO_MONEY")
            case "never sent":
                self._reject(order, "NEVER_SENT")
            case _:
                order.state = "UNKNOWN"
        return None

    def _reject(self, order: Order, code: str) -> None:
        order.state, order.code = "REJECTED", code
        self.give_back(order.session.who, order.key)

    # Looking

    def look_in_passing(self, session: Session, account: Account, login: Login | None) -> None:
        if login is None or (self.kite.takes(login.token) and not self.kite.is_down):
            self.see(session.who, account, session)

    def look_around(self, tokens: list[tuple[UUID, str, str]]) -> None:
        """A fresh process looks at all accounts that it has tokens for (owner, account, token)."""
        self.seen_whole.clear()
        for order in self.orders:
            self.close_stale(order)
        for who, account, token in tokens:
            if not self.kite.takes(token):
                for session in self.sessions:
                    if session.login is not None and session.login.token == token:
                        session.login = None
            elif not self.kite.is_down:
                self.see(who, Account("kite", account), None)
                self.seen_whole.add(token)

    def close_stale(self, order: Order) -> None:
        """What died with its process."""
        self.close_stale_changes(order)
        if order.state == "REQUESTED" and self.now > order.asked_at + DISPATCH_WITHIN:
            self._reject(order, "ORDER_TOO_LATE")
        elif order.state == "DISPATCHED" and order.in_doubt(self.now):
            if order.account.broker == "paper":
                self._absent(order)
            else:
                order.state = "UNKNOWN"

    def close_stale_changes(self, order: Order) -> None:
        raise NotImplementedError

    def see(self, who: UUID, account: Account, only: Session | None) -> None:
        """The book of an account is read, for the orders of one session or of all."""
        for order in self.orders:
            mine = order.session.who == who and order.account == account
            mine = mine and only in (None, order.session)
            if mine and order.is_open and order.state != "REQUESTED":
                self._see(order)

    def _see(self, order: Order) -> None:
        there, far = order.there, self.far(order.account)
        if there is not None and far.shows(there):
            status, filled = far.status_of(there)
            self.see_changes(order, there, over=status in SETTLED)
            order.state, order.code, order.broker_id = "PLACED", None, there.broker_order_id
            order.seen = status, filled
            if status == "REJECTED" and not filled:
                self.give_back(order.session.who, order.key)
        elif self._is_proven_absent(order):
            self._absent(order)

    def see_changes(self, order: Order, there: Placed, *, over: bool) -> None:
        raise NotImplementedError

    def _is_proven_absent(self, order: Order) -> bool:
        if not order.in_doubt(self.now):
            return False
        if order.account.broker == "paper":
            return order.state == "DISPATCHED"
        is_over = self.now.astimezone(IST).time() >= DAY_OVER
        long_ago = self.now >= order.asked_at + timedelta(minutes=15)
        return day_of(order.asked_at) == self.today and is_over and long_ago

    def _absent(self, order: Order) -> None:
        order.state, order.code = "ABSENT", "FOUND_ABSENT"
        self.give_back(order.session.who, order.key)

    # Finding

    def order_of(self, who: UUID, key: str) -> Order | None:
        return next((o for o in self.orders if (o.session.who, o.key) == (who, key)), None)

    def ending_at(self, account: Account) -> Ending:
        return self.ending if account.broker == "kite" else on_paper(self.ending)

    def far(self, account: Account) -> StoryBroker:
        return self.kite if account.broker == "kite" else self.paper


def _is_about(proposal: Proposal) -> object:
    return proposal.key, proposal.account, proposal.terms, proposal.change_key is None


def day_of(instant: datetime) -> date:
    return instant.astimezone(IST).date()
