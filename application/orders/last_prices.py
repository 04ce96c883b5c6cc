"""The last price of one instrument, for judging an order by. Kept for a few seconds per account, as
brokers allow one question a second."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from application.ports.broker import BrokerDown
from application.ports.clock import Clock
from application.sessions.broker_access import Admission
from domain.errors import Refusal
from domain.instruments import Instrument

KEEP: Final = timedelta(seconds=5)
MOST: Final = 10_000


class LastPrice(NamedTuple):
    """In INR per share, and when it was read (UTC)."""

    price_inr: Decimal
    at: datetime


class LastPrices:
    """Of this process, for a few seconds; forgotten altogether when there are too many."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str, str], LastPrice] = {}

    def of(self, admission: Admission, instrument: Instrument) -> LastPrice | None:
        """What the broker says, at most five seconds old; `None` when it has no answer: judging
        an order must not fail because a quote did.

        Raises:
            LoginExpired: the order would hear the same.
        """
        access, broker = admission.access, admission.broker
        key = (broker.name, f"{access.principal}/{access.account_id}", instrument.name)
        now, known = self._clock.now(), self._known.get(key)
        if known is not None and timedelta(0) <= now - known.at < KEEP:
            return known
        try:
            quotes = broker.quotes(access, [instrument], "ltp", now)
        except (BrokerDown, Refusal):
            return None
        if not quotes:
            return None
        price = LastPrice(quotes[0].last_price_inr, self._clock.now())
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[key] = price
        return price
