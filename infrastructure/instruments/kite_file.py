"""Kite's dump of instruments, as kite.trade documents it and the recorded fixtures show it."""

from collections.abc import Mapping
from typing import Final, get_args

from domain.instruments import Kind
from domain.vocabulary import Exchange
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

PATH: Final = "/instruments"
_EXCHANGES: Final[Mapping[str, Exchange]] = {name: name for name in get_args(Exchange)}
_KINDS: Final[Mapping[str, Kind]] = {"EQ": "EQ", "FUT": "FUT", "CE": "CE", "PE": "PE"}


def parser(header: Row) -> Parse:
    """Raises:
    BadFile: a column is missing.
    """
    at = columns(
        header,
        "instrument_token",
        "exchange_token",
        "tradingsymbol",
        "name",
        "expiry",
        "strike",
        "tick_size",
        "lot_size",
        "instrument_type",
        "segment",
        "exchange",
    )

    def parse(row: Row) -> Listing | None:
        own, exchange_token, symbol, name, expiry, strike, tick, lots, type_, segment, where = (
            row[i] for i in at
        )
        exchange = _EXCHANGES.get(where)
        if exchange is None:
            return None
        kind: Kind | None = "INDEX" if segment == "INDICES" else _KINDS.get(type_)
        if kind is None:
            raise BadRow("an unknown kind")
        symbol = word(symbol)
        told = optional(name)
        is_contract = kind in ("FUT", "CE", "PE")
        return Listing(
            broker="kite",
            exchange=exchange,
            kind=kind,
            token=token(exchange_token),
            symbol=symbol,
            description=told or symbol,
            handle=(token(own),),
            lot_size_shares=None if kind == "INDEX" else lot(lots),
            tick_inr=None if kind == "INDEX" else amount(tick),
            underlying=word(name) if is_contract else None,
            expiry=day(expiry) if is_contract else None,
            strike_inr=amount(strike) if kind in ("CE", "PE") else None,
        )

    return parse
