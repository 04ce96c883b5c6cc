"""Rows of Kite Connect v3 as Zerodha's published samples show them (see `shapes/kite`).

What the exchange here has no notion of (collateral, pledges) is present and empty, so that a
client that reads those fields keeps working. Times are naive IST on this wire.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from domain.instants import IST
from infrastructure.simulator.exchange.accounts import Funds
from infrastructure.simulator.exchange.orders import ZERO, Fill, Order, OrderRequest
from infrastructure.simulator.market.instruments import Instrument
from infrastructure.simulator.market.universe import listed

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
        "exchanges": ["NSE", "BSE", "NFO", "BFO"],
        "products": ["CNC", "NRML", "MIS", "MTF"],
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
    protection = request.market_protection_percent if request.is_at_market else None
    # Kite tags protected orders itself, and in no order that can be relied on.
    tags = [*(["mktp"] if protection else []), *([request.tag] if request.tag else [])]
    reached = order.exchange_order_id is not None
    return {
        "placed_by": user,
        "order_id": order.order_id,
        "exchange_order_id": order.exchange_order_id,
        "parent_order_id": request.iceberg.parent_id if request.iceberg else None,
        "status": order.status,
        "status_message": order.status_message,
        "status_message_raw": order.status_message,
        "order_timestamp": ist(order.at),
        "exchange_update_timestamp": ist(order.at) if reached else None,
        "exchange_timestamp": ist(order.placed_at) if reached else None,
        "variety": request.variety,
        "modified": order.modified,
        **instrument_cells(request.exchange, request.symbol, order.at),
        "order_type": request.order_type,
        "transaction_type": request.side,
        "validity": request.validity,
        "validity_ttl": 0,
        "product": request.product,
        "quantity": request.quantity_shares,
        "disclosed_quantity": request.disclosed_shares,
        "price": request.limit_price_inr or 0,
        "trigger_price": request.trigger_price_inr or 0,
        "average_price": rounded(order.average_price_inr),
        "filled_quantity": order.filled_shares,
        "pending_quantity": order.pending_shares,
        "cancelled_quantity": order.cancelled_shares,
        "market_protection": protection or 0,
        "meta": _meta(request),
        "tag": request.tag,
        **({"tags": tags} if tags else {}),
        "guid": f"{order.order_id}guid",
    }


def _meta(request: OrderRequest) -> Row:
    ice = request.iceberg
    if ice is None:
        return {}
    told = {
        "leg": ice.leg,
        "legs": ice.legs,
        "leg_quantity": request.quantity_shares,
        "total_quantity": ice.total_shares,
        "remaining_quantity": ice.total_shares - ice.leg * request.quantity_shares,
    }
    return {"iceberg": told}


def trade_row(fill: Fill) -> Row:
    order = fill.order
    return {
        "trade_id": fill.trade_id,
        "order_id": order.order_id,
        **instrument_cells(order.request.exchange, order.request.symbol, fill.at),
        "product": order.request.product,
        "average_price": fill.price_inr,
        "quantity": fill.shares,
        "exchange_order_id": order.exchange_order_id,
        "transaction_type": order.request.side,
        "fill_timestamp": ist(fill.at),
        "order_timestamp": ist(fill.at)[11:],
        "exchange_timestamp": ist(fill.at),
    }


def instrument_cells(exchange: str, symbol: str, at: datetime) -> Row:
    """By which a row names its instrument; the token is 0 once that is no longer listed."""
    instrument = listed(at).find(exchange, symbol)
    token = instrument.instrument_token if instrument else 0
    return {"tradingsymbol": symbol, "exchange": exchange, "instrument_token": token}


def cells_of(instrument: Instrument) -> Row:
    return {
        "tradingsymbol": instrument.symbol,
        "exchange": instrument.exchange,
        "instrument_token": instrument.instrument_token,
    }


def rounded(number: Decimal) -> Decimal:
    return number.quantize(FOUR_PLACES)
