"""What runs beside the calls: the projector, the sweep, the flush; and how all of it ends."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import anyio
import structlog
from anyio import to_thread

from domain.errors import Refusal, StoreUnavailable
from mcp_interface.composition import Backend
from mcp_interface.work import Work

log = structlog.get_logger()


class Background:
    """Started once per serving process. Sessions are durable: stopping ends none of them."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._sweep_trouble: str | None = None

    @asynccontextmanager
    async def running(self, work: Work) -> AsyncIterator[None]:
        """Run until the body ends; then drain: finish work in flight, flush, stop projecting."""
        backend = self._backend
        backend.projecting.start()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._every, backend.life.flush_interval, self._flush)
            tasks.start_soon(self._every, backend.settings.cleanup_interval, self._sweep)
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

    async def _every(self, interval: timedelta, job: Callable[[], None]) -> None:
        while True:
            await anyio.sleep(interval.total_seconds())
            await to_thread.run_sync(job)

    def _flush(self) -> None:
        try:
            self._backend.activity.flush()
        except StoreUnavailable:
            log.warning("activity waits for the database")

    def _sweep(self) -> None:
        try:
            ended = self._backend.sweep()
            self._sweep_trouble = None
        except Refusal as e:
            self._sweep_trouble = e.code
            log.warning("sweep put off", code=e.code)
            return
        if ended:
            log.info("swept", ended=ended)

    def _finish(self) -> None:
        self._flush()
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
            "sweep": {"ok": self._sweep_trouble is None},
        }
