"""What traders do: log in, create, approve, modify and cancel, once or again."""

from decimal import Decimal
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, initialize, multiple, rule

from application.orders.change_draft import NewTerms
from application.orders.place_order import Asked
from domain.vocabulary import BrokerName, OrderTerms
from tests.state_machine.bench import ASHA, RAVI
from tests.state_machine.broker import Ending
from tests.state_machine.stage import CALM, How, Stage

ACCOUNTS = {ASHA: ("ASHA01", "JOINT1"), RAVI: ("RAVI02", "JOINT1")}
NAMES = st.sampled_from(tuple(f"k{n}" for n in range(1, 13)))
PEOPLE = st.sampled_from((ASHA, ASHA, RAVI))
LATER = st.sampled_from(("p1", "p2"))
LABELS = st.sampled_from(("default", "default", "default", "work"))
NAMED: st.SearchStrategy[BrokerName | None] = st.sampled_from((None, "kite", "kite", "paper"))
ENDINGS: st.SearchStrategy[Ending] = st.sampled_from(
    (
        *("yes", "yes", "yes", "no", "never sent", "lost", "no answer", "no answer"),
        *("dies unsent", "dies unsent", "dies before", "dies after"),
    )
)
WHICH = st.sampled_from((0, 0, 0, 1))
RARELY = st.sampled_from((False, False, False, True))


HOW = st.builds(How, ENDINGS, st.booleans())
Key = tuple[UUID, str, OrderTerms]
CHANGE_KEYS = st.sampled_from((None, "c1", "c2"))


def terms_of(share: str, quantity: int, price: int) -> OrderTerms:
    return OrderTerms(
        exchange="NSE",
        trading_symbol=share,
        transaction_type="BUY",
        order_type="LIMIT",
        product="CNC",
        quantity_shares=quantity,
        limit_price_inr=Decimal(price),
    )


TERMS = st.builds(
    terms_of, st.sampled_from(("INFY", "TCS")), st.sampled_from((1, 90, 110)), st.just(100)
)
NEW_TERMS = st.sampled_from(
    (
        NewTerms(limit_price_inr=Decimal(101)),
        NewTerms(limit_price_inr=Decimal(100)),
        NewTerms(quantity_shares=20),
        NewTerms(quantity_shares=120),
    )
)


class Traders(Stage):
    keys = Bundle("keys")
    """Who has asked for what, under which key."""
    proposals = Bundle("proposals")
    """What somebody was asked, and may answer later, or twice."""

    @initialize()
    def everybody_logs_in(self) -> None:
        for who, label in ((ASHA, "default"), (RAVI, "default"), (ASHA, "work")):
            self.logs_in(who, label, 0, relink=False, refused=False)

    @rule(who=PEOPLE, label=LABELS, which=WHICH, relink=st.booleans(), refused=RARELY)
    def logs_in(self, who: UUID, label: str, which: int, relink: bool, refused: bool) -> None:
        self.begin()
        self.story.kite.refuses_logins = refused
        account, token = ACCOUNTS[who][which], f"canary-{len(self.story.kite.tokens)}-token"
        self.plain(
            lambda: self.bench.authenticate(who, label, account, relink=relink),
            lambda: self.model.log_in(who, label, account, token, relink),
        )
        self.story.kite.refuses_logins = False

    @rule(who=PEOPLE, label=LABELS, broker=st.sampled_from(("kite", "paper")))
    def selects(self, who: UUID, label: str, broker: BrokerName) -> None:
        self.begin()
        bench = self.bench
        self.plain(
            lambda: bench.select(bench.context(who), bench.entered(who, label), broker),
            lambda: setattr(self.model.enter(who, label), "active", broker),
        )

    @rule(target=keys, who=PEOPLE, label=LABELS, key=NAMES, terms=TERMS, broker=NAMED, how=HOW)
    def creates(
        self,
        who: UUID,
        label: str,
        key: str,
        terms: OrderTerms,
        broker: BrokerName | None,
        how: How,
    ) -> Key:
        """Whoever is asked says yes at once."""
        asked = self._create(who, label, key, terms, broker, how)
        if asked is not None:
            self._confirm(asked, how)
        return who, key, terms

    @rule(target=proposals, key=keys, label=LABELS, broker=NAMED, how=HOW)
    def creates_again(
        self, key: Key, label: str, broker: BrokerName | None, how: How
    ) -> Asked | MultipleResults[Asked]:
        """Whoever is asked thinks about it."""
        who, name, terms = key
        return self._create(who, label, name, terms, broker, how) or multiple()

    @rule(target=proposals, who=PEOPLE, label=LABELS, key=LATER, terms=TERMS)
    def proposes(
        self, who: UUID, label: str, key: str, terms: OrderTerms
    ) -> Asked | MultipleResults[Asked]:
        return self._create(who, label, key, terms, "kite", CALM) or multiple()

    def _create(
        self,
        who: UUID,
        label: str,
        key: str,
        terms: OrderTerms,
        broker: BrokerName | None,
        how: How,
    ) -> Asked | None:
        self.begin(how)
        return self.both(
            lambda: self.bench.order(who, label, key, terms, broker),
            lambda: self.model.create(who, label, key, terms, broker),
        )

    @rule(asked=proposals, how=HOW)
    def says_yes(self, asked: Asked, how: How) -> None:
        self._confirm(asked, how)

    def _confirm(self, asked: Asked, how: How) -> None:
        """Through the client that asked."""
        self.begin(how)
        proposal = self.model.proposals[asked.proposal.proposal_id]
        who = proposal.session.who
        self.both(
            lambda: self.bench.say_yes(who, asked.proposal, asked.session_id),
            lambda: self.model.confirmed(proposal),
        )

    @rule(asked=proposals, by=PEOPLE, how=HOW)
    def says_yes_on_the_page(self, asked: Asked, by: UUID, how: How) -> None:
        """Anybody may try; only the owner's yes counts."""
        self.begin(how)
        proposal = self.model.proposals[asked.proposal.proposal_id]
        self.both(
            lambda: self.bench.say_yes(by, asked.proposal, None),
            lambda: self.model.yes(by, proposal),
        )

    @rule(asked=proposals, by=PEOPLE)
    def says_no(self, asked: Asked, by: UUID) -> None:
        self.begin()
        bench, proposal_id = self.bench, asked.proposal.proposal_id
        self.plain(
            lambda: bench.approve.decline(bench.context(by), proposal_id, "page", "declined"),
            lambda: self.model.no(by, self.model.proposals[proposal_id]),
        )

    @rule(
        key=keys, by=PEOPLE, label=LABELS, broker=NAMED, change=CHANGE_KEYS, new=NEW_TERMS, how=HOW
    )
    def modifies(
        self,
        key: Key,
        by: UUID,
        label: str,
        broker: BrokerName | None,
        change: str | None,
        new: NewTerms,
        how: How,
    ) -> None:
        asked = self._change(by, label, key[1], broker, change, new, how)
        if asked is not None:
            self._confirm(asked, how)

    @rule(target=proposals, key=keys, label=LABELS, change=CHANGE_KEYS, new=NEW_TERMS)
    def proposes_a_change(
        self, key: Key, label: str, change: str | None, new: NewTerms
    ) -> Asked | MultipleResults[Asked]:
        return self._change(key[0], label, key[1], None, change, new, CALM) or multiple()

    @rule(key=keys, label=LABELS, broker=NAMED, change=CHANGE_KEYS, how=HOW)
    def cancels(
        self, key: Key, label: str, broker: BrokerName | None, change: str | None, how: How
    ) -> None:
        self._change(key[0], label, key[1], broker, change and f"{change}-off", None, how)

    @rule(which=st.integers(0, 9), by=PEOPLE, how=HOW)
    def cancels_by_the_brokers_id(self, which: int, by: UUID, how: How) -> None:
        """Perhaps another person's."""
        there = self.story.kite.placed
        if there:
            named = there[which % len(there)].broker_order_id
            self._change(by, "default", named, "kite", None, None, how)

    def _change(
        self,
        who: UUID,
        label: str,
        named: str,
        broker: BrokerName | None,
        key: str | None,
        new: NewTerms | None,
        how: How,
    ) -> Asked | None:
        self.begin(how)
        return self.both(
            lambda: self.bench.alter(who, label, named, broker, key, new),
            lambda: self.model.change(who, label, named, broker, key, new),
        )
