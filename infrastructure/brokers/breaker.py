"""Stops new placements at a broker that leaves writes without an answer.

Whoever places into silence gets orders of which nobody knows whether they exist. Reads, cancels
and modifications are never stopped: they are how a person finds out and gets out.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

FAILURES: Final = 5
WINDOW_SECONDS: Final = 60.0
COOL_DOWN_SECONDS: Final = 30.0


@dataclass
class _Way:
    """What came of the latest writes that went one way: (when, account) of failures in a row."""

    failures: list[tuple[float, str]] = field(default_factory=list)
    open_until: float | None = None


class Breaker:
    """One per broker. A way is an egress: a dead proxy says nothing about the others.

    One account's own trouble stops that account only; a second one's shows that it is the broker's.
    """

    def __init__(
        self,
        now: Callable[[], float],
        *,
        failures: int = FAILURES,
        window_seconds: float = WINDOW_SECONDS,
        cool_down_seconds: float = COOL_DOWN_SECONDS,
    ) -> None:
        """`now` is monotonic, in seconds."""
        self._now = now
        self._most = failures
        self._window = window_seconds
        self._cool_down = cool_down_seconds
        self._lock = Lock()
        self._ways: dict[object, _Way] = {}

    @property
    def is_open(self) -> bool:
        """Whether some placement would be stopped now."""
        with self._lock:
            now = self._now()
            return any(way.open_until and now < way.open_until for way in self._ways.values())

    def wait_seconds(self, way: object, account: str) -> float:
        """0: this placement may go. Else it must not, and after so many seconds one may try."""
        with self._lock:
            seen = self._ways.get(way)
            if seen is None or seen.open_until is None:
                return 0.0
            failed = {each for _, each in seen.failures}
            if account not in failed and len(failed) == 1:
                return 0.0
            now = self._now()
            if now < seen.open_until:
                return seen.open_until - now
            # This one is the trial; if it never tells how it ended, the next may try as late.
            seen.open_until = now + self._cool_down
            return 0.0

    def ended(self, way: object, account: str, *, clear: bool) -> None:
        """`clear`: a write got an answer that can be understood, a refusal included. Else it could
        not be sent, or nobody knows how it ended."""
        with self._lock:
            if clear:
                self._ways.pop(way, None)
                return
            now = self._now()
            seen = self._ways.setdefault(way, _Way())
            seen.failures = [*seen.failures, (now, account)][-self._most :]
            in_a_row = len(seen.failures) == self._most
            if seen.open_until is not None or (
                in_a_row and now - seen.failures[0][0] <= self._window
            ):
                seen.open_until = now + self._cool_down
