"""Dhan's detailed scrip master.

The columns are those of the file's header as public projects quote it (EXCH_ID, SEGMENT, ...,
SM_FREEZE_QTY; each line ends in a comma). Ticks are in paise, also those below one.
"""

from collections.abc import Mapping
from typing import Final

from domain.instruments import Kind
from domain.vocabulary import Exchange
from infrastructure.instruments.indices import BY_DHAN_ID
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

PATH: Final = "/api-data/api-scrip-master-detailed.csv"
_PAISE: Final = 100
_PLACES: Final[Mapping[tuple[str, str], tuple[Exchange, str]]] = {
    ("NSE", "E"): ("NSE", "NSE_EQ"),
    ("NSE", "D"): ("NFO", "NSE_FNO"),
    ("NSE", "C"): ("CDS", "NSE_CURRENCY"),
    ("BSE", "E"): ("BSE", "BSE_EQ"),
    ("BSE", "D"): ("BFO", "BSE_FNO"),
    ("BSE", "C"): ("BCD", "BSE_CURRENCY"),
    ("MCX", "M"): ("MCX", "MCX_COMM"),
    ("NSE", "I"): ("NSE", "IDX_I"),
    ("BSE", "I"): ("BSE", "IDX_I"),
}
_OPTIONS: Final[Mapping[str, Kind]] = {"CE": "CE", "PE": "PE"}


def parser(header: Row) -> Parse:
    """Raises:
    BadFile: a column is missing.
    """
    at = columns(
        header,
        "EXCH_ID",
        "SEGMENT",
        "SECURITY_ID",
        "ISIN",
        "INSTRUMENT",
        "UNDERLYING_SYMBOL",
        "SYMBOL_NAME",
        "DISPLAY_NAME",
        "SERIES",
        "LOT_SIZE",
        "SM_EXPIRY_DATE",
        "STRIKE_PRICE",
        "OPTION_TYPE",
        "TICK_SIZE",
    )

    def parse(row: Row) -> Listing | None:
        (
            where, segment, security_id, isin, instrument, underlying, symbol, shown,
            series, lots, expiry, strike, option, tick,
        ) = (row[i] for i in at)  # fmt: skip
        place = _PLACES.get((where, segment))
        if place is None:
            return None
        exchange, exchange_segment = place
        if segment == "I":
            return _index(exchange, security_id, symbol, shown, instrument)
        kind = _kind(instrument, option)
        is_contract = kind != "EQ"
        return Listing(
            broker="dhan",
            exchange=exchange,
            kind=kind,
            token=token(security_id),
            symbol=word(shown).upper()
            if is_contract
            else share_symbol(exchange, underlying, series),
            description=word(underlying if is_contract else symbol),
            handle=(exchange_segment, word(instrument)),
            lot_size_shares=lot(lots),
            tick_inr=amount(tick, _PAISE),
            isin=optional(isin),
            underlying=word(underlying) if is_contract else None,
            expiry=day(expiry) if is_contract else None,
            strike_inr=amount(strike) if kind in ("CE", "PE") else None,
        )

    return parse


def share_symbol(exchange: Exchange, symbol: str, series: str) -> str:
    """With the series behind it, as Kite writes it, where that is not the ordinary one."""
    found = word(symbol)
    if exchange != "NSE" or series in ("EQ", "", "NA") or found.endswith(f"-{series}"):
        return found
    return f"{found}-{word(series)}"


def _index(
    exchange: Exchange, security_id: str, symbol: str, shown: str, instrument: str
) -> Listing:
    known = BY_DHAN_ID.get(security_id)
    return Listing(
        broker="dhan",
        exchange=known.exchange if known else exchange,
        kind="INDEX",
        token=token(security_id),
        symbol=known.symbol if known else word(symbol).upper(),
        description=word(shown),
        handle=("IDX_I", word(instrument)),
    )


def _kind(instrument: str, option: str) -> Kind:
    if instrument == "EQUITY":
        return "EQ"
    if instrument.startswith("FUT"):
        return "FUT"
    kind = _OPTIONS.get(option)
    if not instrument.startswith("OPT") or kind is None:
        raise BadRow("an unknown kind")
    return kind
