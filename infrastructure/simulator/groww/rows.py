"""Rows of Groww's trading API, field by field as its documentation lists them.

Documented, not recorded. What the exchange here has no notion of (pledges) is present and zero.
Times are naive IST on this wire, and neither holdings nor positions carry a price of today: that is
a question of its own (`/live-data/ltp`).
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from domain.instants import IST
from infrastructure.simulator.exchange.accounts import Funds, Holding
from infrastructure.simulator.exchange.margins import Margin
from infrastructure.simulator.exchange.orders import Fill, Order, OrderRequest, OrderType, Status
from infrastructure.simulator.exchange.positions import Position
from infrastructure.simulator.groww.names import PLACES, Place, trading_symbol
from infrastructure.simulator.market.universe import listed

# Any: the values of one row are of as many types as Groww has fields.
Row = dict[str, Any]

FOUR_PLACES = Decimal("0.0001")
PAISA = Decimal("0.01")
STATUSES: dict[Status, str] = {
    "PUT ORDER REQ RECEIVED": "NEW",
    "VALIDATION PENDING": "ACKED",
    "AMO REQ RECEIVED": "ACKED",
    "OPEN PENDING": "APPROVED",
    "OPEN": "OPEN",
    "TRIGGER PENDING": "TRIGGER_PENDING",
    "COMPLETE": "EXECUTED",
    "CANCELLED": "CANCELLED",
    "REJECTED": "REJECTED",
}
_ORDER_TYPES: dict[OrderType, str] = {
    "MARKET": "MARKET",
    "LIMIT": "LIMIT",
    "SL": "SL",
    "SL-M": "SL_M",
}


def ist(at: datetime) -> str:
    return f"{at.astimezone(IST):%Y-%m-%dT%H:%M:%S}"


def place(exchange: str) -> Place:
    """Groww's exchange and segment of one of ours."""
    return PLACES[exchange]


def profile_row(user: str) -> Row:
    return {
        "vendor_user_id": f"simulated-{user.lower()}",
        "ucc": user,
        "nse_enabled": True,
        "bse_enabled": True,
        "ddpi_enabled": False,
        "active_segments": ["CASH", "FNO"],
    }


def margin_row(funds: Funds) -> Row:
    return {
        "clear_cash": funds.opening_inr,
        "net_margin_used": funds.used_inr,
        "brokerage_and_charges": 0,
        "collateral_used": 0,
        "collateral_available": 0,
        "adhoc_margin": 0,
        "equity_margin_details": {
            "net_equity_margin_used": funds.used_inr,
            "cnc_margin_used": 0,
            "mis_margin_used": 0,
            "cnc_balance_available": funds.available_inr,
            "mis_balance_available": funds.available_inr,
        },
        "fno_margin_details": {
            "net_fno_margin_used": 0,
            "span_margin_used": 0,
            "exposure_margin_used": 0,
            "future_balance_available": funds.available_inr,
            "option_buy_balance_available": funds.available_inr,
            "option_sell_balance_available": funds.available_inr,
        },
    }


def order_margin_row(margin: Margin, charges_inr: Decimal, first: OrderRequest) -> Row:
    """What is blocked for shares is told under their product."""
    of_shares = (margin.cash_inr + margin.span_inr).quantize(PAISA)
    is_cash = place(first.exchange)[1] == "CASH"
    charges = charges_inr.quantize(PAISA)
    return {
        "exposure_required": margin.exposure_inr.quantize(PAISA),
        "span_required": Decimal(0) if is_cash else margin.span_inr.quantize(PAISA),
        "option_buy_premium": margin.premium_inr.quantize(PAISA),
        "brokerage_and_charges": charges,
        "total_requirement": margin.total_inr.quantize(PAISA) + charges,
        "cash_cnc_margin_required": of_shares if is_cash and first.product == "CNC" else None,
        "cash_mis_margin_required": of_shares if is_cash and first.product == "MIS" else None,
        "physical_delivery_margin_requirement": 0,
    }


def status_row(order: Order) -> Row:
    return {
        "groww_order_id": order.order_id,
        "order_status": STATUSES[order.status],
        "remark": order.status_message or "",
        "filled_quantity": order.filled_shares,
        "order_reference_id": order.request.tag,
    }


def order_row(order: Order) -> Row:
    request = order.request
    exchange, segment = place(request.exchange)
    return status_row(order) | {
        "trading_symbol": request.symbol,
        "quantity": request.quantity_shares,
        "price": request.limit_price_inr or 0,
        "trigger_price": request.trigger_price_inr or 0,
        "remaining_quantity": order.pending_shares,
        "average_fill_price": order.average_price_inr,
        "deliverable_quantity": order.filled_shares if request.product == "CNC" else 0,
        "amo_status": "NA",
        "validity": request.validity,
        "exchange": exchange,
        "order_type": _ORDER_TYPES[request.order_type],
        "transaction_type": request.side,
        "segment": segment,
        "product": request.product,
        "created_at": ist(order.placed_at),
        "exchange_time": ist(order.at) if order.exchange_order_id else None,
        "trade_date": ist(order.at) if order.filled_shares else None,
    }


def trade_row(fill: Fill, now: datetime) -> Row:
    order, request = fill.order, fill.order.request
    exchange, segment = place(request.exchange)
    instrument = listed(now).find(request.exchange, request.symbol)
    return {
        "price": fill.price_inr,
        "isin": instrument.isin if instrument else "",
        "quantity": fill.shares,
        "groww_order_id": order.order_id,
        "groww_trade_id": fill.trade_id,
        "exchange_trade_id": fill.trade_id,
        "exchange_order_id": order.exchange_order_id,
        "trade_status": "EXECUTED",
        "trading_symbol": request.symbol,
        "remark": "",
        "exchange": exchange,
        "segment": segment,
        "product": request.product,
        "transaction_type": request.side,
        "created_at": ist(fill.at),
        "trade_date_time": ist(fill.at),
        "settlement_number": "",
    }


def holding_row(holding: Holding) -> Row:
    free = holding.quantity_shares - holding.sold_today_shares
    return {
        "isin": holding.isin,
        "trading_symbol": holding.symbol,
        "quantity": free,
        "average_price": holding.average_price_inr.quantize(FOUR_PLACES),
        "pledge_quantity": 0,
        "demat_locked_quantity": 0,
        "groww_locked_quantity": 0,
        "repledge_quantity": 0,
        "t1_quantity": 0,
        "demat_free_quantity": free,
        "corporate_action_additional_quantity": 0,
        "active_demat_transfer_quantity": 0,
    }


def position_row(position: Position) -> Row:
    """The day's trades, and what was carried into the day."""
    exchange, segment = place(position.exchange)
    carried = position.overnight_shares
    carried_price = position.overnight_price_inr.quantize(FOUR_PLACES)
    return {
        "trading_symbol": trading_symbol(position.instrument),
        "segment": segment,
        "credit_quantity": position.buy_shares,
        "credit_price": position.buy_price_inr.quantize(FOUR_PLACES),
        "debit_quantity": position.sell_shares,
        "debit_price": position.sell_price_inr.quantize(FOUR_PLACES),
        "carry_forward_credit_quantity": max(0, carried),
        "carry_forward_credit_price": carried_price if carried > 0 else 0,
        "carry_forward_debit_quantity": max(0, -carried),
        "carry_forward_debit_price": carried_price if carried < 0 else 0,
        "exchange": exchange,
        "symbol_isin": position.instrument.isin,
        "quantity": position.net_shares,
        "product": position.product,
        "net_carry_forward_quantity": carried,
        "net_price": position.average_price_inr.quantize(FOUR_PLACES),
        "net_carry_forward_price": carried_price,
        "realised_pnl": position.realised_inr.quantize(PAISA),
    }
