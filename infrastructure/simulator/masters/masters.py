"""What the master files list: what is simulated, and as much again as a real file has around it.

Fillers are listed and cannot be traded here. Their names, tokens and ISINs are made up (no real
ISIN begins with INZ), everything is a pure function of the day, and a handful of lines disagree
between the brokers on purpose, as the real files do.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from domain.instruments import Kind, plain
from infrastructure.simulator.market.contracts import FIRST_CONTRACT_TOKEN
from infrastructure.simulator.market.expiries import expiries_from
from infrastructure.simulator.market.instruments import INSTRUMENTS, Instrument
from infrastructure.simulator.market.universe import listing

NSE_FILLERS: Final = 2_400
BSE_FILLERS: Final = 4_600
FILLER_UNDERLYINGS: Final = 166
STRIKES: Final = 101
"""For each expiry of a filler's options: some 101,000 contracts in all."""

_FIRST_NSE_TOKEN: Final = 30_000
_FIRST_BSE_TOKEN: Final = 600_000
_FIRST_FILLER_CONTRACT: Final = 2 * FIRST_CONTRACT_TOKEN
_FIRST_OTHER_TOKEN: Final = 1 << 23
_MONTHS: Final = 24
_PLACES: Final = 512
_DHANS_OWN: Final = 1 << 22
_STEPS_INR: Final = tuple(map(Decimal, ("1", "2.5", "5", "10", "20", "50", "100")))
OTHER_STRIKES: Final = 70

# exchange, underlying, strikes' step, tick
_OTHERS: Final = (
    ("MCX", "CRUDEOIL", "50", "1"),
    ("MCX", "NATURALGAS", "5", "0.1"),
    ("MCX", "GOLD", "100", "0.5"),
    ("MCX", "SILVER", "250", "0.5"),
    ("MCX", "COPPER", "5", "0.01"),
    ("CDS", "USDINR", "0.25", "0.0025"),
    ("CDS", "EURINR", "0.25", "0.0025"),
    ("CDS", "GBPINR", "0.25", "0.0025"),
)

_FIRST_NAMES: Final = """
Aravalli Bhadra Chambal Deccan Ellora Falgu Godavari Hampi Indravati Jaisal Konkan Lohit Malabar
Narmada Ooty Palani Raigad Sahyadri Tapti Udaya Vindhya Wainganga Yamuna Zanskar Amber Betwa
Coorg Dholpur Ganga Halebid Ittagi Jog Kaveri Lonar Manas Nilgiri Orchha Penna Ratlam Satpura
Tungabhadra Ujjain Vaigai Yercaud Ashoka Bharani Chitra Dhruva Hasta Kritika
"""
_SECOND_NAMES: Final = """
Textiles Chemicals Foods Motors Cement Steel Pharma Finance Infra Power Sugar Paper Tyres Paints
Jewels Ceramics Logistics Polymers Agro Dairy Hotels Media Software Systems Cables Pumps
Bearings Forgings Castings Alloys Papers Leather Plastics Glass Fibres Seeds Shipping Realty
Housing Capital Insurance Retail Energy Solar Wind Water Labs Biotech Devices Optics
"""


class Entry(NamedTuple):
    """One instrument as an exchange knows it. Prices in INR as plain text; `series` is the NSE's,
    `spot_token` is that of the underlying."""

    exchange: str
    kind: Kind
    token: int
    symbol: str
    description: str
    lot: int = 1
    tick: str = "0.05"
    isin: str = ""
    series: str = ""
    underlying: str = ""
    spot_token: str = ""
    expiry: date | None = None
    strike: str = ""
    monthly: bool = True
    dhan_id: str = ""
    freeze: int = 0


class Company(NamedTuple):
    """A filler: a company that nobody founded."""

    number: int
    symbol: str
    name: str
    isin: str


@lru_cache(maxsize=1)
def companies() -> tuple[Company, ...]:
    """As many as the exchange that lists most needs."""
    found: dict[str, Company] = {}
    firsts, seconds = _FIRST_NAMES.split(), _SECOND_NAMES.split()
    rounds = (BSE_FILLERS // (len(firsts) * len(seconds))) + 2
    for series in range(rounds):
        for second in seconds:
            for first in firsts:
                name = f"{first} {second}" + (f" {series + 1}" if series else "")
                symbol = f"{first[:6]}{second[:4]}{series + 1 if series else ''}".upper()
                if symbol not in found and symbol not in INSTRUMENTS:
                    number = len(found)
                    found[symbol] = Company(number, symbol, name, f"INZ{number:06d}017")
    return tuple(found.values())[:BSE_FILLERS]


def entries(day: date) -> Iterator[Entry]:
    """Everything that is listed on a trading day, some 120,000; the simulated ones first."""
    yield from (_simulated(each) for each in listing(day).all)
    for company in companies():
        if company.number < NSE_FILLERS:
            yield _share(company, "NSE", _FIRST_NSE_TOKEN)
        yield _share(company, "BSE", _FIRST_BSE_TOKEN)
    yield from _stock_contracts(day)
    yield from _other_contracts(day)


def _simulated(each: Instrument) -> Entry:
    return Entry(
        exchange=each.exchange,
        kind=each.kind,
        token=each.exchange_token,
        symbol=each.symbol,
        description=each.root if each.kind == "INDEX" else each.description,
        lot=each.lot_size_shares,
        tick=plain(each.tick_inr),
        isin=each.isin,
        series="EQ" if each.exchange == "NSE" else "A",
        underlying=each.underlying or "",
        spot_token=str(each.spot.exchange_token) if each.spot else "",
        expiry=each.expiry,
        strike=plain(each.strike_inr) if each.strike_inr is not None else "",
        monthly=not each.symbol[len(each.root) + 3 : len(each.root) + 4].isdigit(),  # 26NOV, 26N03
        dhan_id=each.dhan_security_id,
        freeze=each.freeze_shares or 0,
    )


def _share(company: Company, exchange: str, first_token: int) -> Entry:
    is_odd = company.number % 40 == 7 and exchange == "NSE"
    return Entry(
        exchange=exchange,
        kind="EQ",
        token=first_token + company.number,
        symbol=company.symbol,
        description=company.name,
        tick=("0.01", "0.05", "0.1")[company.number % 3],
        isin=company.isin,
        series=("BE" if is_odd else "EQ") if exchange == "NSE" else "B",
    )


def _stock_contracts(day: date) -> Iterator[Entry]:
    """Futures and options on shares of the NSE that have none in the simulation."""
    expiries = expiries_from(day, "NFO", 0)
    for number, (root, spot_token, level_inr) in enumerate(_filler_underlyings()):
        step = max(step for step in _STEPS_INR if step == _STEPS_INR[0] or step * 60 <= level_inr)
        lowest = int(level_inr / step) - STRIKES // 2
        for expiry in expiries:
            month = expiry.day.year * 12 + expiry.day.month
            first = _FIRST_FILLER_CONTRACT + (number * _MONTHS + month % _MONTHS) * _PLACES
            yield from _contracts(
                Entry(
                    exchange="NFO",
                    kind="FUT",
                    token=first,
                    symbol=f"{root}{expiry.code}FUT",
                    description=root,
                    lot=25 * (number % 60 + 1),
                    underlying=root,
                    spot_token=str(spot_token),
                    expiry=expiry.day,
                ),
                f"{root}{expiry.code}",
                [plain(step * (lowest + n)) for n in range(STRIKES)],
            )


@lru_cache(maxsize=1)
def _filler_underlyings() -> tuple[tuple[str, int, Decimal], ...]:
    """Symbol, token and price level of shares: first real ones, then made-up ones."""
    simulated = {spot.root for spot in listing(date(2026, 1, 1)).underlyings}
    real = [
        (each.symbol, each.exchange_token, each.level_ticks * each.tick_inr)
        for each in INSTRUMENTS.values()
        if each.symbol not in simulated
    ]
    made_up = [
        (each.symbol, _FIRST_NSE_TOKEN + each.number, Decimal(100 + each.number * 7 % 2_000))
        for each in companies()
    ]
    return tuple((real + made_up)[:FILLER_UNDERLYINGS])


def _other_contracts(day: date) -> Iterator[Entry]:
    """Commodities and currencies: the brokers have no token in common for these."""
    token = _FIRST_OTHER_TOKEN
    for exchange, root, step, tick in _OTHERS:
        for expiry in expiries_from(day, "NFO", 0):
            strikes = [plain(Decimal(step) * (40 + n)) for n in range(OTHER_STRIKES)]
            future = Entry(
                exchange=exchange,
                kind="FUT",
                token=token,
                symbol=f"{root}{expiry.code}FUT",
                description=root,
                tick=tick,
                underlying=root,
                expiry=expiry.day,
            )
            for each in _contracts(future, f"{root}{expiry.code}", strikes):
                yield each._replace(dhan_id=str(each.token - _DHANS_OWN))
            token += _PLACES


def _contracts(future: Entry, beginning: str, strikes: list[str]) -> Iterator[Entry]:
    """The future, and the two options of each strike with the tokens behind the future's."""
    future = future._replace(freeze=future.lot * 40)
    yield future
    sides: tuple[Kind, Kind] = ("CE", "PE")
    token = future.token
    for strike in strikes:
        for kind in sides:
            token += 1
            yield future._replace(
                kind=kind, token=token, symbol=f"{beginning}{strike}{kind}", strike=strike
            )
