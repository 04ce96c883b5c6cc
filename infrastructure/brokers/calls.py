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
from domain.errors import StoreUnavailable
from domain.vocabulary import BrokerName
from infrastructure.brokers.breaker import Breaker
from infrastructure.brokers.importing import IMPORTING
from infrastructure.brokers.limits import Limits, SlidingLimits, Slot, TooMany

if TYPE_CHECKING:
    from infrastructure.brokers.connections import Transport

READ_PATIENCE_SECONDS: Final = 2.0
MORE_TURNS: Final = 3
LONGEST_SLEEP_SECONDS: Final = 5.0
WRITE_PATIENCE_SECONDS: Final = 1.5
"""More than a second and the guard: after a burst the next one waits instead of being refused."""

ORDER_GUARD_SECONDS: Final = 0.25
"""How much later than its slot an order may reach the broker without ever being the ninth of a
second there: slots are that much further apart than the broker counts. An even delay costs nothing
of it, only what differs from order to order: our own part, bounded below, and the network's. What
it costs is rate, in the long run 6.4 orders a second instead of 8; a burst of 8 stays possible.
Beyond it (a lost packet is sent again after 0.2 s or more) there are 2 left of the 10 allowed."""

LATEST_START_SECONDS: Final = 0.15
"""How long after its slot began an order may still leave. The rest of the guard is the network's:
answers from one broker vary by some ten milliseconds, hardly ever by 100."""


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
    """What all accounts at one broker share.

    `order_limits` count the orders of all instances; without it those of this process count, as
    reads do. `fingerprint` makes a digest of an account's id, keyed if it is going to be stored.
    `now` is monotonic, in seconds.
    """

    def __init__(
        self,
        broker: BrokerName,
        *,
        order_limits: Limits | None = None,
        fingerprint: Callable[[str], str] | None = None,
        breaker: Breaker | None = None,
        time_outs: TimeOuts | None = None,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.broker = broker
        self.time_outs = time_outs or TimeOuts()
        self.breaker = breaker or Breaker(now)
        self._order_limits = order_limits or SlidingLimits(now)
        self._limits = SlidingLimits(now)
        self._fingerprint = fingerprint or self._digest
        self._now = now
        self._pause = pause
        self._lock = Lock()
        self._transports: dict[Egress, Transport] = {}

    def line(self, account: str, egress: Egress = DIRECT) -> "Line":
        """`account` is what the broker counts calls by; before a login has told that, anything
        that tells people apart.

        Raises:
            KeyStoreUnavailable: there is no key for its fingerprint.
        """
        return Line(calls=self, account=self._fingerprint(account), egress=egress)

    def _digest(self, account: str) -> str:
        return hashlib.sha256(f"{self.broker}\0{account}".encode()).hexdigest()[:32]

    def transport(self, egress: Egress) -> "Transport":
        """The connections of this way, shared by all who take it."""
        with IMPORTING:
            from infrastructure.brokers.connections import Transport

        with self._lock:
            found = self._transports.get(egress)
            if found is None:
                found = self._transports[egress] = Transport(egress)
            return found

    def wait_for_turn(self, account: str, category: RateCategory, patience_seconds: float) -> Slot:
        """Return when this account may be asked again.

        Raises:
            TooMany: that is later than `patience_seconds` from now.
            StoreUnavailable: of an order, where the limits are in a store.
        """
        rates = OFFERS[self.broker].rates
        rate: Rate = rates.get(category) or rates["other"]
        limits: Limits = self._limits
        if category == "order":
            rate = Rate(calls=rate.calls, seconds=rate.seconds + ORDER_GUARD_SECONDS)
            limits = self._order_limits
        slot = limits.reserve((self.broker, account, category), rate, patience_seconds)
        wait = slot.latest - self._now()
        if wait > 0:
            self._pause(wait)
        return slot

    def late_seconds(self, slot: Slot) -> float:
        """How long ago the slot began, at most; negative before it does."""
        return self._now() - slot.earliest


@dataclass(frozen=True, kw_only=True)
class Line:
    """One account's way to the broker; neither ever changes. `account` is a digest."""

    calls: Calls
    account: str
    egress: Egress

    def may_write(self, category: RateCategory, *, places: bool) -> "Turn":
        """Return when a write may go, after one and a half seconds at most.

        Raises:
            NotSent: RATE_LIMITED, STORE_UNAVAILABLE or BROKER_UNAVAILABLE, with when to try again.
        """
        turn = Turn(self, category)
        wait = self.calls.breaker.wait_seconds(self.egress, self.account) if places else 0.0
        if wait > 0:
            raise NotSent(
                "BROKER_UNAVAILABLE",
                f"{self.name} left the last orders without an answer, so no new ones are sent for "
                f"now; nothing was sent. Next: try again in {wait:.0f} s.",
            )
        return turn

    @property
    def name(self) -> str:
        return self.calls.broker.title()

    def may_read(self, category: RateCategory) -> None:
        """Raises: RateLimited, with when to ask again."""
        try:
            self.calls.wait_for_turn(self.account, category, READ_PATIENCE_SECONDS)
        except TooMany as late:
            raise RateLimited(late.again_in_seconds) from None

    def write_ended(self, *, clear: bool) -> None:
        self.calls.breaker.ended(self.egress, self.account, clear=clear)


class Turn:
    """One write's right to leave; an order's is over soon after its slot began.

    A process that was stopped in between, or a machine that is too busy, would otherwise let out
    what it held back together with what has a slot now.
    """

    def __init__(self, line: Line, category: RateCategory) -> None:
        """Raises: NotSent."""
        self._line = line
        self._category = category
        self._slot = self._wait()

    def must_hold(self) -> None:
        """Ask just before the first byte leaves. A turn that went by (a slow connection, a busy
        machine) is no harm yet, as nothing has left: another one is waited for, a few times. After
        a long sleep it is not: nobody knows what the world is like by then.

        Raises:
            NotSent: RATE_LIMITED or STORE_UNAVAILABLE.
        """
        for _ in range(MORE_TURNS):
            if not self._is_over() or self._late() > LONGEST_SLEEP_SECONDS:
                break
            self._slot = self._wait()
        if self._is_over():
            raise NotSent(
                "RATE_LIMITED",
                f"The moment at which {self._line.name} could take this passed before it left "
                "here; nothing was sent. Next: try again now.",
            )

    def _late(self) -> float:
        return self._line.calls.late_seconds(self._slot)

    def _is_over(self) -> bool:
        is_order = self._category == "order"
        return is_order and self._late() > LATEST_START_SECONDS

    def _wait(self) -> Slot:
        line = self._line
        try:
            return line.calls.wait_for_turn(line.account, self._category, WRITE_PATIENCE_SECONDS)
        except TooMany as late:
            raise NotSent(
                "RATE_LIMITED",
                f"This account has asked as much of {line.name} as {line.name} allows; nothing was "
                f"sent. Next: try again in {late.again_in_seconds:.1f} s.",
            ) from None
        except StoreUnavailable:
            raise NotSent(
                "STORE_UNAVAILABLE",
                "The store that counts this account's orders cannot be reached; nothing was sent. "
                "Next: try again in a moment.",
            ) from None


def no_answer(error: BaseException | None) -> BrokerDown:
    """What to raise when a read ended with this error, for whatever reason."""
    return error if isinstance(error, BrokerDown) else BrokerDown(type(error).__name__)
