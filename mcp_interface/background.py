"""What runs beside the calls: the projector, the reconciler, the sweep, the flush; and how all of
it ends."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import anyio
import structlog
from anyio import to_thread

from application.sessions.sweep import Swept
from domain.errors import KeyStoreUnavailable, StoreUnavailable
from mcp_interface.composition import Backend
from mcp_interface.reconciling import Reconciling
from mcp_interface.work import Work

log = structlog.get_logger()

SETTLING_INTERVAL: Final = timedelta(minutes=1)
"""How long a login may outlive the orders that it was kept for."""

LOGINS_INTERVAL: Final = timedelta(minutes=1)
"""How late it may be on record that a broker's clock has ended a login."""


class CannotEnd(Exception):
    """Some sessions are over and cannot be ended, or their logins not forgotten; each of them is
    in the log."""


class Background:
    """Started once per serving process. Sessions are durable: stopping ends none of them."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._trouble: dict[str, str] = {}
        self._all_forgotten = False
        self._reconciling = Reconciling(backend.reconcile, backend.clock)

    @asynccontextmanager
    async def running(self, work: Work) -> AsyncIterator[None]:
        """Run until the body ends; then drain: finish work in flight, flush, stop projecting."""
        backend = self._backend
        backend.projecting.start()
        backend.wake_reconciler = self._reconciling.wake
        cleanup = backend.settings.cleanup_interval
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._reconciling.run)
                tasks.start_soon(self._every, backend.life.flush_interval, "flush", self._flush)
                tasks.start_soon(self._every, cleanup, "sweep", self._sweep)
                tasks.start_soon(self._now_and_every, SETTLING_INTERVAL, "forget", self._forget)
                tasks.start_soon(self._now_and_every, LOGINS_INTERVAL, "logins", self._logins)
                try:
                    yield
                finally:  # what is under way ends first: its store is closed after this
                    tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await self.stop(work)

    async def stop(self, work: Work) -> None:
        """Finish what is in flight, flush activity, close the store. Sessions stay."""
        drained = await work.drain()
        await to_thread.run_sync(self._finish)
        log.info("stopped", drained=drained, left=work.in_flight)

    async def _every(self, interval: timedelta, name: str, job: Callable[[], None]) -> None:
        while True:
            await anyio.sleep(interval.total_seconds())
            await to_thread.run_sync(self._try, name, job)

    async def _now_and_every(self, interval: timedelta, name: str, job: Callable[[], None]) -> None:
        await to_thread.run_sync(self._try, name, job)
        await self._every(interval, name, job)

    def _try(self, name: str, job: Callable[[], None]) -> None:
        """Whatever goes wrong here must not end the server; readiness shows it until it is over."""
        try:
            job()
        except StoreUnavailable as e:
            log.warning("background work waits", work=name, error=e.code)
            self._trouble[name] = e.code
        except Exception as e:
            log.exception("background work failed", work=name)
            self._trouble[name] = type(e).__name__
        else:
            self._trouble.pop(name, None)

    def _flush(self) -> None:
        self._backend.activity.flush()

    def _forget(self) -> None:
        """At the start and after each sweep look at every login, and destroy the keys that none
        uses: what a crash or an absent key store left undone. In between only at retired ones."""
        backend, everything = self._backend, not self._all_forgotten
        loose = backend.vault.destroy_loose_keys() if everything else 0
        forgotten = backend.forget_logins(only_retired=not everything)
        if loose or forgotten.logins:
            log.info("forgot", logins=forgotten.logins, loose_keys=loose)
        for session_id, cause in forgotten.failed:
            log.error("logins cannot be forgotten", session=str(session_id), error=cause)
        if forgotten.failed:
            raise CannotEnd(f"{len(forgotten.failed)} sessions")
        self._all_forgotten = True

    def _logins(self) -> None:
        """Logins that the broker's clock has ended, and those that nobody finished."""
        try:
            self._told(self._backend.sweep(only_logins=True))
        finally:  # neither keeps the other from its work
            self._backend.waiting_logins.clean()

    def _sweep(self) -> None:
        self._all_forgotten = False
        self._told(self._backend.sweep())

    def _told(self, swept: Swept) -> None:
        if swept.ended:
            log.info("swept", ended=swept.ended)
        for session_id, cause in swept.failed:
            log.error("a session cannot be ended", session=str(session_id), error=cause)
        if swept.failed:
            raise CannotEnd(f"{len(swept.failed)} sessions")

    def _finish(self) -> None:
        self._try("flush", self._flush)
        self._backend.projecting.stop()
        self._backend.close()

    def _keys(self) -> dict[str, Any]:
        """Whether the key store answers; without it nobody's login can be used. `Any`: JSON."""
        try:
            self._backend.keys.get("order-id")
        except KeyStoreUnavailable as e:
            return {"ok": False, "why": e.code}
        return {"ok": True}

    def checks(self) -> dict[str, dict[str, Any]]:
        """What readiness depends on; `Any`: plain JSON values."""
        backend = self._backend
        try:
            head = backend.store.head()
            store: dict[str, Any] = {"ok": True, "head": head}
        except StoreUnavailable:
            return {"store": {"ok": False, "why": "STORE_UNAVAILABLE"}}
        projecting = backend.projecting
        return {
            "store": store,
            "keys": self._keys(),
            "projector": {
                "ok": projecting.alive,
                **({"why": projecting.stepped_down} if projecting.stepped_down else {}),
            },
            "reconciler": self._reconciling.check(),
            # Only told: brokers that leave orders unanswered do not make this server unfit.
            "brokers": {
                "ok": True,
                "stopped": [name for name, calls in backend.calls.items() if calls.breaker.is_open],
            },
            **{
                name: {"ok": name not in self._trouble, "why": self._trouble.get(name)}
                for name in ("sweep", "flush", "forget", "logins")
            },
        }
