"""Read your own writes: wait until a projection has reached the head of the log.

MCP carries no position between calls, so a question reads the head first. Normally the projection
is there already. On SQLite another process may have been stopped with the views' write lock in
its hand; then this process goes on in a private copy, so that its answers stay fresh.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine, bindparam, create_engine, select
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from domain.errors import StoreUnavailable
from projections.projector import Projector, UnknownEvent
from projections.tables import positions

PATIENCE_SECONDS: Final = 1.0
SQLITE_PATIENCE_SECONDS: Final = 0.25
"""How long a question waits; the second one until it turns to a private copy."""


@dataclass(frozen=True)
class View:
    """A connection to the views that shows them as of `position`."""

    connection: Connection
    position: int
    stale: bool


class FreshViews:
    """`head` reads the log's newest position, `wake` makes the projector look at once."""

    def __init__(
        self,
        projector: Projector,
        *,
        head: Callable[[], int],
        wake: Callable[[], None],
        pause: Callable[[float], None],
    ) -> None:
        self._projector = projector
        self._head = head
        self._wake = wake
        self._pause = pause
        self._private: Projector | None = None
        self._private_lock = threading.Lock()

    @contextmanager
    def __call__(self, projection: str) -> Iterator[View]:
        """A view that has reached the log's head as it is now, or says that it has not.

        Raises:
            StoreUnavailable: the log or the views cannot be read.
        """
        try:
            with self._fresh(projection, self._head()) as view:
                yield view
        except SQLAlchemyError as e:
            raise StoreUnavailable(
                f"The views cannot be read ({type(e).__name__}). Next: try again in a moment."
            ) from e

    @contextmanager
    def _fresh(self, projection: str, head: int) -> Iterator[View]:
        shared = self._projector.engine
        patience = SQLITE_PATIENCE_SECONDS if _is_file(shared) else PATIENCE_SECONDS
        waited, pause = 0.0, 0.001
        while True:
            with _open(shared) as connection:
                position = _position_or_none(connection, projection)
                if position is not None and position >= head:
                    yield View(connection, position, stale=False)
                    return
                if position is not None and waited >= patience and not _is_file(shared):
                    yield View(connection, position, stale=True)
                    return
            if waited >= patience:
                if position is None and not _is_file(shared):
                    raise StoreUnavailable("The views are gone. Next: try again in a moment.")
                break
            self._wake()
            self._pause(pause)
            waited, pause = waited + pause, min(pause * 1.5, 0.05)
        with self._private_lock:
            engine = self._caught_up_copy(projection)
            with _open(engine) as connection:
                position = _position(connection, projection)
                yield View(connection, position, stale=position < head)

    def _caught_up_copy(self, projection: str) -> Engine:
        if self._private is None:
            engine = _copy_into_memory(self._projector.engine)
            self._private = Projector(
                engine, self._projector.log, self._projector.projections.values()
            )
            self._private.create_tables()
        with suppress(UnknownEvent):  # what only a newer version can fold makes an answer stale
            self._private.catch_up(projection)
        return self._private.engine


def _open(engine: Engine) -> Connection:
    return engine.connect().execution_options(reading=True)


_POSITION: Final = select(positions.c.position).where(
    positions.c.projection == bindparam("projection")
)


def _position(connection: Connection, projection: str) -> int:
    return connection.execute(_POSITION, {"projection": projection}).scalar() or 0


def _position_or_none(connection: Connection, projection: str) -> int | None:
    """`None` where there are no tables: somebody deleted the views, and they are being rebuilt."""
    try:
        return _position(connection, projection)
    except OperationalError:
        return None


def _is_file(engine: Engine) -> bool:
    return engine.dialect.name == "sqlite"


def _copy_into_memory(shared: Engine) -> Engine:
    """A private database with everything that was committed. Readers never wait for a writer."""
    memory = sqlite3.connect(":memory:", check_same_thread=False)
    source = shared.raw_connection()
    try:
        driver = source.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.backup(memory)
    finally:
        source.close()
    return create_engine("sqlite://", creator=lambda: memory, poolclass=StaticPool)
