"""An account between our words and Groww's: who it is, its money, its shares. Pure: what a row does
not say is left unknown, never guessed."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from application.ports import account
from application.ports.account import Funds, Holding, Position
from infrastructure.brokers.groww.mapping import Names, Profile
from infrastructure.brokers.prices import finite, price_if_any

_TRADED: Final = {"CASH": ("NSE", "BSE"), "FNO": ("NFO", "BFO")}
"""By segment: our name of it at the NSE, and at the BSE."""


class HoldingRow(msgspec.Struct):
    trading_symbol: str
    quantity: Decimal
    average_price: Decimal
    isin: str | None = None


class PositionRow(msgspec.Struct):
    trading_symbol: str
    exchange: str
    segment: str
    product: str
    quantity: int
    net_price: Decimal

    @property
    def key(self) -> str:
        """Under which the price of today is asked for."""
        return f"{self.exchange}_{self.trading_symbol}"


class _HoldingRows(msgspec.Struct):
    holdings: list[HoldingRow]


class _PositionRows(msgspec.Struct):
    positions: list[PositionRow]


class _EquityRow(msgspec.Struct):
    cnc_balance_available: Decimal


class _FundsRow(msgspec.Struct):
    net_margin_used: Decimal
    equity_margin_details: _EquityRow
    collateral_available: Decimal | None = None


def profile(answer: object) -> account.Profile:
    """Groww names the account by its client code only.

    Raises:
        ValueError: it does not say whose it is.
    """
    row = msgspec.convert(answer, Profile, strict=False)
    enabled = (row.nse_enabled, row.bse_enabled)
    return account.Profile(
        account_id=row.ucc,
        account_name=row.ucc,
        exchanges=tuple(
            exchange
            for segment in row.active_segments
            for exchange, is_enabled in zip(_TRADED.get(segment, ()), enabled, strict=False)
            if is_enabled
        ),
    )


def funds(answer: object) -> tuple[Funds, ...]:
    """One purse: what deliveries may be paid with is all that there is.

    Raises:
        ValueError: it does not say what is available.
    """
    row = msgspec.convert(answer, _FundsRow, strict=False)
    collateral = row.collateral_available
    return (
        Funds(
            segment="all",
            available_inr=finite(row.equity_margin_details.cnc_balance_available),
            used_inr=finite(row.net_margin_used),
            collateral_inr=None if collateral is None else finite(collateral),
        ),
    )


def holding_rows(answer: object) -> list[HoldingRow]:
    """Raises: ValueError: a row lacks something."""
    return msgspec.convert(answer, _HoldingRows, strict=False).holdings


def holding_key(row: HoldingRow) -> str:
    """Groww does not say where shares were bought; both exchanges take them, and it shows the NSE.
    Under this the price of today is asked for."""
    return f"NSE_{row.trading_symbol}"


def holdings(
    rows: Iterable[HoldingRow], prices: Mapping[str, Decimal], names: Names
) -> tuple[Holding, ...]:
    """Raises: ValueError: a row makes no sense."""
    return tuple(
        Holding(
            exchange="NSE",
            trading_symbol=names.ours("NSE", "CASH", row.trading_symbol)[1],
            isin=row.isin,
            quantity_shares=_whole(row.quantity),
            average_price_inr=finite(row.average_price),
            last_price_inr=price_if_any(prices.get(holding_key(row))),
        )
        for row in rows
    )


def position_rows(answer: object) -> list[PositionRow]:
    """Raises: ValueError: a row lacks something."""
    return msgspec.convert(answer, _PositionRows, strict=False).positions


def positions(
    rows: Iterable[PositionRow], prices: Mapping[str, Decimal], names: Names
) -> tuple[Position, ...]:
    """Raises: ValueError: a row makes no sense."""
    return tuple(_position(row, prices, names) for row in rows)


def _position(row: PositionRow, prices: Mapping[str, Decimal], names: Names) -> Position:
    exchange, symbol = names.ours(row.exchange, row.segment, row.trading_symbol)
    return Position(
        exchange=exchange,
        trading_symbol=symbol,
        product=row.product,
        quantity_shares=row.quantity,
        average_price_inr=finite(row.net_price),
        last_price_inr=price_if_any(prices.get(row.key)),
    )


def _whole(shares: Decimal) -> int:
    if shares != int(shares):
        raise ValueError("a holding of part of a share")
    return int(shares)
