"""The indices, which have no token in common: a table by hand.

Kite's symbols and tokens are those of its dump of instruments, Dhan's security ids those of the
`IDX_I` rows of its scrip master, Groww's symbols those of the `IDX` rows of its file; all three as
they are quoted in public. An index that is not here joins by its name, where two spell it alike.
"""

from dataclasses import dataclass
from typing import Final

from domain.vocabulary import Exchange


@dataclass(frozen=True, kw_only=True)
class Index:
    """`symbol` is Kite's and ours; `alias` is what contracts on it and Groww call it."""

    exchange: Exchange
    symbol: str
    kite_exchange_token: int
    dhan_security_id: str
    alias: str
    groww_symbol: str


# exchange | Kite's symbol | Kite's exchange token | Dhan's id | contracts' underlying | Groww's
_TABLE: Final = """
NSE | NIFTY 50          | 1001 | 13  | NIFTY      | NIFTY
NSE | NIFTY BANK        | 1016 | 25  | BANKNIFTY  | BANKNIFTY
NSE | NIFTY FIN SERVICE | 1007 | 27  | FINNIFTY   | FINNIFTY
NSE | NIFTY MID SELECT  | 1125 | 442 | MIDCPNIFTY | NIFTYMIDSELECT
NSE | NIFTY NEXT 50     | 1058 | 38  | NIFTYNXT50 | NIFTYJR
NSE | NIFTY IT          | 1015 | 29  | NIFTYIT    | NIFTYIT
NSE | INDIA VIX         | 1035 | 21  | INDIAVIX   | INDIAVIX
BSE | SENSEX            | 1    | 51  | SENSEX     | SENSEX
BSE | BANKEX            | 1072 | 69  | BANKEX     | BANKEX
"""


def _index(line: str) -> Index:
    exchange, symbol, kite, dhan, alias, groww = (cell.strip() for cell in line.split("|"))
    return Index(
        exchange="BSE" if exchange == "BSE" else "NSE",
        symbol=symbol,
        kite_exchange_token=int(kite),
        dhan_security_id=dhan,
        alias=alias,
        groww_symbol=groww,
    )


INDICES: Final = tuple(map(_index, _TABLE.strip().splitlines()))
BY_ALIAS: Final = {index.alias: index for index in INDICES}
BY_DHAN_ID: Final = {index.dhan_security_id: index for index in INDICES}
BY_GROWW_SYMBOL: Final = {(index.exchange, index.groww_symbol): index for index in INDICES}
ALIAS_OF: Final = {(index.exchange, index.symbol): index.alias for index in INDICES}
