"""The 37 commands of the server before this one: names, arguments, and people who use them."""

import json
import zlib
from pathlib import Path
from typing import Final

from tests.mcp_interface.conftest import Market
from tests.mcp_interface.people import connected
from tests.support.servers import Plain

COMMANDS: Final[dict[str, Plain]] = json.loads(Path(__file__).with_suffix(".json").read_text())
"""By name: all `arguments`, those that are `required`, and the fields of `rows` in an array."""
BROKERS: Final = ("paper", "kite", "groww", "dhan")
MODES: Final = {"paper": "PAPER", "kite": "SIMULATED", "groww": "SIMULATED", "dhan": "SIMULATED"}


async def log_everybody_in(market: Market, name: str) -> dict[str, str]:
    """One person per broker, logged in there; their tokens."""
    tokens = {}
    for broker in BROKERS:
        who = f"{name}-{broker}"
        tokens[broker] = market.site.token(who)
        async with connected(market.server.url, tokens[broker]) as person:
            number = f"{BROKERS.index(broker)}{zlib.crc32(name.encode()) % 10**8:08d}"
            await person.log_in_at(broker, market.simulator, number)
    return tokens


def old_order(**more: object) -> Plain:
    """As the predecessor's clients wrote one: far below the market, so that it stays open."""
    return {
        "trading_symbol": "INFY",
        "exchange": "NSE",
        "transaction_type": "BUY",
        "order_type": "LIMIT",
        "quantity": 2,
        "product": "CNC",
        "price": 1400,
        **more,
    }


def without(arguments: Plain, *names: str) -> Plain:
    return {name: value for name, value in arguments.items() if name not in names}


KITE_ORDER: Final[Plain] = {
    "exchange": "NSE",
    "tradingsymbol": "INFY",
    "transaction_type": "BUY",
    "variety": "regular",
    "product": "CNC",
    "order_type": "LIMIT",
    "quantity": 10,
    "price": 1400,
    "trigger_price": 0,
}
GROWW_ORDER: Final[Plain] = {
    "tradingSymbol": "INFY",
    "transactionType": "BUY",
    "quantity": 10,
    "orderType": "LIMIT",
    "productType": "DELIVERY",
    "price": 1400,
    "triggerPrice": 0,
}
OF_DAYS: Final[Plain] = {
    "symbol": "INFY",
    "interval": "1d",
    "from_date": "2026-03-02",
    "to_date": "2026-06-19",
}
_BRACKET: Final = without(old_order(), "product", "order_type")
_COVER: Final = without(old_order(), "product")
CALLS: Final[dict[str, Plain]] = {
    "list_brokers": {},
    "set_active_broker": {},
    "authenticate_broker": {"access_token": "x"},
    "logout_broker": {},
    "get_broker_login_instructions": {},
    "get_session_info": {},
    "get_portfolio": {},
    "get_positions": {},
    "get_margins": {"segment": "equity"},
    "calculate_kite_order_margins": {"orders": [KITE_ORDER, KITE_ORDER]},
    "calculate_kite_basket_margins": {
        "orders": [KITE_ORDER, KITE_ORDER],
        "consider_positions": False,
        "mode": "compact",
    },
    "calculate_kite_order_charges": {
        "orders": [{**KITE_ORDER, "order_id": "1", "average_price": 1400.5}]
    },
    "calculate_order_margin": {
        **old_order(quantity=10),
        "segment": "CASH",
        "trigger_price": 0,
    },
    "get_margin_for_orders": {"orders": [GROWW_ORDER], "segment": "CASH"},
    "create_order": {
        **old_order(),
        "symboltoken": "1594",
        "variety": "regular",
        "validity": "DAY",
        "tag": "swing",
        "amo": False,
        "segment": "CASH",
    },
    "place_amo": {**old_order(), "validity": "DAY", "tag": "overnight"},
    "place_cover_order": {**_COVER, "stoploss": 1380, "trailing_stoploss": 1, "tag": "c"},
    "place_bracket_order": {
        **_BRACKET,
        "stoploss": 1380,
        "squareoff": 1450,
        "trailing_stoploss": 1,
        "tag": "b",
    },
    "place_iceberg_order": {
        **without(old_order(quantity=20), "order_type"),
        "disclosed_quantity": 5,
        "validity": "DAY",
        "tag": "i",
    },
    "get_order_types_info": {},
    "place_groww_gtd_order": {
        **old_order(),
        "segment": "CASH",
        "validity_date": "2026-12-31",
        "order_reference_id": "gtd-1",
    },
    "place_groww_bracket_order": {
        **_BRACKET,
        "segment": "CASH",
        "stop_loss": 1380,
        "target": 1450,
        "order_reference_id": "bo-1",
    },
    "place_groww_cover_order": {
        **_COVER,
        "segment": "CASH",
        "stop_loss": 1380,
        "order_reference_id": "co-1",
    },
    "get_orders": {},
    "modify_order": {"order_id": "1", "price": 1401},
    "cancel_order": {"order_id": "1", "variety": "regular"},
    "get_quote": {"symbols": [{"tradingsymbol": "INFY", "symboltoken": "1594", "exchange": "NSE"}]},
    "compare_portfolios": {},
    "get_consolidated_portfolio": {},
    "get_technical_indicators": {**OF_DAYS, "indicators": ["RSI", "MACD"], "period": 14},
    "get_rsi": {**OF_DAYS, "period": 14},
    "get_macd": {**OF_DAYS, "fast_period": 12, "slow_period": 26, "signal_period": 9},
    "get_bollinger_bands": {**OF_DAYS, "period": 20, "standard_deviations": 2},
    "get_vwap": {**OF_DAYS, "interval": "15m", "from_date": "2026-06-15"},
    "get_atr": {**OF_DAYS, "period": 14},
    "get_adx": {**OF_DAYS, "period": 14},
    "compare_technical_indicators": {"symbol": "INFY", "indicator": "RSI", "period": 14},
}
"""A good call of each, but for the broker; a modification and a cancellation need an order."""
