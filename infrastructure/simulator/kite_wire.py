"""Kite's envelope around every answer, and the forms in which orders come in."""

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Literal, TypeVar, get_args

import msgspec
from starlette.responses import Response

from infrastructure.simulator.matching import Reason, Refused
from infrastructure.simulator.orders import OrderRequest, OrderType

Word = TypeVar("Word", bound=str)

TAG = re.compile(r"[A-Za-z0-9]{1,20}")
SIDES: tuple[Literal["BUY", "SELL"], ...] = ("BUY", "SELL")
PRODUCTS: tuple[Literal["CNC", "MIS"], ...] = ("CNC", "MIS")
VALIDITIES: tuple[Literal["DAY", "IOC"], ...] = ("DAY", "IOC")
VARIETIES = ("regular", "amo")
ORDER_TYPES: tuple[OrderType, ...] = get_args(OrderType)
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
}


def as_kite_error(refused: Refused) -> KiteError:
    status, error_type = _REFUSALS[refused.reason]
    return KiteError(status, error_type, refused.message)


def success(data: object) -> Response:
    return _json(200, {"status": "success", "data": data})


def failure(error: KiteError) -> Response:
    body = {"status": "error", "message": error.message, "data": None}
    return _json(error.status, body | {"error_type": error.error_type})


def error_body(status: int) -> bytes:
    """What Kite says when it answers with this status for reasons of its own."""
    error_type = _ERROR_TYPES.get(status, "GeneralException")
    message = "Too many requests" if status == 429 else "Something went wrong. Please try later."
    return bytes(failure(KiteError(status, error_type, message)).body)


def _json(status: int, body: object) -> Response:
    return Response(_encode(body), status, media_type="application/json")


def order_request(variety: str, form: Mapping[str, str]) -> OrderRequest:
    """Read the form of an order.

    Raises:
        KiteError: an argument is missing or not a value that Kite knows.
    """
    if form.get("exchange") != "NSE":
        raise _invalid("exchange")
    order_type = _one_of(ORDER_TYPES, form, "order_type")
    if order_type in ("MARKET", "SL-M") and form.get("market_protection", "0") in ("0", "0.0"):
        raise KiteError(
            400,
            "InputException",
            "Market orders without market protection are not allowed via API. Please set market "
            "protection or use a limit order.",
        )
    tag = form.get("tag")
    if tag is not None and not TAG.fullmatch(tag):
        raise _invalid("tag")
    if variety not in VARIETIES:
        raise _invalid("variety")
    return OrderRequest(
        symbol=form.get("tradingsymbol", ""),
        side=_one_of(SIDES, form, "transaction_type"),
        quantity_shares=_whole(form, "quantity"),
        product=_one_of(PRODUCTS, form, "product"),
        order_type=order_type,
        limit_price_inr=_amount(form, "price") if order_type in ("LIMIT", "SL") else None,
        trigger_price_inr=_amount(form, "trigger_price") if order_type[:2] == "SL" else None,
        validity=_one_of(VALIDITIES, {"validity": "DAY", **form}, "validity"),
        variety=variety,
        tag=tag,
    )


def changed_request(request: OrderRequest, form: Mapping[str, str]) -> OrderRequest:
    """The terms of an order after a modification: only what was sent changes.

    Raises:
        KiteError: a value that Kite does not know.
    """
    order_type = _one_of(ORDER_TYPES, {"order_type": request.order_type, **form}, "order_type")
    limit, trigger = request.limit_price_inr, request.trigger_price_inr
    if "price" in form or (limit is None and order_type in ("LIMIT", "SL")):
        limit = _amount(form, "price")
    if "trigger_price" in form or (trigger is None and order_type in ("SL", "SL-M")):
        trigger = _amount(form, "trigger_price")
    return replace(
        request,
        order_type=order_type,
        quantity_shares=_whole(form, "quantity") if "quantity" in form else request.quantity_shares,
        limit_price_inr=limit if order_type in ("LIMIT", "SL") else None,
        trigger_price_inr=trigger if order_type in ("SL", "SL-M") else None,
    )


def _one_of(words: tuple[Word, ...], form: Mapping[str, str], name: str) -> Word:
    for word in words:
        if form.get(name) == word:
            return word
    raise _invalid(name)


def _whole(form: Mapping[str, str], name: str) -> int:
    text = form.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) == 0:
        raise _invalid(name)
    return int(text)


def _amount(form: Mapping[str, str], name: str) -> Decimal:
    try:
        amount_inr = Decimal(form.get(name, ""))
    except InvalidOperation:
        raise _invalid(name) from None
    if not amount_inr.is_finite() or not 0 < amount_inr < MOST_INR:
        raise _invalid(name)
    return amount_inr


def _invalid(name: str) -> KiteError:
    return KiteError(400, "InputException", f"Invalid `{name}`.")
