"""What `doctor` looks at. It reads and asks; it makes no file, key or table."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import Final, Literal

from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from application.log import DecodedLog
from domain.catalog import CATALOG
from domain.envelope import Recorded
from domain.errors import StoreUnavailable
from domain.instants import IST, outside
from infrastructure.calendar.days import exchange_calendar
from infrastructure.clock import SystemClock
from infrastructure.instruments import files as instrument_files
from infrastructure.instruments.table import InstrumentTable
from infrastructure.migrations.runner import current_revision, expected_revision
from infrastructure.settings import BadSettings, Settings, load_settings
from infrastructure.simulator.proof import far_side_is_our_simulator
from mcp_interface.cli.calendar_diagnosis import calendar_reach
from mcp_interface.cli.findings import Finding, existing
from mcp_interface.cli.key_diagnosis import key_store, keys_directory
from mcp_interface.databases import EVENTS_FILE, VIEWS_FILE, engines, event_store
from projections.projector import Projector
from projections.tables import metadata

MOST_QUARANTINED: Final = 0.01
"""Of all instruments: a few odd lines are everyday life, more is a file that has changed."""

LEAST_FREE_BYTES: Final = 100 * 1024**2
COMFORTABLE_BYTES: Final = 1024**3
WRITTEN: Final = datetime(2026, 11, 1, tzinfo=UTC)
"""No clock that is right shows less."""

MOST_CLOCK_DIFFERENCE: Final = timedelta(seconds=2)
SDKS: Final = {"kite": "kiteconnect", "groww": "growwapi", "dhan": "dhanhq"}


@dataclass(frozen=True)
class Diagnosis:
    findings: list[Finding]
    store_away: bool


def examine() -> Diagnosis:
    """Look at everything that can be looked at; one trouble hides no other."""
    try:
        settings = load_settings()
    except BadSettings as e:
        what, _, step = str(e).partition(" Next: ")
        return Diagnosis([Finding("settings", "fail", what, step), *_sdks()], store_away=False)
    findings = [
        Finding("settings", "ok", f"readable; TRADING_USER is {settings.user}"),
        _mode(settings),
        _data_directory(settings),
        keys_directory(settings),
        key_store(settings),
        _instruments(settings),
        calendar_reach(exchange_calendar(), SystemClock().now().astimezone(IST).date()),
    ]
    stored = _Stored(settings)
    findings += stored.examine()
    findings += [*_sdks(), *_addresses(settings)]
    return Diagnosis(findings, stored.away)


def _mode(settings: Settings) -> Finding:
    if settings.live:
        what = "TRADING_LIVE=true: orders to real brokers go out, for real money"
        return Finding("mode", "warn", what, "unset TRADING_LIVE, if that is not meant")
    return Finding("mode", "ok", "orders are PAPER or SIMULATED; those to real brokers are refused")


def _data_directory(settings: Settings) -> Finding:
    check = "data directory"
    if settings.postgres_url:
        return Finding(check, "ok", "not needed: everything is in PostgreSQL")
    directory = settings.data_dir.absolute()
    nearest = existing(directory)
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        step = "set TRADING_DATA_DIR to a directory that you may write to"
        return Finding(check, "fail", f"{directory} cannot be written", step)
    free = shutil.disk_usage(nearest).free
    what = f"{directory}{'' if nearest == directory else ' (made at the first start)'}, "
    what += f"{free / 1024**3:.1f} GiB free"
    if free < COMFORTABLE_BYTES:
        status: Literal["warn", "fail"] = "fail" if free < LEAST_FREE_BYTES else "warn"
        return Finding(check, status, what, "free some space: events are never deleted")
    return Finding(check, "ok", what)


def _instruments(settings: Settings) -> Finding:
    """Contracts, lots and tokens change from day to day."""
    check, step = "instruments", "trading-server instruments load, every morning before 08:45 IST"
    table = InstrumentTable(settings.data_dir / instrument_files.DIRECTORY)
    try:
        facts = table.facts()
    finally:
        table.close()
    if facts.trading_day is None:
        what = f"no table is loaded yet; {facts.instruments} well-known shares and indices answer"
        return Finding(check, "ok", what, step)
    brokers = ", ".join(facts.sources)
    what = f"{facts.instruments} of {facts.trading_day} from {brokers}"
    what += f", {facts.quarantined} in quarantine"
    age = (SystemClock().now().astimezone(IST).date() - facts.trading_day).days
    if age > 0:
        return Finding(check, "warn", f"{what}; {age} days old", step)
    if facts.quarantined > facts.instruments * MOST_QUARANTINED:
        return Finding(check, "warn", what, "trading-server instruments quarantine")
    return Finding(check, "ok", what)


def _sdks() -> Iterator[Finding]:
    for broker, module in SDKS.items():
        if find_spec(module) is None:
            step = f"install {module}, or do without {broker}"
            yield Finding(f"{broker} SDK", "warn", f"{module} is not installed", step)
        else:
            yield Finding(f"{broker} SDK", "ok", f"{module} is installed")


def _addresses(settings: Settings) -> Iterator[Finding]:
    for broker, url in settings.broker_urls.items():
        check, name = f"{broker} address", f"TRADING_{broker.upper()}_URL"
        if url is None:
            yield Finding(check, "ok", "the broker's own: logins work, live orders are refused")
        elif far_side_is_our_simulator(url, broker, settings.keys_dir):
            yield Finding(check, "ok", f"{name} is our simulator: orders are SIMULATED")
        else:
            yield Finding(
                check,
                "warn",
                f"whoever is at {name} does not prove to be our simulator; orders are refused",
                f"trading-server simulator with the same TRADING_KEYS_DIR, or unset {name}",
            )


class _Stored:
    """The checks that need the store, in order; what cannot be known is left out."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.away = False

    def examine(self) -> list[Finding]:
        clock = SystemClock()
        data = self._settings.data_dir
        if not self._settings.postgres_url and not (data / EVENTS_FILE).exists():
            empty = Finding("store", "ok", "nothing is stored yet; made at the first start")
            return [empty, _clock(clock.now(), None, None)]
        findings: list[Finding] = []
        try:
            with ExitStack() as stack:
                for finding in self._look(stack, clock):
                    findings.append(finding)
        except (SQLAlchemyError, StoreUnavailable, OSError) as e:
            self.away = True
            step = "start the database, or correct TRADING_DATABASE_URL or TRADING_DATA_DIR"
            what = f"it cannot be reached ({type(e).__name__})"
            findings.append(Finding("store", "fail", what, step))
        if not any(f.check == "clock" for f in findings):
            findings.append(_clock(clock.now(), None, None))
        return findings

    def _look(self, stack: ExitStack, clock: SystemClock) -> Iterator[Finding]:
        events, views = engines(self._settings)
        stack.callback(events.dispose)
        stack.callback(views.dispose)
        found, expected = current_revision(events), expected_revision()
        if found != expected:
            yield _revision(self._settings, found, expected)
            return
        store = event_store(self._settings)
        stack.callback(store.close)
        head = store.head()
        where = "PostgreSQL" if self._settings.postgres_url else "SQLite"
        yield Finding("store", "ok", f"{where}, revision {found}, {head} events")
        strangers = sorted(store.names() - CATALOG.readable_names)
        if strangers:
            what = f"unknown to this version: {', '.join(strangers)}"
            yield Finding("event names", "fail", what, "start the version that wrote them")
        else:
            yield Finding("event names", "ok", "all known")
        log = DecodedLog(store, CATALOG)
        yield self._projections(views, Projector(views, log), head, clock)
        last = log(max(0, head - 1), 1)
        newest = last[0].envelope.recorded_at if last and isinstance(last[0], Recorded) else None
        yield _clock(clock.now(), newest, _database_time(events))

    def _projections(
        self, views: Engine, projector: Projector, head: int, clock: SystemClock
    ) -> Finding:
        check, behind = "projections", "trading-server projections status"
        directory = self._settings.data_dir
        if not self._settings.postgres_url and not (directory / VIEWS_FILE).exists():
            return Finding(check, "ok", "not built yet; built at the first start")
        if not set(metadata.tables) <= set(inspect(views).get_table_names()):
            return Finding(check, "ok", "not built yet; built at the first start")
        if parked := projector.parked():
            what = f"{len(parked)} streams are parked, {parked[0].projection} first"
            return Finding(check, "fail", what, behind)
        for _ in range(10):
            lag = head - min(projector.position(name) for name in projector.projections)
            if lag <= 0:
                return Finding(check, "ok", f"all at position {head} or beyond, nothing parked")
            clock.sleep(0.1)
        what = f"{lag} events behind: no server is running, or its projector is stuck"
        return Finding(check, "warn", what, f"{behind} (catches up by itself on SQLite)")


def _revision(settings: Settings, found: str | None, expected: str) -> Finding:
    what = f"at revision {found or 'none'}, this version needs {expected}"
    if found is not None and found > expected:
        return Finding("store", "fail", what, "start the newer version that upgraded it")
    if settings.postgres_url:
        return Finding("store", "fail", what, "trading-server migrate")
    return Finding("store", "warn", what, "nothing: the next start upgrades it")


def _database_time(engine: Engine) -> datetime | None:
    if engine.dialect.name != "postgresql":
        return None
    with engine.connect() as connection:
        found = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    assert isinstance(found, datetime)
    return found.astimezone(UTC)


def _clock(now: datetime, newest: datetime | None, database: datetime | None) -> Finding:
    step = "set the clock, and keep it right with NTP"
    if now < WRITTEN:
        return Finding("clock", "fail", f"it shows {outside(now)}, which is long ago", step)
    if newest is not None and newest > now + MOST_CLOCK_DIFFERENCE:
        what = f"it shows {outside(now)}, but an event was stored at {outside(newest)}"
        return Finding("clock", "fail", what, step)
    if database is not None and abs(database - now) > MOST_CLOCK_DIFFERENCE:
        apart = abs(database - now).total_seconds()
        return Finding("clock", "warn", f"{apart:.0f} s apart from the database's", step)
    return Finding("clock", "ok", outside(now))
