"""Kite's envelope around every answer, and the forms in which orders come in."""

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Literal, TypeVar, get_args

import msgspec
from starlette.responses import Response

from infrastructure.simulator.exchange.orders import (
    ExchangeName,
    Iceberg,
    OrderRequest,
    OrderType,
    Product,
    Side,
)
from infrastructure.simulator.exchange.refusals import Reason, Refused

Word = TypeVar("Word", bound=str)

TAG = re.compile(r"[A-Za-z0-9]{1,20}")
EXCHANGES: tuple[ExchangeName, ...] = get_args(ExchangeName)
SIDES: tuple[Side, ...] = get_args(Side)
PRODUCTS: tuple[Product, ...] = get_args(Product)
VALIDITIES: tuple[Literal["DAY", "IOC"], ...] = ("DAY", "IOC")
VARIETIES = ("regular", "amo", "iceberg")
ORDER_TYPES: tuple[OrderType, ...] = get_args(OrderType)
LEGS = range(2, 51)
MOST_INR = Decimal(1_000_000_000)

_encode = msgspec.json.Encoder(decimal_format="number").encode
_ERROR_TYPES = {
    403: "TokenException",
    429: "NetworkException",
    502: "NetworkException",
    503: "NetworkException",
    504: "NetworkException",
}


class KiteError(Exception):
    """An answer in Kite's error envelope."""

    def __init__(self, status: int, error_type: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error_type = error_type
        self.message = message


_REFUSALS: dict[Reason, tuple[int, str]] = {
    "INPUT": (400, "InputException"),
    "FUNDS": (400, "MarginException"),
    "HOLDINGS": (400, "HoldingException"),
    "ORDER": (400, "OrderException"),
    "NOT_FOUND": (404, "GeneralException"),
    "MARKET_CLOSED": (400, "OrderException"),
    "KILL_SWITCH": (400, "OrderException"),
}


def as_kite_error(refused: Refused) -> KiteError:
    status, error_type = _REFUSALS[refused.reason]
    return KiteError(status, error_type, refused.message)


def success(data: object) -> Response:
    return _json(200, {"status": "success", "data": data})


def failure(error: KiteError) -> Response:
    body = {"status": "error", "message": error.message, "data": None}
    return _json(error.status, body | {"error_type": error.error_type})


def error_body(status: int, words: str | None = None) -> bytes:
    """What Kite says when it answers with this status for reasons of its own."""
    error_type = _ERROR_TYPES.get(status, "GeneralException")
    own = "Too many requests" if status == 429 else "Something went wrong. Please try later."
    message = own if words is None else words
    return bytes(failure(KiteError(status, error_type, message)).body)


def _json(status: int, body: object) -> Response:
    return Response(_encode(body), status, media_type="application/json")


def order_request(variety: str, form: Mapping[str, str]) -> OrderRequest:
    """Read the form of an order.

    Raises:
        KiteError: an argument is missing or not a value that Kite knows.
    """
    order_type = one_of(ORDER_TYPES, form, "order_type")
    tag = form.get("tag")
    if tag is not None and not TAG.fullmatch(tag):
        raise invalid("tag")
    if variety not in VARIETIES:
        raise invalid("variety")
    shares = whole(form, "quantity")
    ice = _iceberg(form, shares) if variety == "iceberg" and "iceberg_legs" in form else None
    return OrderRequest(
        exchange=one_of(EXCHANGES, form, "exchange"),
        symbol=form.get("tradingsymbol", ""),
        side=one_of(SIDES, form, "transaction_type"),
        quantity_shares=shares // ice.legs if ice else shares,
        product=one_of(PRODUCTS, form, "product"),
        order_type=order_type,
        limit_price_inr=amount(form, "price") if order_type in ("LIMIT", "SL") else None,
        trigger_price_inr=amount(form, "trigger_price") if order_type[:2] == "SL" else None,
        validity=one_of(VALIDITIES, {"validity": "DAY", **form}, "validity"),
        variety=variety,
        tag=tag,
        disclosed_shares=_disclosed(form),
        market_protection_percent=_protection(form),
        iceberg=ice,
    )


def _iceberg(form: Mapping[str, str], shares: int) -> Iceberg:
    """The first leg. Kite's forum (comment 51625): a leg is the quantity by the number of legs."""
    legs = whole(form, "iceberg_legs")
    if legs not in LEGS:
        raise invalid("iceberg_legs")
    if whole(form, "iceberg_quantity") * legs != shares:
        raise invalid("iceberg_quantity")
    return Iceberg(leg=1, legs=legs, total_shares=shares)


def changed_request(request: OrderRequest, form: Mapping[str, str]) -> OrderRequest:
    """The terms of an order after a modification: only what was sent changes.

    Raises:
        KiteError: a value that Kite does not know.
    """
    order_type = one_of(ORDER_TYPES, {"order_type": request.order_type, **form}, "order_type")
    limit, trigger = request.limit_price_inr, request.trigger_price_inr
    needs_limit, needs_trigger = order_type in ("LIMIT", "SL"), order_type in ("SL", "SL-M")
    if needs_limit and ("price" in form or limit is None):
        limit = amount(form, "price")
    if needs_trigger and ("trigger_price" in form or trigger is None):
        trigger = amount(form, "trigger_price")
    protection = request.market_protection_percent
    return replace(
        request,
        order_type=order_type,
        quantity_shares=whole(form, "quantity") if "quantity" in form else request.quantity_shares,
        limit_price_inr=limit if needs_limit else None,
        trigger_price_inr=trigger if needs_trigger else None,
        validity=one_of(VALIDITIES, {"validity": request.validity, **form}, "validity"),
        disclosed_shares=_disclosed({"disclosed_quantity": str(request.disclosed_shares), **form}),
        market_protection_percent=_protection(form) if "market_protection" in form else protection,
    )


def _disclosed(form: Mapping[str, str]) -> int:
    given = form.get("disclosed_quantity", "0")
    return 0 if given == "0" else whole(form, "disclosed_quantity")


def _protection(form: Mapping[str, str]) -> Decimal:
    """In per cent; -1 leaves it to Kite, and 0 is none."""
    try:
        percent = Decimal(form.get("market_protection", "0"))
    except InvalidOperation:
        raise invalid("market_protection") from None
    if percent.is_nan() or (percent != -1 and not 0 <= percent <= 100):
        raise invalid("market_protection")
    return percent


def one_of(words: tuple[Word, ...], form: Mapping[str, str], name: str) -> Word:
    for word in words:
        if form.get(name) == word:
            return word
    raise invalid(name)


def whole(form: Mapping[str, str], name: str) -> int:
    text = form.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) == 0:
        raise invalid(name)
    return int(text)


def amount(form: Mapping[str, str], name: str) -> Decimal:
    try:
        amount_inr = Decimal(form.get(name, ""))
    except InvalidOperation:
        raise invalid(name) from None
    if not amount_inr.is_finite() or not 0 < amount_inr < MOST_INR:
        raise invalid(name)
    return amount_inr


def invalid(name: str) -> KiteError:
    return KiteError(400, "InputException", f"Invalid `{name}`.")
