"""What orders and positions cost to hold: money paid, money blocked.

Percentages of the value stand in for SPAN, whose parameter files are not public in a form that
could ship. Two things of the real one are kept because strategies depend on them: a bought
option costs its premium only, and a short option that a bought one of the same kind and expiry
covers needs no more than the pair can lose.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from infrastructure.simulator.exchange.orders import ZERO, OrderRequest, Product
from infrastructure.simulator.market.instruments import Instrument

INTRADAY_MARGIN = Decimal("0.2")
MTF_MARGIN = Decimal("0.25")

# (span, exposure) of the value, approximate: an index, a share. The exposure of an index is what
# the recorded basket_margins.json of Kite's mocks shows.
_INDEX = (Decimal("0.09"), Decimal("0.02"))
_SHARE = (Decimal("0.14"), Decimal("0.035"))


@dataclass(frozen=True, kw_only=True)
class Leg:
    """An open quantity of one instrument: `shares` are negative when sold short."""

    instrument: Instrument
    product: Product
    shares: int
    price_inr: Decimal

    @property
    def key(self) -> "LegKey":
        return self.instrument.exchange, self.instrument.symbol, self.product


LegKey = tuple[str, str, Product]
"""Exchange, symbol, product."""
Legs = Mapping[LegKey, Leg]


@dataclass(frozen=True, kw_only=True)
class Margin:
    """In INR. `cash_inr` is paid for shares, `premium_inr` for options; the rest is blocked."""

    cash_inr: Decimal = ZERO
    premium_inr: Decimal = ZERO
    span_inr: Decimal = ZERO
    exposure_inr: Decimal = ZERO
    leverage: int = 1

    @property
    def total_inr(self) -> Decimal:
        return self.cash_inr + self.premium_inr + self.span_inr + self.exposure_inr

    def __add__(self, other: "Margin") -> "Margin":
        return Margin(
            cash_inr=self.cash_inr + other.cash_inr,
            premium_inr=self.premium_inr + other.premium_inr,
            span_inr=self.span_inr + other.span_inr,
            exposure_inr=self.exposure_inr + other.exposure_inr,
        )


@dataclass(frozen=True, kw_only=True)
class BasketMargin:
    """`initial` is what the orders need one by one, `final` what they need together."""

    initial: Margin
    final: Margin
    orders: tuple[Margin, ...]


def paid_in_full(instrument: Instrument, product: Product) -> bool:
    """Whether a trade moves its whole value: deliveries and options; of the rest only profit."""
    return instrument.kind in ("CE", "PE") or product in ("CNC", "MTF")


def blocked(legs: Iterable[Leg]) -> Margin:
    """What these open quantities block for as long as they are open."""
    span, exposure, options = ZERO, ZERO, []
    for leg in legs:
        value = abs(leg.shares) * leg.price_inr
        if leg.instrument.kind in ("CE", "PE"):
            options.append(leg)
        elif leg.instrument.kind == "FUT":
            rates = _rates(leg.instrument)
            span += value * rates[0]
            exposure += value * rates[1]
        elif leg.product == "MIS":
            span += value * INTRADAY_MARGIN
    for leg, uncovered, pair_loss in _covered(options):
        # The strike stands in for the underlying's price, which moves; a margin here does not.
        notional = leg.instrument.strike_inr or ZERO
        rates = _rates(leg.instrument)
        full = uncovered * notional * rates[0]
        span += full + min(pair_loss, (abs(leg.shares) - uncovered) * notional * rates[0])
        exposure += abs(leg.shares) * notional * rates[1]
    return Margin(span_inr=span, exposure_inr=exposure)


def order_margin(
    legs: Legs, request: OrderRequest, instrument: Instrument, last_inr: Decimal
) -> Margin:
    """What this order needs beside the open quantities in `legs`; closing one needs nothing."""
    leg = _leg(request, instrument, last_inr)
    before, after = blocked(legs.values()), blocked(merged(legs, leg).values())
    paid = _paid(leg)
    freed = before.total_inr - after.total_inr
    if freed > 0 and paid.total_inr > 0:  # a premium is found out of the margin that it sets free
        paid = replace(paid, premium_inr=max(ZERO, paid.premium_inr - freed))
    return Margin(
        cash_inr=paid.cash_inr,
        premium_inr=max(ZERO, paid.premium_inr),
        span_inr=max(ZERO, after.span_inr - before.span_inr),
        exposure_inr=max(ZERO, after.exposure_inr - before.exposure_inr),
        leverage={"MIS": 5, "MTF": 4}.get(request.product, 1) if not instrument.is_contract else 1,
    )


def basket_margin(
    legs: Legs, orders: Iterable[tuple[OrderRequest, Instrument, Decimal]]
) -> BasketMargin:
    """`orders` are (request, instrument, last price). Together, hedges count and premiums net."""
    orders = tuple(orders)
    alone = tuple(order_margin(legs, *order) for order in orders)
    together, paid = legs, Margin()
    for order in orders:
        leg = _leg(*order)
        together, paid = merged(together, leg), paid + _paid(leg)
    before, after = blocked(legs.values()), blocked(together.values())
    final = replace(
        paid,
        span_inr=max(ZERO, after.span_inr - before.span_inr),
        exposure_inr=max(ZERO, after.exposure_inr - before.exposure_inr),
    )
    return BasketMargin(initial=sum(alone, Margin()), final=final, orders=alone)


def merged(legs: Legs, leg: Leg) -> dict[LegKey, Leg]:
    """The open quantities once `leg` was traded, at average prices."""
    old = legs.get(leg.key)
    if old is None or old.shares == 0:
        return {**legs, leg.key: leg}
    shares = old.shares + leg.shares
    price = old.price_inr
    if (old.shares > 0) == (leg.shares > 0):
        price = (old.shares * old.price_inr + leg.shares * leg.price_inr) / shares
    elif shares and (shares > 0) == (leg.shares > 0):
        price = leg.price_inr
    return {**legs, leg.key: replace(leg, shares=shares, price_inr=price)}


def _leg(request: OrderRequest, instrument: Instrument, last_inr: Decimal) -> Leg:
    return Leg(
        instrument=instrument,
        product=request.product,
        shares=request.signed_shares,
        price_inr=request.limit_price_inr or request.trigger_price_inr or last_inr,
    )


def _paid(leg: Leg) -> Margin:
    value = leg.shares * leg.price_inr
    if leg.instrument.kind in ("CE", "PE"):
        return Margin(premium_inr=value)
    if not paid_in_full(leg.instrument, leg.product) or value < 0:
        return Margin()
    return Margin(cash_inr=value * (MTF_MARGIN if leg.product == "MTF" else 1))


def _rates(contract: Instrument) -> tuple[Decimal, Decimal]:
    return _INDEX if contract.spot is not None and contract.spot.kind == "INDEX" else _SHARE


def _covered(options: Iterable[Leg]) -> list[tuple[Leg, int, Decimal]]:
    """Each short leg with the shares that nothing covers and what its covered ones can lose."""
    options = tuple(options)
    bought = [leg for leg in options if leg.shares > 0]
    left = [leg.shares for leg in bought]
    found = []
    for short in (leg for leg in options if leg.shares < 0):
        uncovered, loss = -short.shares, ZERO
        for place, leg in enumerate(bought):
            if _covers(leg.instrument, short.instrument):
                taken = min(uncovered, left[place])
                uncovered, left[place] = uncovered - taken, left[place] - taken
                loss += taken * _most_lost(leg.instrument, short.instrument)
        found.append((short, uncovered, loss))
    return found


def _covers(bought: Instrument, sold: Instrument) -> bool:
    return (bought.exchange, bought.root, bought.kind, bought.expiry) == (
        sold.exchange,
        sold.root,
        sold.kind,
        sold.expiry,
    )


def _most_lost(bought: Instrument, sold: Instrument) -> Decimal:
    apart = (bought.strike_inr or ZERO) - (sold.strike_inr or ZERO)
    return max(ZERO, apart if sold.kind == "CE" else -apart)
