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


class CountingIds:
    """00000000-0000-0000-0000-000000000001, then ...2: a failed test names the same ids again."""

    def __init__(self) -> None:
        self.issued: list[UUID] = []
        self._lock = threading.Lock()

    def new(self) -> UUID:
        with self._lock:
            self.issued.append(UUID(int=len(self.issued) + 1))
            return self.issued[-1]
