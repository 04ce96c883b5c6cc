"""The thread that keeps the read models up with the log."""

import threading
from collections.abc import Callable
from typing import Final, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from domain.errors import StoreUnavailable
from projections.projector import Projector, UnknownEvent

POLL_SECONDS: Final = 0.5
log = structlog.get_logger()


class Coordination(Protocol):
    def may_project(self, projection: str) -> bool: ...

    def announce(self) -> None: ...

    def resign(self) -> None: ...

    def start(self, wake: Callable[[], None]) -> None: ...

    def close(self) -> None: ...


class ProjectionThread:
    """Folds whenever it is woken, and now and then by itself."""

    def __init__(
        self,
        projector: Projector,
        coordination: Coordination,
        restore: Callable[[], None] = lambda: None,
    ) -> None:
        """`restore` makes the views' tables again where somebody deleted them."""
        self._restore = restore
        self._projector = projector
        self._coordination = coordination
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="projector", daemon=True)
        self.stepped_down: str | None = None
        """Why this process projects no longer: an event that only a newer version knows."""

    def start(self, *, listen: bool = True) -> None:
        """`listen`: hear of what other instances store as soon as they do."""
        if listen:
            self._coordination.start(self.wake)
        self._thread.start()

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout=10)
        self._coordination.close()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive() and self.stepped_down is None

    def _run(self) -> None:
        while not self._stop.is_set():
            woken = self._wake.wait(POLL_SECONDS)
            self._wake.clear()
            try:
                self._restore()
                self._fold_all(woken)
            except UnknownEvent as e:
                self.stepped_down = str(e)
                self._coordination.resign()
                log.error("projector steps down", cause=str(e))
            except (SQLAlchemyError, StoreUnavailable) as e:
                log.warning("projector waits for the database", error=type(e).__name__)
                self._stop.wait(0.2)

    def _fold_all(self, woken: bool) -> None:
        """Every projection as far as it goes.

        Raises:
            UnknownEvent: one of them met an event that only a newer version knows.
        """
        others_lead = False
        unknown: UnknownEvent | None = None
        for name in self._projector.projections:
            if self.stepped_down or not self._coordination.may_project(name):
                others_lead = True
                continue
            try:
                self._projector.catch_up(name)
            except UnknownEvent as e:
                unknown = e
        if unknown is not None:
            raise unknown
        if woken and others_lead:
            self._coordination.announce()
