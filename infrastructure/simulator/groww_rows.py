"""Rows of Groww's trading API, field by field as its documentation lists them.

Documented, not recorded. What the exchange here has no notion of (pledges, carry forwards) is
present and zero. Times are naive IST on this wire, and neither holdings nor positions carry a
price of today: that is a question of its own (`/live-data/ltp`).
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from domain.instants import IST
from infrastructure.simulator.accounts import Funds, Holding, Position
from infrastructure.simulator.instruments import INSTRUMENTS
from infrastructure.simulator.orders import Fill, Order, OrderType, Status

# Any: the values of one row are of as many types as Groww has fields.
Row = dict[str, Any]

FOUR_PLACES = Decimal("0.0001")
STATUSES: dict[Status, str] = {
    "PUT ORDER REQ RECEIVED": "NEW",
    "VALIDATION PENDING": "ACKED",
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


def profile_row(user: str) -> Row:
    return {
        "vendor_user_id": f"simulated-{user.lower()}",
        "ucc": user,
        "nse_enabled": True,
        "bse_enabled": False,
        "ddpi_enabled": False,
        "active_segments": ["CASH"],
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
        "fno_margin_details": {},
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
        "exchange": "NSE",
        "order_type": _ORDER_TYPES[request.order_type],
        "transaction_type": request.side,
        "segment": "CASH",
        "product": request.product,
        "created_at": ist(order.placed_at),
        "exchange_time": ist(order.at) if order.exchange_order_id else None,
        "trade_date": ist(order.at) if order.filled_shares else None,
    }


def trade_row(fill: Fill) -> Row:
    order = fill.order
    return {
        "price": order.average_price_inr,
        "isin": INSTRUMENTS[order.request.symbol].isin,
        "quantity": order.filled_shares,
        "groww_order_id": order.order_id,
        "groww_trade_id": fill.trade_id,
        "exchange_trade_id": fill.trade_id,
        "exchange_order_id": order.exchange_order_id,
        "trade_status": "EXECUTED",
        "trading_symbol": order.request.symbol,
        "remark": "",
        "exchange": "NSE",
        "segment": "CASH",
        "product": order.request.product,
        "transaction_type": order.request.side,
        "created_at": ist(order.at),
        "trade_date_time": ist(order.at),
    }


def holding_row(holding: Holding) -> Row:
    free = holding.quantity_shares - holding.sold_today_shares
    return {
        "isin": INSTRUMENTS[holding.symbol].isin,
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
    profit = position.cash_flow_inr if position.net_shares == 0 else 0
    return {
        "trading_symbol": position.symbol,
        "segment": "CASH",
        "credit_quantity": position.buy_shares,
        "credit_price": position.buy_price_inr.quantize(FOUR_PLACES),
        "debit_quantity": position.sell_shares,
        "debit_price": position.sell_price_inr.quantize(FOUR_PLACES),
        "carry_forward_credit_quantity": 0,
        "carry_forward_credit_price": 0,
        "carry_forward_debit_quantity": 0,
        "carry_forward_debit_price": 0,
        "exchange": "NSE",
        "symbol_isin": INSTRUMENTS[position.symbol].isin,
        "quantity": position.net_shares,
        "product": position.product,
        "net_carry_forward_quantity": 0,
        "net_price": position.average_price_inr.quantize(FOUR_PLACES),
        "net_carry_forward_price": 0,
        "realised_pnl": profit,
    }
