"""Who may stop trading, and who may let it go on. Nothing is dispatched while one of the three
switches of an order (everybody's, the person's, the account's) is off."""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from domain import control_events as c
from domain.errors import TradingIsHalted
from domain.events import Event
from domain.vocabulary import SwitchScope


class Switch(msgspec.Struct, frozen=True, gc=False):
    """`halted` is the fact that stopped trading, `None` while it goes on."""

    halted: c.TradingHalted | None = None


def fold_switch(events: Iterable[Event]) -> Switch:
    halted: c.TradingHalted | None = None
    for event in events:
        if isinstance(event, c.TradingHalted):
            halted = event
        elif isinstance(event, c.TradingResumed):
            halted = None
    return Switch(halted)


def halt(
    switch: Switch,
    scope: SwitchScope,
    reason: str,
    by: UUID | None,
    order_key: str | None = None,
) -> list[Event]:
    """Decide: stop trading. Nothing where it is stopped already."""
    if switch.halted:
        return []
    return [c.TradingHalted(scope=scope, reason=reason, by=by, order_key=order_key)]


def resume(switch: Switch, scope: SwitchScope, reason: str, by: UUID | None) -> list[Event]:
    """Decide: let trading go on. Nothing where it does. Whoever calls has checked who asks."""
    if not switch.halted:
        return []
    return [c.TradingResumed(scope=scope, reason=reason, by=by)]


WHOSE: dict[SwitchScope, str] = {
    "global": "for everybody",
    "user": "for you",
    "account": "in this account",
}
HOW_TO_END: dict[SwitchScope, str] = {
    "global": "ask the operator",
    "user": "the user can end it with set_kill_switch(on=false), which asks them",
    "account": (
        "the user looks into it, and can end it with set_kill_switch(on=false, scope='account'), "
        "which asks them"
    ),
}


def must_be_on(switches: Iterable[Switch]) -> None:
    """Raises:
    TradingIsHalted: one of them is off; says which, and why.
    """
    for switch in switches:
        if fact := switch.halted:
            raise TradingIsHalted(
                f"Trading is halted {WHOSE[fact.scope]} ('{fact.reason}'). Nothing was sent. "
                f"Next: {HOW_TO_END[fact.scope]}."
            )
