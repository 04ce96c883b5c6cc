"""Every use case on fakes, put together the way the product puts them together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from application.audit import Audit
from application.orders.adopt import Adopt
from application.orders.cancel_open import CancelOpen
from application.orders.change_order import ChangeOrder
from application.orders.judging import Judging
from application.orders.last_prices import LastPrices
from application.orders.own_switches import OwnSwitches
from application.orders.place_order import Asked, Order, PlaceOrder, Receipt
from application.orders.reconcile import Reconcile
from application.orders.request_change import RequestChange
from application.orders.risk_limits import RiskPolicy
from application.orders.sending import SendOrder
from application.orders.sending_changes import SendChange
from application.orders.switch import KillSwitch
from application.ports.broker import AcceptedLogin, Secrets
from application.ports.broker_orders import BrokerOrder
from application.read_broker import ReadBroker
from application.sessions.broker_access import Admit, LogOut, SelectBroker
from application.sessions.enter_session import CloseSession, Entered, EnterSession, SessionLife
from application.sessions.log_in import LogIn
from application.writer import Context, Loaded, Writer
from domain.catalog import CATALOG
from domain.envelope import Recorded
from domain.events import Event
from domain.instruments import Instrument
from domain.limits import RiskLimits, parse
from domain.session import TradingSession, fold
from domain.streams import session_stream
from domain.vocabulary import OrderSighting, OrderTerms
from tests.fakes.activity import MemoryActivity
from tests.fakes.broker import FakeBrokers, ScriptedBroker
from tests.fakes.calendar import FakeCalendar
from tests.fakes.clock import CountingIds, ManualClock
from tests.fakes.egress import FakeEgresses
from tests.fakes.event_store import MemoryEventStore
from tests.fakes.instruments import FakeInstruments
from tests.fakes.login_states import MemoryLoginStates
from tests.fakes.open_orders import open_rows
from tests.fakes.vault import MemoryVault

OPENING_BELL = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)
SIX_IN_THE_MORNING = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
"""When Kite ends every login: 06:00 IST."""

ASHA = UUID("a5a00000-0000-4000-8000-000000000001")
RAVI = UUID("4a100000-0000-4000-8000-000000000002")

TEN_INFY = OrderTerms(
    exchange="NSE",
    trading_symbol="INFY",
    transaction_type="BUY",
    order_type="LIMIT",
    product="CNC",
    quantity_shares=10,
    limit_price_inr=Decimal("1480.50"),
)

ASHAS_KITE = AcceptedLogin(
    account_id="AB1234",
    account_name="Asha Rao",
    secrets=Secrets({"api_key": "kitekey", "access_token": "open-sesame"}),
    expires_at=SIX_IN_THE_MORNING,
)

INFY = Instrument(
    name="NSE:INFY",
    exchange="NSE",
    kind="EQ",
    trading_symbol="INFY",
    exchange_token="1594",
    description="INFOSYS",
    tick_inr=Decimal("0.05"),
)

WIDE_OPEN_TEXT = (
    "max_orders_per_day=100000, max_orders_per_second=100, max_orders_per_minute=6000, "
    "max_value_per_day_inr=1000000000, max_order_value_inr=100000000, "
    "max_order_quantity_shares=10000000, duplicate_window_seconds=0, max_unknown_open=100, "
    "price_band_percent=99"
)
WIDE_OPEN = parse(WIDE_OPEN_TEXT)
"""For tests about something else."""

OPEN = OrderSighting(status="OPEN", raw_status="OPEN", filled_shares=0, pending_shares=10)
FILLED = OrderSighting(
    status="FILLED",
    raw_status="COMPLETE",
    filled_shares=10,
    pending_shares=0,
    average_price_inr=Decimal("1480.25"),
)


def context(principal: UUID = ASHA, correlation: int = 0xC0) -> Context:
    return Context(principal=principal, actor="user", correlation_id=UUID(int=correlation))


def row(broker_order_id: str, sighting: OrderSighting, *tags: str) -> BrokerOrder:
    """A line of a broker's order book about ten shares of INFY."""
    return BrokerOrder(
        broker_order_id=broker_order_id,
        exchange="NSE",
        trading_symbol="INFY",
        transaction_type="BUY",
        order_type="LIMIT",
        product="CNC",
        variety="regular",
        validity="DAY",
        quantity_shares=10,
        limit_price_inr=Decimal("1480.50"),
        trigger_price_inr=None,
        sighting=sighting,
        placed_at=OPENING_BELL,
        broker_tags=tags,
    )


@dataclass
class World:
    """24 h without use end a session, 7 days end any; Asha is at Kite, everybody at Paper."""

    max_sessions: int = 1000
    ttl: timedelta = timedelta(hours=24)
    max_age: timedelta = timedelta(days=7)
    limits: RiskLimits = WIDE_OPEN

    def __post_init__(self) -> None:
        self.clock = ManualClock(OPENING_BELL)
        self.ids = CountingIds()
        self.store = MemoryEventStore(max_sessions=self.max_sessions)
        self.vault = MemoryVault()
        self.login_states = MemoryLoginStates()
        self.egresses = FakeEgresses()
        self.activity = MemoryActivity()
        self.paper = ScriptedBroker()
        self.kite = ScriptedBroker("kite", needs_login=True, mode="SIMULATED")
        self.kite.login = ASHAS_KITE
        self.brokers = FakeBrokers(self.kite, self.paper)
        self.life = SessionLife(ttl=self.ttl, max_age=self.max_age)
        self.told: list[int] = []
        self.asked_for_room = 0
        self.writer = Writer(
            store=self.store,
            clock=self.clock,
            ids=self.ids,
            catalog=CATALOG,
            appended=self.told.append,
        )
        self.enter = EnterSession(
            writer=self.writer,
            store=self.store,
            activity=self.activity,
            vault=self.vault,
            login_states=self.login_states,
            clock=self.clock,
            life=self.life,
            make_room=self._make_room,
        )
        self.close = CloseSession(
            writer=self.writer,
            activity=self.activity,
            vault=self.vault,
            login_states=self.login_states,
            clock=self.clock,
            life=self.life,
        )
        self.select_broker = SelectBroker(
            writer=self.writer, brokers=self.brokers, clock=self.clock
        )
        self.log_in = LogIn(
            writer=self.writer,
            brokers=self.brokers,
            vault=self.vault,
            clock=self.clock,
            egresses=self.egresses,
        )
        self.log_out = LogOut(
            writer=self.writer,
            brokers=self.brokers,
            vault=self.vault,
            clock=self.clock,
            egresses=self.egresses,
        )
        self.admit = Admit(
            writer=self.writer,
            brokers=self.brokers,
            vault=self.vault,
            clock=self.clock,
            egresses=self.egresses,
        )
        self.instruments = FakeInstruments([INFY])
        self.calendar = FakeCalendar()
        self.policy = RiskPolicy(writer=self.writer, defaults=self.limits)
        self.judging = Judging(
            policy=self.policy,
            prices=LastPrices(self.clock),
            instruments=self.instruments,
            calendar=self.calendar,
            writer=self.writer,
        )
        self.send_change = SendChange(admit=self.admit, writer=self.writer, clock=self.clock)
        self.reconcile = Reconcile(
            open_orders=lambda: open_rows(self.store.all_sessions(), self.writer),
            admit=self.admit,
            adopt=Adopt(writer=self.writer, vault=self.vault),
            writer=self.writer,
            vault=self.vault,
            brokers=self.brokers,
            egresses=self.egresses,
            clock=self.clock,
            ids=self.ids,
        )
        self.place_order = PlaceOrder(
            admit=self.admit,
            writer=self.writer,
            vault=self.vault,
            clock=self.clock,
            ids=self.ids,
            judging=self.judging,
            send=SendOrder(
                admit=self.admit, writer=self.writer, vault=self.vault, clock=self.clock
            ),
            first_look=self.reconcile.first_look,
            live=False,
        )
        self.change_order = ChangeOrder(
            admit=self.admit,
            writer=self.writer,
            clock=self.clock,
            ids=self.ids,
            judging=self.judging,
            request=RequestChange(
                writer=self.writer, clock=self.clock, ids=self.ids, send=self.send_change
            ),
            live=False,
        )
        self.cancel_open = CancelOpen(
            writer=self.writer, change_order=self.change_order, clock=self.clock
        )
        self.kill_switch = KillSwitch(writer=self.writer)
        self.own_switches = OwnSwitches(
            writer=self.writer,
            vault=self.vault,
            brokers=self.brokers,
            kill_switch=self.kill_switch,
        )
        self.read_broker = ReadBroker(
            admit=self.admit, store=self.store, writer=self.writer, clock=self.clock
        )
        self.audit = Audit(writer=self.writer, store=self.store)

    def _make_room(self) -> int:
        self.asked_for_room += 1
        return 0

    # What people do

    def entered(self, principal: UUID = ASHA, label: str = "default") -> Entered:
        return self.enter(context(principal), label)

    def at_kite(self) -> Entered:
        """Asha, logged in to Kite, which is then her active broker."""
        self.log_in(context(), self.entered(), "kite", Secrets({"request_token": "rt"}))
        return self.entered()

    def order(
        self,
        key: str | None = "k1",
        terms: OrderTerms = TEN_INFY,
        *,
        broker: str | None = "paper",
        principal: UUID = ASHA,
        label: str = "default",
    ) -> Receipt:
        """Enter and place, as one call of a client does."""
        entered = self.entered(principal, label)
        wanted = Order(terms=terms, order_key=key, broker=broker)
        return self.said_yes(self.place_order(context(principal), entered, wanted), principal)

    def said_yes(self, answer: Receipt | Asked, principal: UUID = ASHA) -> Receipt:
        """Where money is at stake a person is asked first; here they always say yes."""
        if isinstance(answer, Receipt):
            return answer
        proposal = answer.proposal.proposal_id
        return self.place_order.confirmed(
            context(principal), answer.session_id, proposal, "elicitation"
        )

    # What can be seen afterwards

    def recorded(self, stream_id: UUID) -> Sequence[Recorded]:
        return self.writer.load(stream_id).recorded

    def events(self, stream_id: UUID) -> list[Event]:
        return [recorded.event for recorded in self.recorded(stream_id)]

    def facts(self, stream_id: UUID) -> list[str]:
        """The kinds of a stream's events, oldest first."""
        return [type(event).__name__ for event in self.events(stream_id)]

    def state(self, stream_id: UUID) -> TradingSession:
        session = fold(self.events(stream_id))
        assert session is not None
        return session

    def append(self, stream_id: UUID, *events: Event, principal: UUID = ASHA) -> Loaded:
        """Somebody else's write, at the head of the stream."""
        written = self.writer.decide(context(principal), [stream_id], lambda _: [events])
        return written.streams[0]


def hashes(loaded: Loaded) -> list[str]:
    """What makes two readings of a stream the same reading."""
    return [recorded.hash for recorded in loaded.recorded]


FIRST = session_stream(ASHA, "default", 1)
SECOND = session_stream(ASHA, "default", 2)
THIRD = session_stream(ASHA, "default", 3)
