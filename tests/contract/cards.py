"""How a card is written: a number, the function that it needs, and what must be so everywhere."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import pytest

from domain.capabilities import OFFERS, Function
from domain.errors import NotSupportedByBroker
from tests.contract.desk import Desk

P = ParamSpec("P")


def needs(function: Function) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Where the broker lacks it, the same card has to end with a refusal that says so."""

    def decorate(card: Callable[P, None]) -> Callable[P, None]:
        @wraps(card)
        def run(*arguments: P.args, **named: P.kwargs) -> None:
            desk = named["desk"]  # pytest gives fixtures by name
            assert isinstance(desk, Desk)
            if function in OFFERS[desk.name].functions:
                card(*arguments, **named)
                return
            with pytest.raises(NotSupportedByBroker, match=f"^{desk.name} has no call for"):
                card(*arguments, **named)

        return run

    return decorate
