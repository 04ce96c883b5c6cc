"""Rows of Kite Connect v3 as Zerodha's published samples show them.

What the exchange here has no notion of (collateral, disclosed shares, pledges) is present and
empty, so that a client that reads those fields keeps working. Times are naive IST on this wire.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from domain.instants import IST
from infrastructure.simulator.accounts import Funds, Holding, Position
from infrastructure.simulator.instruments import INSTRUMENTS
from infrastructure.simulator.orders import ZERO, Fill, Order

# Any: the values of one row are of as many types as Kite has fields.
Row = dict[str, Any]

FOUR_PLACES = Decimal("0.0001")


def ist(at: datetime) -> str:
    return f"{at.astimezone(IST):%Y-%m-%d %H:%M:%S}"


def profile_row(user: str, name: str) -> Row:
    return {
        "user_id": user,
        "user_type": "individual",
        "email": f"{user.lower()}@simulator.invalid",
        "user_name": name,
        "user_shortname": name.split()[0],
        "broker": "ZERODHA",
        "exchanges": ["NSE"],
        "products": ["CNC", "MIS"],
        "order_types": ["MARKET", "LIMIT", "SL", "SL-M"],
        "avatar_url": None,
        "meta": {"demat_consent": "consent"},
    }


def margins_row(funds: Funds) -> Row:
    def segment(opening: Decimal, available: Decimal, used: Decimal) -> Row:
        empty = dict.fromkeys(
            (
                "exposure",
                "m2m_realised",
                "m2m_unrealised",
                "option_premium",
                "payout",
                "span",
                "holding_sales",
                "turnover",
                "liquid_collateral",
                "stock_collateral",
                "delivery",
            ),
            0,
        )
        return {
            "enabled": True,
            "net": available,
            "available": {
                "adhoc_margin": 0,
                "cash": opening,
                "opening_balance": opening,
                "live_balance": available,
                "collateral": 0,
                "intraday_payin": 0,
            },
            "utilised": {"debits": used, **empty},
        }

    return {
        "equity": segment(funds.opening_inr, funds.available_inr, funds.used_inr),
        "commodity": segment(ZERO, ZERO, ZERO),
    }


def order_row(user: str, order: Order) -> Row:
    request = order.request
    is_market = request.order_type in ("MARKET", "SL-M")
    return {
        "placed_by": user,
        "order_id": order.order_id,
        "exchange_order_id": order.exchange_order_id,
        "parent_order_id": None,
        "status": order.status,
        "status_message": order.status_message,
        "status_message_raw": order.status_message,
        "order_timestamp": ist(order.at),
        "exchange_update_timestamp": ist(order.at) if order.exchange_order_id else None,
        "exchange_timestamp": ist(order.placed_at) if order.exchange_order_id else None,
        "variety": request.variety,
        "modified": order.modified,
        **_instrument(request.symbol),
        "order_type": request.order_type,
        "transaction_type": request.side,
        "validity": request.validity,
        "validity_ttl": 0,
        "product": request.product,
        "quantity": request.quantity_shares,
        "disclosed_quantity": 0,
        "price": request.limit_price_inr or 0,
        "trigger_price": request.trigger_price_inr or 0,
        "average_price": order.average_price_inr,
        "filled_quantity": order.filled_shares,
        "pending_quantity": order.pending_shares,
        "cancelled_quantity": order.cancelled_shares,
        "market_protection": -1 if is_market else 0,
        "meta": {},
        "tag": request.tag,
        **({"tags": [request.tag]} if request.tag else {}),
        "guid": f"{order.order_id}guid",
    }


def trade_row(fill: Fill) -> Row:
    order = fill.order
    return {
        "trade_id": fill.trade_id,
        "order_id": order.order_id,
        **_instrument(order.request.symbol),
        "product": order.request.product,
        "average_price": order.average_price_inr,
        "quantity": order.filled_shares,
        "exchange_order_id": order.exchange_order_id,
        "transaction_type": order.request.side,
        "fill_timestamp": ist(order.at),
        "order_timestamp": ist(order.at)[11:],
        "exchange_timestamp": ist(order.at),
    }


def holding_row(holding: Holding, last: Decimal, close: Decimal) -> Row:
    shares, change = holding.quantity_shares, last - close
    return {
        **_instrument(holding.symbol),
        "isin": INSTRUMENTS[holding.symbol].isin,
        "product": "CNC",
        "price": 0,
        "quantity": shares - holding.sold_today_shares,
        "used_quantity": holding.sold_today_shares,
        "t1_quantity": 0,
        "realised_quantity": shares,
        "authorised_quantity": 0,
        "authorised_date": None,
        "authorisation": {},
        "opening_quantity": shares,
        "short_quantity": 0,
        "collateral_quantity": 0,
        "collateral_type": "",
        "discrepancy": False,
        "average_price": _rounded(holding.average_price_inr),
        "last_price": last,
        "close_price": close,
        "pnl": _rounded((last - holding.average_price_inr) * shares),
        "day_change": change,
        "day_change_percentage": _rounded(change / close * 100),
    }


def position_row(position: Position, last: Decimal, close: Decimal) -> Row:
    value = position.sell_value_inr - position.buy_value_inr
    pnl = _rounded(value + position.net_shares * last)
    bought = {
        "quantity": position.buy_shares,
        "price": _rounded(position.buy_price_inr),
        "value": position.buy_value_inr,
    }
    sold = {
        "quantity": position.sell_shares,
        "price": _rounded(position.sell_price_inr),
        "value": position.sell_value_inr,
    }
    return {
        **_instrument(position.symbol),
        "product": position.product,
        "quantity": position.net_shares,
        "overnight_quantity": 0,
        "multiplier": 1,
        "average_price": _rounded(position.average_price_inr),
        "close_price": close,
        "last_price": last,
        "value": value,
        "pnl": pnl,
        "m2m": pnl,
        "unrealised": pnl,
        "realised": 0,
        **{f"buy_{name}": number for name, number in bought.items()},
        "buy_m2m": position.buy_value_inr,
        **{f"sell_{name}": number for name, number in sold.items()},
        "sell_m2m": position.sell_value_inr,
        **{f"day_buy_{name}": number for name, number in bought.items()},
        **{f"day_sell_{name}": number for name, number in sold.items()},
    }


def _instrument(symbol: str) -> Row:
    instrument = INSTRUMENTS[symbol]
    return {
        "tradingsymbol": symbol,
        "exchange": instrument.exchange,
        "instrument_token": instrument.instrument_token,
    }


def _rounded(number: Decimal) -> Decimal:
    return number.quantize(FOUR_PLACES)
