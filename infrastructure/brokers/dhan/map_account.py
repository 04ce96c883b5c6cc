"""Money, shares, positions and margins as Dhan tells them, in our words. Pure: what a row does not
say is left unknown, never guessed."""

from decimal import Decimal
from typing import Final, Literal

import msgspec

from application.ports import account
from application.ports.account import (
    Conversion,
    DayTrades,
    Funds,
    Holding,
    Position,
)
from infrastructure.brokers.dhan.map_orders import product_of
from infrastructure.brokers.dhan.mapping import (
    FROM_PRODUCT,
    PAISA,
    Names,
    NotAtDhan,
    Profile,
    day_first_as_utc,
)
from infrastructure.brokers.prices import finite, price_if_any

# The words of Dhan's own pages; a sector that is not here is shown as Dhan calls it.
_SECTORS: Final = {
    "Equity": ("NSE", "BSE"),
    "Derivative": ("NFO", "BFO"),
    "Currency": ("CDS", "BCD"),
    "Commodity": ("MCX",),
}


class _HoldingRow(msgspec.Struct, rename="camel"):
    exchange: str
    trading_symbol: str
    security_id: str
    total_qty: int
    avg_cost_price: Decimal
    last_traded_price: Decimal | None = None
    isin: str | None = None
    t1_qty: int = 0
    collateral_qty: int = 0
    available_qty: int | None = None


class _PositionRow(msgspec.Struct, rename="camel"):
    exchange_segment: str
    product_type: str
    security_id: str
    net_qty: int
    cost_price: Decimal
    unrealized_profit: Decimal
    realized_profit: Decimal | None = None
    multiplier: int = 1
    trading_symbol: str | None = None
    carry_forward_buy_qty: int | None = None
    carry_forward_sell_qty: int | None = None
    day_buy_qty: int = 0
    day_buy_value: Decimal = Decimal(0)
    day_sell_qty: int = 0
    day_sell_value: Decimal = Decimal(0)


class _FundsRow(msgspec.Struct, rename="camel"):
    """`availabel_balance` is Dhan's own spelling, taken beside the right one."""

    availabel_balance: Decimal | None = None
    available_balance: Decimal | None = None
    sod_limit: Decimal | None = None
    collateral_amount: Decimal | None = None
    utilized_amount: Decimal | None = None
    withdrawable_balance: Decimal | None = None


class _SwitchRow(msgspec.Struct, rename="camel"):
    kill_switch_status: Literal["ACTIVATE", "DEACTIVATE"]


def kill_switch(row: object) -> bool:
    """Raises: ValueError: neither on nor off."""
    return msgspec.convert(row, _SwitchRow).kill_switch_status == "ACTIVATE"


def profile(row: object) -> account.Profile:
    """Dhan names the account by its id only.

    Raises:
        ValueError: the row names nobody.
    """
    said = msgspec.convert(row, Profile, strict=False)
    sectors = [each.strip() for each in (said.active_segment or "").split(",") if each.strip()]
    return account.Profile(
        account_id=said.dhan_client_id,
        account_name=said.dhan_client_id,
        exchanges=tuple(name for each in sectors for name in _SECTORS.get(each, (each,))),
        token_ends_at=day_first_as_utc(said.token_validity),
    )


def funds(row: object) -> tuple[Funds, ...]:
    """Dhan keeps one purse.

    Raises:
        ValueError: it does not say what is available.
    """
    said = msgspec.convert(row, _FundsRow, strict=False)
    available = said.availabel_balance
    if available is None:
        available = said.available_balance
    if available is None:
        raise ValueError("no available balance")
    return (
        Funds(
            segment="all",
            available_inr=finite(available),
            used_inr=amount_if_any(said.utilized_amount),
            opening_inr=amount_if_any(said.sod_limit),
            collateral_inr=amount_if_any(said.collateral_amount),
            withdrawable_inr=amount_if_any(said.withdrawable_balance),
        ),
    )


def holdings(rows: object, names: Names) -> tuple[Holding, ...]:
    """Dhan says "ALL" for shares that both exchanges take; they are shown as the NSE's. `totalQty`
    is all that is owned: `t1Qty`, not delivered yet, and `collateralQty`, pledged, are parts of it;
    `availableQty` may be sold (dhanhq.co/docs/v2/portfolio).

    Raises:
        ValueError: a row lacks something.
    """
    return tuple(
        _holding(row, names) for row in msgspec.convert(rows, list[_HoldingRow], strict=False)
    )


def _holding(row: _HoldingRow, names: Names) -> Holding:
    exchange = "NSE" if row.exchange == "ALL" else row.exchange
    _, symbol = names.ours(f"{exchange}_EQ", row.security_id, row.trading_symbol)
    return Holding(
        exchange=exchange,
        trading_symbol=symbol,
        isin=row.isin,
        quantity_shares=row.total_qty,
        average_price_inr=finite(row.avg_cost_price),
        last_price_inr=price_if_any(row.last_traded_price),
        unsettled_shares=row.t1_qty,
        pledged_shares=row.collateral_qty,
        sellable_shares=row.available_qty,
    )


def positions(rows: object, names: Names) -> tuple[Position, ...]:
    """Dhan gives no price of today, only the profit that what is open makes, from which the price
    follows to the paisa; what is closed has neither.

    Raises:
        ValueError: a row lacks something.
    """
    found = msgspec.convert(rows, list[_PositionRow], strict=False)
    return tuple(_position(row, names) for row in found)


def _position(row: _PositionRow, names: Names) -> Position:
    exchange, symbol = names.ours(row.exchange_segment, row.security_id, row.trading_symbol)
    open_shares, unrealised = row.net_qty * row.multiplier, finite(row.unrealized_profit)
    cost, last = finite(row.cost_price), None
    if open_shares:
        last = (cost + unrealised / open_shares).quantize(PAISA)
    return Position(
        exchange=exchange,
        trading_symbol=symbol,
        product=FROM_PRODUCT.get(row.product_type, row.product_type),
        quantity_shares=row.net_qty,
        average_price_inr=cost if open_shares else Decimal(0),
        last_price_inr=last,
        multiplier=row.multiplier,
        realised_inr=amount_if_any(row.realized_profit),
        unrealised_inr=unrealised,
        day=_day(row),
    )


def _day(row: _PositionRow) -> DayTrades | None:
    if row.carry_forward_buy_qty is None or row.carry_forward_sell_qty is None:
        return None
    return DayTrades(
        overnight_shares=row.carry_forward_buy_qty - row.carry_forward_sell_qty,
        buy_shares=row.day_buy_qty,
        buy_value_inr=finite(row.day_buy_value),
        sell_shares=row.day_sell_qty,
        sell_value_inr=finite(row.day_sell_value),
    )


def conversion_arguments(conversion: Conversion, names: Names) -> dict[str, object]:
    """Raises: UnknownInstrument, NotAtDhan: Dhan could not be told all of it."""
    source, target = product_of(conversion.from_product), product_of(conversion.to_product)
    if source == target:
        raise NotAtDhan(
            f"The position is {conversion.from_product} already. Next: choose another product."
        )
    handle = names.handle(conversion.exchange, conversion.trading_symbol)
    return {
        "from_product_type": source,
        "to_product_type": target,
        "exchange_segment": handle.exchange_segment,
        "position_type": "LONG" if conversion.transaction_type == "BUY" else "SHORT",
        "security_id": handle.security_id,
        "convert_qty": conversion.quantity_shares,
    }


def amount_if_any(amount_inr: Decimal | None) -> Decimal | None:
    """Here 0 means 0."""
    return None if amount_inr is None else finite(amount_inr)
