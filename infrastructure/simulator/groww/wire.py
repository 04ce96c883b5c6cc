"""Groww's envelope around every answer, and the bodies in which orders come in.

Documented, not recorded: shapes follow groww.in/trade-api/docs. Groww does not publish which HTTP
status goes with which of its codes; the ones here are plausible.
"""

import re
from decimal import Decimal
from typing import Annotated, Literal, TypeVar

import msgspec
from starlette.responses import Response

from infrastructure.simulator.exchange.checks import prices_that_count
from infrastructure.simulator.exchange.orders import OrderRequest, OrderType
from infrastructure.simulator.exchange.refusals import Reason, Refused
from infrastructure.simulator.market.instruments import Instrument

Body = TypeVar("Body", bound=msgspec.Struct)
Shares = Annotated[int, msgspec.Meta(gt=0, lt=1_000_000_000)]
GrowwOrderType = Literal["MARKET", "LIMIT", "SL", "SL_M"]

REFERENCE = re.compile(r"(?!(?:[^-]*-){3})[A-Za-z0-9-]{8,20}")
"""8 to 20 letters and digits with at most two hyphens."""
ORDER_TYPES: dict[GrowwOrderType, OrderType] = {
    "MARKET": "MARKET",
    "LIMIT": "LIMIT",
    "SL": "SL",
    "SL_M": "SL-M",
}

_encode = msgspec.json.Encoder(decimal_format="number").encode


class GrowwError(Exception):
    """An answer in Groww's failure envelope."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class NewOrder(msgspec.Struct, kw_only=True):
    trading_symbol: str
    quantity: Shares
    validity: Literal["DAY", "IOC"]
    exchange: Literal["NSE", "BSE"]
    segment: Literal["CASH", "FNO"]
    product: Literal["CNC", "MIS", "NRML"]
    order_type: GrowwOrderType
    transaction_type: Literal["BUY", "SELL"]
    order_reference_id: str
    price: Decimal | None = None
    trigger_price: Decimal | None = None


class ChangedOrder(msgspec.Struct, kw_only=True):
    groww_order_id: str
    segment: Literal["CASH", "FNO"]
    order_type: GrowwOrderType
    quantity: Shares
    price: Decimal | None = None
    trigger_price: Decimal | None = None


class CancelledOrder(msgspec.Struct, kw_only=True):
    groww_order_id: str
    segment: Literal["CASH", "FNO"]


class PricedOrder(msgspec.Struct, kw_only=True):
    """An order whose margin is asked for. A price of 0 stands for the last one."""

    trading_symbol: str
    transaction_type: Literal["BUY", "SELL"]
    quantity: Shares
    order_type: GrowwOrderType
    product: Literal["CNC", "MIS", "NRML"]
    exchange: Literal["NSE", "BSE"]
    price: Decimal | None = None


_REFUSALS: dict[Reason, tuple[int, str]] = {
    "INPUT": (400, "GA001"),
    "FUNDS": (400, "GA006"),
    "HOLDINGS": (400, "GA006"),
    "ORDER": (400, "GA006"),
    "NOT_FOUND": (404, "GA004"),
    "MARKET_CLOSED": (400, "GA006"),
    "KILL_SWITCH": (400, "GA006"),
}
_CODES = {400: "GA001", 401: "GA005", 403: "GA005", 404: "GA004", 503: "GA003"}


def as_groww_error(refused: Refused) -> GrowwError:
    return GrowwError(*_REFUSALS[refused.reason], refused.message)


def success(payload: object, status: int = 200) -> Response:
    return answer(status, {"status": "SUCCESS", "payload": payload})


def failure(error: GrowwError) -> Response:
    told = {
        "code": error.code,
        "message": error.message,
        "displayMessage": error.message,
        "metadata": None,
    }
    return answer(error.status, {"status": "FAILURE", "error": told})


def error_body(status: int, words: str | None = None) -> bytes:
    """What Groww says when it answers with this status for reasons of its own."""
    own = "Too many requests" if status == 429 else "Something went wrong. Please try later."
    message = own if words is None else words
    if status == 429:
        return _encode({"message": message})
    return bytes(failure(GrowwError(status, _CODES.get(status, "GA000"), message)).body)


def answer(status: int, body: object) -> Response:
    return Response(_encode(body), status, media_type="application/json")


def read(body: bytes, shape: type[Body]) -> Body:
    """Raises: GrowwError: a field is missing or not a value that Groww knows."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError as error:
        raise GrowwError(400, "GA001", f"Bad request: {error}") from None


def order_request(new: NewOrder, instrument: Instrument) -> OrderRequest:
    """Raises: GrowwError, Refused: the values do not go together."""
    if not REFERENCE.fullmatch(new.order_reference_id):
        raise GrowwError(400, "GA001", "Bad request: invalid order_reference_id.")
    order_type = ORDER_TYPES[new.order_type]
    limit, trigger = prices_that_count(order_type, new.price, new.trigger_price)
    return OrderRequest(
        exchange=instrument.exchange,
        symbol=instrument.symbol,
        side=new.transaction_type,
        quantity_shares=new.quantity,
        product=new.product,
        order_type=order_type,
        limit_price_inr=limit,
        trigger_price_inr=trigger,
        validity=new.validity,
        tag=new.order_reference_id,
    )


def margin_request(asked: PricedOrder, instrument: Instrument) -> OrderRequest:
    return OrderRequest(
        exchange=instrument.exchange,
        symbol=instrument.symbol,
        side=asked.transaction_type,
        quantity_shares=asked.quantity,
        product=asked.product,
        order_type="LIMIT" if asked.price else "MARKET",
        limit_price_inr=asked.price or None,
    )
