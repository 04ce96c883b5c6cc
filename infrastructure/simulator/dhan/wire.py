"""Dhan's errors, which stand alone, and the bodies in which orders come in.

Documented, not recorded: shapes follow dhanhq.co/docs/v2. Answers have no envelope; the words of
errors are the documented ones, except where the exchange here has something better to say.
"""

from decimal import Decimal
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from starlette.responses import Response

from infrastructure.simulator.exchange.checks import prices_that_count
from infrastructure.simulator.exchange.orders import OrderRequest, OrderType, Product, Side
from infrastructure.simulator.exchange.refusals import Reason, Refused
from infrastructure.simulator.market.instruments import Instrument
from infrastructure.simulator.market.universe import Listing

Body = TypeVar("Body", bound=msgspec.Struct)
Shares = Annotated[int, msgspec.Meta(gt=0, lt=1_000_000_000)]
Hidden = Annotated[int, msgspec.Meta(ge=0, lt=1_000_000_000)]
CorrelationId = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9 _-]{0,30}$")]
Segment = Literal["NSE_EQ", "BSE_EQ", "NSE_FNO", "BSE_FNO"]
DhanProduct = Literal["CNC", "INTRADAY", "MARGIN", "MTF"]
DhanOrderType = Literal["MARKET", "LIMIT", "STOP_LOSS", "STOP_LOSS_MARKET"]

PRODUCTS: Final[dict[DhanProduct, Product]] = {
    "CNC": "CNC",
    "INTRADAY": "MIS",
    "MARGIN": "NRML",
    "MTF": "MTF",
}
ORDER_TYPES: Final[dict[DhanOrderType, OrderType]] = {
    "MARKET": "MARKET",
    "LIMIT": "LIMIT",
    "STOP_LOSS": "SL",
    "STOP_LOSS_MARKET": "SL-M",
}

_encode = msgspec.json.Encoder(decimal_format="number").encode


class DhanError(Exception):
    """An answer in Dhan's error shape."""

    def __init__(self, status: int, error_type: str, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error_type = error_type
        self.code = code
        self.message = message


class DataError(Exception):
    """How market data is refused: by a number of its own, in another shape."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class Named(msgspec.Struct, kw_only=True, rename="camel"):
    """The SDK puts `dhanClientId` into every body."""

    dhan_client_id: str


class NewOrder(Named, kw_only=True, rename="camel"):
    transaction_type: Side
    exchange_segment: Segment
    product_type: DhanProduct
    order_type: DhanOrderType
    validity: Literal["DAY", "IOC"]
    security_id: str
    quantity: Shares
    price: Decimal = Decimal(0)
    trigger_price: Decimal = Decimal(0)
    disclosed_quantity: Hidden = 0
    after_market_order: bool = False
    amo_time: Literal["PRE_OPEN", "OPEN", "OPEN_30", "OPEN_60"] | None = None
    correlation_id: CorrelationId | None = None


class ChangedOrder(Named, kw_only=True, rename="camel"):
    """Whatever is to stay as it was has to be said again."""

    order_id: str
    order_type: DhanOrderType
    quantity: Shares
    validity: Literal["DAY", "IOC"]
    price: Decimal
    trigger_price: Decimal
    disclosed_quantity: Hidden
    leg_name: str | None = None


class Conversion(Named, kw_only=True, rename="camel"):
    from_product_type: DhanProduct
    to_product_type: DhanProduct
    exchange_segment: Segment
    position_type: Literal["LONG", "SHORT"]
    security_id: str
    convert_qty: Shares


INVALID_TOKEN: Final = (
    401,
    "Invalid_Authentication",
    "DH-901",
    "Client ID or user generated access token is invalid or expired.",
)
BAD_BODY: Final = (
    400,
    "Input_Exception",
    "DH-905",
    "Missing required fields, bad values for parameters etc.",
)
NO_DATA: Final = (
    400,
    "Data_Error",
    "DH-907",
    "System is unable to fetch data due to incorrect parameters or no data present.",
)
_REFUSALS: Final[dict[Reason, tuple[int, str, str]]] = {
    "INPUT": (400, "Input_Exception", "DH-905"),
    "FUNDS": (400, "Order_Error", "DH-906"),
    "HOLDINGS": (400, "Order_Error", "DH-906"),
    "ORDER": (400, "Order_Error", "DH-906"),
    "NOT_FOUND": (404, "Order_Error", "DH-906"),
    "MARKET_CLOSED": (400, "Order_Error", "DH-906"),
    "KILL_SWITCH": (400, "Order_Error", "DH-906"),
}
_WORDS: Final[dict[Reason, str]] = {
    "KILL_SWITCH": "Kill Switch is activated. Trading is disabled for the day.",
}
_OWN: Final[dict[int, tuple[str, str]]] = {
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
    words = _WORDS.get(refused.reason, refused.message)
    return DhanError(*_REFUSALS[refused.reason], words)


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


def data_failure(error: DataError) -> Response:
    return answer(error.status, {"data": {str(error.code): error.message}, "status": "failed"})


def error_body(status: int, words: str | None = None) -> bytes:
    """What Dhan says when it answers with this status for reasons of its own."""
    error_type, code = _OWN.get(status, ("Other_Error", "DH-910"))
    own = "Too many requests" if status == 429 else "Something went wrong. Please try later."
    message = own if words is None else words
    return bytes(failure(DhanError(status, error_type, code, message)).body)


def read(body: bytes, shape: type[Body]) -> Body:
    """Raises: DhanError: a field is missing or not a value that Dhan knows."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, RecursionError):
        raise DhanError(*BAD_BODY) from None


def instrument_of(listing: Listing, segment: str, security_id: str) -> Instrument:
    """Raises: Refused: nothing like that is listed."""
    found = listing.by_dhan(segment, security_id)
    if found is None:
        raise Refused("INPUT", "Invalid SecurityId.")
    return found


def order_request(new: NewOrder, listing: Listing) -> OrderRequest:
    """Raises: Refused: the values do not go together, or nothing like that is listed."""
    order_type = ORDER_TYPES[new.order_type]
    limit, trigger = prices_that_count(order_type, new.price, new.trigger_price)
    instrument = instrument_of(listing, new.exchange_segment, new.security_id)
    return OrderRequest(
        exchange=instrument.exchange,
        symbol=instrument.symbol,
        side=new.transaction_type,
        quantity_shares=new.quantity,
        product=PRODUCTS[new.product_type],
        order_type=order_type,
        limit_price_inr=limit,
        trigger_price_inr=trigger,
        validity=new.validity,
        variety="amo" if new.after_market_order else "regular",
        tag=new.correlation_id or None,
        disclosed_shares=new.disclosed_quantity,
    )
