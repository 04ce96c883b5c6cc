"""An account between our words and Kite's: who it is, its money, its shares. Pure."""

from decimal import Decimal
from typing import Final

import msgspec

from application.ports.account import Conversion, Funds, Holding, Position, Profile
from infrastructure.brokers.prices import finite

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
    t1_quantity: int = 0
    isin: str | None = None
    mtf: _Funded | None = None


class _PositionRow(msgspec.Struct):
    exchange: str
    tradingsymbol: str
    product: str
    quantity: int
    average_price: Decimal
    last_price: Decimal


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
    """Shares bought yesterday and not delivered yet (T+1) are held, too. Those bought with the
    broker's money (MTF) have a price of their own, so they are a holding of their own.

    Raises:
        ValueError: a row lacks something.
    """
    found = []
    for row in msgspec.convert(rows, list[_HoldingRow], strict=False):
        own, funded = row.quantity + row.t1_quantity, row.mtf or _Funded()
        if own or not funded.quantity:
            found.append(_holding(row, own, row.average_price))
        if funded.quantity:
            found.append(_holding(row, funded.quantity, funded.average_price))
    return tuple(found)


def _holding(row: _HoldingRow, quantity_shares: int, average_price_inr: Decimal) -> Holding:
    return Holding(
        exchange=row.exchange,
        trading_symbol=row.tradingsymbol,
        isin=row.isin,
        quantity_shares=quantity_shares,
        average_price_inr=finite(average_price_inr),
        last_price_inr=finite(row.last_price),
    )


def net_positions(answer: object) -> tuple[Position, ...]:
    """Raises:
    ValueError: there is no `net`, or a row lacks something.
    """
    rows = msgspec.convert(answer, dict[str, list[_PositionRow]], strict=False)
    if "net" not in rows:
        raise ValueError("no net positions in the answer")
    return tuple(
        Position(
            exchange=row.exchange,
            trading_symbol=row.tradingsymbol,
            product=row.product,
            quantity_shares=row.quantity,
            average_price_inr=finite(row.average_price),
            last_price_inr=finite(row.last_price),
        )
        for row in rows["net"]
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
