"""Time that moves only when somebody sleeps or a test says so; identifiers that count up."""

import threading
from datetime import datetime, timedelta
from uuid import UUID


class ManualClock:
    def __init__(self, at: datetime) -> None:
        self.at = at
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.at += timedelta(seconds=seconds)

    def advance(self, duration: timedelta) -> None:
        self.at += duration


def numbered(n: int) -> UUID:
    """The n-th identifier that `CountingIds` gives out."""
    return UUID(f"{n:08x}-0000-4000-8000-{n:012x}")


class CountingIds:
    """The same identifiers on every run, so that a failed test names the same ones again."""

    def __init__(self) -> None:
        self.issued: list[UUID] = []
        self._lock = threading.Lock()

    def new(self) -> UUID:
        with self._lock:
            self.issued.append(numbered(len(self.issued) + 1))
            return self.issued[-1]
