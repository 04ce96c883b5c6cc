"""How often an account may be asked: what brokers allow, kept on our side.

Every slot is given away in advance, so that those who wait are served one after the other.
"""

from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Final, NamedTuple, Protocol

from domain.capabilities import Rate

Key = tuple[str, str, str]
"""Broker, account (a digest), category."""

_FEW: Final = 256


class TooMany(Exception):
    """No slot is free soon enough. Nothing was taken."""

    def __init__(self, again_in_seconds: float) -> None:
        super().__init__(f"again in {again_in_seconds:.1f} s")
        self.again_in_seconds = again_in_seconds


class Slot(NamedTuple):
    """From when on one call may go. Monotonic seconds of this process: the slot begins between the
    two, which are the same where the clock that decides is our own."""

    earliest: float
    latest: float


class Limits(Protocol):
    def reserve(self, key: Key, rate: Rate, patience_seconds: float) -> Slot:
        """Take the next slot, so that at most `rate.calls` begin in any span of `rate.seconds`.

        Raises:
            TooMany: it begins later than `patience_seconds` from now.
            StoreUnavailable: nobody can tell; only where a store is asked.
        """
        ...


def next_slot(given: Sequence[float], now: float, rate: Rate) -> float:
    """When the next one begins; `given` are those before, in order, at least `rate.calls` of them
    if there were as many."""
    if len(given) < rate.calls:
        return now
    return max(now, given[-rate.calls] + rate.seconds)


class SlidingLimits:
    """Of this process only. `now` is monotonic."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = Lock()
        self._slots: dict[Key, tuple[deque[float], float]] = {}
        self._sweep_at = _FEW

    def __len__(self) -> int:
        return len(self._slots)

    def reserve(self, key: Key, rate: Rate, patience_seconds: float) -> Slot:
        with self._lock:
            now = self._now()
            slots, _ = self._slots.get(key) or (deque[float](maxlen=rate.calls), 0.0)
            begins = next_slot(slots, now, rate)
            if begins - now > patience_seconds:
                raise TooMany(begins - now)
            slots.append(begins)
            self._slots[key] = (slots, rate.seconds)
            if len(self._slots) > self._sweep_at:
                self._sweep(now)
            return Slot(begins, begins)

    def _sweep(self, now: float) -> None:
        """Forget accounts that are idle: what they did no longer counts."""
        self._slots = {
            key: (slots, seconds)
            for key, (slots, seconds) in self._slots.items()
            if slots[-1] + seconds > now
        }
        self._sweep_at = max(_FEW, 2 * len(self._slots))
