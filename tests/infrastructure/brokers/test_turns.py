"""An order leaves soon after its slot began, or waits for another one, or stays here."""

import pytest

from domain.errors import StoreUnavailable
from infrastructure.brokers.breaker import Breaker
from infrastructure.brokers.calls import Calls, NotSent
from infrastructure.brokers.limits import Slot
from infrastructure.brokers.transport import Session
from tests.infrastructure.brokers.network import Wire, endpoint

NOW = 100.0
IN_TIME = Slot(NOW - 0.14, NOW - 0.14)
OVER = Slot(NOW - 0.16, NOW)
"""It may have begun just now, or long enough ago to be over: nobody can tell."""


class Slots:
    """Gives these, one after the other; `None` stands for a store that is away."""

    def __init__(self, *slots: Slot | None) -> None:
        self.left = list(slots)

    def reserve(self, key, rate, patience_seconds) -> Slot:
        slot = self.left.pop(0)
        if slot is None:
            raise StoreUnavailable("away")
        return slot


def calls_with(*slots: Slot | None, breaker: Breaker | None = None) -> Calls:
    return Calls("kite", order_limits=Slots(*slots), breaker=breaker, now=lambda: NOW)


def order(calls: Calls, wire: Wire) -> None:
    Session(calls.line("ALICE")).post(f"{wire.url}/orders/regular")


def refusal_of(calls: Calls, wire: Wire) -> NotSent:
    with pytest.raises(NotSent) as refused:
        order(calls, wire)
    return refused.value


def test_an_order_whose_slot_began_just_now_leaves():
    with endpoint() as wire:
        order(calls_with(IN_TIME), wire)

        assert len(wire.heads) == 1


def test_an_order_that_misses_every_turn_stays_here_and_says_so():
    with endpoint() as wire:
        calls = calls_with(IN_TIME, OVER, OVER, OVER, OVER)
        order(calls, wire)

        refused = refusal_of(calls, wire)

        assert (refused.code, len(wire.heads)) == ("RATE_LIMITED", 1)
        assert "nothing was sent" in str(refused)
        assert "try again now" in str(refused)


def test_a_turn_that_was_missed_is_made_up_for_by_another_one():
    with endpoint() as wire:
        order(calls_with(OVER, OVER, OVER, IN_TIME), wire)

        assert len(wire.heads) == 1


def test_after_a_long_sleep_no_other_turn_is_waited_for():
    with endpoint() as wire:
        calls = calls_with(Slot(NOW - 5.1, NOW - 5.1), IN_TIME)

        assert refusal_of(calls, wire).code == "RATE_LIMITED"
        assert wire.heads == []


@pytest.mark.parametrize("slots", [[None], [OVER, None]], ids=["at first", "after a missed turn"])
def test_without_the_store_that_counts_no_order_leaves(slots):
    with endpoint() as wire:
        refused = refusal_of(calls_with(*slots), wire)

        assert (refused.code, wire.heads) == ("STORE_UNAVAILABLE", [])
        assert "nothing was sent" in str(refused)


def test_reads_and_logins_do_not_ask_for_orders_slots():
    with endpoint() as wire:
        asked = Session(calls_with().line("ALICE"))
        asked.get(f"{wire.url}/orders")
        asked.post(f"{wire.url}/session/token")

        assert len(wire.heads) == 2


def test_orders_that_missed_their_turn_say_nothing_about_the_broker():
    breaker = Breaker(lambda: NOW)
    calls = calls_with(*[OVER] * 20, breaker=breaker)
    with endpoint() as wire:
        for _ in range(5):
            refusal_of(calls, wire)

    assert not breaker.is_open
