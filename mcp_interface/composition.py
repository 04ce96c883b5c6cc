"""Everything below the tools, put together once per process."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import Engine

from application.audit import Audit
from application.broker_access import Admit, LogOut, SelectBroker
from application.connecting import Connecting
from application.enter_session import CloseSession, EnterSession, SessionLife
from application.forget_logins import ForgetLogins
from application.log import DecodedLog
from application.log_in import LogIn
from application.place_order import PlaceOrder
from application.ports.broker import Broker, Secrets
from application.ports.clock import Clock
from application.read_broker import ReadBroker
from application.read_market import ReadMarket
from application.read_options import ReadOptionChain
from application.sweep import Sweep
from application.waiting_logins import WaitingLogins
from application.writer import Writer
from domain.catalog import CATALOG
from domain.orders import OrderReport, order_reports
from infrastructure.activity import FlushedActivity
from infrastructure.brokers.brokers import BrokerSet
from infrastructure.brokers.dhan import DhanBroker
from infrastructure.brokers.groww import GrowwBroker
from infrastructure.brokers.kite import KiteBroker
from infrastructure.brokers.paper import PaperBroker
from infrastructure.clock import RandomIds, SystemClock
from infrastructure.egress import SealedEgresses
from infrastructure.identity import IdentityDirectory
from infrastructure.instruments import files as instrument_files
from infrastructure.instruments.table import InstrumentTable
from infrastructure.keystore.opening import open_key_store
from infrastructure.login_states import StoredLoginStates
from infrastructure.migrations.runner import (
    UnknownRevision,
    current_revision,
    expected_revision,
    migrate,
)
from infrastructure.settings import Settings
from infrastructure.store.coordination import Alone, PostgresCoordination
from infrastructure.store.engines import postgres_engine, sqlite_engine
from infrastructure.store.postgres import PostgresEventStore
from infrastructure.store.refusals import store_errors
from infrastructure.store.sqlite import SqliteEventStore
from infrastructure.vault import SealedVault
from mcp_interface.projecting import ProjectionThread
from projections.freshness import FreshViews
from projections.projector import Projector
from projections.queries import AdminQueries, Queries

log = structlog.get_logger()

EVENTS_FILE: Final = "events.db"
VIEWS_FILE: Final = "views.db"


class CannotStart(Exception):
    """The store is not fit to start on. The text says what to do."""


class Backend:
    """One process's view of the shared store: use cases to act, queries to read.

    Raises:
        CannotStart: the store is not migrated, or holds events of an unknown name.
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
        self.engine, self.views_engine = engines(settings)
        _check_schema(self.engine, settings)
        self.store = event_store(settings)
        _check_names(self.store)
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
        self.instruments = InstrumentTable(Path(settings.data_dir) / instrument_files.DIRECTORY)
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
        self.place_order = PlaceOrder(
            admit=admit, writer=self.writer, vault=self.vault, clock=self.clock, ids=self.ids
        )
        self.read_broker = ReadBroker(
            admit=admit, store=self.store, writer=self.writer, clock=self.clock
        )
        self.read_market = ReadMarket(read_broker=self.read_broker, instruments=self.instruments)
        self.read_option_chain = ReadOptionChain(
            read_broker=self.read_broker, instruments=self.instruments
        )
        self.audit = Audit(writer=self.writer, store=self.store)

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
        self.store.close()
        self.engine.dispose()
        self.views_engine.dispose()


def standard_brokers(backend: Backend) -> Iterable[Broker]:
    """What a server offers."""
    settings, keys_dir = backend.settings, Path(backend.settings.keys_dir)
    try:
        return (
            PaperBroker(settings.market_seed, backend.order_history),
            KiteBroker(settings.kite_url, keys_dir),
            GrowwBroker(settings.groww_url, keys_dir, backend.instruments),
            DhanBroker(settings.dhan_url, keys_dir, backend.instruments),
        )
    except ValueError as e:
        raise CannotStart(f"A broker's address (TRADING_..._URL) cannot be used: {e}") from None


def engines(settings: Settings) -> tuple[Engine, Engine]:
    """For the tables beside the log, and for the views. On SQLite two files, else one database."""
    if settings.postgres_url:
        return postgres_engine(settings.postgres_url), postgres_engine(settings.postgres_url)
    directory = Path(settings.data_dir)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return (
        sqlite_engine(directory / EVENTS_FILE, durable=True),
        sqlite_engine(directory / VIEWS_FILE, durable=False),
    )


def event_store(settings: Settings) -> SqliteEventStore | PostgresEventStore:
    if settings.postgres_url:
        return PostgresEventStore(settings.postgres_url, settings.max_sessions)
    return SqliteEventStore(Path(settings.data_dir) / EVENTS_FILE, settings.max_sessions)


def _check_schema(engine: Engine, settings: Settings) -> None:
    try:
        with store_errors():
            if settings.postgres_url is None:
                migrate(engine)
            found = current_revision(engine)
    except UnknownRevision as e:
        raise CannotStart(str(e)) from None
    if found != expected_revision():
        raise CannotStart(
            f"The database is at revision {found or 'none'} and this version needs "
            f"{expected_revision()}. Next: trading-server migrate."
        )


def _check_names(store: SqliteEventStore | PostgresEventStore) -> None:
    strangers = sorted(store.names() - CATALOG.readable_names)
    if strangers:
        raise CannotStart(
            f"The store holds events that this version does not know: {', '.join(strangers)}. "
            "Next: start the version that wrote them, or a newer one."
        )


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
