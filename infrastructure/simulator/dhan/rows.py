"""Rows of Dhan's API v2, field by field as its documentation lists them.

Documented, not recorded. Times are naive IST on this wire. Positions carry no price of today, only
the profit that it makes; funds are spelled `availabelBalance`, as Dhan spells them.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from domain.instants import IST
from domain.instruments import plain
from infrastructure.simulator.exchange.accounts import PAISA, Funds, Holding
from infrastructure.simulator.exchange.orders import Fill, Order, OrderType, Product, Status
from infrastructure.simulator.exchange.positions import Position
from infrastructure.simulator.market.instruments import Instrument
from infrastructure.simulator.market.universe import Listing

# Any: the values of one row are of as many types as Dhan has fields.
Row = dict[str, Any]

FOUR_PLACES: Final = Decimal("0.0001")
_STATUSES: Final[dict[Status, str]] = {
    "PUT ORDER REQ RECEIVED": "TRANSIT",
    "VALIDATION PENDING": "TRANSIT",
    "AMO REQ RECEIVED": "TRANSIT",
    "OPEN PENDING": "TRANSIT",
    "OPEN": "PENDING",
    "TRIGGER PENDING": "PENDING",
    "COMPLETE": "TRADED",
    "CANCELLED": "CANCELLED",
    "REJECTED": "REJECTED",
}
PRODUCTS: Final[dict[Product, str]] = {
    "CNC": "CNC",
    "MIS": "INTRADAY",
    "NRML": "MARGIN",
    "MTF": "MTF",
}
_ORDER_TYPES: Final[dict[OrderType, str]] = {
    "MARKET": "MARKET",
    "LIMIT": "LIMIT",
    "SL": "STOP_LOSS",
    "SL-M": "STOP_LOSS_MARKET",
}
_OPTIONS: Final = {"CE": "CALL", "PE": "PUT"}


def ist(at: datetime) -> str:
    return f"{at.astimezone(IST):%Y-%m-%d %H:%M:%S}"


def dhan_symbol(instrument: Instrument) -> str:
    """Contracts have names of Dhan's own: `NIFTY-Nov2026-24650-CE`."""
    if instrument.expiry is None:
        return instrument.symbol
    parts = [instrument.root, f"{instrument.expiry:%b%Y}"]
    if instrument.strike_inr is None:
        return "-".join((*parts, "FUT"))
    return "-".join((*parts, plain(instrument.strike_inr), instrument.kind))


def status_of(order: Order) -> str:
    if order.lapsed:
        return "EXPIRED"
    if order.status == "OPEN" and order.filled_shares:
        return "PART_TRADED"
    return _STATUSES[order.status]


def profile_row(user: str, ends_at: datetime) -> Row:
    return {
        "dhanClientId": user,
        "tokenValidity": f"{ends_at.astimezone(IST):%d/%m/%Y %H:%M}",
        "activeSegment": "Equity, Derivative",
        "ddpi": "Deactive",
        "mtf": "Active",
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


def order_row(user: str, order: Order, listing: Listing) -> Row:
    request = order.request
    return {
        "dhanClientId": user,
        "orderId": order.order_id,
        "exchangeOrderId": order.exchange_order_id,
        "correlationId": request.tag or "",
        "orderStatus": status_of(order),
        **_terms(order, listing),
        "orderType": _ORDER_TYPES[request.order_type],
        "validity": request.validity,
        "quantity": request.quantity_shares,
        "disclosedQuantity": request.disclosed_shares,
        "price": request.limit_price_inr or 0,
        "triggerPrice": request.trigger_price_inr or 0,
        "afterMarketOrder": request.variety == "amo",
        "boProfitValue": 0,
        "boStopLossValue": 0,
        "legName": "",
        "createTime": ist(order.placed_at),
        "updateTime": ist(order.at),
        "exchangeTime": ist(order.at) if order.exchange_order_id else "0001-01-01 00:00:00",
        "omsErrorCode": "0",
        "omsErrorDescription": order.status_message or "CONFIRMED",
        "algoId": "0",
        "remainingQuantity": order.pending_shares,
        "averageTradedPrice": order.average_price_inr.quantize(FOUR_PLACES),
        "filledQty": order.filled_shares,
    }


def trade_row(user: str, fill: Fill, listing: Listing) -> Row:
    order = fill.order
    return {
        "dhanClientId": user,
        "orderId": order.order_id,
        "exchangeOrderId": order.exchange_order_id,
        "exchangeTradeId": fill.trade_id,
        **_terms(order, listing),
        "orderType": _ORDER_TYPES[order.request.order_type],
        "tradedQuantity": fill.shares,
        "tradedPrice": fill.price_inr,
        "createTime": ist(order.placed_at),
        "updateTime": ist(fill.at),
        "exchangeTime": ist(fill.at),
    }


def holding_row(holding: Holding, last: Decimal) -> Row:
    left = holding.quantity_shares - holding.sold_today_shares
    return {
        "exchange": "ALL",
        "tradingSymbol": holding.instrument.symbol,
        "securityId": holding.instrument.dhan_security_id,
        "isin": holding.instrument.isin,
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
    carried = abs(position.overnight_shares)
    carried_value = carried * position.overnight_price_inr
    was_long = position.overnight_shares > 0
    return {
        "dhanClientId": user,
        "tradingSymbol": dhan_symbol(position.instrument),
        "securityId": position.instrument.dhan_security_id,
        "positionType": "CLOSED" if net == 0 else "LONG" if net > 0 else "SHORT",
        "exchangeSegment": position.instrument.dhan_segment,
        "productType": PRODUCTS[position.product],
        "buyAvg": position.buy_price_inr.quantize(FOUR_PLACES),
        "buyQty": position.buy_shares,
        "costPrice": average.quantize(FOUR_PLACES),
        "sellAvg": position.sell_price_inr.quantize(FOUR_PLACES),
        "sellQty": position.sell_shares,
        "netQty": net,
        "realizedProfit": position.realised_inr.quantize(PAISA),
        "unrealizedProfit": ((last - average) * net).quantize(PAISA),
        "rbiReferenceRate": 1,
        "multiplier": 1,
        "carryForwardBuyQty": carried if was_long else 0,
        "carryForwardSellQty": 0 if was_long else carried,
        "carryForwardBuyValue": carried_value if was_long else 0,
        "carryForwardSellValue": 0 if was_long else carried_value,
        "dayBuyQty": position.buy_shares,
        "daySellQty": position.sell_shares,
        "dayBuyValue": position.buy_value_inr,
        "daySellValue": position.sell_value_inr,
        **derivative_cells(position.instrument, no_expiry="0001-01-01"),
        "crossCurrency": False,
    }


def derivative_cells(instrument: Instrument | None, no_expiry: str | None = None) -> Row:
    expiry = instrument.expiry if instrument else None
    return {
        "drvExpiryDate": expiry.isoformat() if expiry else no_expiry,
        "drvOptionType": _OPTIONS.get(instrument.kind) if instrument else None,
        "drvStrikePrice": (instrument.strike_inr if instrument else None) or 0,
    }


def _terms(order: Order, listing: Listing) -> Row:
    request = order.request
    instrument = listing.find(request.exchange, request.symbol)
    return {
        "transactionType": request.side,
        "exchangeSegment": instrument.dhan_segment if instrument else "",
        "productType": PRODUCTS[request.product],
        "tradingSymbol": dhan_symbol(instrument) if instrument else request.symbol,
        "securityId": instrument.dhan_security_id if instrument else "",
        **derivative_cells(instrument),
    }
