"""The reconciler at work: it asks what is due, and looks at each account in threads of its own."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import anyio
import structlog
from anyio import CapacityLimiter, to_thread
from anyio.abc import TaskGroup

from application.orders.reconcile import Look, Reconcile
from application.ports.clock import Clock
from domain.errors import Refusal, StoreUnavailable
from domain.vocabulary import BROKERS

T = TypeVar("T")

ROUND: Final = timedelta(seconds=2)
"""Between two rounds, unless somebody has logged in."""
CLOSING: Final = timedelta(seconds=10)
"""How long something that nobody can be sending any more may stay open."""
FIRST_LOOKS: Final = timedelta(seconds=15)
"""How long readiness waits for accounts that cannot be seen."""
OVERDUE: Final = timedelta(seconds=60)
THREADS_PER_BROKER: Final = 8

log = structlog.get_logger()


class Reconciling:
    """One per serving process. Several processes are merely wasteful: all they do is guarded."""

    def __init__(self, reconcile: Reconcile, clock: Clock) -> None:
        self._reconcile = reconcile
        self._clock = clock
        self._thread = CapacityLimiter(1)
        # A broker that hangs takes its own threads only.
        self._brokers = {broker: CapacityLimiter(THREADS_PER_BROKER) for broker in BROKERS}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = anyio.Event()
        self._alive = False
        self._trouble: str | None = None
        self._under_way: set[tuple[object, ...]] = set()
        self._first: set[tuple[object, ...]] | None = None
        """Logins whose account was not looked at yet; `None` before it is known which there are."""
        self._began = self._closed = self._completed = clock.now()

    def wake(self) -> None:
        """Do not wait for the next round. From any thread; it waits for nobody."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the server has ended
                self._loop.call_soon_threadsafe(lambda: self._woken.set())

    async def run(self) -> None:
        """Until it is cancelled. What kills it is in the log, and readiness says that it is dead:
        the calls of the server go on, and its first order in an account looks first."""
        self._loop, self._alive = asyncio.get_running_loop(), True
        self._began = self._completed = self._clock.now()
        self._closed = self._began - CLOSING
        try:
            async with anyio.create_task_group() as looks:
                while True:
                    self._woken = anyio.Event()
                    await self._round(looks)
                    with anyio.move_on_after(ROUND.total_seconds()):
                        await self._woken.wait()
        except Exception:  # whatever it was: its death is shown instead of the server's
            log.exception("the reconciler died")
        finally:
            self._alive = False

    async def _round(self, tasks: TaskGroup) -> None:
        due = await to_thread.run_sync(self._ask, limiter=self._thread)
        if due is None:
            return
        self._completed = self._clock.now()
        if self._first is None:
            self._first = {look.login for look in due}
        for look in due:
            account = (look.principal, look.broker)
            if account not in self._under_way:
                self._under_way.add(account)
                tasks.start_soon(self._look, look, account)

    async def _look(self, look: Look, account: tuple[object, ...]) -> None:
        try:
            await to_thread.run_sync(self._see, look, limiter=self._brokers[look.broker])
        finally:
            self._under_way.discard(account)
            if self._first is not None:
                self._first.discard(look.login)

    def _ask(self) -> tuple[Look, ...] | None:
        """`None` when the store is away, or something is wrong with us."""
        now = self._clock.now()
        troubles: list[str] = []
        closes = now - self._closed >= CLOSING
        if closes and _tried(self._reconcile.close_stale, troubles) is not None:
            self._closed = now
        due = _tried(self._reconcile.due, troubles)
        self._trouble = next(iter(troubles), None)
        return due

    def _see(self, look: Look) -> None:
        """What goes wrong with one account is its own affair: it is tried again later."""
        try:
            self._reconcile.look(look)
        except StoreUnavailable as e:
            log.warning("the reconciler waits", error=e.code)
        except Refusal as e:
            log.info(
                "an account was not seen",
                broker=look.broker,
                session=str(look.session_id),
                error=e.code,
            )
        except Exception:  # of one account that we cannot make sense of; the others go on
            log.exception("an account failed", broker=look.broker, session=str(look.session_id))

    def check(self) -> dict[str, Any]:
        """What readiness tells; `Any`: plain JSON values."""
        why = self._why_not(self._clock.now())
        overview = self._reconcile.overview
        return {
            "ok": why is None,
            "why": why,
            "accounts": overview.accounts,
            "inDoubt": overview.in_doubt,
        }

    def _why_not(self, now: datetime) -> str | None:
        if not self._alive:
            return "DEAD"
        if self._trouble is not None:
            return self._trouble
        if self._first is None or (self._first and now - self._began < FIRST_LOOKS):
            return "FIRST_LOOKS"
        return "OVERDUE" if now - self._completed >= OVERDUE else None


def _tried(job: Callable[[], T], troubles: list[str]) -> T | None:
    try:
        return job()
    except StoreUnavailable as e:
        log.warning("the reconciler waits", error=e.code)
        troubles.append(e.code)
    except Exception as e:  # a bug must not end the looking; readiness shows it
        log.exception("reconciling failed")
        troubles.append(type(e).__name__)
    return None
