"""When placements stop, whose, and how they begin again; with a clock that stands still."""

import pytest

from infrastructure.brokers.breaker import Breaker


class Clock:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock)


def fail(breaker: Breaker, *accounts: str, way: str = "direct") -> None:
    for account in accounts:
        breaker.ended(way, account, clear=False)


def test_four_unknown_outcomes_stop_nobody(breaker):
    fail(breaker, "asha", "asha", "asha", "asha")

    assert breaker.wait_seconds("direct", "asha") == 0.0


def test_five_in_a_row_stop_placements_for_the_cool_down(breaker, clock):
    fail(breaker, *["asha"] * 5)
    clock.at += 12.0

    assert breaker.wait_seconds("direct", "asha") == 18.0


def test_one_accounts_trouble_stops_nobody_else(breaker):
    fail(breaker, *["asha"] * 5)

    assert breaker.wait_seconds("direct", "bob") == 0.0


def test_the_trouble_of_two_stops_everybody(breaker):
    fail(breaker, "asha", "bob", "asha", "asha", "asha")

    assert breaker.wait_seconds("direct", "carl") == 30.0


def test_another_way_out_is_not_stopped(breaker):
    fail(breaker, "asha", "bob", "asha", "asha", "asha")

    assert breaker.wait_seconds("proxy", "asha") == 0.0


def test_an_answer_in_between_begins_the_count_anew(breaker):
    fail(breaker, *["asha"] * 4)
    breaker.ended("direct", "asha", clear=True)
    fail(breaker, *["asha"] * 4)

    assert breaker.wait_seconds("direct", "asha") == 0.0


def test_failures_that_are_far_apart_do_not_count_together(breaker, clock):
    for _ in range(10):
        fail(breaker, "asha")
        clock.at += 16.0

    assert breaker.wait_seconds("direct", "asha") == 0.0


def test_after_the_cool_down_one_is_let_through_and_the_others_wait_for_it(breaker, clock):
    fail(breaker, *["asha"] * 5)
    clock.at += 30.0

    assert breaker.wait_seconds("direct", "asha") == 0.0
    assert breaker.wait_seconds("direct", "asha") == 30.0


def test_a_trial_that_is_answered_lets_everybody_through(breaker, clock):
    fail(breaker, *["asha"] * 5)
    clock.at += 30.0
    breaker.wait_seconds("direct", "asha")
    breaker.ended("direct", "asha", clear=True)

    assert [breaker.wait_seconds("direct", "asha") for _ in range(3)] == [0.0, 0.0, 0.0]


def test_a_trial_that_fails_stops_placements_for_another_cool_down(breaker, clock):
    fail(breaker, *["asha"] * 5)
    clock.at += 30.0
    breaker.wait_seconds("direct", "asha")
    clock.at += 15.0
    fail(breaker, "asha")

    assert breaker.wait_seconds("direct", "asha") == 30.0


def test_it_says_that_it_is_open_until_the_cool_down_is_over(breaker, clock):
    assert not breaker.is_open

    fail(breaker, *["asha"] * 5)
    assert breaker.is_open

    clock.at += 30.0
    assert not breaker.is_open
