"""The day's buys and sells of one instrument, and what was carried into the day."""

from dataclasses import dataclass
from decimal import Decimal

from infrastructure.simulator.exchange.margins import Leg, LegKey, paid_in_full
from infrastructure.simulator.exchange.orders import ZERO, Fill, Product
from infrastructure.simulator.market.instruments import Instrument


@dataclass(kw_only=True)
class Position:
    """One instrument under one product. `overnight_shares` are negative when carried short."""

    instrument: Instrument
    product: Product
    buy_shares: int = 0
    buy_value_inr: Decimal = ZERO
    sell_shares: int = 0
    sell_value_inr: Decimal = ZERO
    overnight_shares: int = 0
    overnight_price_inr: Decimal = ZERO

    @property
    def exchange(self) -> str:
        return self.instrument.exchange

    @property
    def symbol(self) -> str:
        return self.instrument.symbol

    @property
    def key(self) -> LegKey:
        return self.exchange, self.symbol, self.product

    @property
    def is_paid_in_full(self) -> bool:
        return paid_in_full(self.instrument, self.product)

    @property
    def was_touched(self) -> bool:
        """Whether there was anything at all today: an empty one is no row of the book."""
        return bool(self.overnight_shares or self.buy_shares or self.sell_shares)

    @property
    def net_shares(self) -> int:
        return self.overnight_shares + self.buy_shares - self.sell_shares

    @property
    def buy_price_inr(self) -> Decimal:
        return _average(self.buy_value_inr, self.buy_shares)

    @property
    def sell_price_inr(self) -> Decimal:
        return _average(self.sell_value_inr, self.sell_shares)

    @property
    def average_price_inr(self) -> Decimal:
        """Of the side that is open, what was carried included; 0 when nothing is."""
        if self.net_shares == 0:
            return ZERO
        return self._opened(1) if self.net_shares > 0 else self._opened(-1)

    @property
    def cash_flow_inr(self) -> Decimal:
        """What the day's trades did to the money: their value if paid in full, else the profit."""
        return (
            self.sell_value_inr - self.buy_value_inr if self.is_paid_in_full else self.realised_inr
        )

    @property
    def realised_inr(self) -> Decimal:
        """What the part that was closed today has earned, what was carried into it included."""
        carried = self.overnight_shares
        matched = min(self.buy_shares + max(0, carried), self.sell_shares + max(0, -carried))
        return matched * (self._opened(-1) - self._opened(1))

    @property
    def leg(self) -> Leg:
        return Leg(
            instrument=self.instrument,
            product=self.product,
            shares=self.net_shares,
            price_inr=self.average_price_inr,
        )

    def add(self, fill: Fill) -> None:
        bought = fill.order.request.side == "BUY"
        self.move(fill.shares, fill.value_inr, is_long=bought)

    def move(self, shares: int, value_inr: Decimal, *, is_long: bool) -> None:
        """Count these shares as bought (or sold); negative ones are taken away again."""
        if is_long:
            self.buy_shares += shares
            self.buy_value_inr += value_inr
        else:
            self.sell_shares += shares
            self.sell_value_inr += value_inr

    def carry(self) -> None:
        """Begin the next day with what is open now."""
        price, self.overnight_shares = self.average_price_inr, self.net_shares
        self.overnight_price_inr = price
        self.buy_shares = self.sell_shares = 0
        self.buy_value_inr = self.sell_value_inr = ZERO

    def _opened(self, direction: int) -> Decimal:
        """The average price of all that was bought (1) or sold (-1)."""
        shares = self.buy_shares if direction > 0 else self.sell_shares
        value = self.buy_value_inr if direction > 0 else self.sell_value_inr
        carried = max(0, self.overnight_shares * direction)
        return _average(value + carried * self.overnight_price_inr, shares + carried)


def _average(value_inr: Decimal, shares: int) -> Decimal:
    return value_inr / shares if shares else ZERO
