"""Slots in a sliding window, with a clock that stands still."""

from contextlib import suppress

import pytest

from domain.capabilities import Rate
from infrastructure.brokers.limits import SlidingLimits, TooMany

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


@pytest.fixture
def limits(clock: Clock) -> SlidingLimits:
    return SlidingLimits(clock)


def test_eight_orders_go_at_once_and_the_ninth_waits_for_the_rest_of_the_second(limits, clock):
    assert [limits.reserve(ASHA, EIGHT, 1.0) for _ in range(8)] == [0.0] * 8
    clock.at += 0.4

    assert limits.reserve(ASHA, EIGHT, 1.0) == pytest.approx(0.6)


def test_no_second_ever_holds_more_than_eight(limits, clock):
    begun = []
    for _ in range(200):
        with suppress(TooMany):
            begun.append(clock.at + limits.reserve(ASHA, EIGHT, 0.5))
        clock.at += 0.03

    assert len(begun) > 40
    assert all(
        later - earlier >= 1.0 - 1e-9 for earlier, later in zip(begun, begun[8:], strict=False)
    )


def test_who_would_have_to_wait_too_long_is_told_until_when_and_takes_no_slot(limits, clock):
    limits.reserve(ASHA, ONE_IN_THREE_SECONDS, 2.0)
    clock.at += 0.5

    with pytest.raises(TooMany) as late:
        limits.reserve(ASHA, ONE_IN_THREE_SECONDS, 2.0)
    assert late.value.again_in_seconds == 2.5

    clock.at += 0.5
    assert limits.reserve(ASHA, ONE_IN_THREE_SECONDS, 2.0) == 2.0


def test_those_who_wait_are_served_one_after_the_other(limits):
    one = Rate(calls=1)

    assert [limits.reserve(ASHA, one, 2.0) for _ in range(3)] == [0.0, 1.0, 2.0]
    with pytest.raises(TooMany):
        limits.reserve(ASHA, one, 2.0)


@pytest.mark.parametrize("other", [BOB, ("dhan", "asha", "order"), ("kite", "asha", "quote")])
def test_another_account_broker_or_category_has_slots_of_its_own(limits, other):
    for _ in range(8):
        limits.reserve(ASHA, EIGHT, 0.0)

    assert limits.reserve(other, EIGHT, 0.0) == 0.0


def test_accounts_that_are_idle_are_forgotten(limits, clock):
    for number in range(5_000):
        limits.reserve(("kite", str(number), "other"), EIGHT, 0.0)
        clock.at += 0.1

    assert len(limits) < 600
