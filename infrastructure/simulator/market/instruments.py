"""What the simulated exchanges list for good: well-known shares on both of them, and indices.

Symbols, tokens and ISINs are the real ones. Levels are plausible, not quoted: each is only what
`prices` moves around. Contracts come and go with the days; `universe` makes them.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from domain.instruments import Kind

ExchangeName = Literal["NSE", "BSE", "NFO", "BFO"]

TICK_INR: Final = Decimal("0.05")
_KITE_SEGMENTS: Final[dict[ExchangeName, int]] = {"NSE": 1, "NFO": 2, "BSE": 4, "BFO": 5}
_KITE_INDICES: Final = 9
_DHAN_SEGMENTS: Final[dict[ExchangeName, str]] = {
    "NSE": "NSE_EQ",
    "BSE": "BSE_EQ",
    "NFO": "NSE_FNO",
    "BFO": "BSE_FNO",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Instrument:
    """One share, index or contract. `symbol` is Kite's, `exchange_token` the exchange's own.

    `root` is what contracts on it are called (NIFTY for NIFTY 50), and what a contract is on.
    `level_ticks` is where prices come from, `path` names the way they take, and `reach_percent` is
    how far they stray on it, a share being 100. `spot` is what a contract's price follows, and
    `volatility_percent` is that of its options, a year.
    """

    exchange: ExchangeName
    symbol: str
    description: str
    exchange_token: int
    root: str
    path: str
    level_ticks: int
    kind: Kind = "EQ"
    isin: str = ""
    tick_inr: Decimal = TICK_INR
    lot_size_shares: int = 1
    freeze_shares: int | None = None
    expiry: date | None = None
    strike_inr: Decimal | None = None
    spot: "Instrument | None" = None
    dhan_index_id: int | None = None
    reach_percent: int = 100
    volatility_percent: int = 0

    def __hash__(self) -> int:
        return hash((self.exchange, self.symbol))

    @property
    def instrument_token(self) -> int:
        """Kite's number for it: the exchange's token and the segment in one."""
        is_index = self.kind == "INDEX"
        return self.exchange_token << 8 | (
            _KITE_INDICES if is_index else _KITE_SEGMENTS[self.exchange]
        )

    @property
    def dhan_segment(self) -> str:
        return "IDX_I" if self.kind == "INDEX" else _DHAN_SEGMENTS[self.exchange]

    @property
    def dhan_security_id(self) -> str:
        """The exchange's token; for an index a number of Dhan's own."""
        return str(self.exchange_token if self.dhan_index_id is None else self.dhan_index_id)

    @property
    def is_contract(self) -> bool:
        return self.spot is not None

    @property
    def underlying(self) -> str | None:
        return self.root if self.spot else None


# symbol | NSE token | BSE scrip code | ISIN | price level in INR | name
_SHARES = """
RELIANCE   | 2885  | 500325 | INE002A01018 | 1440    | Reliance Industries
INFY       | 1594  | 500209 | INE009A01021 | 1500    | Infosys
TCS        | 11536 | 532540 | INE467B01029 | 3050    | Tata Consultancy Services
HDFCBANK   | 1333  | 500180 | INE040A01034 | 980     | HDFC Bank
ICICIBANK  | 4963  | 532174 | INE090A01021 | 1360    | ICICI Bank
SBIN       | 3045  | 500112 | INE062A01020 | 880     | State Bank of India
AXISBANK   | 5900  | 532215 | INE238A01034 | 1190    | Axis Bank
KOTAKBANK  | 1922  | 500247 | INE237A01028 | 2100    | Kotak Mahindra Bank
INDUSINDBK | 5258  | 532187 | INE095A01012 | 790     | IndusInd Bank
ITC        | 1660  | 500875 | INE154A01025 | 410     | ITC
LT         | 11483 | 500510 | INE018A01030 | 3750    | Larsen & Toubro
HINDUNILVR | 1394  | 500696 | INE030A01027 | 2520    | Hindustan Unilever
BHARTIARTL | 10604 | 532454 | INE397D01024 | 2000    | Bharti Airtel
BAJFINANCE | 317   | 500034 | INE296A01032 | 1010    | Bajaj Finance
BAJAJFINSV | 16675 | 532978 | INE918I01026 | 2050    | Bajaj Finserv
BAJAJ-AUTO | 16669 | 532977 | INE917I01010 | 8900    | Bajaj Auto
ASIANPAINT | 236   | 500820 | INE021A01026 | 2500    | Asian Paints
MARUTI     | 10999 | 532500 | INE585B01010 | 15800   | Maruti Suzuki India
TITAN      | 3506  | 500114 | INE280A01028 | 3700    | Titan Company
WIPRO      | 3787  | 507685 | INE075A01022 | 245     | Wipro
HCLTECH    | 7229  | 532281 | INE860A01027 | 1520    | HCL Technologies
TECHM      | 13538 | 532755 | INE669C01036 | 1430    | Tech Mahindra
SUNPHARMA  | 3351  | 524715 | INE044A01036 | 1700    | Sun Pharmaceutical Industries
CIPLA      | 694   | 500087 | INE059A01026 | 1540    | Cipla
DRREDDY    | 881   | 500124 | INE089A01031 | 1250    | Dr. Reddy's Laboratories
DIVISLAB   | 10940 | 532488 | INE361B01024 | 6600    | Divi's Laboratories
APOLLOHOSP | 157   | 508869 | INE437A01024 | 7700    | Apollo Hospitals Enterprise
ULTRACEMCO | 11532 | 532538 | INE481G01011 | 12000   | UltraTech Cement
GRASIM     | 1232  | 500300 | INE047A01021 | 2800    | Grasim Industries
NESTLEIND  | 17963 | 500790 | INE239A01024 | 1250    | Nestle India
BRITANNIA  | 547   | 500825 | INE216A01030 | 5900    | Britannia Industries
TATACONSUM | 3432  | 500800 | INE192A01025 | 1150    | Tata Consumer Products
POWERGRID  | 14977 | 532898 | INE752E01010 | 285     | Power Grid Corporation of India
NTPC       | 11630 | 532555 | INE733E01010 | 335     | NTPC
ONGC       | 2475  | 500312 | INE213A01029 | 250     | Oil & Natural Gas Corporation
COALINDIA  | 20374 | 533278 | INE522F01014 | 385     | Coal India
BPCL       | 526   | 500547 | INE029A01011 | 340     | Bharat Petroleum Corporation
IOC        | 1624  | 530965 | INE242A01010 | 155     | Indian Oil Corporation
GAIL       | 4717  | 532155 | INE129A01019 | 180     | GAIL (India)
JSWSTEEL   | 11723 | 500228 | INE019A01038 | 1150    | JSW Steel
TATASTEEL  | 3499  | 500470 | INE081A01020 | 172     | Tata Steel
HINDALCO   | 1363  | 500440 | INE038A01020 | 790     | Hindalco Industries
VEDL       | 3063  | 500295 | INE205A01025 | 480     | Vedanta
ADANIENT   | 25    | 512599 | INE423A01024 | 2450    | Adani Enterprises
ADANIPORTS | 15083 | 532921 | INE742F01042 | 1430    | Adani Ports & SEZ
EICHERMOT  | 910   | 505200 | INE066A01021 | 6900    | Eicher Motors
HEROMOTOCO | 1348  | 500182 | INE158A01026 | 5500    | Hero MotoCorp
M&M        | 2031  | 500520 | INE101A01026 | 3550    | Mahindra & Mahindra
SBILIFE    | 21808 | 540719 | INE123W01016 | 1930    | SBI Life Insurance Company
HDFCLIFE   | 467   | 540777 | INE795G01014 | 745     | HDFC Life Insurance Company
TRENT      | 1964  | 500251 | INE849A01020 | 4700    | Trent
DLF        | 14732 | 532868 | INE271C01023 | 750     | DLF
BHEL       | 438   | 500103 | INE257A01026 | 260     | Bharat Heavy Electricals
"""

# exchange | symbol | root | Kite's token | Dhan's id | level | reach in percent of a share's
_INDICES = """
NSE | NIFTY 50          | NIFTY      | 256265 | 13  | 24650 | 50
NSE | NIFTY BANK        | BANKNIFTY  | 260105 | 25  | 55000 | 60
NSE | NIFTY FIN SERVICE | FINNIFTY   | 257801 | 27  | 26000 | 60
NSE | NIFTY MID SELECT  | MIDCPNIFTY | 288009 | 442 | 12900 | 65
NSE | NIFTY NEXT 50     | NIFTYNXT50 | 270857 | 38  | 67000 | 65
NSE | NIFTY IT          | NIFTYIT    | 259849 | 29  | 36500 | 80
NSE | INDIA VIX         | INDIAVIX   | 264969 | 21  | 13    | 400
BSE | SENSEX            | SENSEX     | 265    | 51  | 80800 | 50
BSE | BANKEX            | BANKEX     | 274441 | 69  | 61500 | 60
"""
# The indices of the two exchanges go together; a share's path is shared by its name.
_SAME_PATH: Final = {"SENSEX": "NIFTY 50", "BANKEX": "NIFTY BANK"}


def _cells(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def _share(exchange: ExchangeName, cells: list[str]) -> Instrument:
    symbol, nse_token, scrip_code, isin, level_inr, name = cells
    return Instrument(
        exchange=exchange,
        symbol=symbol,
        description=name,
        exchange_token=int(nse_token if exchange == "NSE" else scrip_code),
        root=symbol,
        path=symbol,
        isin=isin,
        level_ticks=int(Decimal(level_inr) / TICK_INR),
    )


def _index(cells: list[str]) -> Instrument:
    exchange, symbol, root, kite_token, dhan_id, level_inr, reach = cells
    return Instrument(
        exchange="BSE" if exchange == "BSE" else "NSE",
        symbol=symbol,
        description=symbol,
        kind="INDEX",
        exchange_token=int(kite_token) >> 8,
        root=root,
        path=_SAME_PATH.get(symbol, symbol),
        level_ticks=int(Decimal(level_inr) / TICK_INR),
        dhan_index_id=int(dhan_id),
        reach_percent=int(reach),
    )


INSTRUMENTS: Final[dict[str, Instrument]] = {
    cells[0]: _share("NSE", cells) for cells in _cells(_SHARES)
}
"""The shares of the NSE by symbol."""

BSE_SHARES: Final[dict[str, Instrument]] = {
    cells[0]: _share("BSE", cells) for cells in _cells(_SHARES)
}
INDICES: Final[tuple[Instrument, ...]] = tuple(_index(cells) for cells in _cells(_INDICES))
