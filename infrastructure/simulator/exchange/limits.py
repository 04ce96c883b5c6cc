"""How many calls each broker takes from one account, by kind of call. Off until asked for.

Figures are the brokers' published ones as of 2026; where sources differ, the lower. Windows are
those of the clock (a calendar second, a minute), as Kite counts them, and a refused call counts
for nothing.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Final, Literal

Category = Literal["orders", "quote", "history", "option_chain", "other"]
"""`orders` are what changes an order; those routes are also checked for the caller's address."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC) - timedelta(hours=5, minutes=30)
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400

# (calls, in so many seconds)
LIMITS: Final[dict[str, dict[Category, tuple[tuple[int, int], ...]]]] = {
    "kite": {
        "orders": ((10, 1), (200, _MINUTE), (3_000, _DAY)),
        "quote": ((1, 1),),
        "history": ((3, 1),),
        "other": ((10, 1),),
    },
    "dhan": {
        "orders": ((10, 1), (250, _MINUTE), (1_000, _HOUR), (7_000, _DAY)),
        "quote": ((1, 1),),
        "history": ((5, 1), (100_000, _DAY)),
        "option_chain": ((1, 3),),
        "other": ((20, 1),),
    },
    "groww": {
        "orders": ((10, 1), (250, _MINUTE)),
        "quote": ((10, 1), (300, _MINUTE)),
        "other": ((20, 1), (500, _MINUTE)),
    },
}
# Groww counts history and option chains as live data.
_COUNTED_AS: Final[dict[tuple[str, Category], Category]] = {
    ("groww", "history"): "quote",
    ("groww", "option_chain"): "quote",
    ("kite", "option_chain"): "quote",
}

_WRITES: Final = ("POST", "PUT", "DELETE")
# (methods, beginning of the path, category); the first that fits; all else is `other`.
_ROUTES: Final[dict[str, tuple[tuple[tuple[str, ...], str, Category], ...]]] = {
    "kite": (
        (_WRITES, "/orders", "orders"),
        (_WRITES, "/gtt/", "orders"),
        (("GET",), "/quote", "quote"),
        (("GET",), "/instruments/historical", "history"),
    ),
    "dhan": (
        (_WRITES, "/v2/orders", "orders"),
        (_WRITES, "/v2/super/orders", "orders"),
        (_WRITES, "/v2/forever/orders", "orders"),
        (_WRITES, "/v2/alerts/orders", "orders"),
        (("DELETE",), "/v2/positions", "orders"),
        (("POST",), "/v2/marketfeed/", "quote"),
        (("POST",), "/v2/charts/", "history"),
        (("POST",), "/v2/optionchain/expirylist", "history"),
        (("POST",), "/v2/optionchain", "option_chain"),
    ),
    "groww": (
        (("POST",), "/v1/order/", "orders"),
        (_WRITES, "/v1/order-advance/", "orders"),
        (("GET",), "/v1/live-data/", "quote"),
        (("GET",), "/v1/historical/", "history"),
        (("GET",), "/v1/option-chain/", "option_chain"),
    ),
}


def category_of(broker: str, method: str, path: str) -> Category:
    """What this call counts as at this broker."""
    for methods, beginning, category in _ROUTES[broker]:
        if method in methods and path.startswith(beginning):
            return category
    return "other"


@dataclass
class RateLimits:
    """Counts calls per account. Thread-safe. While `on` is false everything is allowed."""

    on: bool = False
    _lock: Lock = field(default_factory=Lock, repr=False)
    _counts: dict[tuple[str, str, Category, int], tuple[int, int]] = field(
        default_factory=dict, repr=False
    )

    def allow(self, broker: str, user: str, category: Category, at: datetime) -> bool:
        """Count one call at `at`, unless that is one too many."""
        if not self.on:
            return True
        counted = _COUNTED_AS.get((broker, category), category)
        second = (at - _EPOCH) // timedelta(seconds=1)
        with self._lock:
            after = {}
            for calls, seconds in LIMITS[broker][counted]:
                key, window = (broker, user, counted, seconds), second // seconds
                then, used = self._counts.get(key, (window, 0))
                used = used if then == window else 0
                if used == calls:
                    return False
                after[key] = window, used + 1
            self._counts.update(after)
            return True
