"""The market as orders meet it: what is listed, what it costs, how much is on offer, until when."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from infrastructure.simulator.exchange.orders import OrderRequest, Side
from infrastructure.simulator.exchange.refusals import Refused
from infrastructure.simulator.market.hours import MarketHours
from infrastructure.simulator.market.instruments import Instrument
from infrastructure.simulator.market.prices import first_reached, has_expired, price
from infrastructure.simulator.market.quotes import circuit, depth
from infrastructure.simulator.market.universe import listed

_PERCENT = Decimal("0.01")

# (below this price in INR, per cent): the bands that Zerodha publishes for orders that leave the
# choice to it; from memory, so approximate. The last one holds for all above.
_SHARE_BANDS = ((100, Decimal(2)), (500, Decimal(1)), (None, Decimal("0.5")))
_OPTION_BANDS = ((10, Decimal(5)), (100, Decimal(3)), (500, Decimal(2)), (None, Decimal(1)))


@dataclass(frozen=True, kw_only=True)
class Venue:
    """Functions of seed, hours and time only."""

    seed: int
    hours: MarketHours

    def instrument(self, exchange: str, symbol: str, at: datetime) -> Instrument:
        """Raises: Refused: not listed on that day."""
        found = listed(at).find(exchange, symbol)
        if found is None:
            raise _not_there()
        return found

    def must_trade(self, instrument: Instrument, at: datetime) -> None:
        """Raises: Refused: it expires by then, though it stays listed until the end of the day."""
        if has_expired(instrument, at):
            raise _not_there()

    def last(self, instrument: Instrument, at: datetime) -> Decimal:
        """The last traded price in INR, which outside of market hours is that of the close."""
        return price(self.seed, instrument, self.hours.tape(at))

    def first_reached(
        self,
        instrument: Instrument,
        after: datetime,
        until: datetime,
        reached: Callable[[Decimal], bool],
    ) -> datetime | None:
        """The first instant in (after, until] with such a price, while the market is open."""
        return first_reached(self.seed, instrument, after, until, reached, self.hours)

    def day_range(self, instrument: Instrument, at: datetime) -> tuple[Decimal, Decimal] | None:
        """Lowest and highest price in INR that orders may name; `None` for an index."""
        return circuit(self.seed, instrument, self.hours.tape(at))

    def on_offer(self, instrument: Instrument, side: Side, at: datetime) -> int:
        """How many shares the five levels show to somebody who buys (or sells) now."""
        bids, asks = depth(self.seed, instrument, at)
        return sum(level.quantity_shares for level in (asks if side == "BUY" else bids))

    def worst_price(
        self, request: OrderRequest, instrument: Instrument, last_inr: Decimal
    ) -> Decimal:
        """Where the band of a protected market order ends, in INR, on tick."""
        percent = request.market_protection_percent
        if percent is None or percent < 0:
            bands = _OPTION_BANDS if instrument.kind in ("CE", "PE") else _SHARE_BANDS
            percent = next(p for below, p in bands if below is None or last_inr < below)
        off = last_inr * percent * _PERCENT // instrument.tick_inr * instrument.tick_inr
        if request.side == "BUY":
            return last_inr + off
        return max(instrument.tick_inr, last_inr - off)


def _not_there() -> Refused:
    return Refused(
        "INPUT",
        "The instrument you are placing an order for has either expired or does not exist.",
    )
