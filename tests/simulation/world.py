"""One seed: people, orders, doubles, changes, halts; instances that die and come back."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final
from uuid import UUID

from greenlet import getcurrent

from application.orders.change_draft import NewTerms
from application.ports.broker import Access
from application.ports.broker_orders import OrderTicket
from domain import events as e
from domain.errors import Busy, OrderInProgress, Refusal, StoreUnavailable
from domain.limits import RiskLimits, parse
from domain.vocabulary import OrderTerms
from tests.simulation.checks import Broken, check_denials, check_end, check_history
from tests.simulation.engine import Far, Instance
from tests.simulation.scheduler import Crash, Scheduler

MORNING: Final = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
AFTER_THE_DAY: Final = datetime(2026, 11, 23, 12, 45, tzinfo=UTC)
PEOPLE: Final = (
    (UUID("a5a00000-0000-4000-8000-000000000001"), "ASHA01"),
    (UUID("4a100000-0000-4000-8000-000000000002"), "RAVI02"),
)
LIMITS: Final = parse(
    "max_orders_per_day=4, max_value_per_day_inr=13000, max_orders_per_second=100, "
    "max_orders_per_minute=6000, duplicate_window_seconds=0, max_unknown_open=100"
)
MOST_STEPS: Final = 60_000
ATTEMPTS: Final = 6


@dataclass(frozen=True)
class Told:
    """What a client was told in the end about one key."""

    principal: UUID
    key: str
    state: str
    broker_order_id: str | None


class World:
    def __init__(self, seed: int, limits: RiskLimits = LIMITS) -> None:
        self.scheduler = Scheduler(seed, MORNING)
        self.random = self.scheduler.random
        self.far = Far(self.scheduler, limits)
        self.far.broker.watch = self._watch
        self.limits = limits
        self.clients = 0
        self.told: list[Told] = []
        self.sent: set[str] = set()
        self.crash_rate = 0.0
        self.spread = self.random.choice((0.3, 2.0, 20.0))
        """Within how many seconds the clients begin."""
        self.instances = [self._start() for _ in range(self.random.choice((2, 2, 3, 4)))]
        self.sessions = {
            (who, label): self.instances[0].open_with_login(who, label, account)
            for who, account in PEOPLE
            for label in ("default",)
        }

    def _start(self) -> Instance:
        skew = timedelta(seconds=self.random.choice((0, 0, 0, -4, 4, 300, -300)))
        return Instance(self.far, skew)

    # The story

    def play(self) -> None:
        """Raises:
        Broken: a promise was not kept.
        """
        self._trouble(on=True)
        for client in self._clients():
            self.clients += 1
            self.scheduler.spawn(client, "client")
        for instance in self.instances:
            self.scheduler.spawn(partial(self._background, instance), instance)
        self.scheduler.run(MOST_STEPS)
        check_history(self.far.store, self.far.catalog, self.limits)
        self._trouble(on=False)
        self._end()

    def _trouble(self, *, on: bool) -> None:
        harsh = self.random.choice((0.0, 0.15, 0.4)) if on else 0.0
        self.far.broker.faults = harsh
        self.far.store.faults = self.random.choice((0.0, 0.05, 0.15)) if on else 0.0
        self.crash_rate = self.random.choice((0.0, 0.01, 0.04)) if on else 0.0
        self.scheduler.on_effect = self._on_effect if on else lambda label: None

    def _on_effect(self, label: str) -> None:
        owner = getattr(getcurrent(), "owner", None)
        if isinstance(owner, Instance) and self.random.random() < self.crash_rate:
            self._crash(owner)
            raise Crash

    def _crash(self, instance: Instance) -> None:
        instance.alive = False
        self.instances.remove(instance)
        fresh = self._start()
        self.instances.append(fresh)
        self.scheduler.spawn(lambda: self._background(fresh), fresh)
        self.scheduler.doom(instance)

    def _background(self, instance: Instance) -> None:
        while self.clients:
            self._calmly(instance.look_around)
            self.scheduler.sleep(self.random.choice((4.0, 15.0, 40.0)))

    def _calmly(self, work: Callable[[], None]) -> None:
        with suppress(Refusal):
            work()

    def _clients(self) -> list[Callable[[], None]]:
        clients: list[Callable[[], None]] = []
        for number in range(self.random.choice((2, 3, 4, 5))):
            who, _ = self.random.choice(PEOPLE)
            key = f"k{number}"
            terms = self._terms()
            for _ in range(self.random.choice((1, 1, 2, 3))):
                clients.append(partial(self._orders, who, key, terms))
            if self.random.random() < 0.5:
                new = NewTerms(limit_price_inr=Decimal(self.random.randrange(90, 110)))
                wanted = self.random.choice((None, new))
                for _ in range(self.random.choice((1, 2))):
                    clients.append(partial(self._changes, who, key, wanted))
        if self.random.random() < 0.5:
            who, _ = self.random.choice(PEOPLE)
            clients.append(partial(self._halts, who))
        return clients

    def _terms(self) -> OrderTerms:
        return OrderTerms(
            exchange="NSE",
            trading_symbol=self.random.choice(("INFY", "TCS")),
            transaction_type=self.random.choice(("BUY", "SELL")),
            order_type="LIMIT",
            product="CNC",
            quantity_shares=self.random.choice((1, 10, 100)),
            limit_price_inr=Decimal(self.random.randrange(80, 120)),
        )

    # The clients

    def _ask(self, work: object) -> tuple[object, BaseException | None]:
        """One call to one instance, which may die; or the client hangs up."""
        instance = self.random.choice(self.instances)
        task = self.scheduler.spawn(lambda: work(instance), instance)  # type: ignore[operator]
        if self.random.random() < 0.07:
            return None, Crash()
        self.scheduler.wait_for(task)
        return task.answer, task.ended_by

    def _orders(self, who: UUID, key: str, terms: OrderTerms) -> None:
        try:
            self.scheduler.sleep(self.random.random() * self.spread)
            for _ in range(ATTEMPTS):
                receipt, error = self._ask(lambda i: i.place(who, "default", key, terms))
                if receipt is not None:
                    report = receipt.report  # type: ignore[attr-defined]
                    self.told.append(Told(who, key, report.state, report.broker_order_id))
                    if report.state not in ("DISPATCHED", "UNKNOWN", "REQUESTED"):
                        return
                elif isinstance(error, Refusal) and not isinstance(
                    error, Busy | StoreUnavailable | OrderInProgress
                ):
                    return
                self.scheduler.sleep(self.random.choice((0.0, 0.5, 3.0, 15.0)))
        finally:
            self.clients -= 1

    def _changes(self, who: UUID, key: str, new: NewTerms | None) -> None:
        try:
            self.scheduler.sleep(self.spread + self.random.random() * 5)
            for attempt in range(ATTEMPTS):
                name = f"c{attempt // 2}"
                _, error = self._ask(lambda i: i.change(who, "default", key, name, new))  # noqa: B023
                if error is None:
                    return
                self.scheduler.sleep(self.random.choice((0.5, 3.0, 15.0)))
        finally:
            self.clients -= 1

    def _halts(self, who: UUID) -> None:
        try:
            self.scheduler.sleep(self.random.random() * self.spread * 2)
            for _ in range(ATTEMPTS):
                _, error = self._ask(lambda i: i.halt(who))
                if error is None:
                    break
            self.scheduler.sleep(self.random.random() * 15)
            if self.random.random() < 0.5:
                self._ask(lambda i: i.resume(who))
        finally:
            self.clients -= 1

    # What is seen at the broker

    def _watch(self, access: Access, ticket: OrderTicket) -> None:
        """No call without its dispatch on record, in its own account, once."""
        if ticket.broker_tag in self.sent:
            raise Broken(f"sent twice: {ticket.order_key}")
        self.sent.add(ticket.broker_tag)
        rows = self.far.store.streams[self.sessions[access.principal, "default"]]
        events = [self.far.catalog.read(row).event for row in rows]
        mine = [
            x for x in events if isinstance(x, e.OrderEvent) and x.order_key == ticket.order_key
        ]
        if not any(isinstance(x, e.OrderDispatched) for x in mine):
            raise Broken(f"sent before it was on record: {ticket.order_key}")
        [asked] = [x for x in mine if isinstance(x, e.OrderRequested)]
        account = self.far.vault.account_fingerprint("kite", access.account_id)
        if account != asked.account_fingerprint:
            raise Broken("sent in another account")
        if access.secrets["access_token"] != f"token of {access.account_id}":
            raise Broken("sent with another account's token")
        if asked.terms != ticket.terms or asked.broker_tag != ticket.broker_tag:
            raise Broken("sent something else than was asked for")

    # The end

    def _end(self) -> None:
        """Quiet, then the evening: what nobody saw by then never came to be."""
        last = Instance(self.far)
        for minutes in (0, 12, 24):
            at = AFTER_THE_DAY + timedelta(minutes=minutes)
            self.scheduler.now = max(self.scheduler.now, at)
            last.look_around()
        check_history(self.far.store, self.far.catalog, self.limits)
        check_end(self.far.store, self.far.catalog, self.far.broker.placed)
        check_denials(self.far.store, self.far.catalog, self.far.broker.placed)
        ids: dict[tuple[UUID, str], set[str]] = {}
        for told in self.told:
            if told.broker_order_id is not None:
                ids.setdefault((told.principal, told.key), set()).add(told.broker_order_id)
        for name, named in ids.items():
            if len(named) > 1:
                raise Broken(f"two answers for one key: {name} {named}")


def play(seed: int) -> None:
    """Raises: Broken."""
    World(seed).play()
