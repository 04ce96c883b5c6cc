"""One instance: the product's use cases over the simulated effects, put together as it does."""

from datetime import datetime, timedelta
from uuid import UUID

from application.orders.adopt import Adopt
from application.orders.change_draft import NewTerms
from application.orders.change_order import Change, ChangeOrder
from application.orders.judging import Judging
from application.orders.last_prices import LastPrices
from application.orders.place_order import Asked, Order, PlaceOrder, Receipt
from application.orders.reconcile import Reconcile
from application.orders.request_change import ChangeReceipt, RequestChange
from application.orders.risk_limits import RiskPolicy
from application.orders.sending import SendOrder
from application.orders.sending_changes import SendChange
from application.orders.switch import KillSwitch, Which
from application.ports.broker import Secrets
from application.sessions.broker_access import Admit
from application.sessions.enter_session import EnterSession, SessionLife
from application.sessions.log_in import LogIn
from application.writer import Context, Writer
from domain.catalog import EVENTS, Catalog
from domain.envelope import Recorded, Row
from domain.limits import RiskLimits
from domain.vocabulary import OrderTerms
from tests.fakes.activity import MemoryActivity
from tests.fakes.broker import FakeBrokers
from tests.fakes.calendar import FakeCalendar
from tests.fakes.clock import CountingIds
from tests.fakes.egress import FakeEgresses
from tests.fakes.instruments import FakeInstruments
from tests.fakes.login_states import MemoryLoginStates
from tests.fakes.open_orders import FoldedRow, open_rows
from tests.fakes.vault import MemoryVault
from tests.simulation.broker import SimulatedBroker
from tests.simulation.scheduler import Scheduler
from tests.simulation.store import SimulatedStore


class Far:
    """What all instances share, and what outlives them."""

    def __init__(self, scheduler: Scheduler, limits: RiskLimits) -> None:
        self.scheduler = scheduler
        self.limits = limits
        self.store = SimulatedStore(scheduler, scheduler.random)
        self.broker = SimulatedBroker(scheduler, scheduler.random)
        self.brokers: tuple[SimulatedBroker, ...] = (self.broker,)
        self.vault = MemoryVault()
        self.ids = CountingIds()
        self.catalog = RememberingCatalog()
        self.instruments = FakeInstruments([])
        self.calendar = FakeCalendar()


class RememberingCatalog(Catalog):
    """Decodes each stored row once: rows never change, and a seed reads each of them often."""

    def __init__(self) -> None:
        super().__init__(EVENTS)
        self._read: dict[int, Recorded] = {}
        self._rows: list[Row] = []
        """Kept, so that no other row ever gets the number of one of them."""

    def read(self, row: Row) -> Recorded:
        known = self._read.get(id(row))
        if known is None:
            known = self._read[id(row)] = super().read(row)
            self._rows.append(row)
        return known


class FoldedRows:
    """What stands in for the projection: folds a session again when it has grown."""

    def __init__(self, store: SimulatedStore, writer: Writer) -> None:
        self._store = store
        self._writer = writer
        self._known: dict[UUID, tuple[int, list[FoldedRow]]] = {}

    def __call__(self) -> list[FoldedRow]:
        rows: list[FoldedRow] = []
        for opened in self._store.directory:
            length = len(self._store.streams[opened.session_id])
            known = self._known.get(opened.session_id)
            if known is None or known[0] != length:
                known = length, list(open_rows([opened], self._writer))
                self._known[opened.session_id] = known
            rows += known[1]
        return rows


class SkewedClock:
    """An instance's own clock, which may be wrong by some seconds."""

    def __init__(self, scheduler: Scheduler, skew: timedelta) -> None:
        self._scheduler = scheduler
        self._skew = skew

    def now(self) -> datetime:
        return self._scheduler.now + self._skew

    def sleep(self, seconds: float) -> None:
        self._scheduler.sleep(seconds)


class Instance:
    """A process: what it holds is gone when it dies."""

    def __init__(self, far: Far, skew: timedelta = timedelta(0)) -> None:
        self.alive = True
        self.clock = clock = SkewedClock(far.scheduler, skew)
        self.writer = writer = Writer(
            store=far.store, clock=clock, ids=far.ids, catalog=far.catalog
        )
        brokers, egresses = FakeBrokers(*far.brokers), FakeEgresses()
        self.ids = far.ids
        self.enter = EnterSession(
            writer=writer,
            store=far.store,
            activity=MemoryActivity(),
            vault=far.vault,
            login_states=MemoryLoginStates(),
            clock=clock,
            life=SessionLife(ttl=timedelta(days=1), max_age=timedelta(days=7)),
            make_room=lambda: 0,
        )
        self.log_in = LogIn(
            writer=writer, brokers=brokers, vault=far.vault, clock=clock, egresses=egresses
        )
        admit = Admit(
            writer=writer, brokers=brokers, vault=far.vault, clock=clock, egresses=egresses
        )
        judging = Judging(
            policy=RiskPolicy(writer=writer, defaults=far.limits),
            prices=LastPrices(clock),
            instruments=far.instruments,
            calendar=far.calendar,
            writer=writer,
        )
        send_change = SendChange(admit=admit, writer=writer, clock=clock)
        self.reconcile = Reconcile(
            open_orders=FoldedRows(far.store, writer),
            admit=admit,
            adopt=Adopt(writer=writer, vault=far.vault),
            writer=writer,
            vault=far.vault,
            brokers=brokers,
            egresses=egresses,
            clock=clock,
            ids=far.ids,
        )
        self.place_order = PlaceOrder(
            admit=admit,
            writer=writer,
            vault=far.vault,
            clock=clock,
            ids=far.ids,
            judging=judging,
            send=SendOrder(admit=admit, writer=writer, vault=far.vault, clock=clock),
            first_look=self.reconcile.first_look,
            live=False,
        )
        self.change_order = ChangeOrder(
            admit=admit,
            writer=writer,
            clock=clock,
            ids=far.ids,
            judging=judging,
            request=RequestChange(writer=writer, clock=clock, ids=far.ids, send=send_change),
            live=False,
        )
        self.kill_switch = KillSwitch(writer=writer)

    def context(self, principal: UUID) -> Context:
        return Context(principal=principal, actor="user", correlation_id=self.ids.new())

    def open_with_login(self, principal: UUID, label: str, account: str) -> UUID:
        entered = self.enter(self.context(principal), label)
        self.log_in(self.context(principal), entered, "kite", Secrets({"account": account}))
        return entered.session_id

    def place(self, principal: UUID, label: str, key: str, terms: OrderTerms) -> Receipt:
        """One call of a client whose person always says yes."""
        context = self.context(principal)
        entered = self.enter(context, label)
        answer = self.place_order(
            context, entered, Order(terms=terms, order_key=key, broker="kite")
        )
        if isinstance(answer, Asked):
            proposal_id = answer.proposal.proposal_id
            return self.place_order.confirmed(
                context, answer.session_id, proposal_id, "elicitation"
            )
        return answer

    def change(
        self, principal: UUID, label: str, key: str, change_key: str, new: NewTerms | None
    ) -> ChangeReceipt:
        context = self.context(principal)
        entered = self.enter(context, label)
        wanted = Change(order=key, new=new, change_key=change_key, broker="kite")
        answer = self.change_order(context, entered, wanted)
        if isinstance(answer, Asked):
            proposal_id = answer.proposal.proposal_id
            return self.change_order.confirmed(
                context, answer.session_id, proposal_id, "elicitation"
            )
        return answer

    def halt(self, principal: UUID) -> None:
        context = self.context(principal)
        self.kill_switch.arm(context, Which("user", principal), "enough", principal)

    def resume(self, principal: UUID) -> None:
        context = self.context(principal)
        self.kill_switch.disarm(context, Which("user", principal), "go on", principal)

    def look_around(self) -> None:
        """One round of the reconciler."""
        self.reconcile.close_stale()
        for look in self.reconcile.due():
            self.reconcile.look(look)
