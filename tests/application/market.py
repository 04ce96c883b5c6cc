"""A broker whose market a test has written, and what reads it."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from application.market.read_candles import ReadCandles
from application.market.read_market import ReadMarket
from application.market.read_options import ReadOptionChain
from application.ports.broker import Access
from application.ports.market import Candle, Detail, OptionChain, OptionRow, Quote
from application.read_broker import ReadBroker
from application.sessions.broker_access import Admit
from domain.capabilities import OFFERS
from domain.instruments import Instrument, KiteHandle
from domain.vocabulary import BrokerName, Interval
from tests.application.world import World
from tests.fakes.broker import FakeBrokers, ScriptedBroker
from tests.fakes.calendar import FakeCalendar
from tests.fakes.candle_store import FakeCandleStore
from tests.fakes.instruments import FakeInstruments

INFY = Instrument(
    name="NSE:INFY",
    exchange="NSE",
    kind="EQ",
    trading_symbol="INFY",
    exchange_token="1594",
    description="INFOSYS",
    tick_inr=Decimal("0.05"),
    kite=KiteHandle(instrument_token=408065, trading_symbol="INFY"),
)
TCS = Instrument(
    name="NSE:TCS",
    exchange="NSE",
    kind="EQ",
    trading_symbol="TCS",
    exchange_token="11536",
    description="TATA CONSULTANCY",
    tick_inr=Decimal("0.05"),
)
NIFTY = Instrument(
    name="NSE:NIFTY 50",
    exchange="NSE",
    kind="INDEX",
    trading_symbol="NIFTY 50",
    exchange_token="26000",
    description="NIFTY 50",
    tick_inr=Decimal("0.05"),
)
NIFTY_FUT = Instrument(
    name="NFO:NIFTY:2026-11-23:FUT",
    exchange="NFO",
    kind="FUT",
    trading_symbol="NIFTY26NOVFUT",
    exchange_token="35001",
    description="NIFTY",
    tick_inr=Decimal("0.05"),
    underlying="NIFTY",
    expiry=date(2026, 11, 23),
)


class MarketBroker(ScriptedBroker):
    """Prices everything in `prices`, and notes what it was asked."""

    def __init__(self, name: BrokerName) -> None:
        super().__init__(name, offer=OFFERS[name])
        self.prices = {"NSE:INFY": Decimal("1500.05")}
        self.bars: tuple[Candle, ...] = ()
        self.trouble: Exception | None = None
        self.its_expiries: tuple[date, ...] = ()
        self.strikes: tuple[int, ...] = ()
        self.underlying_price_inr: Decimal | None = None
        self.asked: list[tuple[object, ...]] = []

    def quotes(
        self, access: Access, instruments: Sequence[Instrument], detail: Detail, now: datetime
    ) -> tuple[Quote, ...]:
        self.asked.append((detail, *(each.name for each in instruments)))
        return tuple(
            Quote(instrument=each, last_price_inr=self.prices[each.name])
            for each in instruments
            if each.name in self.prices
        )

    def candles(
        self,
        access: Access,
        instrument: Instrument,
        interval: Interval,
        start: datetime,
        end: datetime,
        now: datetime,
    ) -> tuple[Candle, ...]:
        self.asked.append((instrument.name, interval, start, end))
        if isinstance(self.trouble, Exception):
            raise self.trouble
        return tuple(bar for bar in self.bars if start <= bar.starts_at < end)

    def expiries(self, access: Access, underlying: Instrument, now: datetime) -> tuple[date, ...]:
        return self.its_expiries

    def option_chain(
        self, access: Access, underlying: Instrument, expiry: date, now: datetime
    ) -> OptionChain:
        self.asked.append((underlying.name, expiry))
        return OptionChain(
            underlying=underlying,
            expiry=expiry,
            underlying_price_inr=self.underlying_price_inr,
            rows=tuple(
                OptionRow(strike_inr=Decimal(each), call=None, put=None) for each in self.strikes
            ),
        )


class MarketWorld(World):
    """Everybody is at this one broker, without a login."""

    def __init__(self, name: BrokerName) -> None:
        super().__init__()
        self.broker = MarketBroker(name)
        admit = Admit(
            writer=self.writer,
            brokers=FakeBrokers(self.broker),
            vault=self.vault,
            clock=self.clock,
            egresses=self.egresses,
        )
        reads = ReadBroker(admit=admit, store=self.store, writer=self.writer, clock=self.clock)
        table = FakeInstruments([INFY, TCS, NIFTY, NIFTY_FUT])
        self.read_market = ReadMarket(read_broker=reads, instruments=table)
        self.candle_store = FakeCandleStore()
        self.calendar = FakeCalendar()
        self.read_candles = ReadCandles(
            read_broker=reads,
            instruments=table,
            store=self.candle_store,
            calendar=self.calendar,
        )
        self.read_option_chain = ReadOptionChain(read_broker=reads, instruments=table)
