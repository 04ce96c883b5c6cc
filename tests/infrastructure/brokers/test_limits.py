"""Slots in a sliding window, with a clock that stands still: in memory, and in a file that several
processes could share."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import pytest

from domain.capabilities import Rate
from infrastructure.brokers.limits import Limits, SlidingLimits, TooMany
from infrastructure.shared_limits import SharedLimits
from tests.support.databases import Database, disposing

ASHA = ("kite", "asha", "order")
BOB = ("kite", "bob", "order")
EIGHT = Rate(calls=8)
ONE_IN_THREE_SECONDS = Rate(calls=1, seconds=3.0)


class Clock:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["of this process", "shared"])
def limits(clock: Clock, request, tmp_path) -> Iterator[Limits]:
    if request.param == "of this process":
        yield SlidingLimits(clock)
        return
    database = Database(tmp_path)
    database.migrate()
    with disposing(database.control_engine()) as engine:
        yield SharedLimits(engine, now=clock, system_time=clock)


@pytest.fixture
def wait(limits: Limits, clock: Clock):
    """How long a call has to wait for its slot, which it takes."""

    def wait_for(key, rate, patience_seconds):
        slot = limits.reserve(key, rate, patience_seconds)
        assert slot.earliest == slot.latest
        return slot.latest - clock.at

    return wait_for


def about(*seconds: float):
    """A file keeps microseconds."""
    return pytest.approx(seconds, abs=2e-6)


def test_eight_orders_go_at_once_and_the_ninth_waits_for_the_rest_of_the_second(wait, clock):
    assert [wait(ASHA, EIGHT, 1.0) for _ in range(8)] == [0.0] * 8
    clock.at += 0.4

    assert wait(ASHA, EIGHT, 1.0) == pytest.approx(0.6)


def test_no_second_ever_holds_more_than_eight(wait, clock):
    begun = []
    for _ in range(200):
        with suppress(TooMany):
            begun.append(clock.at + wait(ASHA, EIGHT, 0.5))
        clock.at += 0.03

    assert len(begun) > 40
    assert all(
        later - earlier >= 1.0 - 2e-6 for earlier, later in zip(begun, begun[8:], strict=False)
    )


def test_who_would_have_to_wait_too_long_is_told_until_when_and_takes_no_slot(wait, clock):
    wait(ASHA, ONE_IN_THREE_SECONDS, 2.0)
    clock.at += 0.5

    with pytest.raises(TooMany) as late:
        wait(ASHA, ONE_IN_THREE_SECONDS, 2.0)
    assert late.value.again_in_seconds == pytest.approx(2.5)

    clock.at += 0.5
    assert wait(ASHA, ONE_IN_THREE_SECONDS, 2.0) == pytest.approx(2.0)


def test_those_who_wait_are_served_one_after_the_other(wait):
    one_more = partial(wait, ASHA, Rate(calls=1), 2.0)

    assert (one_more(), one_more(), one_more()) == about(0.0, 1.0, 2.0)
    with pytest.raises(TooMany):
        one_more()


@pytest.mark.parametrize("other", [BOB, ("dhan", "asha", "order"), ("kite", "asha", "quote")])
def test_another_account_broker_or_category_has_slots_of_its_own(wait, other):
    for _ in range(8):
        wait(ASHA, EIGHT, 0.0)

    assert wait(other, EIGHT, 0.0) == 0.0


def test_accounts_that_are_idle_are_forgotten(clock):
    limits = SlidingLimits(clock)
    for number in range(5_000):
        limits.reserve(("kite", str(number), "other"), EIGHT, 0.0)
        clock.at += 0.1

    assert len(limits) < 600
