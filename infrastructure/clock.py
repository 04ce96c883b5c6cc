"""The real clock and real identifiers: the only place that reads either."""

import time
from datetime import UTC, datetime
from uuid import UUID, uuid4


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class RandomIds:
    def new(self) -> UUID:
        return uuid4()
