"""What a request to a broker is, by its method and path: a read or a write, and what it counts as.

A request that is on no list is a read when it is a GET and else a write: then a forgotten line
costs a retry, never a second order.
"""

from dataclasses import dataclass
from typing import Final

from domain.capabilities import RateCategory
from domain.vocabulary import BrokerName


@dataclass(frozen=True, kw_only=True)
class Route:
    """`places`: it may bring something new into being at the broker. Only reads may be repeated."""

    category: RateCategory
    is_write: bool = False
    places: bool = False


def _reads(category: RateCategory) -> Route:
    return Route(category=category)


_PLACES: Final = Route(category="order", is_write=True, places=True)
_WRITES: Final = Route(category="order", is_write=True)
_ACTS: Final = Route(category="other", is_write=True)
"""Once only, but no order: logins and logouts."""

_ROUTES: Final[dict[BrokerName, tuple[tuple[str, str, Route], ...]]] = {
    "kite": (
        ("GET", "/quote", _reads("quote")),
        ("GET", "/instruments/historical/", _reads("history")),
        ("POST", "/margins/", _reads("other")),
        ("POST", "/charges/", _reads("other")),
        ("POST", "/orders/", _PLACES),
        ("POST", "/gtt/triggers", _PLACES),
        ("POST", "/session/", _ACTS),
        ("DELETE", "/session/", _ACTS),
    ),
    "groww": (
        ("GET", "/v1/live-data/", _reads("quote")),
        ("GET", "/v1/option-chain/", _reads("quote")),
        ("GET", "/v1/historical/", _reads("quote")),
        ("POST", "/v1/margins/", _reads("other")),
        ("POST", "/v1/order/create", _PLACES),
        ("POST", "/v1/order-advance/create", _PLACES),
        ("POST", "/v1/token/", _ACTS),
    ),
    "dhan": (
        ("POST", "/v2/marketfeed/", _reads("quote")),
        ("POST", "/v2/charts/", _reads("history")),
        ("POST", "/v2/optionchain/expirylist", _reads("history")),
        ("POST", "/v2/optionchain", _reads("option_chain")),
        ("POST", "/v2/margincalculator", _reads("other")),
        ("POST", "/v2/orders", _PLACES),
        ("POST", "/v2/super/orders", _PLACES),
        ("POST", "/v2/forever/orders", _PLACES),
        ("POST", "/v2/alerts/orders", _PLACES),
        ("POST", "/app/", _ACTS),
        ("GET", "/app/", _ACTS),
    ),
    "paper": (),
}
"""Method, beginning of the path, meaning; the first that fits."""


def route_of(broker: BrokerName, method: str, path: str) -> Route:
    for known, beginning, route in _ROUTES[broker]:
        if known == method and path.startswith(beginning):
            return route
    return _reads("other") if method == "GET" else _WRITES
