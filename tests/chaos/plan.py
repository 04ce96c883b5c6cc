"""Who wants what, and what goes wrong with it: a pure function of the seed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from typing import Final

# One for each person: a broker tells an account one price a second.
SYMBOLS: Final = ("INFY", "TCS", "ITC", "SBIN", "WIPRO")
ORDERS_PER_TRADER: Final = 200
"""Beyond it more people come: an account with a hundred orders of unknown outcome takes no more."""
FEWEST_TRADERS: Final = 8

TROUBLES: Final[Mapping[str, int]] = {
    # What happens to the call that places an order, in percent of all orders.
    "drop_after": 4,  # placed, and the line is cut
    "html502": 2,  # placed, and a gateway says 502
    "truncated": 2,  # placed, and half an answer comes
    "empty": 1,  # placed, and an answer without a body comes
    "delay:0.4": 6,  # placed at once and answered late: time to be killed in
    "drop_before": 2,  # never placed, and the line is cut
    "status:503": 2,  # never placed
}
LOST_REPLY: Final = "drop_after"
SLOW_ANSWER: Final = "delay:10"
LATE_SECONDS: Final = 1.5
LATER_THAN_ANYBODY_LOOKS_SECONDS: Final = 60.0
ASKED_TWICE_PERCENT: Final = 6
FILLS_AT_ONCE_PERCENT: Final = 40


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One order that a person wants, once. No other wish of theirs has its quantity, so the
    broker's record shows how often it came true, whatever key and tag it went under."""

    symbol: str
    side: str
    quantity_shares: int
    limit_price_inr: Decimal
    trouble: str | None = None
    asked_twice: bool = False

    def arguments(self) -> dict[str, object]:
        """For `create_order`."""
        return {
            "trading_symbol": self.symbol,
            "exchange": "NSE",
            "transaction_type": self.side,
            "order_type": "LIMIT",
            "price": str(self.limit_price_inr),
            "quantity": self.quantity_shares,
            "product": "MIS",
        }


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One person's wishes in turn. `kite_user` is their account, whose new orders show in its book
    only so much later."""

    name: str
    kite_user: str
    late_book_seconds: float
    wishes: tuple[Wish, ...]


def mixed(seed: int, orders: int, prices: Mapping[str, Decimal]) -> tuple[Plan, ...]:
    """So many wishes over enough people; `prices` are the last ones in INR per share."""
    people = max(FEWEST_TRADERS, -(-orders // ORDERS_PER_TRADER))
    return tuple(
        Plan(
            name=f"trader-{n}",
            kite_user=f"CHAOS{n}",
            late_book_seconds=LATE_SECONDS * (n % 2),
            wishes=tuple(
                _wish(Random(f"{seed}/{n}/{i}"), SYMBOLS[n % len(SYMBOLS)], i, prices)
                for i in range(orders // people + (n < orders % people))
            ),
        )
        for n in range(people)
    )


def troubled(orders: int, prices: Mapping[str, Decimal], trouble: str) -> tuple[Plan, ...]:
    """One person with a very late book, and with every order the same goes wrong."""
    wishes = (_wish(Random(i), SYMBOLS[0], i, prices) for i in range(orders))
    return (
        Plan(
            name="trader-0",
            kite_user="CHAOS0",
            late_book_seconds=LATER_THAN_ANYBODY_LOOKS_SECONDS,
            wishes=tuple(replace(w, trouble=trouble, asked_twice=False) for w in wishes),
        ),
    )


def _wish(chance: Random, symbol: str, number: int, prices: Mapping[str, Decimal]) -> Wish:
    side = chance.choice(("BUY", "SELL"))
    better = Decimal(1 if side == "BUY" else -1)
    fills = _happens(chance, FILLS_AT_ONCE_PERCENT)
    away = Decimal("0.01") if fills else Decimal("-0.08")
    return Wish(
        symbol=symbol,
        side=side,
        quantity_shares=1 + number,
        # Whole rupees are on every share's tick.
        limit_price_inr=round(prices[symbol] * (1 + better * away), 0),
        trouble=_trouble(chance),
        asked_twice=_happens(chance, ASKED_TWICE_PERCENT),
    )


def _trouble(chance: Random) -> str | None:
    kinds: list[str | None] = [kind for kind, percent in TROUBLES.items() for _ in range(percent)]
    return chance.choice([*kinds, *[None] * (100 - len(kinds))])


def _happens(chance: Random, percent: int) -> bool:
    return chance.uniform(0, 100) < percent
