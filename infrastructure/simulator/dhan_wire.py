"""Dhan's errors, which stand alone, and the bodies in which orders come in.

Documented, not recorded: shapes follow dhanhq.co/docs/v2. Answers have no envelope; the words of
errors are the documented ones, except where the exchange here has something better to say.
"""

from decimal import Decimal
from typing import Annotated, Literal, TypeVar

import msgspec
from starlette.responses import Response

from infrastructure.simulator.instruments import INSTRUMENTS, Instrument
from infrastructure.simulator.matching import Reason, Refused, prices_that_count
from infrastructure.simulator.orders import OrderRequest, OrderType, Product

Body = TypeVar("Body", bound=msgspec.Struct)
Shares = Annotated[int, msgspec.Meta(gt=0, lt=1_000_000_000)]
CorrelationId = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9 _-]{0,30}$")]
DhanProduct = Literal["CNC", "INTRADAY"]
DhanOrderType = Literal["MARKET", "LIMIT", "STOP_LOSS", "STOP_LOSS_MARKET"]

PRODUCTS: dict[DhanProduct, Product] = {"CNC": "CNC", "INTRADAY": "MIS"}
ORDER_TYPES: dict[DhanOrderType, OrderType] = {
    "MARKET": "MARKET",
    "LIMIT": "LIMIT",
    "STOP_LOSS": "SL",
    "STOP_LOSS_MARKET": "SL-M",
}
LISTED: dict[str, Instrument] = {str(each.exchange_token): each for each in INSTRUMENTS.values()}
"""By security id, which on the NSE is the exchange's own token."""

_encode = msgspec.json.Encoder(decimal_format="number").encode


class DhanError(Exception):
    """An answer in Dhan's error shape."""

    def __init__(self, status: int, error_type: str, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error_type = error_type
        self.code = code
        self.message = message


class NewOrder(msgspec.Struct, kw_only=True, rename="camel"):
    """The SDK puts `dhanClientId` into every body."""

    dhan_client_id: str
    transaction_type: Literal["BUY", "SELL"]
    exchange_segment: Literal["NSE_EQ"]
    product_type: DhanProduct
    order_type: DhanOrderType
    validity: Literal["DAY", "IOC"]
    security_id: str
    quantity: Shares
    price: Decimal = Decimal(0)
    trigger_price: Decimal = Decimal(0)
    after_market_order: bool = False
    correlation_id: CorrelationId | None = None


class ChangedOrder(msgspec.Struct, kw_only=True, rename="camel"):
    order_type: DhanOrderType
    quantity: Shares
    validity: Literal["DAY", "IOC"]
    price: Decimal = Decimal(0)
    trigger_price: Decimal = Decimal(0)


class Conversion(msgspec.Struct, kw_only=True, rename="camel"):
    from_product_type: DhanProduct
    to_product_type: DhanProduct
    exchange_segment: Literal["NSE_EQ"]
    position_type: Literal["LONG", "SHORT"]
    security_id: str
    convert_qty: Shares


INVALID_TOKEN = (
    401,
    "Invalid_Authentication",
    "DH-901",
    "Client ID or user generated access token is invalid or expired.",
)
_REFUSALS: dict[Reason, tuple[int, str, str]] = {
    "INPUT": (400, "Input_Exception", "DH-905"),
    "FUNDS": (400, "Order_Error", "DH-906"),
    "HOLDINGS": (400, "Order_Error", "DH-906"),
    "ORDER": (400, "Order_Error", "DH-906"),
    "NOT_FOUND": (404, "Order_Error", "DH-906"),
}
_OWN: dict[int, tuple[str, str]] = {
    400: ("Input_Exception", "DH-905"),
    401: ("Invalid_Authentication", "DH-901"),
    403: ("Invalid_Access", "DH-902"),
    429: ("Rate_Limit", "DH-904"),
    500: ("Internal_Server_Error", "DH-908"),
    502: ("Network_Error", "DH-909"),
    503: ("Network_Error", "DH-909"),
    504: ("Network_Error", "DH-909"),
}


def as_dhan_error(refused: Refused) -> DhanError:
    return DhanError(*_REFUSALS[refused.reason], refused.message)


def answer(status: int, body: object) -> Response:
    return Response(_encode(body), status, media_type="application/json")


def failure(error: DhanError) -> Response:
    return answer(
        error.status,
        {
            "errorType": error.error_type,
            "errorCode": error.code,
            "errorMessage": error.message,
        },
    )


def error_body(status: int) -> bytes:
    """What Dhan says when it answers with this status for reasons of its own."""
    error_type, code = _OWN.get(status, ("Other_Error", "DH-910"))
    message = "Too many requests" if status == 429 else "Something went wrong. Please try later."
    return bytes(failure(DhanError(status, error_type, code, message)).body)


def read(body: bytes, shape: type[Body]) -> Body:
    """Raises: DhanError: a field is missing or not a value that Dhan knows."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError:
        raise DhanError(
            400,
            "Input_Exception",
            "DH-905",
            "Missing required fields, bad values for parameters etc.",
        ) from None


def listed(security_id: str) -> Instrument:
    """Raises: Refused: no such share."""
    if security_id not in LISTED:
        raise Refused("INPUT", "Invalid SecurityId.")
    return LISTED[security_id]


def order_request(new: NewOrder) -> OrderRequest:
    """Raises: Refused: the values do not go together."""
    order_type = ORDER_TYPES[new.order_type]
    limit, trigger = prices_that_count(order_type, new.price, new.trigger_price)
    return OrderRequest(
        symbol=listed(new.security_id).symbol,
        side=new.transaction_type,
        quantity_shares=new.quantity,
        product=PRODUCTS[new.product_type],
        order_type=order_type,
        limit_price_inr=limit,
        trigger_price_inr=trigger,
        validity=new.validity,
        variety="amo" if new.after_market_order else "regular",
        tag=new.correlation_id or None,
    )
