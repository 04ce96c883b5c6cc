"""How often an account may be asked: what brokers allow, kept on our side.

Of this process only. Every slot is given away in advance, under a lock, so a store that several
instances share can stand behind `Limits` with the same answer.
"""

from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Final, Protocol

from domain.capabilities import Rate

Key = tuple[str, str, str]
"""Broker, account (a digest), category."""

_FEW: Final = 256


class TooMany(Exception):
    """No slot is free soon enough. Nothing was taken."""

    def __init__(self, again_in_seconds: float) -> None:
        super().__init__(f"again in {again_in_seconds:.1f} s")
        self.again_in_seconds = again_in_seconds


class Limits(Protocol):
    def reserve(self, key: Key, rate: Rate, patience_seconds: float) -> float:
        """Take the next slot; answer with the seconds until it begins, 0 when that is now.

        Raises:
            TooMany: it begins later than `patience_seconds` from now.
        """
        ...


class SlidingLimits:
    """At most `rate.calls` slots begin in any span of `rate.seconds`. `now` is monotonic."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = Lock()
        self._slots: dict[Key, tuple[deque[float], float]] = {}
        self._sweep_at = _FEW

    def __len__(self) -> int:
        return len(self._slots)

    def reserve(self, key: Key, rate: Rate, patience_seconds: float) -> float:
        with self._lock:
            now = self._now()
            slots, _ = self._slots.get(key) or (deque[float](maxlen=rate.calls), 0.0)
            begins = now
            if len(slots) == rate.calls:
                begins = max(now, slots[0] + rate.seconds)
            if begins - now > patience_seconds:
                raise TooMany(begins - now)
            slots.append(begins)
            self._slots[key] = (slots, rate.seconds)
            if len(self._slots) > self._sweep_at:
                self._sweep(now)
            return begins - now

    def _sweep(self, now: float) -> None:
        """Forget accounts that are idle: what they did no longer counts."""
        self._slots = {
            key: (slots, seconds)
            for key, (slots, seconds) in self._slots.items()
            if slots[-1] + seconds > now
        }
        self._sweep_at = max(_FEW, 2 * len(self._slots))
