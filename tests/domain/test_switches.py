"""Who has stopped trading, and whom that stops."""

import pytest

from domain import control_events as c
from domain import events as e
from domain.errors import TradingIsHalted
from domain.switches import Switch, fold_switch, halt, must_be_on, resume
from domain.vocabulary import SwitchScope
from tests.domain.facts import ASHA


def halted(scope: SwitchScope, reason: str = "by the operator") -> c.TradingHalted:
    return c.TradingHalted(scope=scope, reason=reason, by=ASHA)


def resumed(scope: SwitchScope) -> c.TradingResumed:
    return c.TradingResumed(scope=scope, reason="looked into", by=ASHA)


def after(*events: e.Event) -> Switch:
    return fold_switch(events)


FROZEN = c.TradingHalted(scope="account", reason="Not our order.", by=None, order_key="k1")


def test_a_switch_that_nobody_has_touched_lets_trading_go_on():
    must_be_on([after(), after(), after()])


def test_a_switch_that_was_turned_on_again_lets_trading_go_on():
    must_be_on([after(halted("user"), resumed("user"))])


def test_of_several_facts_the_last_one_counts():
    assert after(halted("user"), resumed("user"), halted("user", "again")).halted == halted(
        "user", "again"
    )


# Stopping


def test_trading_is_stopped_by_somebody_for_a_reason():
    assert halt(after(), "global", "by the operator", ASHA) == [halted("global")]


def test_the_reconciler_freezes_an_account_because_of_an_order():
    assert halt(after(), "account", "Not our order.", None, "k1") == [FROZEN]


def test_what_is_stopped_already_is_not_stopped_again():
    assert halt(after(halted("user")), "user", "me, too", ASHA) == []


def test_trading_that_went_on_can_be_stopped_again():
    switch = after(halted("user"), resumed("user"))

    assert halt(switch, "user", "by the operator", ASHA) == [halted("user")]


# Going on


def test_trading_that_was_stopped_goes_on_for_a_reason():
    assert resume(after(halted("user")), "user", "looked into", ASHA) == [resumed("user")]


@pytest.mark.parametrize("history", [[], [halted("user"), resumed("user")]])
def test_trading_that_goes_on_is_not_resumed(history):
    assert resume(after(*history), "user", "looked into", ASHA) == []


# What it stops


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        (
            halted("global"),
            r"halted for everybody \('by the operator'\)\. Nothing was sent\. Next: ask the op",
        ),
        (halted("user"), r"halted for you \('by the operator'\).*Next: the user can end it"),
        (
            FROZEN,
            r"halted in this account \('Not our order\.'\).*Next: the user looks into it",
        ),
    ],
    ids=["global", "user", "account"],
)
def test_one_switch_that_is_off_stops_an_order_and_says_whose_it_is(fact, said):
    with pytest.raises(TradingIsHalted, match=said):
        must_be_on([after(), after(fact), after()])
