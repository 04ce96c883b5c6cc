"""An account between our words and Kite's: who it is, its money, its shares. Pure."""

from dataclasses import replace
from decimal import Decimal
from typing import Final

import msgspec

from application.ports.account import Conversion, DayTrades, Funds, Holding, Position, Profile
from infrastructure.brokers.prices import finite, price_if_any

SEGMENTS: Final = ("equity", "commodity")


class Account(msgspec.Struct, kw_only=True):
    """Whose token it is."""

    user_id: str
    user_name: str = ""
    exchanges: list[str] = []
    products: list[str] = []


class NewToken(Account, kw_only=True):
    """Kite's answer to a request token."""

    access_token: str


class _Available(msgspec.Struct):
    opening_balance: Decimal
    collateral: Decimal


class _Utilised(msgspec.Struct):
    debits: Decimal


class _SegmentRow(msgspec.Struct):
    enabled: bool
    net: Decimal
    available: _Available
    utilised: _Utilised


class _Funded(msgspec.Struct):
    quantity: int = 0
    average_price: Decimal = Decimal(0)


class _HoldingRow(msgspec.Struct):
    exchange: str
    tradingsymbol: str
    quantity: int
    average_price: Decimal
    last_price: Decimal
    close_price: Decimal | None = None
    t1_quantity: int = 0
    collateral_quantity: int = 0
    isin: str | None = None
    mtf: _Funded | None = None


class _PositionRow(msgspec.Struct):
    """Values are times the multiplier, quantities and prices are not."""

    exchange: str
    tradingsymbol: str
    product: str
    quantity: int
    average_price: Decimal
    last_price: Decimal
    multiplier: int = 1
    close_price: Decimal | None = None
    pnl: Decimal | None = None
    buy_quantity: int = 0
    buy_value: Decimal = Decimal(0)
    sell_quantity: int = 0
    sell_value: Decimal = Decimal(0)
    overnight_quantity: int | None = None
    day_buy_quantity: int = 0
    day_buy_value: Decimal = Decimal(0)
    day_sell_quantity: int = 0
    day_sell_value: Decimal = Decimal(0)


def profile(answer: object) -> Profile:
    """Raises:
    ValueError: it does not say whose it is.
    """
    row = msgspec.convert(answer, Account)
    return Profile(
        account_id=row.user_id,
        account_name=row.user_name or row.user_id,
        exchanges=tuple(row.exchanges),
        products=tuple(row.products),
    )


def funds(answer: object) -> tuple[Funds, ...]:
    """Of the segments that this account may use.

    Raises:
        ValueError: a segment lacks something, or none is there.
    """
    rows = msgspec.convert(answer, dict[str, _SegmentRow], strict=False)
    if not rows.keys() & set(SEGMENTS):
        raise ValueError("no segments in the answer")
    return tuple(
        Funds(
            segment=segment,
            available_inr=finite(row.net),
            used_inr=finite(row.utilised.debits),
            opening_inr=finite(row.available.opening_balance),
            collateral_inr=finite(row.available.collateral),
        )
        for segment, row in rows.items()
        if row.enabled
    )


def holdings(rows: object) -> tuple[Holding, ...]:
    """Kite's `quantity` are the shares that are delivered and free. Those that were bought and are
    not delivered yet (T+1) are counted apart from it, and so are those that are pledged: a wholly
    pledged holding has the quantity 0 (github.com/marketcalls/openalgo, issue 1625). All are owned.
    Shares bought with the broker's money (MTF) have a price of their own, so they are a holding of
    their own.

    Raises:
        ValueError: a row lacks something.
    """
    found = []
    for row in msgspec.convert(rows, list[_HoldingRow], strict=False):
        funded = row.mtf or _Funded()
        if row.quantity or row.t1_quantity or row.collateral_quantity or not funded.quantity:
            found.append(_own(row))
        if funded.quantity:
            found.append(_bought_on_loan(row, funded))
    return tuple(found)


def _own(row: _HoldingRow) -> Holding:
    return Holding(
        exchange=row.exchange,
        trading_symbol=row.tradingsymbol,
        isin=row.isin,
        quantity_shares=row.quantity + row.t1_quantity + row.collateral_quantity,
        average_price_inr=finite(row.average_price),
        last_price_inr=price_if_any(row.last_price),
        previous_close_inr=price_if_any(row.close_price),
        unsettled_shares=row.t1_quantity,
        pledged_shares=row.collateral_quantity,
        sellable_shares=row.quantity,
    )


def _bought_on_loan(row: _HoldingRow, funded: _Funded) -> Holding:
    return replace(
        _own(row),
        quantity_shares=funded.quantity,
        average_price_inr=finite(funded.average_price),
        unsettled_shares=0,
        pledged_shares=0,
        sellable_shares=funded.quantity,
    )


def net_positions(answer: object) -> tuple[Position, ...]:
    """Raises:
    ValueError: there is no `net`, or a row lacks something.
    """
    rows = msgspec.convert(answer, dict[str, list[_PositionRow]], strict=False)
    if "net" not in rows:
        raise ValueError("no net positions in the answer")
    return tuple(_position(row) for row in rows["net"])


def _position(row: _PositionRow) -> Position:
    realised = _realised(row)
    return Position(
        exchange=row.exchange,
        trading_symbol=row.tradingsymbol,
        product=row.product,
        quantity_shares=row.quantity,
        average_price_inr=finite(row.average_price),
        last_price_inr=price_if_any(row.last_price),
        previous_close_inr=price_if_any(row.close_price),
        multiplier=row.multiplier,
        realised_inr=None if row.pnl is None else realised,
        unrealised_inr=None if row.pnl is None else finite(row.pnl) - realised,
        day=_day(row),
    )


def _realised(row: _PositionRow) -> Decimal:
    """Of the shares that were bought and sold again. Kite's own `realised` is 0 also where all is
    closed, and its `unrealised` the whole (kiteconnect-mocks, positions.json)."""
    closed = min(row.buy_quantity, row.sell_quantity)
    if closed <= 0:
        return Decimal(0)
    sold_at = finite(row.sell_value) / row.sell_quantity
    return closed * (sold_at - finite(row.buy_value) / row.buy_quantity)


def _day(row: _PositionRow) -> DayTrades | None:
    if row.overnight_quantity is None:
        return None
    return DayTrades(
        overnight_shares=row.overnight_quantity,
        buy_shares=row.day_buy_quantity,
        buy_value_inr=finite(row.day_buy_value),
        sell_shares=row.day_sell_quantity,
        sell_value_inr=finite(row.day_sell_value),
    )


def conversion_arguments(conversion: Conversion) -> dict[str, str | int]:
    """For `convert_position`."""
    return {
        "exchange": conversion.exchange,
        "tradingsymbol": conversion.trading_symbol,
        "transaction_type": conversion.transaction_type,
        "position_type": "overnight" if conversion.overnight else "day",
        "quantity": conversion.quantity_shares,
        "old_product": conversion.from_product,
        "new_product": conversion.to_product,
    }
