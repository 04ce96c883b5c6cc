"""What runs beside the calls: the projector, the sweep, the flush; and how all of it ends."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import anyio
import structlog
from anyio import to_thread

from domain.errors import StoreUnavailable
from mcp_interface.composition import Backend
from mcp_interface.work import Work

log = structlog.get_logger()


class CannotEnd(Exception):
    """Some sessions are over and cannot be ended; each of them is in the log."""


class Background:
    """Started once per serving process. Sessions are durable: stopping ends none of them."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._trouble: dict[str, str] = {}

    @asynccontextmanager
    async def running(self, work: Work) -> AsyncIterator[None]:
        """Run until the body ends; then drain: finish work in flight, flush, stop projecting."""
        backend = self._backend
        backend.projecting.start()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._every, backend.life.flush_interval, "flush", self._flush)
            tasks.start_soon(self._every, backend.settings.cleanup_interval, "sweep", self._sweep)
            try:
                yield
            finally:
                with anyio.CancelScope(shield=True):
                    await self.stop(work)
                tasks.cancel_scope.cancel()

    async def stop(self, work: Work) -> None:
        """Finish what is in flight, flush activity, close the store. Sessions stay."""
        drained = await work.drain()
        await to_thread.run_sync(self._finish)
        log.info("stopped", drained=drained, left=work.in_flight)

    async def _every(self, interval: timedelta, name: str, job: Callable[[], None]) -> None:
        while True:
            await anyio.sleep(interval.total_seconds())
            await to_thread.run_sync(self._try, name, job)

    def _try(self, name: str, job: Callable[[], None]) -> None:
        """Whatever goes wrong here must not end the server; readiness shows it until it is over."""
        try:
            job()
        except StoreUnavailable as e:
            log.warning("background work waits for the database", work=name)
            self._trouble[name] = e.code
        except Exception as e:
            log.exception("background work failed", work=name)
            self._trouble[name] = type(e).__name__
        else:
            self._trouble.pop(name, None)

    def _flush(self) -> None:
        self._backend.activity.flush()

    def _sweep(self) -> None:
        swept = self._backend.sweep()
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
            "projector": {
                "ok": projecting.alive,
                **({"why": projecting.stepped_down} if projecting.stepped_down else {}),
            },
            **{
                name: {"ok": name not in self._trouble, "why": self._trouble.get(name)}
                for name in ("sweep", "flush")
            },
        }
