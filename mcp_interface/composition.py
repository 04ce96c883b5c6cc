"""Everything below the tools, put together once per process."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import structlog

from application.audit import Audit
from application.log import DecodedLog
from application.market.analyse import Analyse
from application.market.read_candles import ReadCandles
from application.market.read_market import ReadMarket
from application.market.read_options import ReadOptionChain
from application.orders.approve import Approve
from application.orders.preview_order import PreviewOrder
from application.orders.risk_limits import RiskPolicy
from application.orders.tell_order import TellOrder
from application.orders.whatif import WhatIf
from application.portfolio.read_margins import ReadMargins
from application.portfolio.read_portfolio import ReadPortfolio
from application.ports.broker import Broker, Secrets
from application.ports.calendar import Calendar
from application.ports.clock import Clock
from application.read_broker import ReadBroker
from application.sessions.broker_access import Admit, LogOut, SelectBroker
from application.sessions.connecting import Connecting
from application.sessions.enter_session import CloseSession, EnterSession, SessionLife
from application.sessions.forget_logins import ForgetLogins
from application.sessions.log_in import LogIn
from application.sessions.sweep import Sweep
from application.sessions.waiting_logins import WaitingLogins
from application.writer import Writer
from domain.catalog import CATALOG
from domain.order_reports import OrderReport, order_reports
from domain.vocabulary import BrokerName
from infrastructure.activity import FlushedActivity
from infrastructure.analysis.indicators import TalibIndicators
from infrastructure.brokers.brokers import BrokerSet
from infrastructure.brokers.dhan import DhanBroker
from infrastructure.brokers.groww import GrowwBroker
from infrastructure.brokers.kite import KiteBroker
from infrastructure.brokers.paper import PaperBroker
from infrastructure.calendar.days import exchange_calendar
from infrastructure.candle_store import SqliteCandleStore
from infrastructure.clock import RandomIds, SystemClock
from infrastructure.egress import SealedEgresses
from infrastructure.identity import IdentityDirectory
from infrastructure.instruments import files as instrument_files
from infrastructure.instruments.table import InstrumentTable
from infrastructure.keystore.opening import open_key_store
from infrastructure.login_states import StoredLoginStates
from infrastructure.settings import Settings
from infrastructure.shared_limits import shared_calls
from infrastructure.store.coordination import Alone, PostgresCoordination
from infrastructure.store.refusals import store_errors
from infrastructure.vault import SealedVault
from mcp_interface.databases import (
    VIEWS_FILE,
    CannotStart,
    check_names,
    check_schema,
    engines,
    event_store,
    risk_limits_of,
)
from mcp_interface.projecting import ProjectionThread
from mcp_interface.trading import trading
from projections.freshness import FreshViews
from projections.projector import Projector
from projections.queries import AdminQueries, Queries

log = structlog.get_logger()


class Backend:
    """One process's view of the shared store: use cases to act, queries to read.

    Raises:
        CannotStart: the store is not migrated, or holds events of an unknown name; or the risk
            limits of the configuration cannot be read.
        BadSettings, KeyStoreUnavailable: the key store cannot be used as it is set up.
        StoreUnavailable: the database is away.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        brokers: Callable[["Backend"], Iterable[Broker]] | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.ids = RandomIds()
        self.calendar: Calendar = exchange_calendar()
        risk_limits = risk_limits_of(settings)
        self.engine, self.views_engine = engines(settings)
        check_schema(self.engine, settings)
        self.store = event_store(settings)
        check_names(self.store)
        self.keys = open_key_store(settings)
        self.vault = SealedVault(self.engine, self.keys)
        self.egresses = SealedEgresses(self.engine, self.vault)
        self.identities = IdentityDirectory(self.engine, self.clock)
        self.activity = FlushedActivity(self.engine)

        self.projector = Projector(self.views_engine, DecodedLog(self.store, CATALOG))
        with store_errors():
            self.projector.create_tables()
        coordination = (
            PostgresCoordination(settings.postgres_url) if settings.postgres_url else Alone()
        )
        self._views_file = Path(settings.data_dir) / VIEWS_FILE
        self._views_identity = self._identity_of_views()
        self.projecting = ProjectionThread(self.projector, coordination, self._restore_views)
        views = FreshViews(
            self.projector,
            head=self.store.head,
            wake=self.projecting.wake,
            pause=self.clock.sleep,
        )
        self.queries = Queries(views)
        self.admin = AdminQueries(views)

        self.writer = Writer(
            store=self.store,
            clock=self.clock,
            ids=self.ids,
            catalog=CATALOG,
            appended=lambda _position: self.projecting.wake(),
        )
        self.risk_policy = RiskPolicy(writer=self.writer, defaults=risk_limits)
        self.instruments = InstrumentTable(Path(settings.data_dir) / instrument_files.DIRECTORY)
        self.calls = shared_calls(self.engine, self.vault)
        self.brokers = BrokerSet((brokers or standard_brokers)(self))
        self.life = SessionLife(ttl=settings.session_ttl, max_age=settings.session_max_age)
        login_states = StoredLoginStates(self.engine, self.keys, self.vault)
        self.close_session = CloseSession(
            writer=self.writer,
            activity=self.activity,
            vault=self.vault,
            login_states=login_states,
            clock=self.clock,
            life=self.life,
        )
        self.forget_logins = ForgetLogins(writer=self.writer, vault=self.vault, clock=self.clock)
        self.sweep = Sweep(
            deadlines=self.admin,
            close=self.close_session,
            writer=self.writer,
            clock=self.clock,
            ids=self.ids,
        )
        self.enter = EnterSession(
            writer=self.writer,
            store=self.store,
            activity=self.activity,
            vault=self.vault,
            login_states=login_states,
            clock=self.clock,
            life=self.life,
            make_room=lambda: self.sweep().ended,
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
            logged_in=lambda: self.wake_reconciler(),
        )
        self.waiting_logins = WaitingLogins(
            states=login_states, log_in=self.log_in, brokers=self.brokers, clock=self.clock
        )
        self.connecting = Connecting(
            states=login_states,
            waiting=self.waiting_logins,
            log_in=self.log_in,
            brokers=self.brokers,
            writer=self.writer,
            clock=self.clock,
            ids=self.ids,
            apps={broker: Secrets(app) for broker, app in settings.broker_apps.items()},
        )
        self.log_out = LogOut(
            writer=self.writer,
            brokers=self.brokers,
            vault=self.vault,
            clock=self.clock,
            egresses=self.egresses,
        )
        admit = Admit(
            writer=self.writer,
            brokers=self.brokers,
            vault=self.vault,
            clock=self.clock,
            egresses=self.egresses,
        )
        orders = trading(self, admit)
        self.judging, self.place_order = orders.judging, orders.place_order
        self.change_order, self.cancel_open = orders.change_order, orders.cancel_open
        self.kill_switch, self.own_switches = orders.kill_switch, orders.own_switches
        self.reconcile = orders.reconcile
        self.wake_reconciler: Callable[[], None] = lambda: None
        """Of the one that runs in this process, once it does."""
        self.approve = Approve(
            writer=self.writer,
            place_order=self.place_order,
            change_order=self.change_order,
            clock=self.clock,
        )
        self.preview_order = PreviewOrder(place_order=self.place_order, writer=self.writer)
        self.read_broker = ReadBroker(
            admit=admit, store=self.store, writer=self.writer, clock=self.clock
        )
        self.tell_order = TellOrder(
            writer=self.writer, read_broker=self.read_broker, clock=self.clock
        )
        self.read_portfolio = ReadPortfolio(
            read_broker=self.read_broker, instruments=self.instruments
        )
        self.read_margins = ReadMargins(admit=admit, read_broker=self.read_broker)
        self.read_market = ReadMarket(read_broker=self.read_broker, instruments=self.instruments)
        self.candle_store = SqliteCandleStore(Path(settings.data_dir), _origins(settings))
        self.read_candles = ReadCandles(
            read_broker=self.read_broker,
            instruments=self.instruments,
            store=self.candle_store,
            calendar=self.calendar,
        )
        self.analyse = Analyse(read_candles=self.read_candles, indicators=TalibIndicators())
        self.read_option_chain = ReadOptionChain(
            read_broker=self.read_broker, instruments=self.instruments
        )
        self.audit = Audit(writer=self.writer, store=self.store)
        self.whatif = WhatIf(writer=self.writer)

    def _restore_views(self) -> None:
        """The file of the views may be deleted at any time: let go of it, and begin anew."""
        if self._identity_of_views() == self._views_identity:
            return
        log.warning("views are gone, building them again")
        self.views_engine.dispose()
        self.projector.create_tables()
        self._views_identity = self._identity_of_views()

    def _identity_of_views(self) -> int | None:
        if self.settings.postgres_url:
            return None
        try:
            return self._views_file.stat().st_ino
        except FileNotFoundError:
            return -1

    def order_history(self, principal: UUID) -> Iterator[OrderReport]:
        """Every order of this principal, over all sessions."""
        for opened in self.store.sessions_of(principal):
            yield from order_reports(self.writer.load(opened.session_id).events).values()

    def close(self) -> None:
        self.instruments.close()
        self.candle_store.close()
        self.store.close()
        self.engine.dispose()
        self.views_engine.dispose()


def standard_brokers(backend: Backend) -> Iterable[Broker]:
    """What a server offers."""
    settings, keys_dir = backend.settings, Path(backend.settings.keys_dir)
    calls = backend.calls
    try:
        return (
            PaperBroker(settings.market_seed, backend.order_history),
            KiteBroker(settings.kite_url, keys_dir, calls["kite"]),
            GrowwBroker(settings.groww_url, keys_dir, backend.instruments, calls["groww"]),
            DhanBroker(settings.dhan_url, keys_dir, backend.instruments, calls["dhan"]),
        )
    except ValueError as e:
        raise CannotStart(f"A broker's address (TRADING_..._URL) cannot be used: {e}") from None


def _origins(settings: Settings) -> dict[BrokerName, str]:
    """What stands behind each broker's name here: nothing but its own market, unless set."""
    return {
        "paper": str(settings.market_seed),
        "kite": settings.kite_url or "",
        "groww": settings.groww_url or "",
        "dhan": settings.dhan_url or "",
    }


@contextmanager
def opened(settings: Settings) -> Iterator[Backend]:
    """A backend for a command that ends: it projects if nobody else does, and sweeps nothing."""
    backend = Backend(settings)
    backend.projecting.start(listen=False)
    try:
        yield backend
    finally:
        backend.projecting.stop()
        backend.close()
