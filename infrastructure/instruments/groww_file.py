"""Groww's file of instruments: columns as Groww's API pages list them, prices in rupees."""

from collections.abc import Mapping
from typing import Final

from domain.instruments import Kind
from domain.vocabulary import Exchange
from infrastructure.instruments.dhan_file import share_symbol
from infrastructure.instruments.indices import BY_GROWW_SYMBOL
from infrastructure.instruments.listing import (
    BadRow,
    Listing,
    Parse,
    Row,
    amount,
    columns,
    day,
    lot,
    optional,
    token,
    word,
)

PATH: Final = "/instruments/instrument.csv"
_PLACES: Final[Mapping[tuple[str, str], Exchange]] = {
    ("NSE", "CASH"): "NSE",
    ("BSE", "CASH"): "BSE",
    ("NSE", "FNO"): "NFO",
    ("BSE", "FNO"): "BFO",
    ("MCX", "COMMODITY"): "MCX",
}
_KINDS: Final[Mapping[str, Kind]] = {
    "EQ": "EQ",
    "IDX": "INDEX",
    "INDEX": "INDEX",
    "FUT": "FUT",
    "CE": "CE",
    "PE": "PE",
}


def parser(header: Row) -> Parse:
    """Raises:
    BadFile: a column is missing.
    """
    at = columns(
        header,
        "exchange",
        "exchange_token",
        "trading_symbol",
        "groww_symbol",
        "name",
        "instrument_type",
        "segment",
        "series",
        "isin",
        "underlying_symbol",
        "expiry_date",
        "strike_price",
        "lot_size",
        "tick_size",
    )

    def parse(row: Row) -> Listing | None:
        (
            where, exchange_token, symbol, groww_symbol, name, type_, segment, series, isin,
            underlying, expiry, strike, lots, tick,
        ) = (row[i] for i in at)  # fmt: skip
        exchange = _PLACES.get((where, segment))
        if exchange is None:
            return None
        kind = _KINDS.get(type_)
        if kind is None:
            raise BadRow("an unknown kind")
        symbol = word(symbol)
        handle = (symbol, word(groww_symbol), segment)
        if kind == "INDEX":
            return _index(exchange, exchange_token, name, handle)
        is_contract = kind != "EQ"
        return Listing(
            broker="groww",
            exchange=exchange,
            kind=kind,
            token=token(exchange_token),
            symbol=symbol if is_contract else share_symbol(exchange, symbol, series),
            description=optional(name) or symbol,
            handle=handle,
            lot_size_shares=lot(lots),
            tick_inr=amount(tick),
            isin=optional(isin),
            underlying=word(underlying) if is_contract else None,
            expiry=day(expiry) if is_contract else None,
            strike_inr=amount(strike) if kind in ("CE", "PE") else None,
        )

    return parse


def _index(
    exchange: Exchange, exchange_token: str, name: str, handle: tuple[str, str, str]
) -> Listing:
    symbol = handle[0]
    known = BY_GROWW_SYMBOL.get((exchange, symbol))
    return Listing(
        broker="groww",
        exchange=exchange,
        kind="INDEX",
        token=word(exchange_token),
        symbol=known.symbol if known else symbol.upper(),
        description=optional(name) or symbol,
        handle=handle,
    )
