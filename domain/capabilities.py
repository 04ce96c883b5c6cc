"""What each broker can do, in one place.

It decides what is refused with NOT_SUPPORTED_BY_BROKER (in which words: `domain/order_offers.py`),
and is what the docs page and `get_order_types_info` show. Nothing that a broker lacks is made up
for silently.
Sources: the SDKs in their locked versions and the brokers' public documentation, 2026-11.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal

from domain.errors import NotSupportedByBroker
from domain.vocabulary import BrokerName, Exchange, Interval

Function = Literal[
    "profile",
    "funds",
    "holdings",
    "positions",
    "orders",
    "order_history",
    "trades",
    "place",
    "modify",
    "cancel",
    "find",
    "quotes",
    "depth",
    "candles",
    "order_margins",
    "basket_margins",
    "charges",
    "convert_position",
    "gtt",
    "option_chain",
    "expiries",
    "kill_switch",
]
MARKET_DATA: Final[frozenset[Function]] = frozenset(
    {"quotes", "depth", "candles", "option_chain", "expiries"}
)
"""Questions that say nothing about an account, so that any broker may answer them."""
GttKind = Literal["SINGLE", "OCO"]
RateCategory = Literal["order", "quote", "history", "option_chain", "other"]


@dataclass(frozen=True, kw_only=True)
class Rate:
    """At most `calls` in any span of `seconds`, per account."""

    calls: int
    seconds: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What a broker takes. `longest_span` is what one request for candles may cover, `intervals`
    are its keys; `quotes_per_call` is by detail (ltp, ohlc, full)."""

    exchanges: frozenset[Exchange]
    products: frozenset[str]
    varieties: frozenset[str]
    order_types: frozenset[str]
    validities: frozenset[str]
    functions: frozenset[Function] = frozenset()
    gtt_kinds: frozenset[GttKind] = frozenset()
    longest_span: dict[Interval, timedelta] = field(default_factory=dict)
    quotes_per_call: dict[str, int] = field(default_factory=dict)
    rates: dict[RateCategory, Rate] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


_ALWAYS: Final[frozenset[Function]] = frozenset(
    {
        "profile",
        "funds",
        "holdings",
        "positions",
        "orders",
        "order_history",
        "trades",
        "place",
        "modify",
        "cancel",
        "find",
        "quotes",
        "candles",
    }
)
_REAL: Final[frozenset[Function]] = _ALWAYS | {"depth", "order_margins", "gtt"}
# The exchanges' rules allow 10 orders a second without registering an algo; 8 leaves headroom.
_ORDERS: Final = Rate(calls=8)


def _days(days: dict[Interval, int]) -> dict[Interval, timedelta]:
    return {interval: timedelta(days=count) for interval, count in days.items()}


OFFERS: Final[dict[BrokerName, Offer]] = {
    "kite": Offer(
        # Kite has currencies and commodities, too, and counts lots there: Zerodha's sample answers
        # show one LEADMINI with a multiplier of 1000, and orders of one USDINR.
        exchanges=frozenset({"NSE", "BSE", "NFO", "BFO"}),
        products=frozenset({"CNC", "MIS", "NRML", "MTF"}),
        varieties=frozenset({"regular", "amo", "iceberg"}),
        order_types=frozenset({"MARKET", "LIMIT", "SL", "SL-M"}),
        validities=frozenset({"DAY", "IOC"}),
        functions=_REAL | {"basket_margins", "charges", "convert_position"},
        gtt_kinds=frozenset({"SINGLE", "OCO"}),
        longest_span=_days(
            {
                "1m": 60,
                "3m": 100,
                "5m": 100,
                "10m": 100,
                "15m": 200,
                "30m": 200,
                "60m": 400,
                "1d": 2000,
            }
        ),
        quotes_per_call={"ltp": 1000, "ohlc": 1000, "full": 500},
        rates={
            "order": _ORDERS,
            "quote": Rate(calls=1),
            "history": Rate(calls=3),
            "other": Rate(calls=10),
        },
        notes=(
            "Market orders go out with market protection (-1, Kite's own choice of band).",
            "GTT orders are LIMIT orders and carry no tag.",
            "Iceberg orders go as 2 to 50 equal legs, shown as one order; they cannot be modified.",
            "Cover orders are not taken: leaving one is a market order called a cancellation.",
            "No orders on MCX, CDS and BCD: Kite counts lots there, quantities here are shares.",
        ),
    ),
    "groww": Offer(
        exchanges=frozenset({"NSE", "BSE", "NFO", "BFO"}),
        products=frozenset({"CNC", "MIS", "NRML"}),
        varieties=frozenset({"regular"}),
        order_types=frozenset({"MARKET", "LIMIT", "SL", "SL-M"}),
        validities=frozenset({"DAY", "IOC"}),
        # Baskets of derivatives only: groww.in/trade-api/docs/curl/margin.
        functions=_REAL | {"basket_margins", "option_chain", "expiries"},
        gtt_kinds=frozenset({"SINGLE", "OCO"}),
        # groww.in/trade-api/docs/curl/backtesting, of the endpoint that 1.5.0 asks.
        longest_span=_days(
            {
                "1m": 30,
                "2m": 30,
                "3m": 30,
                "5m": 30,
                "10m": 90,
                "15m": 90,
                "30m": 90,
                "60m": 180,
                "4h": 180,
                "1d": 180,
                "1w": 180,
                "1M": 180,
            }
        ),
        quotes_per_call={"ltp": 50, "ohlc": 50, "full": 1},
        rates={"order": _ORDERS, "quote": Rate(calls=10), "other": Rate(calls=20)},
        notes=(
            "OCO smart orders get out of an open position; of shares, one of product MIS.",
            "Of an OCO the triggers can be changed, not the limit prices.",
            "Smart orders are listed while they wait; what became of them shows in the order book.",
            "Several orders of shares block the sum of each: baskets are for F&O only.",
            "Trades are read order by order: Groww has no trade book of the account.",
        ),
    ),
    "dhan": Offer(
        # Dhan has currencies and commodities, too. Left out: its documentation counts "shares", its
        # users count lots there (positions bear a multiplier), and nobody has said who is right.
        exchanges=frozenset({"NSE", "BSE", "NFO", "BFO"}),
        products=frozenset({"CNC", "MIS", "NRML", "MTF"}),
        varieties=frozenset({"regular", "amo"}),
        # No SL-M: since orders need price protection, Dhan drops its trigger or refuses it.
        order_types=frozenset({"MARKET", "LIMIT", "SL"}),
        validities=frozenset({"DAY", "IOC"}),
        functions=_REAL
        | {"basket_margins", "convert_position", "option_chain", "expiries", "kill_switch"},
        gtt_kinds=frozenset({"SINGLE", "OCO"}),
        longest_span=_days({"1m": 90, "5m": 90, "15m": 90, "25m": 90, "60m": 90, "1d": 3650}),
        quotes_per_call={"ltp": 1000, "ohlc": 1000, "full": 1000},
        rates={
            "order": _ORDERS,
            "quote": Rate(calls=1),
            "history": Rate(calls=5),
            "option_chain": Rate(calls=1, seconds=3.0),
            "other": Rate(calls=20),
        },
        notes=(
            "Dhan turns market orders into limit orders with a protected price: they can rest.",
            "Brokerage comes with the margins; there is no call for charges alone.",
            "GTT orders are Dhan's forever orders; of an OCO one leg is changed per call.",
            "The kill switch needs closed positions and no pending orders, and lasts for the day.",
            "No orders on MCX, CDS and BCD: it is not settled whether Dhan counts lots there.",
        ),
    ),
    "paper": Offer(
        exchanges=frozenset({"NSE"}),
        products=frozenset({"CNC", "MIS", "NRML"}),
        varieties=frozenset({"regular"}),
        order_types=frozenset({"MARKET", "LIMIT", "SL", "SL-M"}),
        validities=frozenset({"DAY", "IOC"}),
        functions=_ALWAYS | {"depth"},
        longest_span=_days({"1m": 60, "5m": 100, "15m": 200, "60m": 400, "1d": 2000}),
        quotes_per_call={"ltp": 1000, "ohlc": 1000, "full": 500},
        notes=("Paper orders are filled whole or not at all, around the clock.",),
    ),
}

_INSTEAD: Final[dict[Function, str]] = {
    "option_chain": "search its contracts and ask for their quotes",
    "expiries": "search its contracts",
    "charges": "ask for the order's margins",
    "basket_margins": "ask for each order's margins",
    "convert_position": "close the position and open it under the other product",
    "kill_switch": "cancel the open orders",
    "depth": "ask for quotes without depth",
    "gtt": "place a regular order",
}


def not_offered(broker: BrokerName, function: Function) -> NotSupportedByBroker:
    """The refusal for what `broker` has no call for, naming who has it and the closest thing."""
    others = [name for name, offer in OFFERS.items() if function in offer.functions]
    elsewhere = f" {', '.join(others)} can." if others else ""
    return NotSupportedByBroker(
        f"{broker} has no call for {function.replace('_', ' ')}.{elsewhere} "
        f"Next: {_INSTEAD.get(function, 'choose another broker')}."
    )


def must_offer(broker: BrokerName, function: Function) -> None:
    """Raises: NotSupportedByBroker."""
    if function not in OFFERS[broker].functions:
        raise not_offered(broker, function)
