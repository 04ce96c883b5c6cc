"""An account between our words and Groww's: who it is, its money, its shares. Pure: what a row does
not say is left unknown, never guessed."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from application.ports import account
from application.ports.account import DayTrades, Funds, Holding, Position
from infrastructure.brokers.groww.map_market import Ohlc
from infrastructure.brokers.groww.mapping import Names, Profile
from infrastructure.brokers.prices import finite, price_if_any

_TRADED: Final = {"CASH": ("NSE", "BSE"), "FNO": ("NFO", "BFO")}
"""By segment: our name of it at the NSE, and at the BSE."""


class HoldingRow(msgspec.Struct):
    trading_symbol: str
    quantity: Decimal
    average_price: Decimal
    isin: str | None = None
    t1_quantity: Decimal = Decimal(0)
    pledge_quantity: Decimal = Decimal(0)
    repledge_quantity: Decimal = Decimal(0)
    demat_free_quantity: Decimal | None = None


class PositionRow(msgspec.Struct):
    """`credit` is what was bought today, `debit` what was sold."""

    trading_symbol: str
    exchange: str
    segment: str
    product: str
    quantity: int
    net_price: Decimal
    realised_pnl: Decimal | None = None
    net_carry_forward_quantity: int | None = None
    credit_quantity: int = 0
    credit_price: Decimal = Decimal(0)
    debit_quantity: int = 0
    debit_price: Decimal = Decimal(0)

    @property
    def key(self) -> str:
        """Under which the price of today is asked for."""
        return f"{self.exchange}_{self.trading_symbol}"


class Prices(msgspec.Struct, frozen=True):
    """What holdings and positions do not say, by key: the last price, and today's with the close
    before it."""

    last: Mapping[str, Decimal] = {}
    days: Mapping[str, Ohlc] = {}

    def last_inr(self, key: str) -> Decimal | None:
        return price_if_any(self.last.get(key))

    def previous_close_inr(self, key: str) -> Decimal | None:
        day = self.days.get(key)
        return None if day is None else price_if_any(day.close)


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


def holdings(rows: Iterable[HoldingRow], prices: Prices, names: Names) -> tuple[Holding, ...]:
    """Groww's `quantity` are the shares that are delivered, free, locked or pledged: in the sample
    of groww.in/trade-api/docs/curl/portfolio these add up to it, and `t1_quantity`, not delivered
    yet, comes on top. All are owned.

    Raises: ValueError: a row makes no sense.
    """
    return tuple(_holding(row, prices, names) for row in rows)


def _holding(row: HoldingRow, prices: Prices, names: Names) -> Holding:
    free, key = row.demat_free_quantity, holding_key(row)
    return Holding(
        exchange="NSE",
        trading_symbol=names.ours("NSE", "CASH", row.trading_symbol)[1],
        isin=row.isin,
        quantity_shares=_whole(row.quantity + row.t1_quantity),
        average_price_inr=finite(row.average_price),
        last_price_inr=prices.last_inr(key),
        previous_close_inr=prices.previous_close_inr(key),
        price_source="quotes",
        unsettled_shares=_whole(row.t1_quantity),
        pledged_shares=_whole(row.pledge_quantity + row.repledge_quantity),
        sellable_shares=None if free is None else _whole(free),
    )


def position_rows(answer: object) -> list[PositionRow]:
    """Raises: ValueError: a row lacks something."""
    return msgspec.convert(answer, _PositionRows, strict=False).positions


def positions(rows: Iterable[PositionRow], prices: Prices, names: Names) -> tuple[Position, ...]:
    """Raises: ValueError: a row makes no sense."""
    return tuple(_position(row, prices, names) for row in rows)


def _position(row: PositionRow, prices: Prices, names: Names) -> Position:
    exchange, symbol = names.ours(row.exchange, row.segment, row.trading_symbol)
    realised = row.realised_pnl
    return Position(
        exchange=exchange,
        trading_symbol=symbol,
        product=row.product,
        quantity_shares=row.quantity,
        average_price_inr=finite(row.net_price) if row.quantity else Decimal(0),
        last_price_inr=prices.last_inr(row.key),
        previous_close_inr=prices.previous_close_inr(row.key),
        price_source="quotes",
        realised_inr=None if realised is None else finite(realised),
        day=_day(row),
    )


def _day(row: PositionRow) -> DayTrades | None:
    if row.net_carry_forward_quantity is None:
        return None
    return DayTrades(
        overnight_shares=row.net_carry_forward_quantity,
        buy_shares=row.credit_quantity,
        buy_value_inr=row.credit_quantity * finite(row.credit_price),
        sell_shares=row.debit_quantity,
        sell_value_inr=row.debit_quantity * finite(row.debit_price),
    )


def _whole(shares: Decimal) -> int:
    if not shares.is_finite() or shares != int(shares):
        raise ValueError("a holding of part of a share")
    return int(shares)
