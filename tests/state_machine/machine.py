"""What operators, brokers and time do to the traders; with them, the whole machine."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import rule

from application.orders.switch import Which
from domain.instants import IST
from domain.streams import session_stream
from domain.vocabulary import OrderStatus, OrderTerms
from tests.simulation.checks import Broken
from tests.state_machine.model import LIMITS, Account
from tests.state_machine.stage import CALM, How
from tests.state_machine.traders import (
    ACCOUNTS,
    LABELS,
    LATER,
    PEOPLE,
    RARELY,
    TERMS,
    Key,
    Traders,
)

HOUR = 3_600
EVENING = time(18, 5)
UNPROVEN = ("REQUESTED", "DISPATCHED", "UNKNOWN")
VALUES = st.sampled_from((None, 1, 3, 9_500))
SCOPES = st.sampled_from(("everybody", "user", "account"))
OFTEN = st.sampled_from((True, True, False))
PAUSES = st.sampled_from(
    (0.3, 1, 2, 9, 11, 11, 31, 75, 75, 125, 960, HOUR, 9 * HOUR, 11 * HOUR, 25 * HOUR, 192 * HOUR)
)


class TradingMachine(Traders):
    """See `test_machine.py`."""

    @rule(who=PEOPLE, scope=SCOPES, on=OFTEN)
    def turns_a_switch(self, who: UUID, scope: str, on: bool) -> None:
        self.begin()
        account = ACCOUNTS[who][0]
        which, name = {
            "everybody": (Which("global"), "everybody"),
            "user": (Which("user", who), who),
            "account": (
                Which("account", self.story.vault.account_fingerprint("kite", account)),
                Account("kite", account),
            ),
        }[scope]
        turn = self.bench.kill_switch.disarm if on else self.bench.kill_switch.arm
        stood = turn(self.bench.context(who), which, "a rule says so", who)
        if stood.changed is not ((name in self.model.halted) is on):
            raise Broken(f"{scope}: {stood}")
        (self.model.halted.discard if on else self.model.halted.add)(name)

    @rule(who=PEOPLE, key=LATER, terms=TERMS, scope=SCOPES)
    def is_stopped_before_the_dispatch(
        self, who: UUID, key: str, terms: OrderTerms, scope: str
    ) -> None:
        """Whoever sent it died, and trading is stopped when they ask again."""
        self.creates(who, "default", key, terms, "kite", How("dies unsent", late=False))
        self.turns_a_switch(who, scope, on=False)
        self.creates(who, "default", key, terms, "kite", CALM)

    @rule(who=PEOPLE, name=st.sampled_from(sorted(LIMITS)), value=VALUES)
    def limits_a_person(self, who: UUID, name: str, value: int | None) -> None:
        self.begin()
        if value is not None and "inr" not in name:
            value = min(value, 3)
        policy, text = self.bench.place_order.judging.policy, None if value is None else str(value)
        after = policy.set(self.bench.context(who), who, {name: text}, "a rule says so")
        theirs = self.model.limits.setdefault(who, {})
        theirs[name] = LIMITS[name] if value is None else value
        if getattr(after, name) != theirs[name]:
            raise Broken(f"{name} is {getattr(after, name)}")

    @rule(who=PEOPLE, label=LABELS, what=st.sampled_from(("log out", "broker", "session", "all")))
    def something_ends(self, who: UUID, label: str, what: str) -> None:
        """One rule for all of these, or stories would be about little else."""
        {
            "log out": self._logs_out,
            "broker": self._login_is_ended_by_the_broker,
            "session": self._ends_a_session,
            "all": self._new_day,
        }[what](who, label)

    def _new_day(self, who: UUID, label: str) -> None:
        self.story.scheduler.now += timedelta(hours=24)
        self.logs_in(who, label, 0, relink=True, refused=False)

    def _logs_out(self, who: UUID, label: str) -> None:
        self.begin()
        bench = self.bench
        self.plain(
            lambda: bench.log_out_of(bench.context(who), bench.entered(who, label), ("kite",)),
            lambda: setattr(self.model.enter(who, label), "login", None),
        )

    def _ends_a_session(self, who: UUID, label: str) -> None:
        """An operator does; those that are over stay as they are."""
        self.begin()
        for session in self.model.sessions:
            if (session.who, session.label, session.ended) == (who, label, None):
                stream = session_stream(who, label, session.generation)
                self.bench.close.end(self.bench.context(who), stream, "a rule says so")
                session.ended = "ended"

    # The broker, the process, time

    @rule(
        key=Traders.keys,
        what=st.sampled_from(("PARTIAL", "FILLED", "CANCELLED", "EXPIRED", "REJECTED")),
    )
    def goes_on_at_the_broker(self, key: Key, what: OrderStatus) -> None:
        order = self.model.order_of(key[0], key[1])
        if order is None or order.there is None or order.there.status != "OPEN":
            return
        far, there = self.model.far(order.account), order.there
        if what in ("PARTIAL", "FILLED"):
            whole = there.terms.quantity_shares
            far.filled[there.broker_order_id] = whole if what == "FILLED" else whole // 2
        if what != "PARTIAL":
            there.status = what

    def _login_is_ended_by_the_broker(self, who: UUID, label: str) -> None:
        for session in self.model.sessions:
            if (session.who, session.label) == (who, label) and session.login is not None:
                self.story.kite.dead.add(session.login.token)

    @rule(down=RARELY)
    def book_goes_away(self, down: bool) -> None:
        self.story.kite.is_down = down

    @rule(seconds=PAUSES)
    def time_passes(self, seconds: float) -> None:
        self.story.scheduler.now += timedelta(seconds=seconds)

    @rule()
    def reconciler_looks(self) -> None:
        """That of a fresh process: every account is due."""
        self.replace_the_process()
        self.begin()
        vault = self.story.vault
        tokens = []
        for held in vault.held_by_all():
            found = vault.get_to_settle(*held[:4])
            assert found is not None, "it is held"
            tokens.append((held.principal, found[0], found[1]["access_token"]))
        self.bench.look_around()
        self.model.look_around(tokens)

    @rule()
    def the_evening_is_quiet(self) -> None:
        """Everybody in doubt logs in, and every book is read after the day: nothing of the day is
        left open, and what is told as placed, and nothing else, is at the broker."""
        now, today = self.story.scheduler.now, self.model.today
        evening = datetime.combine(today, EVENING, IST).astimezone(UTC)
        quiet = max(evening, now + timedelta(minutes=16))
        if quiet.astimezone(IST).date() != today:
            return
        self.story.scheduler.now, self.story.kite.is_down = quiet, False
        todays = [o for o in self.model.orders if o.asked_at.astimezone(IST).date() == today]
        in_doubt = {(o.session.who, o.account) for o in todays if o.state in UNPROVEN}
        for who, account in sorted(in_doubt, key=str):
            if account.broker == "kite":
                which = ACCOUNTS[who].index(account.name)
                self.logs_in(who, "default", which, relink=True, refused=False)
            self.reconciler_looks()
        for order in todays:
            if order.state in UNPROVEN or (order.state == "PLACED") is (order.there is None):
                raise Broken(f"{order.key} is {order.state} when all is quiet: {order.there}")
