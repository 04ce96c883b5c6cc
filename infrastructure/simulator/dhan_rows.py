"""Rows of Dhan's API v2, field by field as its documentation lists them.

Documented, not recorded. Times are naive IST on this wire. Positions carry no price of today, only
the profit that it makes; funds are spelled `availabelBalance`, as Dhan spells them.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from domain.instants import IST
from infrastructure.simulator.accounts import PAISA, Funds, Holding, Position
from infrastructure.simulator.instruments import INSTRUMENTS
from infrastructure.simulator.orders import Fill, Order, OrderType, Product, Status

# Any: the values of one row are of as many types as Dhan has fields.
Row = dict[str, Any]

FOUR_PLACES = Decimal("0.0001")
STATUSES: dict[Status, str] = {
    "PUT ORDER REQ RECEIVED": "TRANSIT",
    "VALIDATION PENDING": "TRANSIT",
    "OPEN PENDING": "TRANSIT",
    "OPEN": "PENDING",
    "TRIGGER PENDING": "PENDING",
    "COMPLETE": "TRADED",
    "CANCELLED": "CANCELLED",
    "REJECTED": "REJECTED",
}
_PRODUCTS: dict[Product, str] = {"CNC": "CNC", "MIS": "INTRADAY"}
_ORDER_TYPES: dict[OrderType, str] = {
    "MARKET": "MARKET",
    "LIMIT": "LIMIT",
    "SL": "STOP_LOSS",
    "SL-M": "STOP_LOSS_MARKET",
}


def ist(at: datetime) -> str:
    return f"{at.astimezone(IST):%Y-%m-%d %H:%M:%S}"


def profile_row(user: str, ends_at: datetime) -> Row:
    return {
        "dhanClientId": user,
        "tokenValidity": f"{ends_at.astimezone(IST):%d/%m/%Y %H:%M}",
        "activeSegment": "Equity",
        "ddpi": "Deactive",
        "mtf": "Deactive",
        "dataPlan": "Active",
        "dataValidity": f"{ends_at.astimezone(IST):%Y-%m-%d %H:%M:%S}.0",
    }


def token_row(user: str, name: str, token: str, ends_at: datetime) -> Row:
    return {
        "dhanClientId": user,
        "dhanClientName": name,
        "dhanClientUcc": user,
        "givenPowerOfAttorney": False,
        "accessToken": token,
        "expiryTime": f"{ends_at.astimezone(IST):%Y-%m-%dT%H:%M:%S}.000",
    }


def funds_row(user: str, funds: Funds) -> Row:
    return {
        "dhanClientId": user,
        "availabelBalance": funds.available_inr,
        "sodLimit": funds.opening_inr,
        "collateralAmount": 0,
        "receiveableAmount": 0,
        "utilizedAmount": funds.used_inr,
        "blockedPayoutAmount": 0,
        "withdrawableBalance": funds.available_inr,
    }


def order_row(user: str, order: Order) -> Row:
    request = order.request
    return {
        "dhanClientId": user,
        "orderId": order.order_id,
        "exchangeOrderId": order.exchange_order_id,
        "correlationId": request.tag or "",
        "orderStatus": STATUSES[order.status],
        **_terms(request.side, request.product, order),
        "orderType": _ORDER_TYPES[request.order_type],
        "validity": request.validity,
        "quantity": request.quantity_shares,
        "disclosedQuantity": 0,
        "price": request.limit_price_inr or 0,
        "triggerPrice": request.trigger_price_inr or 0,
        "afterMarketOrder": request.variety == "amo",
        "boProfitValue": 0,
        "boStopLossValue": 0,
        "legName": "",
        "createTime": ist(order.placed_at),
        "updateTime": ist(order.at),
        "exchangeTime": ist(order.at) if order.exchange_order_id else "0001-01-01 00:00:00",
        "drvExpiryDate": None,
        "drvOptionType": None,
        "drvStrikePrice": 0,
        "omsErrorCode": "0",
        "omsErrorDescription": order.status_message or "CONFIRMED",
        "algoId": "0",
        "remainingQuantity": order.pending_shares,
        "averageTradedPrice": order.average_price_inr,
        "filledQty": order.filled_shares,
    }


def trade_row(user: str, fill: Fill) -> Row:
    order = fill.order
    return {
        "dhanClientId": user,
        "orderId": order.order_id,
        "exchangeOrderId": order.exchange_order_id,
        "exchangeTradeId": fill.trade_id,
        **_terms(order.request.side, order.request.product, order),
        "orderType": _ORDER_TYPES[order.request.order_type],
        "tradedQuantity": order.filled_shares,
        "tradedPrice": order.average_price_inr,
        "createTime": ist(order.placed_at),
        "updateTime": ist(order.at),
        "exchangeTime": ist(order.at),
        "drvExpiryDate": None,
        "drvOptionType": None,
        "drvStrikePrice": 0,
    }


def holding_row(holding: Holding, last: Decimal) -> Row:
    instrument = INSTRUMENTS[holding.symbol]
    left = holding.quantity_shares - holding.sold_today_shares
    return {
        "exchange": "ALL",
        "tradingSymbol": holding.symbol,
        "securityId": str(instrument.exchange_token),
        "isin": instrument.isin,
        "totalQty": left,
        "dpQty": left,
        "t1Qty": 0,
        "availableQty": left,
        "collateralQty": 0,
        "avgCostPrice": holding.average_price_inr.quantize(FOUR_PLACES),
        "lastTradedPrice": last,
    }


def position_row(user: str, position: Position, last: Decimal) -> Row:
    net, average = position.net_shares, position.average_price_inr
    realised = position.cash_flow_inr if net == 0 else Decimal(0)
    return {
        "dhanClientId": user,
        "tradingSymbol": position.symbol,
        "securityId": str(INSTRUMENTS[position.symbol].exchange_token),
        "positionType": "CLOSED" if net == 0 else "LONG" if net > 0 else "SHORT",
        "exchangeSegment": "NSE_EQ",
        "productType": _PRODUCTS[position.product],
        "buyAvg": position.buy_price_inr.quantize(FOUR_PLACES),
        "buyQty": position.buy_shares,
        "costPrice": average.quantize(FOUR_PLACES),
        "sellAvg": position.sell_price_inr.quantize(FOUR_PLACES),
        "sellQty": position.sell_shares,
        "netQty": net,
        "realizedProfit": realised.quantize(PAISA),
        "unrealizedProfit": ((last - average) * net).quantize(PAISA),
        "rbiReferenceRate": 1,
        "multiplier": 1,
        "carryForwardBuyQty": 0,
        "carryForwardSellQty": 0,
        "carryForwardBuyValue": 0,
        "carryForwardSellValue": 0,
        "dayBuyQty": position.buy_shares,
        "daySellQty": position.sell_shares,
        "dayBuyValue": position.buy_value_inr,
        "daySellValue": position.sell_value_inr,
        "drvExpiryDate": "0001-01-01",
        "drvOptionType": None,
        "drvStrikePrice": 0,
        "crossCurrency": False,
    }


def _terms(side: str, product: Product, order: Order) -> Row:
    return {
        "transactionType": side,
        "exchangeSegment": "NSE_EQ",
        "productType": _PRODUCTS[product],
        "tradingSymbol": order.request.symbol,
        "securityId": str(INSTRUMENTS[order.request.symbol].exchange_token),
    }
