"""What one customer of the simulated exchange has: orders, fills, positions, shares and money.

Everything here belongs to exactly one account, and nothing here knows that there are others.
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from infrastructure.simulator.instruments import INSTRUMENTS
from infrastructure.simulator.orders import ZERO, Fill, Order, Product
from infrastructure.simulator.prices import price

PAISA = Decimal("0.01")
INTRADAY_MARGIN = Decimal("0.2")


@dataclass(kw_only=True)
class Position:
    """The day's buys and sells of one share under one product."""

    symbol: str
    product: Product
    buy_shares: int = 0
    buy_value_inr: Decimal = ZERO
    sell_shares: int = 0
    sell_value_inr: Decimal = ZERO

    @property
    def net_shares(self) -> int:
        return self.buy_shares - self.sell_shares

    @property
    def buy_price_inr(self) -> Decimal:
        return _average(self.buy_value_inr, self.buy_shares)

    @property
    def sell_price_inr(self) -> Decimal:
        return _average(self.sell_value_inr, self.sell_shares)

    @property
    def average_price_inr(self) -> Decimal:
        if self.net_shares == 0:
            return ZERO
        return self.buy_price_inr if self.net_shares > 0 else self.sell_price_inr

    @property
    def margin_inr(self) -> Decimal:
        """Blocked for as long as an intraday position is open; deliveries are paid in full."""
        if self.product == "CNC":
            return ZERO
        return abs(self.net_shares) * self.average_price_inr * INTRADAY_MARGIN

    @property
    def cash_flow_inr(self) -> Decimal:
        """What the day's trades did to the money: deliveries in full, intraday only its profit."""
        if self.product == "CNC":
            return self.sell_value_inr - self.buy_value_inr
        matched = min(self.buy_shares, self.sell_shares)
        return matched * (self.sell_price_inr - self.buy_price_inr)

    def add(self, fill: Fill) -> None:
        bought = fill.order.request.side == "BUY"
        self.move(fill.order.filled_shares, fill.value_inr, is_long=bought)

    def move(self, shares: int, value_inr: Decimal, *, is_long: bool) -> None:
        """Count these shares as bought (or sold); negative ones are taken away again."""
        if is_long:
            self.buy_shares += shares
            self.buy_value_inr += value_inr
        else:
            self.sell_shares += shares
            self.sell_value_inr += value_inr


@dataclass(frozen=True, kw_only=True)
class Holding:
    """Shares in the demat account since before today."""

    symbol: str
    quantity_shares: int
    average_price_inr: Decimal
    sold_today_shares: int = 0


@dataclass(frozen=True, kw_only=True)
class Funds:
    opening_inr: Decimal
    available_inr: Decimal
    used_inr: Decimal


@dataclass(kw_only=True)
class Account:
    """One customer at one broker, on one trading day."""

    broker: str
    user: str
    name: str
    cash_inr: Decimal
    day_ends_at: datetime
    looked_at: datetime
    holdings: dict[str, Holding] = field(default_factory=dict)
    steps: dict[str, list[Order]] = field(default_factory=dict)
    working: dict[str, Order] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    positions: dict[tuple[str, Product], Position] = field(default_factory=dict)

    def step(self, order: Order) -> Order:
        """Write the next step of an order's life down."""
        if not order.is_working:
            order = replace(order, blocked_inr=ZERO)
            self.working.pop(order.order_id, None)
        else:
            self.working[order.order_id] = order
        self.steps.setdefault(order.order_id, []).append(order)
        return order

    def book(self, fill: Fill) -> None:
        request = fill.order.request
        key = (request.symbol, request.product)
        self.positions.setdefault(
            key, Position(symbol=request.symbol, product=request.product)
        ).add(fill)
        self.fills.append(fill)

    def net_shares(self, symbol: str, product: Product) -> int:
        position = self.positions.get((symbol, product))
        return position.net_shares if position else 0

    def deliverable_shares(self, symbol: str) -> int:
        """What may still be sold for delivery: held, plus bought today, less what is on sale."""
        held = self.holdings.get(symbol)
        on_sale = sum(
            order.request.quantity_shares
            for order in self.working.values()
            if order.request.symbol == symbol
            and order.request.product == "CNC"
            and order.request.side == "SELL"
        )
        return (held.quantity_shares if held else 0) + self.net_shares(symbol, "CNC") - on_sale

    def funds(self) -> Funds:
        blocked = sum((order.blocked_inr for order in self.working.values()), ZERO)
        margins = sum((position.margin_inr for position in self.positions.values()), ZERO)
        flow = sum((position.cash_flow_inr for position in self.positions.values()), ZERO)
        return Funds(
            opening_inr=self.cash_inr,
            available_inr=_paise(self.cash_inr + flow - margins - blocked),
            used_inr=_paise(margins + blocked - flow),
        )

    def holding_rows(self) -> tuple[Holding, ...]:
        return tuple(
            replace(held, sold_today_shares=max(0, -self.net_shares(held.symbol, "CNC")))
            for held in self.holdings.values()
        )


def seeded_holdings(seed: int, broker: str, user: str, at: datetime) -> dict[str, Holding]:
    """Four shares to begin with, other ones for every customer, so that mixed-up accounts show."""
    symbols, held = list(INSTRUMENTS), {}
    digest = hashlib.blake2b(f"{seed}:{broker}:{user}".encode(), digest_size=12).digest()
    for pick, shares, discount in zip(digest[:4], digest[4:8], digest[8:], strict=True):
        symbol = symbols[pick % len(symbols)]
        ticks = price(seed, symbol, at) * (800 + discount) / 1000 // INSTRUMENTS[symbol].tick_inr
        held[symbol] = Holding(
            symbol=symbol,
            quantity_shares=5 + shares % 56,
            average_price_inr=ticks * INSTRUMENTS[symbol].tick_inr,
        )
    return held


def _average(value_inr: Decimal, shares: int) -> Decimal:
    return value_inr / shares if shares else ZERO


def _paise(amount_inr: Decimal) -> Decimal:
    return amount_inr.quantize(PAISA, ROUND_HALF_UP)
