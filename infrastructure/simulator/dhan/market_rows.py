"""Rows of Dhan's market data, field by field as its documentation lists them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from application.ports.market import Candle, DepthLevel
from domain.instants import IST
from infrastructure.simulator.dhan.rows import Row
from infrastructure.simulator.market.instruments import Instrument
from infrastructure.simulator.market.quotes import ChainRow, ChainSide, Quote

_LEVELS: Final = 5
_NO_LEVEL: Final = {"quantity": 0, "orders": 0, "price": 0}


def instrument_word(instrument: Instrument) -> str:
    """As in EQUITY, INDEX, FUTSTK, OPTIDX."""
    if instrument.spot is None:
        return "INDEX" if instrument.kind == "INDEX" else "EQUITY"
    kind = "FUT" if instrument.kind == "FUT" else "OPT"
    return kind + ("IDX" if instrument.spot.kind == "INDEX" else "STK")


def ohlc_row(seen: Quote) -> Row:
    """`close` is the day's before for as long as there is no other, as in Dhan's own samples."""
    return {
        "last_price": seen.last_price_inr,
        "ohlc": {
            "open": seen.open_inr,
            "close": seen.previous_close_inr,
            "high": seen.high_inr,
            "low": seen.low_inr,
        },
    }


def quote_row(seen: Quote) -> Row:
    return {
        "average_price": seen.average_price_inr,
        "buy_quantity": seen.buy_quantity_shares,
        "depth": {"buy": _levels(seen.bids), "sell": _levels(seen.asks)},
        **ohlc_row(seen),
        "last_quantity": seen.last_quantity_shares,
        "last_trade_time": f"{seen.traded_at.astimezone(IST):%d/%m/%Y %H:%M:%S}",
        "lower_circuit_limit": seen.lower_circuit_inr or 0,
        "net_change": seen.last_price_inr - seen.previous_close_inr,
        "oi": seen.open_interest_shares,
        "oi_day_high": seen.oi_day_high,
        "oi_day_low": seen.oi_day_low,
        "sell_quantity": seen.sell_quantity_shares,
        "upper_circuit_limit": seen.upper_circuit_inr or 0,
        "volume": seen.volume_shares,
    }


def _levels(levels: tuple[DepthLevel, ...]) -> list[Row]:
    known = [
        {"quantity": level.quantity_shares, "orders": level.orders, "price": level.price_inr}
        for level in levels
    ]
    return [*known, *[_NO_LEVEL] * (_LEVELS - len(known))]


def columns(bars: Sequence[Candle], *, with_oi: bool) -> Row:
    return {
        "open": [bar.open_inr for bar in bars],
        "high": [bar.high_inr for bar in bars],
        "low": [bar.low_inr for bar in bars],
        "close": [bar.close_inr for bar in bars],
        "volume": [bar.volume_shares for bar in bars],
        "timestamp": [int(bar.starts_at.timestamp()) for bar in bars],
        "open_interest": [(bar.open_interest_shares or 0) if with_oi else 0 for bar in bars],
    }


def chain_row(last: Decimal, found: Sequence[ChainRow]) -> Row:
    return {
        "last_price": last,
        "oc": {
            f"{row.strike_inr:.6f}": {"ce": _side(row.call), "pe": _side(row.put)} for row in found
        },
    }


def _side(side: ChainSide) -> Row:
    greeks = side.greeks
    return {
        "average_price": side.last_price_inr,
        "greeks": {
            "delta": greeks.delta,
            "theta": greeks.theta,
            "gamma": greeks.gamma,
            "vega": greeks.vega,
        },
        "implied_volatility": side.implied_volatility_percent,
        "last_price": side.last_price_inr,
        "oi": side.open_interest_shares,
        "previous_close_price": side.previous_close_inr,
        "previous_oi": side.previous_open_interest_shares,
        "previous_volume": side.volume_shares,
        "security_id": int(side.instrument.dhan_security_id),
        "top_ask_price": side.ask.price_inr if side.ask else 0,
        "top_ask_quantity": side.ask.quantity_shares if side.ask else 0,
        "top_bid_price": side.bid.price_inr if side.bid else 0,
        "top_bid_quantity": side.bid.quantity_shares if side.bid else 0,
        "volume": side.volume_shares,
    }
