"""Kite's GTT over HTTP: a form with two JSON texts in it."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.exchange.gtt import Gtt, GttLeg, GttTerms
from infrastructure.simulator.kite.answers import KITE, form_of, signed_in
from infrastructure.simulator.kite.login import KiteLogins
from infrastructure.simulator.kite.rows import Row, instrument_cells, ist
from infrastructure.simulator.kite.wire import (
    EXCHANGES,
    KiteError,
    invalid,
    one_of,
    order_request,
)

_LEGS: Final[Mapping[str, int]] = {"single": 1, "two-leg": 2}
_KINDS: Final = {"SINGLE": "single", "OCO": "two-leg"}


class _Condition(msgspec.Struct):
    exchange: str
    tradingsymbol: str
    trigger_values: list[Decimal]
    last_price: Decimal


class _Order(msgspec.Struct):
    exchange: str
    tradingsymbol: str
    transaction_type: str
    quantity: int
    order_type: str
    product: str
    price: Decimal


class KiteGttFace:
    """The routes for orders that wait for a price."""

    def __init__(self, exchange: Exchange, logins: KiteLogins) -> None:
        self.exchange = exchange
        self.logins = logins

    def routes(self) -> list[Route]:
        every, one = "/gtt/triggers", "/gtt/triggers/{gtt_id:int}"
        return [
            Route(every, signed_in(self.logins, self.every), methods=["GET"]),
            Route(every, signed_in(self.logins, self.place), methods=["POST"]),
            Route(one, signed_in(self.logins, self.one), methods=["GET"]),
            Route(one, signed_in(self.logins, self.modify), methods=["PUT"]),
            Route(one, signed_in(self.logins, self.delete), methods=["DELETE"]),
        ]

    async def every(self, user: str, request: Request) -> object:
        return [_row(user, gtt) for gtt in self.exchange.gtts(KITE, user)]

    async def one(self, user: str, request: Request) -> object:
        return _row(user, self.exchange.gtt(KITE, user, request.path_params["gtt_id"]))

    async def place(self, user: str, request: Request) -> object:
        terms = gtt_terms(await form_of(request))
        return {"trigger_id": self.exchange.place_gtt(KITE, user, terms)}

    async def modify(self, user: str, request: Request) -> object:
        gtt_id = request.path_params["gtt_id"]
        self.exchange.modify_gtt(KITE, user, gtt_id, gtt_terms(await form_of(request)))
        return {"trigger_id": gtt_id}

    async def delete(self, user: str, request: Request) -> object:
        gtt_id = request.path_params["gtt_id"]
        self.exchange.cancel_gtt(KITE, user, gtt_id)
        return {"trigger_id": gtt_id}


def gtt_terms(form: Mapping[str, str]) -> GttTerms:
    """Raises:
    KiteError: something is missing or makes no sense together.
    """
    try:
        condition = msgspec.json.decode(form.get("condition", ""), type=_Condition)
        orders = msgspec.json.decode(form.get("orders", ""), type=list[_Order])
    except msgspec.MsgspecError:
        raise invalid("condition` or `orders") from None
    legs = _LEGS.get(form.get("type", ""))
    if legs is None:
        raise invalid("type")
    if legs != len(condition.trigger_values) or legs != len(orders):
        raise invalid("trigger_values")
    return GttTerms(
        exchange=one_of(EXCHANGES, {"exchange": condition.exchange}, "exchange"),
        symbol=condition.tradingsymbol,
        legs=tuple(
            GttLeg(trigger_price_inr=trigger, request=order_request("regular", _as_form(order)))
            for trigger, order in zip(condition.trigger_values, orders, strict=True)
        ),
    )


def _as_form(order: _Order) -> Mapping[str, str]:
    if order.order_type != "LIMIT":
        raise KiteError(400, "InputException", "Only LIMIT orders are allowed for GTT.")
    return {name: str(value) for name, value in msgspec.structs.asdict(order).items()}


def _row(user: str, gtt: Gtt) -> Row:
    terms = gtt.terms
    cells = instrument_cells(terms.exchange, terms.symbol, gtt.updated_at)
    return {
        "id": gtt.gtt_id,
        "user_id": user,
        "parent_trigger": None,
        "type": _KINDS[gtt.kind],
        "created_at": ist(gtt.created_at),
        "updated_at": ist(gtt.updated_at),
        "expires_at": ist(gtt.expires_at),
        "status": gtt.status,
        "condition": {
            **cells,
            "last_price": gtt.last_price_inr,
            "trigger_values": [leg.trigger_price_inr for leg in terms.legs],
        },
        "orders": [
            _order_cells(leg) | {"result": _result(user, gtt, number)}
            for number, leg in enumerate(terms.legs)
        ],
        "meta": {} if gtt.fired is None else None,
    }


def _order_cells(leg: GttLeg) -> Row:
    request = leg.request
    return {
        "exchange": request.exchange,
        "tradingsymbol": request.symbol,
        "product": request.product,
        "order_type": request.order_type,
        "transaction_type": request.side,
        "quantity": request.quantity_shares,
        "price": request.limit_price_inr,
    }


def _result(user: str, gtt: Gtt, number: int) -> Row | None:
    """What came of the leg that was reached; a refused order is a failed result of a triggered
    GTT."""
    fired = gtt.fired
    if fired is None or fired.leg != number:
        return None
    leg = gtt.terms.legs[number]
    return {
        "account_id": user,
        "validity": leg.request.validity,
        **_order_cells(leg),
        "meta": json.dumps({"app_id": 0, "gtt": gtt.gtt_id}),
        "timestamp": ist(fired.at),
        "triggered_at": fired.price_inr,
        "order_result": {
            "status": "success" if fired.order_id else "failed",
            "order_id": fired.order_id or "",
            "rejection_reason": fired.rejection or "",
        },
    }
