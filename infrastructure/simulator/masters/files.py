"""The same listing in each broker's own file format.

Kite's columns are those of the recorded dump (kiteconnect-mocks, instruments_all.csv). Dhan's and
Groww's are documented, not recorded: Dhan's are the header and lines of
api-scrip-master-detailed.csv as public projects quote them (September 2026; every line ends in a
comma, ticks in paise, "-0.01000" for no strike), Groww's the columns of its instruments page
(groww.in/trade-api/docs/curl/instruments) and the two that its file has behind them.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Final

from infrastructure.simulator.masters.masters import Entry, companies, entries

KITE_COLUMNS: Final = (
    "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,"
    "lot_size,instrument_type,segment,exchange"
)
DHAN_COLUMNS: Final = (
    "EXCH_ID,SEGMENT,SECURITY_ID,ISIN,INSTRUMENT,UNDERLYING_SECURITY_ID,UNDERLYING_SYMBOL,"
    "SYMBOL_NAME,DISPLAY_NAME,INSTRUMENT_TYPE,SERIES,LOT_SIZE,SM_EXPIRY_DATE,STRIKE_PRICE,"
    "OPTION_TYPE,TICK_SIZE,EXPIRY_FLAG,BRACKET_FLAG,COVER_FLAG,ASM_GSM_FLAG,ASM_GSM_CATEGORY,"
    "BUY_SELL_INDICATOR,BUY_CO_MIN_MARGIN_PER,BUY_CO_SL_RANGE_MAX_PERC,BUY_CO_SL_RANGE_MIN_PERC,"
    "BUY_BO_MIN_MARGIN_PER,BUY_BO_PROFIT_RANGE_MAX_PERC,BUY_BO_PROFIT_RANGE_MIN_PERC,MTF_LEVERAGE,"
    "SM_UPPER_LIMIT,SM_LOWER_LIMIT,SM_FREEZE_QTY,"
)
GROWW_COLUMNS: Final = (
    "exchange,exchange_token,trading_symbol,groww_symbol,name,instrument_type,segment,series,isin,"
    "underlying_symbol,underlying_exchange_token,expiry_date,strike_price,lot_size,tick_size,"
    "freeze_quantity,is_reserved,buy_allowed,sell_allowed,internal_trading_symbol,is_intraday"
)
CHUNK_ROWS: Final = 1_000

Line = Sequence[object] | None
_KITE_SEGMENTS: Final = {"NSE": 1, "NFO": 2, "CDS": 3, "BSE": 4, "BFO": 5, "BCD": 6, "MCX": 7}
_KITE_INDICES: Final = 9
_HOME: Final = {"NFO": "NSE", "BFO": "BSE", "CDS": "NSE", "BCD": "BSE"}
_DHAN_SEGMENTS: Final = {
    "NSE": "E", "BSE": "E", "NFO": "D", "BFO": "D", "CDS": "C", "BCD": "C", "MCX": "M",
}  # fmt: skip
_ON_INDICES: Final = frozenset({"NIFTY", "BANKNIFTY", "FINNIFTY", "SENSEX"})
GROWW_INDICES: Final = {"MIDCPNIFTY": "NIFTYMIDSELECT", "NIFTYNXT50": "NIFTYJR"}
_DHAN_INDEX_UNDERLYINGS: Final = {"NIFTY": "26000", "BANKNIFTY": "26009", "FINNIFTY": "26037"}


def kite_file(day: date, exchange: str | None = None) -> Iterator[str]:
    """In chunks; everything, or what one exchange lists."""
    listed = (each for each in entries(day) if exchange in (None, each.exchange))
    odd = [(0, 0, "HALFALINE", "", "0.0", "", "0.0", "-", "1", "EQ", "NSE", "NSE")]
    return _chunks(KITE_COLUMNS, listed, _kite_line, odd if exchange in (None, "NSE") else [])


def dhan_file(day: date) -> Iterator[str]:
    """In chunks."""
    odd = [("NSE", "E", "NONE", "NA", "EQUITY", *[""] * 28)]
    return _chunks(DHAN_COLUMNS, entries(day), _dhan_line, odd)


def groww_file(day: date) -> Iterator[str]:
    """In chunks."""
    odd = [("NSE", "1", "", "NSE-", "", "EQ", "CASH", *[""] * 14)]
    return _chunks(GROWW_COLUMNS, entries(day), _groww_line, odd)


def _chunks(
    columns: str,
    listed: Iterator[Entry],
    line_of: Callable[[Entry], Line],
    odd: Sequence[Sequence[object]],
) -> Iterator[str]:
    """`odd` are lines that nobody can use, as every real file has some."""
    text = StringIO()
    text.write(f"{columns}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows(odd)
    written = 0
    for each in listed:
        line = line_of(each)
        if line is None:
            continue
        writer.writerow(line)
        written += 1
        if written % CHUNK_ROWS == 0:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _kite_line(each: Entry) -> Line:
    if _filler_number(each) in _NOT_AT_KITE:
        return None
    said = _said(_KITE_SAYS, each)
    is_index = each.kind == "INDEX"
    segment_number = _KITE_INDICES if is_index else _KITE_SEGMENTS[each.exchange]
    part = {"EQ": "", "INDEX": "", "FUT": "-FUT"}.get(each.kind, "-OPT")
    symbol = f"{each.symbol}-BE" if each.series == "BE" else each.symbol
    return (
        each.token << 8 | segment_number,
        each.token,
        symbol,
        each.symbol if is_index else (each.underlying or each.description).upper(),
        "0.0",
        said["expiry"],
        said["strike"] or "0.0",
        "0.0" if is_index else said["tick"],
        "0" if is_index else said["lot"],
        "EQ" if is_index else each.kind,
        "INDICES" if is_index else f"{each.exchange}{part}",
        each.exchange,
    )


def _dhan_line(each: Entry) -> Line:
    if _filler_number(each) in _NOT_AT_DHAN:
        return None
    said = _said(_DHAN_SAYS, each)
    is_index, is_option = each.kind == "INDEX", each.kind in ("CE", "PE")
    no_strike = "-0.01000" if each.expiry else ""
    return (
        _HOME.get(each.exchange, each.exchange),
        "I" if is_index else _DHAN_SEGMENTS[each.exchange],
        each.dhan_id or each.token,
        each.isin or "NA",
        _dhan_instrument(each),
        each.dhan_id if is_index else _DHAN_INDEX_UNDERLYINGS.get(each.underlying, each.spot_token),
        each.underlying or (each.description if is_index else each.symbol),
        _dhan_symbol(each),
        _dhan_display(each),
        "OP" if is_option else {"INDEX": "INDEX", "EQ": "ES"}.get(each.kind, "FUT"),
        each.series if each.kind == "EQ" else "NA",
        f"{said['lot']}.0",
        said["expiry"] or ("0001-01-01" if is_index else ""),
        f"{Decimal(said['strike']):.5f}" if is_option else no_strike,
        each.kind if is_option else "XX",
        "0.0500" if is_index else f"{Decimal(said['tick']) * 100:.4f}",
        ("M" if each.monthly else "W") if each.expiry else "NA",
        *("N", "N", "N", "NA", "A", 0, 0, 0, 0, 0, 0, 0, "0.0000", "0.0000", each.freeze, ""),
    )


def _dhan_instrument(each: Entry) -> str:
    if each.kind in ("EQ", "INDEX"):
        return "EQUITY" if each.kind == "EQ" else "INDEX"
    is_future = each.kind == "FUT"
    if each.exchange == "MCX":
        return "FUTCOM" if is_future else "OPTFUT"
    family = "CUR" if each.exchange == "CDS" else "IDX" if each.underlying in _ON_INDICES else "STK"
    return f"{'FUT' if is_future else 'OPT'}{family}"


def _dhan_symbol(each: Entry) -> str:
    if each.expiry is None:
        return each.description.upper()
    if each.exchange == "BFO":  # BSE's own product code, the same for all of them
        return "BSXFUT" if each.kind == "FUT" else "BSXOPT"
    tail = "FUT" if each.kind == "FUT" else f"{each.strike}-{each.kind}"
    return f"{each.underlying}-{each.expiry:%b%Y}-{tail}"


def _dhan_display(each: Entry) -> str:
    if each.expiry is None:
        return each.description
    month = f"{each.expiry:%b}".upper()
    if each.kind == "FUT":
        return f"{each.underlying} {month} FUT"
    side = "CALL" if each.kind == "CE" else "PUT"
    return f"{each.underlying} {each.expiry:%d} {month} {each.strike} {side}"


def _groww_line(each: Entry) -> Line:
    if each.exchange == "CDS" or _filler_number(each) in _NOT_AT_GROWW:
        return None
    said = _said(_GROWW_SAYS, each)
    home = _HOME.get(each.exchange, each.exchange)
    if each.kind == "INDEX":
        symbol = GROWW_INDICES.get(each.description, each.description)
        token = each.token if home == "BSE" else symbol
        line = (home, token, symbol, f"{home}-{symbol}", "", "IDX", "CASH", *[""] * 9)
        return (*line, 0, 0, 0, symbol, 0)
    is_share = each.kind == "EQ"
    return (
        home,
        each.token,
        each.symbol,
        f"{home}-{each.symbol}" if is_share else _groww_contract(each, home),
        each.description if is_share else "",
        each.kind,
        "CASH" if is_share else "COMMODITY" if each.exchange == "MCX" else "FNO",
        each.series if is_share else "",
        each.isin,
        each.underlying,
        each.spot_token,
        said["expiry"],
        said["strike"],
        said["lot"],
        said["tick"],
        each.freeze or "",
        *(0, 1, 1),
        f"{each.symbol}-{each.series}" if is_share and home == "NSE" else each.symbol,
        1,
    )


def _groww_contract(each: Entry, home: str) -> str:
    assert each.expiry is not None
    tail = "FUT" if each.kind == "FUT" else f"{each.strike}-{each.kind}"
    return f"{home}-{each.underlying}-{each.expiry:%d%b%y}-{tail}"


def _filler_number(each: Entry) -> int | None:
    """Which made-up company's share this is."""
    return int(each.isin[3:9]) if each.isin.startswith("INZ") else None


_NOT_AT_KITE: Final = frozenset(range(2_000, 2_020))
_NOT_AT_DHAN: Final = frozenset(range(2_100, 2_120))
_NOT_AT_GROWW: Final = frozenset({*range(2_200, 2_220), 2_301})
"""Companies that these do not list."""

Opinions = dict[str, dict[str, str]]
_KITE_SAYS: Final[Opinions] = {"KOTAKBANK FUT": {"lot": "1"}}
_DHAN_SAYS: Final[Opinions] = {
    "KOTAKBANK 2100 CE": {"strike": "2120"},
    companies()[1_500].symbol: {"lot": "2"},
    companies()[2_301].symbol: {"tick": "0.25"},  # Groww does not list it: word against word
}
_GROWW_SAYS: Final[Opinions] = {
    "KOTAKBANK 2100 PE": {"expiry": "2031-12-30"},
    companies()[1_501].symbol: {"tick": "0.5"},
}
"""Where a broker's file says something else than the others."""


def _said(opinions: Opinions, each: Entry) -> dict[str, str]:
    contract = " ".join(filter(None, (each.underlying, each.strike, each.kind)))
    said = opinions.get(contract if each.expiry else each.symbol, {})
    return {
        "lot": str(each.lot),
        "tick": each.tick,
        "strike": each.strike,
        "expiry": each.expiry.isoformat() if each.expiry else "",
        **said,
    }
