from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from msgspec.structs import replace

from application.orders.whatif import WhatIf
from application.writer import Context, Writer
from domain import control_events as c
from domain import events as e
from domain.catalog import CATALOG
from domain.instants import trading_day
from domain.limits import parse
from domain.orders import DISPATCH_WITHIN
from domain.risk_ledger import fold_ledger, release, same_as, with_counters
from domain.streams import risk_ledger_stream, session_stream
from domain.vocabulary import RiskFacts
from tests.application.world import ASHA, OPENING_BELL, RAVI, TEN_INFY
from tests.fakes.clock import CountingIds, ManualClock
from tests.fakes.event_store import MemoryEventStore

MONDAY = date(2026, 11, 23)
LATE_ON_SUNDAY = datetime(2026, 11, 22, 18, 29, 59, tzinfo=UTC)  # 23:59:59 in India
DESK, PHONE = session_stream(ASHA, "desk", 1), session_stream(ASHA, "phone", 1)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
SENSIBLE = parse("")


class Day:
    """Facts as the product writes them: the request with its reservation, or the denial."""

    def __init__(self) -> None:
        self.clock = ManualClock(OPENING_BELL)
        self.writer = Writer(
            store=MemoryEventStore(), clock=self.clock, ids=CountingIds(), catalog=CATALOG
        )
        for stream, label in ((DESK, "desk"), (PHONE, "phone")):
            ends_at = OPENING_BELL + timedelta(days=7)
            self.append((stream, e.SessionCreated(label=label, generation=1, ends_at=ends_at)))

    @property
    def ledger(self) -> UUID:
        return risk_ledger_stream(ASHA, trading_day(self.clock.at))

    def append(self, *facts: tuple[UUID, e.Event]) -> None:
        context = Context(principal=ASHA, actor="user", correlation_id=UUID(int=0xC0))
        streams = [stream for stream, _ in facts]
        self.writer.decide(context, streams, lambda _: [[fact] for _, fact in facts])

    def known(self, terms, value) -> RiskFacts:
        ledger = fold_ledger(self.writer.load(self.ledger).events)
        known = RiskFacts(value_inr=Decimal(value))
        return with_counters(known, ledger, "acc-1", terms, self.clock.at)

    def sent(self, key, value=10_000, *, terms=TEN_INFY, session=DESK, after=MINUTE) -> None:
        """An order of this value, a minute after what was before it."""
        self.clock.advance(after)
        known = self.known(terms, value)
        request = e.OrderRequested(
            order_key=key,
            broker="kite",
            mode="SIMULATED",
            account_fingerprint="acc-1",
            credential_version=1,
            terms=terms,
            fingerprint=key,
            broker_tag=f"tag-{key}",
            dispatch_by=self.clock.at + DISPATCH_WITHIN,
            risk=known,
        )
        self.append((session, request), (self.ledger, self.reserved(key, known, terms, session)))

    def reserved(self, key, known, terms=TEN_INFY, session=DESK, change=None) -> c.RiskReserved:
        return c.RiskReserved(
            order_key=key,
            session_id=session,
            broker="kite",
            account_fingerprint="acc-1",
            same_as=same_as("acc-1", terms),
            value_inr=known.value_inr,
            at=self.clock.at,
            broker_tag=f"tag-{key}",
            change_key=change,
        )

    def denied(self, key, value=10_000, *, terms=TEN_INFY, change=None, held=0) -> None:
        self.clock.advance(MINUTE)
        known = replace(self.known(terms, value), held_inr=Decimal(held))
        fact = e.OrderDenied(
            order_key=key,
            broker="kite",
            mode="SIMULATED",
            account_fingerprint="acc-1",
            terms=terms,
            rule="order_value",
            rule_version=1,
            threshold="max_order_value_inr=5000",
            reason="Too much.",
            facts=known,
            change_key=change,
        )
        self.append((DESK, fact))

    def modified(self, key, change, value) -> None:
        self.clock.advance(MINUTE)
        known = self.known(TEN_INFY, value)
        fact = e.OrderChangeRequested(
            order_key=key,
            change_key=change,
            kind="modify",
            broker_order_id="B1",
            terms=TEN_INFY,
            fingerprint=change,
            credential_version=1,
            egress=None,
            dispatch_by=self.clock.at + DISPATCH_WITHIN,
            risk=known,
        )
        reserved = self.reserved(key, known, change=change)
        self.append((DESK, fact), (self.ledger, reserved))

    def gives_back(self, key) -> None:
        held = fold_ledger(self.writer.load(self.ledger).events)
        [fact] = release(held, key, "rejected")
        self.append((self.ledger, fact))

    def judged(self, limits, day=MONDAY, principal=ASHA):
        return WhatIf(writer=self.writer)(principal, day, limits)

    def told(self, limits=SENSIBLE) -> list[str]:
        """Key, what it was then, and by which rule it falls now."""
        return [
            f"{each.asked.change_key or each.asked.order_key}: "
            f"{each.asked.then.rule if each.asked.then else 'passed'} -> "
            f"{'not judged' if not each.judged else each.denial.rule if each.denial else 'passed'}"
            for each in self.judged(limits)
        ]


@pytest.fixture
def day() -> Day:
    return Day()


def test_a_day_without_orders_has_nothing_to_judge(day):
    assert day.judged(SENSIBLE) == ()


def test_orders_are_judged_again_in_the_order_of_the_log_over_all_sessions(day):
    day.sent("k1", 10_000)
    day.sent("k2", 60_000, session=PHONE)
    day.sent("k3", 50_000)

    assert day.told(parse("max_order_value_inr=50000")) == [
        "k1: passed -> passed",
        "k2: passed -> order_value",
        "k3: passed -> passed",
    ]


def test_an_order_says_when_and_how_it_was_asked_for_and_what_would_deny_it(day):
    day.sent("k1", 60_000, session=PHONE)

    [told] = day.judged(parse("max_order_value_inr=50000"))
    assert told.asked.at == OPENING_BELL + MINUTE
    assert (told.asked.session_id, told.asked.mode, told.asked.terms) == (
        PHONE,
        "SIMULATED",
        TEN_INFY,
    )
    assert told.denial.threshold == "max_order_value_inr=50000"
    assert (told.newly_denied, told.newly_passed) == (True, False)


def test_a_denied_order_that_would_pass_is_found_too(day):
    day.denied("k1", 10_000)

    [told] = day.judged(SENSIBLE)
    assert told.asked.then.threshold == "max_order_value_inr=5000"
    assert (told.newly_denied, told.newly_passed) == (False, True)


def test_an_order_that_falls_makes_room_for_those_behind_it(day):
    day.sent("k1", 60_000)
    day.sent("k2", 50_000)
    day.sent("k3", 40_000)
    day.sent("k4", 20_000)

    limits = parse("max_order_value_inr=50000, max_value_per_day_inr=100000")
    assert day.told(limits) == [
        "k1: passed -> order_value",
        "k2: passed -> passed",
        "k3: passed -> passed",
        "k4: passed -> value_per_day",
    ]


def test_an_order_that_would_pass_takes_room_from_those_behind_it(day):
    day.denied("k1", 60_000)
    day.sent("k2", 50_000)

    assert day.told(parse("max_value_per_day_inr=100000")) == [
        "k1: order_value -> passed",
        "k2: passed -> value_per_day",
    ]


def test_orders_per_second_minute_and_day_are_counted_again(day):
    day.sent("k1")
    day.sent("k2", after=SECOND / 2)
    day.sent("k3", after=SECOND)
    day.sent("k4", after=MINUTE)

    own = "duplicate_window_seconds=0, "
    fallen = {
        name: [each.split(":")[0] for each in day.told(parse(own + name)) if "-> orders" in each]
        for name in (
            "max_orders_per_second=1",
            "max_orders_per_minute=2",
            "max_orders_per_day=3",
        )
    }
    assert fallen == {
        "max_orders_per_second=1": ["k2"],
        "max_orders_per_minute=2": ["k3"],
        "max_orders_per_day=3": ["k4"],
    }


def test_of_the_same_order_three_times_the_third_is_no_duplicate_of_one_that_fell(day):
    day.sent("k1")
    day.sent("k2", after=20 * SECOND)
    day.sent("k3", after=20 * SECOND)

    assert day.told(SENSIBLE) == [
        "k1: passed -> passed",
        "k2: passed -> duplicate",
        "k3: passed -> passed",
    ]


def test_what_was_given_back_is_given_back_again(day):
    day.sent("k1", 60_000)
    day.gives_back("k1")
    day.sent("k2", 60_000, after=SECOND)

    assert day.told(parse("max_value_per_day_inr=100000")) == [
        "k1: passed -> passed",
        "k2: passed -> passed",
    ]


def test_giving_back_what_would_never_have_been_sent_changes_nothing(day):
    day.sent("k1", 60_000)
    day.gives_back("k1")
    day.sent("k2", 10_000)

    assert day.told(parse("max_order_value_inr=50000, max_orders_per_day=1")) == [
        "k1: passed -> order_value",
        "k2: passed -> passed",
    ]


def test_a_retry_under_the_same_key_is_the_same_order(day):
    day.denied("k1", 60_000)
    day.denied("k1", 60_000)
    day.sent("k1", 60_000)
    day.sent("k2", 30_000)

    assert day.told(parse("max_value_per_day_inr=100000")) == [
        "k1: order_value -> passed",
        "k1: order_value -> passed",
        "k1: passed -> passed",
        "k2: passed -> passed",
    ]


def test_a_key_that_falls_first_and_passes_later_counts_from_then_on(day):
    day.denied("k1", 60_000)
    day.sent("k1", 40_000)
    day.sent("k2", 20_000)

    assert day.told(parse("max_order_value_inr=50000, max_value_per_day_inr=50000")) == [
        "k1: order_value -> order_value",
        "k1: passed -> passed",
        "k2: passed -> value_per_day",
    ]


def test_a_modification_is_judged_and_falls_with_its_order(day):
    day.sent("k1", 10_000)
    day.modified("k1", "c1", 60_000)
    day.sent("k2", 60_000)
    day.modified("k2", "c2", 10_000)
    day.denied("k1", 45_000, change="c3")

    assert day.told(parse("max_order_value_inr=50000")) == [
        "k1: passed -> passed",
        "c1: passed -> order_value",
        "k2: passed -> order_value",
        "c2: passed -> order_value",
        "c3: order_value -> passed",
    ]


def test_a_modification_that_would_pass_takes_only_what_it_adds(day):
    day.sent("k1", 40_000)
    day.denied("k1", 60_000, change="c1", held=40_000)
    day.sent("k2", 40_000)
    day.sent("k3", 1)

    assert day.told(parse("max_value_per_day_inr=100000")) == [
        "k1: passed -> passed",
        "c1: order_value -> passed",
        "k2: passed -> passed",
        "k3: passed -> value_per_day",
    ]


def test_a_cancellation_is_no_question_to_the_limits(day):
    day.sent("k1")
    cancel = e.OrderChangeRequested(
        order_key="k1",
        change_key="c1",
        kind="cancel",
        broker_order_id="B1",
        terms=None,
        fingerprint="c1",
        credential_version=1,
        egress=None,
        dispatch_by=day.clock.at + DISPATCH_WITHIN,
    )
    day.append((DESK, cancel))

    assert day.told() == ["k1: passed -> passed"]


def test_an_order_of_a_release_that_kept_no_facts_is_not_judged(day):
    old = e.OrderRequested(
        order_key="k1",
        broker="paper",
        mode="PAPER",
        account_fingerprint="acc-1",
        credential_version=0,
        terms=TEN_INFY,
        fingerprint="k1",
        broker_tag="tag-k1",
    )
    day.append((DESK, old))

    assert day.told(parse("max_order_value_inr=1")) == ["k1: passed -> not judged"]
    [told] = day.judged(parse("max_order_value_inr=1"))
    assert (told.newly_denied, told.newly_passed) == (False, False)


def test_an_order_that_was_found_at_the_broker_counts_though_nobody_judged_it(day):
    day.append((day.ledger, day.reserved("found", RiskFacts(value_inr=Decimal(90_000)))))
    day.sent("k1", 20_000)

    assert day.told(parse("max_value_per_day_inr=100000")) == ["k1: passed -> value_per_day"]


def test_only_that_day_of_that_person_counts(day):
    day.clock.at = LATE_ON_SUNDAY - MINUTE
    day.sent("k1", 60_000)
    day.sent("k2", 60_000, after=SECOND)

    limits = parse("max_order_value_inr=50000, market_hours=off")
    assert [each.asked.order_key for each in day.judged(limits, date(2026, 11, 22))] == ["k1"]
    assert [each.asked.order_key for each in day.judged(limits)] == ["k2"]
    assert day.judged(limits, principal=RAVI) == ()


def test_it_counts_when_the_order_was_asked_for_not_when_it_was_stored(day):
    limits = parse("price_max_age_seconds=5")
    at_market = replace(TEN_INFY, order_type="MARKET", limit_price_inr=None)
    asked_at = OPENING_BELL + MINUTE
    known = RiskFacts(
        price_inr=Decimal(1000), price_at=asked_at - 5 * SECOND, value_inr=Decimal(10_000)
    )
    request = e.OrderRequested(
        order_key="k1",
        broker="kite",
        mode="SIMULATED",
        account_fingerprint="acc-1",
        credential_version=1,
        terms=at_market,
        fingerprint="k1",
        broker_tag="tag-k1",
        dispatch_by=asked_at + DISPATCH_WITHIN,
        risk=known,
    )
    day.clock.at = asked_at + SECOND
    day.append((DESK, request))

    assert day.told(limits) == ["k1: passed -> passed"]


# What the calendar said then

HOLIDAY = RiskFacts(value_inr=Decimal(10_000), exchange_open=False, closed_because="Holi")


def versions(day, limits):
    return [each.denial and each.denial.rule_version for each in day.judged(limits)]


def test_an_order_is_judged_by_what_the_calendar_said_then(day, monkeypatch):
    day.sent("k1")
    monkeypatch.setattr(day, "known", lambda terms, value: HOLIDAY)
    day.sent("k2")

    limits = parse("market_hours=always")
    assert day.told(limits) == ["k1: passed -> passed", "k2: passed -> market_hours"]
    assert versions(day, limits) == [None, 2]


def test_an_order_of_before_the_calendar_is_judged_by_version_one(day):
    day.clock.at = OPENING_BELL - timedelta(hours=1)
    day.sent("early")

    assert versions(day, parse("market_hours=always")) == [1]
