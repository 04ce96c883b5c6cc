"""What one customer of the simulated exchange has: orders, fills, positions, shares and money.

Everything here belongs to exactly one account, and nothing here knows that there are others.
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from infrastructure.simulator.exchange.gtt import Gtt
from infrastructure.simulator.exchange.margins import MTF_MARGIN, LegKey, Legs, blocked
from infrastructure.simulator.exchange.orders import ZERO, Fill, Order, Product
from infrastructure.simulator.exchange.positions import Position
from infrastructure.simulator.market.instruments import INSTRUMENTS, Instrument
from infrastructure.simulator.market.prices import price

PAISA = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class Holding:
    """Shares in the demat account since before today, whichever exchange they came from.

    `instrument` is the NSE's listing of the share. MTF: bought partly with the broker's money.
    """

    instrument: Instrument
    quantity_shares: int
    average_price_inr: Decimal
    product: Product = "CNC"
    sold_today_shares: int = 0

    @property
    def symbol(self) -> str:
        return self.instrument.symbol

    @property
    def isin(self) -> str:
        return self.instrument.isin


@dataclass(frozen=True, kw_only=True)
class Funds:
    opening_inr: Decimal
    available_inr: Decimal
    used_inr: Decimal


@dataclass(frozen=True, kw_only=True)
class Liquidity:
    """How an order fills: so many shares at once, the next so much later."""

    shares_per_fill: int
    every: timedelta


@dataclass(kw_only=True)
class Account:
    """One customer at one broker, on one trading day.

    `liquidity` stands in for the market's own, `book_lag` is how long new orders do not show.
    `updates` are the day's steps of all orders; `forgotten_updates` counts those of past days.
    `legs_to_come`: filled legs of icebergs that nobody has followed up yet.
    """

    broker: str
    user: str
    name: str
    cash_inr: Decimal
    day_ends_at: datetime
    looked_at: datetime
    holdings: dict[tuple[str, Product], Holding] = field(default_factory=dict)
    steps: dict[str, list[Order]] = field(default_factory=dict)
    working: dict[str, Order] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    positions: dict[LegKey, Position] = field(default_factory=dict)
    gtts: dict[int, Gtt] = field(default_factory=dict)
    updates: list[Order] = field(default_factory=list)
    forgotten_updates: int = 0
    legs_to_come: list[Order] = field(default_factory=list)
    liquidity: Liquidity | None = None
    book_lag: timedelta = timedelta(0)
    kill_switch: bool = False

    def step(self, order: Order) -> Order:
        """Write the next step of an order's life down."""
        if not order.is_working:
            order = replace(order, blocked_inr=ZERO)
            if order.next_leg:
                self.legs_to_come.append(order)
            self.working.pop(order.order_id, None)
        else:
            self.working[order.order_id] = order
        self.steps.setdefault(order.order_id, []).append(order)
        self.updates.append(order)
        return order

    def book(self, fill: Fill, instrument: Instrument) -> None:
        self.position(instrument, fill.order.request.product).add(fill)
        self.fills.append(fill)

    def position(self, instrument: Instrument, product: Product) -> Position:
        """The one position in this instrument, an empty one if there was none."""
        fresh = Position(instrument=instrument, product=product)
        return self.positions.setdefault(fresh.key, fresh)

    def legs(self) -> Legs:
        return {key: position.leg for key, position in self.positions.items()}

    def deliverable_shares(self, instrument: Instrument, product: Product) -> int:
        """What may still be sold for delivery: held, plus bought today, less what is on sale."""
        held = self.holdings.get((instrument.isin, product))
        on_sale = sum(
            order.pending_shares
            for order in self.working.values()
            if (order.request.symbol, order.request.product) == (instrument.symbol, product)
            and order.request.side == "SELL"
        )
        today = self._traded(instrument.isin, product)
        return (held.quantity_shares if held else 0) + today - on_sale

    def funds(self) -> Funds:
        orders = sum((order.blocked_inr for order in self.working.values()), ZERO)
        margins = blocked(position.leg for position in self.positions.values()).total_inr
        flow = sum((position.cash_flow_inr for position in self.positions.values()), ZERO)
        used = margins + orders - flow - self.loan_inr()
        # Yesterday's loan is no part of what today used: it was spent when the cash was.
        opening = self.cash_inr + self._loan_on_holdings()
        return Funds(
            opening_inr=_paise(opening),
            available_inr=_paise(self.cash_inr - used),
            used_inr=_paise(used + self._loan_on_holdings()),
        )

    def loan_inr(self) -> Decimal:
        """The broker's share in what was bought under MTF, at cost."""
        positions = [p for p in self.positions.values() if p.product == "MTF"]
        cost = sum((max(0, p.net_shares) * p.average_price_inr for p in positions), ZERO)
        for (isin, product), held in self.holdings.items():
            if product == "MTF":
                gone = sum(max(0, -p.net_shares) for p in positions if p.instrument.isin == isin)
                cost += max(0, held.quantity_shares - gone) * held.average_price_inr
        return cost * (1 - MTF_MARGIN)

    def holding_rows(self) -> tuple[Holding, ...]:
        return tuple(
            replace(held, sold_today_shares=max(0, -self._traded(isin, product)))
            for (isin, product), held in self.holdings.items()
        )

    def _loan_on_holdings(self) -> Decimal:
        held = (each for each in self.holdings.values() if each.product == "MTF")
        return sum((h.quantity_shares * h.average_price_inr for h in held), ZERO) * (1 - MTF_MARGIN)

    def _traded(self, isin: str, product: Product) -> int:
        return sum(p.net_shares for p in self.positions.values() if _is_of(p, isin, product))


def seeded_holdings(
    seed: int, broker: str, user: str, at: datetime
) -> dict[tuple[str, Product], Holding]:
    """Four shares to begin with, other ones for every customer, so that mixed-up accounts show."""
    shares_listed = list(INSTRUMENTS.values())
    held: dict[tuple[str, Product], Holding] = {}
    digest = hashlib.blake2b(f"{seed}:{broker}:{user}".encode(), digest_size=12).digest()
    for pick, shares, discount in zip(digest[:4], digest[4:8], digest[8:], strict=True):
        share = shares_listed[pick % len(shares_listed)]
        ticks = price(seed, share, at) * (800 + discount) / 1000 // share.tick_inr
        held[share.isin, "CNC"] = Holding(
            instrument=share,
            quantity_shares=5 + shares % 56,
            average_price_inr=ticks * share.tick_inr,
        )
    return held


def _is_of(position: Position, isin: str, product: Product) -> bool:
    return position.instrument.isin == isin and position.product == product


def _paise(amount_inr: Decimal) -> Decimal:
    return amount_inr.quantize(PAISA, ROUND_HALF_UP)
