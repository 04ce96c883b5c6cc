"""The shares that can be traded here: well-known NSE names under their real tokens.

Prices are plausible, not quoted: each is only the level around which `prices` moves.
"""

from dataclasses import dataclass
from decimal import Decimal

TICK_INR = Decimal("0.05")
NSE_SEGMENT = 1


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """One share. `exchange_token` is what Groww and Dhan call it, too (Dhan: security id)."""

    symbol: str
    name: str
    exchange_token: int
    isin: str
    base_price_inr: Decimal
    exchange: str = "NSE"
    tick_inr: Decimal = TICK_INR
    lot_size_shares: int = 1

    @property
    def instrument_token(self) -> int:
        """Kite's number for it: the exchange's token and the segment in one."""
        return self.exchange_token << 8 | NSE_SEGMENT


# symbol | exchange token | ISIN | price level in INR | name
_LISTED = """
RELIANCE   | 2885  | INE002A01018 | 1440    | Reliance Industries
INFY       | 1594  | INE009A01021 | 1500    | Infosys
TCS        | 11536 | INE467B01029 | 3050    | Tata Consultancy Services
HDFCBANK   | 1333  | INE040A01034 | 980     | HDFC Bank
ICICIBANK  | 4963  | INE090A01021 | 1360    | ICICI Bank
SBIN       | 3045  | INE062A01020 | 880     | State Bank of India
AXISBANK   | 5900  | INE238A01034 | 1190    | Axis Bank
KOTAKBANK  | 1922  | INE237A01028 | 2100    | Kotak Mahindra Bank
INDUSINDBK | 5258  | INE095A01012 | 790     | IndusInd Bank
ITC        | 1660  | INE154A01025 | 410     | ITC
LT         | 11483 | INE018A01030 | 3750    | Larsen & Toubro
HINDUNILVR | 1394  | INE030A01027 | 2520    | Hindustan Unilever
BHARTIARTL | 10604 | INE397D01024 | 2000    | Bharti Airtel
BAJFINANCE | 317   | INE296A01032 | 1010    | Bajaj Finance
BAJAJFINSV | 16675 | INE918I01026 | 2050    | Bajaj Finserv
BAJAJ-AUTO | 16669 | INE917I01010 | 8900    | Bajaj Auto
ASIANPAINT | 236   | INE021A01026 | 2500    | Asian Paints
MARUTI     | 10999 | INE585B01010 | 15800   | Maruti Suzuki India
TITAN      | 3506  | INE280A01028 | 3700    | Titan Company
WIPRO      | 3787  | INE075A01022 | 245     | Wipro
HCLTECH    | 7229  | INE860A01027 | 1520    | HCL Technologies
TECHM      | 13538 | INE669C01036 | 1430    | Tech Mahindra
SUNPHARMA  | 3351  | INE044A01036 | 1700    | Sun Pharmaceutical Industries
CIPLA      | 694   | INE059A01026 | 1540    | Cipla
DRREDDY    | 881   | INE089A01031 | 1250    | Dr. Reddy's Laboratories
DIVISLAB   | 10940 | INE361B01024 | 6600    | Divi's Laboratories
APOLLOHOSP | 157   | INE437A01024 | 7700    | Apollo Hospitals Enterprise
ULTRACEMCO | 11532 | INE481G01011 | 12000   | UltraTech Cement
GRASIM     | 1232  | INE047A01021 | 2800    | Grasim Industries
NESTLEIND  | 17963 | INE239A01024 | 1250    | Nestle India
BRITANNIA  | 547   | INE216A01030 | 5900    | Britannia Industries
TATACONSUM | 3432  | INE192A01025 | 1150    | Tata Consumer Products
POWERGRID  | 14977 | INE752E01010 | 285     | Power Grid Corporation of India
NTPC       | 11630 | INE733E01010 | 335     | NTPC
ONGC       | 2475  | INE213A01029 | 250     | Oil & Natural Gas Corporation
COALINDIA  | 20374 | INE522F01014 | 385     | Coal India
BPCL       | 526   | INE029A01011 | 340     | Bharat Petroleum Corporation
IOC        | 1624  | INE242A01010 | 155     | Indian Oil Corporation
GAIL       | 4717  | INE129A01019 | 180     | GAIL (India)
JSWSTEEL   | 11723 | INE019A01038 | 1150    | JSW Steel
TATASTEEL  | 3499  | INE081A01020 | 172     | Tata Steel
HINDALCO   | 1363  | INE038A01020 | 790     | Hindalco Industries
VEDL       | 3063  | INE205A01025 | 480     | Vedanta
ADANIENT   | 25    | INE423A01024 | 2450    | Adani Enterprises
ADANIPORTS | 15083 | INE742F01042 | 1430    | Adani Ports & SEZ
EICHERMOT  | 910   | INE066A01021 | 6900    | Eicher Motors
HEROMOTOCO | 1348  | INE158A01026 | 5500    | Hero MotoCorp
M&M        | 2031  | INE101A01026 | 3550    | Mahindra & Mahindra
SBILIFE    | 21808 | INE123W01016 | 1930    | SBI Life Insurance Company
HDFCLIFE   | 467   | INE795G01014 | 745     | HDFC Life Insurance Company
TRENT      | 1964  | INE849A01020 | 4700    | Trent
DLF        | 14732 | INE271C01023 | 750     | DLF
BHEL       | 438   | INE257A01026 | 260     | Bharat Heavy Electricals
"""


def _listed(line: str) -> Instrument:
    symbol, exchange_token, isin, price, name = (cell.strip() for cell in line.split("|"))
    return Instrument(
        symbol=symbol,
        name=name,
        exchange_token=int(exchange_token),
        isin=isin,
        base_price_inr=Decimal(price),
    )


INSTRUMENTS: dict[str, Instrument] = {
    instrument.symbol: instrument for instrument in map(_listed, _LISTED.strip().splitlines())
}


def resolve(exchange: str, symbol: str) -> Instrument | None:
    """Find a share under any of its spellings: `INFY`, `INFY-EQ`, `NSE:INFY`.

    `None` for everything else: a guess would be somebody's money.
    """
    prefix, colon, bare = symbol.rpartition(":")
    if exchange != "NSE" or (colon and prefix != exchange):
        return None
    return INSTRUMENTS.get(bare.removesuffix("-EQ"))
