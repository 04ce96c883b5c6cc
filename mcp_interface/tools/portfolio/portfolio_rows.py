"""How holdings and positions are shown: what they gained in all, and apart from it today."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from application.portfolio.valuation import Price, Totals, ValuedHolding, ValuedPosition
from application.ports.account import Holding, Position
from mcp_interface.tools.results import Result, money, plainly, rupees, when


class PricedRow(Result):
    """`priceSource`: what the broker was asked. Without `priceAt` it names no time of the price."""

    current_price: str | None
    price_source: str | None
    price_at: str | None
    age_seconds: int | None


class HoldingRow(PricedRow):
    """`quantity` is all that is owned, unsettled (T+1) and pledged shares included. `dayChange` is
    since the close before, `pnl` since the purchase."""

    symbol: str
    exchange: str
    isin: str | None
    quantity: int
    sellable_quantity: int | None
    unsettled_quantity: int
    pledged_quantity: int
    lot_size: int = 1
    avg_price: str
    invested_value: str
    current_value: str | None
    day_change: str | None
    day_change_percent: str | None
    pnl: str | None
    pnl_percent: str | None


class PositionRow(PricedRow):
    """`quantity` is negative when short, 0 once closed. `pnl`: realised and unrealised together,
    `dayPnl` of today alone: what was carried counts from the close before."""

    symbol: str
    exchange: str
    product: str
    quantity: int
    overnight_quantity: int | None
    bought_quantity: int | None
    sold_quantity: int | None
    lot_size: int = 1
    avg_price: str
    pnl: str | None
    realised_pnl: str | None
    unrealised_pnl: str | None
    day_pnl: str | None


def price_cells(price: Price | None, now: datetime) -> dict[str, Any]:
    """Any: the values of `PricedRow`, by name."""
    traded_at = None if price is None else price.traded_at
    return {
        "current_price": None if price is None else money(price.last_inr),
        "price_source": None if price is None else price.source,
        "price_at": when(traded_at),
        "age_seconds": None if traded_at is None else age(traded_at, now),
    }


def age(traded_at: datetime, now: datetime) -> int:
    """In seconds. Our clock and the exchange's differ by a little: no trade is of the future."""
    return max(0, int((now - traded_at).total_seconds()))


def holding_row(valued: ValuedHolding, now: datetime) -> HoldingRow:
    held = valued.holding
    return HoldingRow(
        **price_cells(valued.price, now),
        symbol=held.trading_symbol,
        exchange=held.exchange,
        isin=held.isin,
        quantity=held.quantity_shares,
        sellable_quantity=held.sellable_shares,
        unsettled_quantity=held.unsettled_shares,
        pledged_quantity=held.pledged_shares,
        avg_price=money(held.average_price_inr),
        invested_value=money(valued.invested_inr),
        current_value=money(valued.current_inr),
        day_change=money(valued.day_change_inr),
        day_change_percent=percent(valued.day_change_inr, valued.before_inr),
        pnl=money(valued.gain_inr),
        pnl_percent=percent(valued.gain_inr, valued.invested_inr),
    )


def holding_line(valued: ValuedHolding) -> str:
    held = valued.holding
    apart = [
        f"{shares} {word}"
        for shares, word in (
            (held.unsettled_shares, "not delivered yet"),
            (held.pledged_shares, "pledged"),
        )
        if shares
    ]
    of_these = f" ({', '.join(apart)})" if apart else ""
    return (
        f"{named(held)}: {held.quantity_shares}{of_these} at {rupees(held.average_price_inr)}, "
        f"now {or_unknown(_last(valued.price))}, "
        f"{changes(valued.day_change_inr, valued.before_inr, valued.gain_inr, valued.invested_inr)}"
    )


def position_row(valued: ValuedPosition, now: datetime) -> PositionRow:
    held = valued.position
    day = held.day
    return PositionRow(
        **price_cells(valued.price, now),
        symbol=held.trading_symbol,
        exchange=held.exchange,
        product=held.product,
        quantity=held.quantity_shares,
        overnight_quantity=day and day.overnight_shares,
        bought_quantity=day and day.buy_shares,
        sold_quantity=day and day.sell_shares,
        avg_price=money(held.average_price_inr),
        pnl=money(valued.gain_inr),
        realised_pnl=money(held.realised_inr),
        unrealised_pnl=money(valued.unrealised_inr),
        day_pnl=money(valued.day_gain_inr),
    )


def position_line(valued: ValuedPosition) -> str:
    held = valued.position
    name = f"{named(held)} {plainly(held.product)}"
    gains = (
        f"today {signed(valued.day_gain_inr)}, realised {signed(held.realised_inr)}, "
        f"unrealised {signed(valued.unrealised_inr)}"
    )
    if not held.quantity_shares:
        return f"{name}: closed, {gains}"
    return (
        f"{name}: {held.quantity_shares} at {rupees(held.average_price_inr)}, "
        f"now {or_unknown(_last(valued.price))}, {gains}"
    )


def named(item: Holding | Position) -> str:
    """For a text: the words are the broker's."""
    return f"{plainly(item.exchange)}:{plainly(item.trading_symbol)}"


def totals_line(found: Totals) -> str:
    """`worth ₹1,000.00, invested ₹900.00, today +₹10.00 (+1.01 %), in all +₹100.00 (+11.11 %)`."""
    return (
        f"worth {or_unknown(found.current_inr)}, invested {rupees(found.invested_inr)}, "
        + changes(found.day_change_inr, found.before_inr, found.gain_inr, found.invested_inr)
    )


def changes(
    day_inr: Decimal | None,
    before_inr: Decimal | None,
    gain_inr: Decimal | None,
    invested_inr: Decimal,
) -> str:
    today, in_all = _with_percent(day_inr, before_inr), _with_percent(gain_inr, invested_inr)
    return f"today {today}, in all {in_all}"


def gaps_in(found: Totals, broker: str) -> list[str]:
    """What a total leaves open, in words."""
    lines = []
    if found.unpriced:
        lines.append(f"{broker} gave no price for {len(found.unpriced)} of them.")
    elif found.unclosed:
        lines.append(
            f"{broker} gave no close before for {len(found.unclosed)} of them, so today's change "
            "is not known."
        )
    if found.free:
        lines.append(
            f"{len(found.free)} of them cost nothing (a bonus, or a transfer from elsewhere): all "
            "of their worth counts as gain."
        )
    return lines


def price_line(prices: Iterable[Price | None], asked_at: datetime, now: datetime) -> str | None:
    """How old the prices are, as far as anybody says."""
    told = [each for each in prices if each is not None]
    if not told:
        return None
    times = [each.traded_at for each in told if each.traded_at is not None]
    if len(times) < len(told):
        which = "Some prices" if times else "Prices"
        return f"{which} bear no time; they were asked for {age(asked_at, now)} s ago."
    return f"The oldest of the prices is of a trade {age(min(times), now)} s ago."


def or_unknown(amount_inr: Decimal | None) -> str:
    return "unknown" if amount_inr is None else rupees(amount_inr)


def signed(amount_inr: Decimal | None) -> str:
    """`+₹50.00`, `-₹50.00`."""
    if amount_inr is None:
        return "unknown"
    return f"{'+' if amount_inr >= 0 else ''}{rupees(amount_inr)}"


def percent(part: Decimal | None, whole: Decimal | None) -> str | None:
    """`1.23` for 1.23 %; nothing where there is no part or no whole. A loss is negative of what
    was sold short, too."""
    return money(part / abs(whole) * 100) if whole and part is not None else None


def _last(price: Price | None) -> Decimal | None:
    return None if price is None else price.last_inr


def _with_percent(amount_inr: Decimal | None, of_inr: Decimal | None) -> str:
    share = percent(amount_inr, of_inr)
    return signed(amount_inr) + (f" ({Decimal(share):+} %)" if share is not None else "")
