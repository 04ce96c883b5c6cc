"""Fold the log into the read models, in order, exactly once, batch by batch.

The position of a projection moves in the transaction of the fold, by compare-and-set on where the
batch began: whoever loses that race changes nothing and reads again. So it does not matter how
many processes try, or which of them was stopped for an hour in the middle.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol
from uuid import UUID

from sqlalchemy import Connection, Engine, Table, delete, insert, inspect, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InterfaceError, OperationalError

from domain.envelope import Recorded, Undecodable
from projections import audit_timeline, deadlines, order_book, session_info, session_statistics
from projections.tables import metadata, parked, positions
from projections.upsert import storable

BATCH: Final = 500
MAX_CAUSE_CHARACTERS: Final = 500

Entry = Recorded | Undecodable


class Log(Protocol):
    """The decoded event log."""

    def __call__(self, after: int, limit: int) -> Sequence[Entry]:
        """Up to `limit` events behind position `after`, oldest first."""
        ...


class Projection(Protocol):
    """A module of this package: a name, its tables, and a fold over a batch."""

    @property
    def name(self) -> str: ...

    @property
    def tables(self) -> tuple[Table, ...]: ...

    def fold(self, connection: Connection, batch: Sequence[Recorded], /) -> None: ...


PROJECTIONS: Final[Mapping[str, Projection]] = MappingProxyType(
    {p.name: p for p in (session_info, session_statistics, order_book, audit_timeline, deadlines)}
)


class UnknownEvent(Exception):
    """The log holds an event that only a newer version knows: this process must not go on."""


_DATABASE_TROUBLE: Final = (OperationalError, InterfaceError)
"""A database that is locked or away says nothing against the event."""


class _LostTheRace(Exception):
    """Somebody else folded this batch first."""


@dataclass(frozen=True)
class Parked:
    projection: str
    stream_id: UUID
    position: int
    name: str
    cause: str
    waiting: int


class Projector:
    """Folds for one database of views. Safe to use from several processes and threads at once."""

    def __init__(
        self, engine: Engine, log: Log, projections: Iterable[Projection] = PROJECTIONS.values()
    ) -> None:
        self.engine = engine
        self.log = log
        self.projections = {p.name: p for p in projections}
        self.last_trouble: str | None = None

    def create_tables(self) -> None:
        """Make what is missing; safe when several processes start at once. Where nothing is, it
        only reads: a process that was stopped in the middle of a fold hinders no start."""
        if self._tables_are_there():
            return
        with self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7203115)")
            metadata.create_all(connection)
            upsert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
            connection.execute(
                upsert(positions).on_conflict_do_nothing(),
                [{"projection": name, "position": 0} for name in self.projections],
            )

    def _tables_are_there(self) -> bool:
        with self.engine.connect().execution_options(reading=True) as connection:
            if not set(metadata.tables) <= set(inspect(connection).get_table_names()):
                return False
            known = connection.execute(select(positions.c.projection)).scalars()
            return set(self.projections) <= set(known)

    def position(self, name: str) -> int:
        with self.engine.connect().execution_options(reading=True) as connection:
            return _position(connection, name)

    def step(self, name: str, batch_size: int = BATCH) -> int:
        """Fold the next batch of one projection; answer with how many events it had.

        Raises:
            UnknownEvent: a name that this version does not know; nothing behind it was folded.
        """
        projection = self.projections[name]
        start = self.position(name)
        batch = self.log(start, batch_size)
        if not batch:
            return 0
        known = _up_to_unknown(batch)
        if known:
            try:
                self._fold(projection, start, known)
            except _LostTheRace:
                return len(known)
        if len(known) < len(batch):
            stranger = batch[len(known)]
            raise UnknownEvent(f"{stranger.name!r} at position {stranger.position}")
        return len(known)

    def catch_up(self, name: str) -> int:
        """Fold until nothing is left; answer with how many events that took."""
        folded = 0
        while step := self.step(name):
            folded += step
        return folded

    def _fold(self, projection: Projection, start: int, batch: Sequence[Entry]) -> None:
        end = batch[-1].position
        assert end is not None
        with self.engine.begin() as connection:
            moved = connection.execute(
                update(positions)
                .where(positions.c.projection == projection.name, positions.c.position == start)
                .values(position=end)
            )
            if moved.rowcount != 1:
                raise _LostTheRace
            sound = _pass_over_parked(connection, projection.name, batch)
            readable = [entry for entry in sound if isinstance(entry, Recorded)]
            if len(readable) == len(sound):
                try:
                    with connection.begin_nested():
                        projection.fold(connection, readable)
                    return
                except _DATABASE_TROUBLE:
                    raise
                except Exception as e:  # noqa: BLE001 - a poisoned event, found below one by one
                    self.last_trouble = f"{projection.name}: {type(e).__name__}"
            _fold_one_by_one(connection, projection, sound)

    def rebuild(self, name: str) -> None:
        """Empty a projection and put it back to the start; folding it again is up to `step`."""
        with self.engine.begin() as connection:
            connection.execute(  # first of all: it waits for a fold under way, and stops the next
                update(positions).where(positions.c.projection == name).values(position=0)
            )
            for table in self.projections[name].tables:
                connection.execute(delete(table))
            connection.execute(delete(parked).where(parked.c.projection == name))

    def parked(self) -> list[Parked]:
        """Every stream that some projection cannot go on with."""
        with self.engine.connect().execution_options(reading=True) as connection:
            rows = connection.execute(select(parked).order_by(parked.c.position)).all()
        return [Parked(*row) for row in rows]


def _position(connection: Connection, name: str) -> int:
    query = select(positions.c.position).where(positions.c.projection == name)
    return connection.execute(query).scalar() or 0


def _up_to_unknown(batch: Sequence[Entry]) -> Sequence[Entry]:
    for index, entry in enumerate(batch):
        if isinstance(entry, Undecodable) and entry.unknown_name:
            return batch[:index]
    return batch


def _pass_over_parked(connection: Connection, name: str, batch: Sequence[Entry]) -> Sequence[Entry]:
    """Leave out the events of parked streams, and count them."""
    query = select(parked.c.stream_id).where(parked.c.projection == name)
    waiting = set(connection.execute(query).scalars())
    if not waiting:
        return batch
    sound: list[Entry] = []
    for entry in batch:
        if _stream(entry) in waiting:
            _wait_behind(connection, name, _stream(entry))
        else:
            sound.append(entry)
    return sound


def _fold_one_by_one(
    connection: Connection, projection: Projection, batch: Sequence[Entry]
) -> None:
    """Fold what can be folded; park the stream of each event that cannot."""
    newly_parked: set[UUID] = set()
    for entry in batch:
        stream_id = _stream(entry)
        if stream_id in newly_parked:
            _wait_behind(connection, projection.name, stream_id)
            continue
        cause = entry.cause if isinstance(entry, Undecodable) else None
        if isinstance(entry, Recorded):
            try:
                with connection.begin_nested():
                    projection.fold(connection, [entry])
            except _DATABASE_TROUBLE:
                raise
            except Exception as e:  # noqa: BLE001 - whatever it trips over, other streams go on
                cause = f"{type(e).__name__}: {e}"
        if cause is not None:
            newly_parked.add(stream_id)
            connection.execute(
                insert(parked).values(
                    projection=projection.name,
                    stream_id=stream_id,
                    position=entry.position,
                    name=entry.name,
                    cause=storable(cause[:MAX_CAUSE_CHARACTERS]),
                    waiting=0,
                )
            )


def _wait_behind(connection: Connection, name: str, stream_id: UUID) -> None:
    connection.execute(
        update(parked)
        .where(parked.c.projection == name, parked.c.stream_id == stream_id)
        .values(waiting=parked.c.waiting + 1)
    )


def _stream(entry: Entry) -> UUID:
    return entry.envelope.stream_id if isinstance(entry, Recorded) else entry.stream_id
