"""The simulator's clock: the machine's own, moved on, or stopped."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock


@dataclass(frozen=True)
class _Setting:
    """It is `shown` when the machine's clock says `since`; from then on it runs or stands."""

    shown: datetime
    since: datetime
    running: bool


class SimClock:
    """Call it for the time in UTC. Safe to use from many threads.

    It starts at `at`, or with the `system` clock. Afterwards it can only be moved forwards:
    accounts, tokens and order ids have already seen the time that is past.
    """

    def __init__(
        self,
        system: Callable[[], datetime],
        at: datetime | None = None,
        *,
        running: bool = True,
    ) -> None:
        """Raises: ValueError: `at` has no zone."""
        now = system()
        self._system = system
        self._lock = Lock()
        self._setting = _Setting(now if at is None else _in_utc(at), now, running)

    def __call__(self) -> datetime:
        setting = self._setting
        if not setting.running:
            return setting.shown
        return setting.shown + (self._system() - setting.since)

    @property
    def running(self) -> bool:
        return self._setting.running

    def set(self, at: datetime | None = None, *, running: bool | None = None) -> datetime:
        """Move on to `at`, and start or stop; what is not given stays. Returns the time.

        Raises:
            ValueError: `at` has no zone, or is past.
        """
        with self._lock:
            now = self()
            shown = now if at is None else _in_utc(at)
            if shown < now:
                raise ValueError(
                    "The clock moves forwards only. Next: start the simulator anew with --clock."
                )
            running = self.running if running is None else running
            self._setting = _Setting(shown, self._system(), running)
            return shown

    def advance(self, by: timedelta) -> datetime:
        """Move on by this much. Returns the time.

        Raises:
            ValueError: it is negative.
        """
        if by < timedelta(0):
            raise ValueError("The clock moves forwards only.")
        with self._lock:
            shown = self() + by
            self._setting = _Setting(shown, self._system(), self.running)
            return shown


def _in_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("The time needs a zone, as in 2026-11-23T09:20+05:30.")
    return at.astimezone(UTC)
