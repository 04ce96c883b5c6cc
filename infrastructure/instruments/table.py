"""The instruments as everybody else asks for them: see `application.ports.instruments`."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from sqlite3 import Connection
from typing import Final

import structlog

from application.ports.instruments import Found, TableFacts
from domain.errors import UnknownInstrument
from domain.instants import from_text
from domain.instruments import Instrument, Kind
from domain.vocabulary import BrokerName, Exchange
from infrastructure.instruments import files, lookup
from infrastructure.instruments.builtin import connect_built_in
from infrastructure.instruments.search import search

log = structlog.get_logger()

LOAD: Final = "trading-server instruments load"
_SEARCH: Final = "search_instruments"
_SHORT_LIST: Final = (
    f"{_SEARCH}; only a short list is loaded here, and the operator's {LOAD} brings all"
)
_EARLIER_DAYS_OPEN: Final = 4


@dataclass(frozen=True, kw_only=True)
class Quarantined:
    """What one broker says about one field of an instrument, and others deny."""

    name: str
    trading_symbol: str
    field: str
    broker: BrokerName
    value: str


@dataclass(frozen=True, kw_only=True)
class SourceFacts:
    """How a broker's file was read when the table was made. `bad` lines were left out, `foreign`
    ones are of markets that we do not know. `sha256` is that of the file."""

    broker: BrokerName
    rows: int
    bad: int
    foreign: int
    sha256: str


@dataclass(frozen=True)
class _Current:
    """`mark` tells a table from another one that has taken its place."""

    mark: object
    day: date | None
    connections: files.Connections


class InstrumentTable:
    """The newest table in a directory; without one, the short built-in list.

    Threads share it. A table that is loaded meanwhile is noticed at the next question.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lock = threading.Lock()
        self._built_in = files.Connections(connect_built_in)
        self._current = _Current(None, None, self._built_in)
        self._earlier: OrderedDict[date, files.Connections] = OrderedDict()

    def resolve(
        self, text: str, exchange: Exchange | None = None, on: date | None = None
    ) -> Instrument:
        with self._asked(on) as (connection, day):
            return lookup.resolve(
                connection, text, exchange, _SHORT_LIST if day is None else _SEARCH
            )

    def find(self, exchange: str, trading_symbol: str) -> Instrument | None:
        with self._asked() as (connection, _):
            return lookup.find(connection, exchange, trading_symbol)

    def known_to(
        self, broker: BrokerName, token: str, segment: str | None = None
    ) -> Instrument | None:
        with self._asked() as (connection, _):
            return lookup.known_to(connection, broker, token, segment)

    def search(
        self,
        query: str,
        *,
        exchange: Exchange | None = None,
        kinds: Collection[Kind] = (),
        limit: int = 20,
        offset: int = 0,
    ) -> Found:
        with self._asked() as (connection, _):
            return search(
                connection, query, exchange=exchange, kinds=kinds, limit=limit, offset=offset
            )

    def expiries(self, underlying: str, exchange: Exchange = "NFO") -> tuple[date, ...]:
        with self._asked() as (connection, _):
            return lookup.expiries(connection, underlying, exchange)

    def facts(self) -> TableFacts:
        with self._asked() as (connection, day):
            about = dict(connection.execute("SELECT key, value FROM about"))
            brokers = connection.execute("SELECT broker FROM source ORDER BY broker").fetchall()
        loaded_at: datetime | None = from_text(about["loaded_at"]) if day else None
        return TableFacts(
            trading_day=day,
            loaded_at=loaded_at,
            instruments=int(about["instruments"]),
            quarantined=int(about["quarantined"]),
            sources=tuple(broker for (broker,) in brokers),
            built_in=day is None,
        )

    def sources(self) -> tuple[SourceFacts, ...]:
        """How each file was read; empty for the built-in list."""
        with self._asked() as (connection, _):
            rows = connection.execute(
                "SELECT broker, rows, bad, foreign_rows, sha256 FROM source ORDER BY broker"
            ).fetchall()
        return tuple(
            SourceFacts(broker=broker, rows=read, bad=bad, foreign=foreign, sha256=sha256)
            for broker, read, bad, foreign, sha256 in rows
        )

    def quarantine(
        self, name: str | None = None, limit: int = 200, offset: int = 0
    ) -> tuple[Quarantined, ...]:
        """What the brokers disagree about: all of it, or of one instrument."""
        with self._asked() as (connection, _):
            rows = connection.execute(
                "SELECT name, trading_symbol, field, broker, value FROM quarantine "
                "WHERE ?1 IS NULL OR name = ?1 "
                "ORDER BY name, field, broker LIMIT ?2 OFFSET ?3",
                (name, limit, offset),
            ).fetchall()
        return tuple(
            Quarantined(
                name=row[0], trading_symbol=row[1], field=row[2], broker=row[3], value=row[4]
            )
            for row in rows
        )

    def close(self) -> None:
        with self._lock:
            for each in (self._built_in, self._current.connections, *self._earlier.values()):
                each.close()

    @contextmanager
    def _asked(self, on: date | None = None) -> Iterator[tuple[Connection, date | None]]:
        """A connection to the table that answers, and its day."""
        current = self._newest()
        if on is not None and on != current.day:
            earlier = self._of(on)
            with earlier.lent() as connection:
                yield connection, on
            return
        with current.connections.lent() as connection:
            yield connection, current.day

    def _newest(self) -> _Current:
        with self._lock:
            mark = self._mark(self._current.day)
            if mark != self._current.mark:
                old, self._current = self._current, self._opened()
                if old.connections is not self._built_in:
                    old.connections.close()
            return self._current

    def _mark(self, day: date | None) -> object:
        """Changes when a table comes, or is put in the place of the one of this day."""
        try:
            file = files.table_file(self.directory, day).stat().st_ino if day else None
            return self.directory.stat().st_mtime_ns, file
        except FileNotFoundError:
            return None

    def _opened(self) -> _Current:
        for day in files.days(self.directory):
            mark = self._mark(day)
            try:
                return _Current(mark, day, files.open_table(self.directory, day))
            except (files.UnreadableTable, FileNotFoundError) as e:
                log.warning("an instrument table cannot be used", day=str(day), reason=str(e))
        return _Current(self._mark(None), None, self._built_in)

    def _of(self, on: date) -> files.Connections:
        """The table that was the newest one on that day."""
        kept = files.days(self.directory)
        day = next((each for each in kept if each <= on), None)
        if day is None:
            oldest = f"the oldest is of {kept[-1]}" if kept else f"there is none. Next: {LOAD}"
            raise UnknownInstrument(f"No instrument table of {on} or before is kept; {oldest}.")
        with self._lock:
            if day == self._current.day:
                return self._current.connections
            if day not in self._earlier:
                try:
                    self._earlier[day] = files.open_table(self.directory, day)
                except files.UnreadableTable as e:
                    raise UnknownInstrument(str(e)) from None
            self._earlier.move_to_end(day)
            while len(self._earlier) > _EARLIER_DAYS_OPEN:
                self._earlier.popitem(last=False)[1].close()
            return self._earlier[day]
