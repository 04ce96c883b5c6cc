"""Run blocking work in bounded threads, finish what was begun, and drain before the end.

A thread that has started is never abandoned: when the client hangs up, the call to the broker and
the event that records its outcome still happen.
"""

from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

import anyio
from anyio import CapacityLimiter, to_thread

from domain.errors import ShuttingDown
from domain.vocabulary import BROKERS

T = TypeVar("T")

STORE_THREADS: Final = 40
THREADS_PER_BROKER: Final = 64
THREADS_PER_PRINCIPAL: Final = 8
DRAIN_SECONDS: Final = 25.0
_NONE: Final = "none"


class Work:
    """Limits are of this process. Work for brokers never takes the threads of plain reading."""

    def __init__(self) -> None:
        self._store = CapacityLimiter(STORE_THREADS)
        # A name that is none has threads of its own, too, however many such names are asked for.
        self._brokers = {name: CapacityLimiter(THREADS_PER_BROKER) for name in (*BROKERS, _NONE)}
        self._principals: dict[UUID, CapacityLimiter] = {}
        self._in_flight = 0
        self._idle: anyio.Event | None = None

    @property
    def in_flight(self) -> int:
        return self._in_flight

    async def run(self, job: Callable[[], T]) -> T:
        """Work that touches only our own store.

        Raises:
            ShuttingDown: the server takes no new work.
        """
        return await self._run(job, self._store)

    async def run_at_broker(self, principal: UUID, broker: str, job: Callable[[], T]) -> T:
        """Work that may wait for a broker: bounded per broker and per person."""
        mine = self._principals.setdefault(principal, CapacityLimiter(THREADS_PER_PRINCIPAL))
        theirs = self._brokers.get(broker, self._brokers[_NONE])
        try:
            async with AsyncExitStack() as stack:
                await stack.enter_async_context(mine)
                return await self._run(job, theirs)
        finally:
            if not mine.borrowed_tokens and not mine.statistics().tasks_waiting:
                self._principals.pop(principal, None)

    async def _run(self, job: Callable[[], T], limiter: CapacityLimiter) -> T:
        if self._idle is not None:
            raise ShuttingDown("The server is stopping; nothing was done. Next: try again.")
        self._in_flight += 1
        try:
            return await to_thread.run_sync(partial(job), limiter=limiter)
        finally:
            self._in_flight -= 1
            self._tell_if_idle()

    def _tell_if_idle(self) -> None:
        if self._idle is not None and not self._in_flight:
            self._idle.set()

    async def drain(self) -> bool:
        """Take no more work and wait for what is running; say whether all of it ended in time."""
        self._idle = anyio.Event()
        if self._in_flight:
            with anyio.move_on_after(DRAIN_SECONDS):
                await self._idle.wait()
        return self._in_flight == 0
