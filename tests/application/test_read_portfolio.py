from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace as changed

from application.portfolio.read_portfolio import Portfolio, ReadPortfolio
from application.ports.account import Funds, Holding, Position
from application.ports.broker import Access, BrokerDown, LoginExpired, RateLimited
from application.ports.market import Detail, Quote
from domain.capabilities import OFFERS
from domain.errors import BrokerLoginRequired, BrokerUnavailable
from domain.instruments import Instrument
from domain.vocabulary import BrokerName
from tests.application.market import INFY, TCS
from tests.application.world import OPENING_BELL, World, context
from tests.fakes.broker import FakeBrokers, ScriptedBroker
from tests.fakes.instruments import FakeInstruments

TEN_INFY = Holding(
    exchange="NSE",
    trading_symbol="INFY",
    isin="INE009A01021",
    quantity_shares=10,
    average_price_inr=Decimal("1400.00"),
    last_price_inr=Decimal("1500.00"),
    previous_close_inr=Decimal("1490.00"),
)
NO_CLOSE = replace(TEN_INFY, previous_close_inr=None)
SHORT_TCS = Position(
    exchange="NSE",
    trading_symbol="TCS",
    product="MIS",
    quantity_shares=-3,
    average_price_inr=Decimal("3100.00"),
    last_price_inr=None,
)
MONEY = Funds(segment="all", available_inr=Decimal("1000.00"))


class Holder(ScriptedBroker):
    """Prices what is in `prices`, 10 INR above the close before, or has trouble with it."""

    def __init__(self, name: BrokerName) -> None:
        super().__init__(name, offer=OFFERS[name])
        self.prices = {"NSE:INFY": Decimal("1600.00"), "NSE:TCS": Decimal("3090.00")}
        self.trouble: Exception | None = None
        self.its_funds: tuple[Funds, ...] | Exception = (MONEY,)
        self.asked: list[tuple[str, ...]] = []

    def quotes(
        self, access: Access, instruments: Sequence[Instrument], detail: Detail, now: datetime
    ) -> tuple[Quote, ...]:
        self.asked.append((detail, *(each.name for each in instruments)))
        if self.trouble is not None:
            raise self.trouble
        return tuple(
            Quote(
                instrument=each,
                last_price_inr=self.prices[each.name],
                previous_close_inr=self.prices[each.name] - 10,
                traded_at=OPENING_BELL,
            )
            for each in instruments
            if each.name in self.prices
        )

    def funds(self, access: Access, now: datetime) -> tuple[Funds, ...]:
        if isinstance(self.its_funds, Exception):
            raise self.its_funds
        return self.its_funds


class Desk:
    """Somebody at a broker without a login."""

    def __init__(self, name: BrokerName = "dhan", *table: Instrument) -> None:
        self.world = World()
        self.broker = Holder(name)
        admit = replace(self.world.admit, brokers=FakeBrokers(self.broker))
        self._read = ReadPortfolio(
            read_broker=replace(self.world.read_broker, admit=admit),
            instruments=FakeInstruments(table or (INFY, TCS)),
        )

    def read(self) -> Portfolio:
        entered = self.world.entered()
        name = self.broker.name
        return self._read(context(), entered, name, "holdings", "positions", "funds").answer


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_who_tells_all_is_not_asked_for_quotes(desk):
    desk.broker.its_holdings = (TEN_INFY,)

    portfolio = desk.read()

    assert desk.broker.asked == []
    (infy,) = portfolio.holdings
    assert (infy.holding, infy.price.source, infy.price.traded_at) == (TEN_INFY, "holdings", None)
    assert portfolio.asked_at == OPENING_BELL
    assert (portfolio.funds, portfolio.missing) == ((MONEY,), ())


def test_all_that_lacks_something_is_asked_for_at_once(desk):
    desk.broker.its_holdings = (NO_CLOSE, NO_CLOSE)
    desk.broker.its_positions = (SHORT_TCS,)

    portfolio = desk.read()

    assert desk.broker.asked == [("full", "NSE:INFY", "NSE:TCS")]
    infy, again = portfolio.holdings
    assert (infy.price.last_inr, infy.price.previous_close_inr) == (1600, 1590)
    assert (infy.price.source, infy.price.traded_at) == ("quotes", OPENING_BELL)
    assert again.price == infy.price
    assert portfolio.positions[0].unrealised_inr == Decimal("30.00")


def test_full_quotes_that_come_one_by_one_are_not_asked_for():
    desk = Desk("groww")
    desk.broker.its_holdings = (NO_CLOSE,)

    desk.read()

    assert desk.broker.asked == [("ohlc", "NSE:INFY")]


@pytest.mark.parametrize("trouble", [BrokerDown("ReadTimeout"), RateLimited(1.0)])
def test_without_quotes_the_shares_and_what_is_known_of_them_are_told(desk, trouble):
    desk.broker.its_holdings = (NO_CLOSE,)
    desk.broker.its_positions = (SHORT_TCS,)
    desk.broker.trouble = trouble

    portfolio = desk.read()

    (infy,) = portfolio.holdings
    assert (infy.gain_inr, infy.day_change_inr) == (Decimal("1000.00"), None)
    assert infy.price.source == "holdings"
    assert portfolio.positions[0].gain_inr is None
    (missing,) = portfolio.missing
    assert missing.startswith("Dhan gave no quotes (")


def test_what_the_broker_has_no_quote_of_keeps_its_own_price(desk):
    desk.broker.its_holdings = (NO_CLOSE,)
    desk.broker.prices = {}

    (infy,) = desk.read().holdings

    assert (infy.price.last_inr, infy.price.source) == (Decimal("1500.00"), "holdings")


def test_what_is_not_in_the_table_is_counted_and_hides_nothing(desk):
    desk.broker.its_holdings = (replace(NO_CLOSE, trading_symbol="ODD"), NO_CLOSE)

    portfolio = desk.read()

    assert desk.broker.asked == [("full", "NSE:INFY")]
    assert [each.price.source for each in portfolio.holdings] == ["holdings", "quotes"]
    (missing,) = portfolio.missing
    assert missing.startswith("1 of them not found in the instrument table")


@pytest.mark.parametrize(
    ("isin", "asked"), [("INE009A01021", ["full", "BSE:INFY"]), ("INE467B01029", []), (None, [])]
)
def test_a_share_that_only_the_bse_lists_is_found_there_by_its_isin(isin, asked):
    at_bse = changed(INFY, name="BSE:INFY", exchange="BSE", isin="INE009A01021")
    desk = Desk("dhan", at_bse)
    desk.broker.its_holdings = (replace(NO_CLOSE, isin=isin),)

    desk.read()

    assert [each for call in desk.broker.asked for each in call] == asked


def test_funds_that_cannot_be_had_hide_no_shares(desk):
    desk.broker.its_holdings = (TEN_INFY,)
    desk.broker.its_funds = BrokerDown("ReadTimeout")

    portfolio = desk.read()

    assert (len(portfolio.holdings), portfolio.funds) == (1, None)
    assert portfolio.missing == ("Dhan did not tell its funds (ReadTimeout).",)


def test_a_login_that_ends_while_quotes_are_asked_for_has_ended(desk):
    desk.broker.its_holdings = (NO_CLOSE,)
    desk.broker.trouble = LoginExpired("over")

    with pytest.raises(BrokerLoginRequired, match="Dhan says that your login has ended"):
        desk.read()


def test_without_holdings_there_is_no_portfolio(desk):
    desk.broker.its_holdings = BrokerDown("ReadTimeout")

    with pytest.raises(BrokerUnavailable, match="Dhan gave no usable answer"):
        desk.read()
