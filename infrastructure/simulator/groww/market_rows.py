"""Rows of Groww's market data, field by field as its documentation lists them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from application.ports.market import Candle, DepthLevel
from domain.instants import IST
from domain.instruments import plain
from domain.vocabulary import Interval
from infrastructure.simulator.groww.names import trading_symbol
from infrastructure.simulator.market.instruments import Instrument
from infrastructure.simulator.market.quotes import ChainRow, ChainSide, Greeks, Quote

# Any: the values of one row are of as many types as Groww has fields.
Row = dict[str, Any]

MINUTES: Final[dict[Interval, int]] = {
    "1m": 1,
    "2m": 2,
    "3m": 3,
    "5m": 5,
    "10m": 10,
    "15m": 15,
    "30m": 30,
    "60m": 60,
    "4h": 240,
    "1d": 1_440,
    "1w": 10_080,
    "1M": 43_200,
}
_TWO_PLACES: Final = Decimal("0.01")


def ohlc_text(seen: Quote) -> str:
    """Not JSON: its names stand without quotes."""
    return (
        f"{{open: {seen.open_inr:.2f},high: {seen.high_inr:.2f},low: {seen.low_inr:.2f},"
        f"close: {seen.previous_close_inr:.2f}}}"
    )


def quote_row(seen: Quote) -> Row:
    """An index has neither volume nor depth nor circuits."""
    change = seen.last_price_inr - seen.previous_close_inr
    bid, ask = next(iter(seen.bids), None), next(iter(seen.asks), None)
    is_index = seen.instrument.kind == "INDEX"
    return {
        "average_price": None if is_index else seen.average_price_inr,
        "bid_quantity": bid.quantity_shares if bid else None,
        "bid_price": bid.price_inr if bid else None,
        "day_change": change,
        "day_change_perc": (change * 100 / seen.previous_close_inr).quantize(_TWO_PLACES),
        "upper_circuit_limit": seen.upper_circuit_inr,
        "lower_circuit_limit": seen.lower_circuit_inr,
        "ohlc": ohlc_text(seen),
        "depth": {"buy": _levels(seen.bids), "sell": _levels(seen.asks)},
        "high_trade_range": seen.upper_circuit_inr,
        "implied_volatility": seen.instrument.volatility_percent or None,
        "last_trade_quantity": seen.last_quantity_shares,
        "last_trade_time": int(seen.traded_at.timestamp() * 1000),
        "low_trade_range": seen.lower_circuit_inr,
        "last_price": seen.last_price_inr,
        "market_cap": None,
        "offer_price": ask.price_inr if ask else None,
        "offer_quantity": ask.quantity_shares if ask else None,
        "oi_day_change": seen.open_interest_shares - seen.oi_day_low,
        "oi_day_change_percentage": 0,
        "open_interest": seen.open_interest_shares if seen.instrument.is_contract else None,
        "previous_open_interest": seen.oi_day_low,
        "total_buy_quantity": seen.buy_quantity_shares,
        "total_sell_quantity": seen.sell_quantity_shares,
        "volume": None if is_index else seen.volume_shares,
        "week_52_high": None,
        "week_52_low": None,
    }


def _levels(levels: Sequence[DepthLevel]) -> list[Row]:
    return [{"price": level.price_inr, "quantity": level.quantity_shares} for level in levels]


def candle_cells(bar: Candle, instrument: Instrument) -> list[object]:
    """Time in IST without a zone; shares have no open interest."""
    return [
        f"{bar.starts_at.astimezone(IST):%Y-%m-%dT%H:%M:%S}",
        bar.open_inr,
        bar.high_inr,
        bar.low_inr,
        bar.close_inr,
        bar.volume_shares,
        bar.open_interest_shares if instrument.is_contract else None,
    ]


def chain_row(last_inr: Decimal, found: Sequence[ChainRow]) -> Row:
    return {
        "underlying_ltp": last_inr,
        "strikes": {
            plain(row.strike_inr): {"CE": _side(row.call), "PE": _side(row.put)} for row in found
        },
    }


def _side(side: ChainSide) -> Row:
    return {
        "greeks": greek_cells(side.greeks, side.implied_volatility_percent),
        "trading_symbol": trading_symbol(side.instrument),
        "ltp": side.last_price_inr,
        "open_interest": side.open_interest_shares,
        "volume": side.volume_shares,
    }


def greek_cells(greeks: Greeks, volatility_percent: Decimal | int) -> Row:
    """`rho` is not simulated."""
    return {
        "delta": greeks.delta,
        "gamma": greeks.gamma,
        "theta": greeks.theta,
        "vega": greeks.vega,
        "rho": 0,
        "iv": volatility_percent,
    }
