"""How one broker's calls go out: by which way, how often, and whether at all.

One `Calls` per broker and process, shared by everybody who is logged in there. Importing this
imports neither `requests` nor an SDK; `transport` does, with the first client.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

from application.ports.broker import BrokerDown, RateLimited
from application.ports.egress import DIRECT, Egress
from domain.capabilities import OFFERS, Rate, RateCategory
from domain.vocabulary import BrokerName
from infrastructure.brokers.breaker import Breaker
from infrastructure.brokers.importing import IMPORTING
from infrastructure.brokers.limits import Limits, SlidingLimits, TooMany

if TYPE_CHECKING:
    from infrastructure.brokers.connections import Transport

READ_PATIENCE_SECONDS: Final = 2.0
WRITE_PATIENCE_SECONDS: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class TimeOuts:
    """In seconds: for a connection, for the next bytes of an answer, and for a whole answer.

    A write waits longer than a read, so that its answer is not lost without need. A read is asked
    again for as long as `retrying` lasts.
    """

    connect: float = 3.05
    read: float = 10.0
    write: float = 15.0
    whole: float = 30.0
    retrying: float = 8.0


class NotSent(Exception):
    """No byte of the request left. The text says why and is for the user."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class Calls:
    """What all accounts at one broker share. `now` is monotonic, in seconds."""

    def __init__(
        self,
        broker: BrokerName,
        *,
        limits: Limits | None = None,
        breaker: Breaker | None = None,
        time_outs: TimeOuts | None = None,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.broker = broker
        self.time_outs = time_outs or TimeOuts()
        self.breaker = breaker or Breaker(now)
        self._limits = limits or SlidingLimits(now)
        self._pause = pause
        self._lock = Lock()
        self._transports: dict[Egress, Transport] = {}

    def line(self, account: str, egress: Egress = DIRECT) -> "Line":
        """`account` is what the broker counts calls by; before a login has told that, anything
        that tells people apart."""
        digest = hashlib.sha256(f"{self.broker}\0{account}".encode()).hexdigest()[:32]
        return Line(calls=self, account=digest, egress=egress)

    def transport(self, egress: Egress) -> "Transport":
        """The connections of this way, shared by all who take it."""
        with IMPORTING:
            from infrastructure.brokers.connections import Transport

        with self._lock:
            found = self._transports.get(egress)
            if found is None:
                found = self._transports[egress] = Transport(egress)
            return found

    def wait_for_turn(self, account: str, category: RateCategory, patience_seconds: float) -> None:
        """Return when this account may be asked again.

        Raises:
            TooMany: that is later than `patience_seconds` from now.
        """
        rates = OFFERS[self.broker].rates
        rate: Rate = rates.get(category) or rates["other"]
        wait = self._limits.reserve((self.broker, account, category), rate, patience_seconds)
        if wait > 0:
            self._pause(wait)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One account's way to the broker; neither ever changes. `account` is a digest."""

    calls: Calls
    account: str
    egress: Egress

    def may_write(self, category: RateCategory, *, places: bool) -> None:
        """Return when a write may go, after a second at most.

        Raises:
            NotSent: RATE_LIMITED or BROKER_UNAVAILABLE, with when to try again.
        """
        name = self.calls.broker.title()
        try:
            self.calls.wait_for_turn(self.account, category, WRITE_PATIENCE_SECONDS)
        except TooMany as late:
            raise NotSent(
                "RATE_LIMITED",
                f"This account has asked as much of {name} as {name} allows; nothing was sent. "
                f"Next: try again in {late.again_in_seconds:.1f} s.",
            ) from None
        wait = self.calls.breaker.wait_seconds(self.egress, self.account) if places else 0.0
        if wait > 0:
            raise NotSent(
                "BROKER_UNAVAILABLE",
                f"{name} left the last orders without an answer, so no new ones are sent for now; "
                f"nothing was sent. Next: try again in {wait:.0f} s.",
            )

    def may_read(self, category: RateCategory) -> None:
        """Raises: RateLimited, with when to ask again."""
        try:
            self.calls.wait_for_turn(self.account, category, READ_PATIENCE_SECONDS)
        except TooMany as late:
            raise RateLimited(late.again_in_seconds) from None

    def write_ended(self, *, clear: bool) -> None:
        self.calls.breaker.ended(self.egress, self.account, clear=clear)


def no_answer(error: BaseException | None) -> BrokerDown:
    """What to raise when a read ended with this error, for whatever reason."""
    return error if isinstance(error, BrokerDown) else BrokerDown(type(error).__name__)
