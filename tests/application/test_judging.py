"""What the risk rules are shown: instrument, last price, and how many orders are in doubt."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from application.orders.judging import Seen, facts, value_of
from application.orders.last_prices import LastPrice
from application.ports.broker import BrokerDown, LoginExpired, RateLimited, Secrets
from application.ports.market import Quote
from application.sessions.broker_access import Admission
from domain.errors import BrokerLoginRequired, NotSupportedByBroker
from domain.events import OrderOutcomeUnknown
from domain.instruments import Instrument
from domain.limits import parse
from domain.risk_ledger import RiskLedger
from domain.vocabulary import OrderTerms
from tests.application.reconciling import account, round_of, unknown_at_kite
from tests.application.world import (
    ASHA,
    FIRST,
    INFY,
    OPEN,
    OPENING_BELL,
    RAVI,
    TEN_INFY,
    WIDE_OPEN,
    World,
    context,
    row,
)
from tests.fakes.calendar import FakeCalendar

AT_MARKET = replace(TEN_INFY, order_type="MARKET", limit_price_inr=None)
STOP = replace(AT_MARKET, order_type="SL-M", trigger_price_inr=Decimal("1500.00"))
TOKEN = Secrets({"request_token": "rt"})
PRICE = LastPrice(Decimal("1481.20"), OPENING_BELL)


class Quoting:
    """Answers of a broker to being asked for prices, the last one for ever."""

    def __init__(self, *answers: str | Exception | None) -> None:
        self.asked = 0
        self._answers = list(answers)

    def __call__(self, access, instruments, detail, now):
        assert detail == "ltp"
        self.asked += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            return ()
        return tuple(Quote(instrument=i, last_price_inr=Decimal(answer)) for i in instruments)


@pytest.fixture
def world() -> World:
    made = World()
    made.at_kite()
    return made


def admitted(world: World, broker: str = "kite") -> Admission:
    return world.admit(context(), world.entered(), broker)


def look(world: World, terms: OrderTerms = TEN_INFY) -> Seen:
    admission = admitted(world)
    return world.judging.look(admission, admission.account, terms, world.clock.now())


def quoting(world: World, monkeypatch, *answers: str | Exception | None) -> Quoting:
    made = Quoting(*answers)
    monkeypatch.setattr(world.kite, "quotes", made)
    return made


# The last price


def test_instrument_limits_and_last_price_are_what_they_are_now(world: World, monkeypatch):
    quoting(world, monkeypatch, "1481.20")

    assert look(world) == Seen(
        limits=WIDE_OPEN, instrument=INFY, price=PRICE, unknown_open=0, calendar=world.calendar
    )


def test_a_price_is_good_for_five_seconds_and_then_asked_for_again(world: World, monkeypatch):
    quotes = quoting(world, monkeypatch, "1481.20", "1490.00")

    look(world)
    world.clock.advance(timedelta(seconds=4.9))
    assert look(world).price == PRICE
    assert quotes.asked == 1

    world.clock.advance(timedelta(seconds=0.1))
    assert look(world).price == LastPrice(Decimal("1490.00"), OPENING_BELL + timedelta(seconds=5))


def test_a_price_of_a_clock_that_went_back_is_not_used(world: World, monkeypatch):
    quotes = quoting(world, monkeypatch, "1481.20")
    look(world)

    world.clock.advance(-timedelta(seconds=1))
    look(world)

    assert quotes.asked == 2


@pytest.mark.parametrize(
    "trouble",
    [
        BrokerDown("ReadTimeout"),
        RateLimited(0.5),
        NotSupportedByBroker("No quotes. Next: none."),
        None,
    ],
    ids=lambda trouble: type(trouble).__name__,
)
def test_without_an_answer_there_is_no_price_and_the_judging_goes_on(
    world: World, monkeypatch, trouble
):
    quoting(world, monkeypatch, trouble)

    assert look(world).price is None


def test_a_login_that_the_broker_calls_ended_is_said_instead_of_a_missing_price(
    world: World, monkeypatch
):
    quoting(world, monkeypatch, LoginExpired())

    with pytest.raises(BrokerLoginRequired) as refused:
        world.order("k9", broker="kite")

    assert refused.value.login_at == "kite"
    assert world.facts(FIRST)[-1] == "BrokerAuthenticationExpired"
    assert world.kite.calls == []


def test_an_instrument_that_is_not_in_the_table_is_not_asked_for(world: World, monkeypatch):
    quotes = quoting(world, monkeypatch, "1481.20")

    seen = look(world, replace(TEN_INFY, trading_symbol="NOSUCH"))

    assert (seen.instrument, seen.price, quotes.asked) == (None, None, 0)


def test_one_persons_price_is_not_shown_to_another(world: World, monkeypatch):
    quotes = quoting(world, monkeypatch, "1481.20")
    look(world)

    world.log_in(context(RAVI), world.entered(RAVI), "kite", TOKEN)
    ravis = world.admit(context(RAVI), world.entered(RAVI), "kite")
    world.judging.look(ravis, ravis.account, TEN_INFY, world.clock.now())

    assert quotes.asked == 2


# Orders in doubt


def test_orders_in_doubt_are_counted_over_sessions(world: World):
    unknown_at_kite(world)
    world.log_in(context(), world.entered(label="work"), "kite", TOKEN)
    unknown_at_kite(world, "k2", label="work")

    assert look(world).unknown_open == 2


def test_an_order_in_doubt_at_another_broker_does_not_count(world: World):
    world.paper.answers = [lambda _: OrderOutcomeUnknown(order_key="k1", cause="no answer")]
    world.order("k1", broker="paper")

    assert look(world).unknown_open == 0


def test_what_was_found_out_does_not_count_any_more(world: World):
    tag = unknown_at_kite(world)
    round_of(world, row("B7", OPEN, tag))

    assert look(world).unknown_open == 0


def test_an_order_in_doubt_of_yesterday_stops_nobody_today(world: World):
    unknown_at_kite(world)
    tomorrow = world.clock.now() + timedelta(days=1)
    admission = admitted(world)

    assert world.judging.look(admission, account(world), TEN_INFY, tomorrow).unknown_open == 0


# What it comes to


@pytest.mark.parametrize(
    ("terms", "price", "value"),
    [
        (TEN_INFY, None, "14805.00"),
        (TEN_INFY, "9000.00", "14805.00"),
        (AT_MARKET, "1481.20", "14812.00"),
        (AT_MARKET, None, None),
        (STOP, None, "15000.00"),
        (STOP, "1481.20", "15000.00"),
        (STOP, "1600.00", "16000.00"),
    ],
)
def test_the_value_of_an_order_is_what_it_would_go_at(terms, price, value):
    last = None if price is None else Decimal(price)

    assert value_of(terms, last) == (None if value is None else Decimal(value))


def seeing(
    instrument: Instrument | None = None,
    price: LastPrice | None = None,
    unknown_open: int = 0,
    calendar: FakeCalendar | None = None,
) -> Seen:
    return Seen(
        limits=parse(""),
        instrument=instrument,
        price=price,
        unknown_open=unknown_open,
        calendar=calendar or FakeCalendar(),
    )


def test_the_facts_say_what_was_seen():
    seen = seeing(instrument=INFY, price=PRICE, unknown_open=3)

    told = facts(seen, RiskLedger(), "acc-1", AT_MARKET, OPENING_BELL)

    assert (told.price_inr, told.price_at, told.value_inr) == (*PRICE, Decimal("14812.00"))
    assert (told.tick_inr, told.lot_size_shares, told.kind) == (Decimal("0.05"), 1, "EQ")
    assert told.unknown_open == 3


def test_the_facts_of_an_unknown_instrument_leave_out_what_nobody_knows():
    told = facts(seeing(), RiskLedger(), "acc-1", AT_MARKET, OPENING_BELL)

    assert (told.price_inr, told.price_at, told.value_inr) == (None, None, None)
    assert (told.tick_inr, told.lot_size_shares, told.kind) == (None, None, None)


def told_of_the_market(at: datetime) -> tuple[object, ...]:
    calendar = FakeCalendar({date(2026, 11, 24): "Guru Nanak Jayanti"})
    told = facts(seeing(calendar=calendar), RiskLedger(), "acc-1", TEN_INFY, at)
    return told.exchange_open, told.closed_because, told.opens_at


def test_the_facts_say_whether_the_exchange_is_open_at_the_moment_of_the_decision():
    before_the_bell = OPENING_BELL - timedelta(microseconds=1)

    assert told_of_the_market(OPENING_BELL) == (True, None, None)
    assert told_of_the_market(before_the_bell) == (False, None, OPENING_BELL)


def test_the_facts_of_a_holiday_name_it_and_the_next_opening():
    day = timedelta(days=1)

    told = told_of_the_market(OPENING_BELL + day)

    assert told == (False, "Guru Nanak Jayanti", OPENING_BELL + 2 * day)


def test_a_persons_own_limits_go_before_the_configuration(world: World):
    world.policy.set(context(), ASHA, {"max_orders_per_day": "7"}, "asked for it")

    assert look(world).limits.max_orders_per_day == 7


@pytest.mark.parametrize(
    ("side", "last", "worth"),
    [
        ("BUY", "1500", "14805.00"),
        ("SELL", "1500", "15000"),
        ("SELL", "1400", "14805.00"),
        ("SELL", None, "14805.00"),
    ],
)
def test_a_buyers_limit_is_the_most_it_comes_to_and_a_sellers_the_least(side, last, worth):
    terms = replace(TEN_INFY, transaction_type=side)

    assert value_of(terms, Decimal(last) if last else None) == Decimal(worth)
