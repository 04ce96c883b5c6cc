"""Dhan's forever orders, its orders that are good till triggered. Documented, not recorded.

The first leg of an OCO is the target and the second one the stop loss, by the names that the
documentation gives them when one is modified. The list has a row per leg.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final, Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infrastructure.simulator.dhan.answers import of_user
from infrastructure.simulator.dhan.login import DHAN, DhanLogins
from infrastructure.simulator.dhan.rows import PRODUCTS as DHAN_PRODUCTS
from infrastructure.simulator.dhan.rows import (
    Row,
    derivative_cells,
    dhan_symbol,
    ist,
    status_of,
)
from infrastructure.simulator.dhan.wire import (
    BAD_BODY,
    PRODUCTS,
    CorrelationId,
    DhanError,
    Hidden,
    Named,
    Segment,
    Shares,
    answer,
    instrument_of,
    read,
)
from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.exchange.gtt import Gtt, GttLeg, GttTerms
from infrastructure.simulator.exchange.orders import Order, OrderRequest, Side
from infrastructure.simulator.exchange.refusals import Refused
from infrastructure.simulator.market.instruments import Instrument
from infrastructure.simulator.market.universe import Listing, listed

LegName = Literal["TARGET_LEG", "STOP_LOSS_LEG"]
_STATUSES: Final = {"active": "CONFIRM", "cancelled": "CANCELLED", "expired": "EXPIRED"}


class NewForever(Named, kw_only=True, rename="camel"):
    order_flag: Literal["SINGLE", "OCO"]
    transaction_type: Side
    exchange_segment: Segment
    product_type: Literal["CNC", "MTF", "MARGIN"]
    order_type: Literal["LIMIT", "MARKET"]
    validity: Literal["DAY", "IOC"]
    security_id: str
    quantity: Shares
    price: Decimal
    trigger_price: Decimal
    price1: Decimal = Decimal(0)
    trigger_price1: Decimal = Decimal(0)
    quantity1: Hidden = 0
    disclosed_quantity: Hidden = 0
    correlation_id: CorrelationId | None = None


class ChangedForever(Named, kw_only=True, rename="camel"):
    order_id: str
    order_flag: Literal["SINGLE", "OCO"]
    order_type: Literal["LIMIT", "MARKET"]
    leg_name: LegName
    quantity: Shares
    price: Decimal
    trigger_price: Decimal
    validity: Literal["DAY", "IOC"]
    disclosed_quantity: Hidden = 0


class DhanForeverFace:
    def __init__(self, exchange: Exchange, logins: DhanLogins) -> None:
        self.exchange = exchange
        self.logins = logins

    def routes(self) -> list[Route]:
        one = "/forever/orders/{order_id}"
        return [
            of_user(self.logins, "/forever/orders", self.all),
            of_user(self.logins, "/forever/orders", self.place, "POST"),
            of_user(self.logins, one, self.modify, "PUT"),
            of_user(self.logins, one, self.cancel, "DELETE"),
        ]

    async def all(self, user: str, request: Request) -> Response:
        listing, found = listed(self.exchange.now()), self.exchange.gtts(DHAN, user)
        book = {order.order_id: order for order in self.exchange.orders(DHAN, user)}
        return answer(200, [row for gtt in found for row in _rows(user, gtt, book, listing)])

    async def place(self, user: str, request: Request) -> Response:
        new = read(await request.body(), NewForever)
        terms = _terms(new, listed(self.exchange.now()))
        return _short(self.exchange.place_gtt(DHAN, user, terms), "PENDING")

    async def modify(self, user: str, request: Request) -> Response:
        asked, gtt_id = read(await request.body(), ChangedForever), _id(request)
        gtt = self.exchange.gtt(DHAN, user, gtt_id)
        if asked.order_id != str(gtt_id) or asked.order_flag != gtt.kind:
            raise DhanError(*BAD_BODY)
        number = _named(gtt.terms.legs).get(asked.leg_name)
        if number is None:
            raise Refused("INPUT", "Invalid legName.")
        legs = list(gtt.terms.legs)
        changed = replace(
            legs[number].request,
            order_type=asked.order_type,
            quantity_shares=asked.quantity,
            limit_price_inr=asked.price if asked.order_type == "LIMIT" else None,
            validity=asked.validity,
        )
        legs[number] = GttLeg(trigger_price_inr=asked.trigger_price, request=changed)
        self.exchange.modify_gtt(DHAN, user, gtt_id, replace(gtt.terms, legs=tuple(legs)))
        return _short(gtt_id, "PENDING")

    async def cancel(self, user: str, request: Request) -> Response:
        gtt_id = _id(request)
        self.exchange.cancel_gtt(DHAN, user, gtt_id)
        return _short(gtt_id, "CANCELLED")


def _id(request: Request) -> int:
    order_id = request.path_params["order_id"]
    if not order_id.isdigit():
        raise Refused("NOT_FOUND", "Couldn't find that trigger.")
    return int(order_id)


def _short(gtt_id: int, status: str) -> Response:
    return answer(200, {"orderId": str(gtt_id), "orderStatus": status})


def _terms(new: NewForever, listing: Listing) -> GttTerms:
    """Raises: Refused: not listed, or the target is where the stop loss belongs."""
    instrument = instrument_of(listing, new.exchange_segment, new.security_id)

    def leg(trigger: Decimal, price: Decimal, shares: int) -> GttLeg:
        if shares <= 0 or trigger <= 0 or (new.order_type == "LIMIT" and price <= 0):
            raise DhanError(*BAD_BODY)
        wanted = OrderRequest(
            exchange=instrument.exchange,
            symbol=instrument.symbol,
            side=new.transaction_type,
            quantity_shares=shares,
            product=PRODUCTS[new.product_type],
            order_type=new.order_type,
            limit_price_inr=price if new.order_type == "LIMIT" else None,
            validity=new.validity,
            tag=new.correlation_id or None,
        )
        return GttLeg(trigger_price_inr=trigger, request=wanted)

    legs = [leg(new.trigger_price, new.price, new.quantity)]
    if new.order_flag == "OCO":
        legs.append(leg(new.trigger_price1, new.price1, new.quantity1))
        is_above = legs[0].trigger_price_inr > legs[1].trigger_price_inr
        if is_above != (new.transaction_type == "SELL"):
            raise Refused("INPUT", "Invalid triggerPrice: the first leg is the target.")
    in_order = sorted(legs, key=lambda each: each.trigger_price_inr)
    return GttTerms(exchange=instrument.exchange, symbol=instrument.symbol, legs=tuple(in_order))


def _named(legs: tuple[GttLeg, ...]) -> dict[LegName, int]:
    """Where each leg stands; the lower trigger comes first."""
    if len(legs) == 1:
        return {"TARGET_LEG": 0}
    sells = legs[0].request.side == "SELL"
    return {"TARGET_LEG": int(sells), "STOP_LOSS_LEG": int(not sells)}


def _rows(user: str, gtt: Gtt, book: Mapping[str, Order], listing: Listing) -> list[Row]:
    instrument = listing.find(gtt.terms.exchange, gtt.terms.symbol)
    return [
        {
            "dhanClientId": user,
            "orderId": str(gtt.gtt_id),
            "orderStatus": _status(gtt, number, book),
            **_leg_cells(gtt, name, number, instrument),
            "createTime": ist(gtt.created_at),
            "updateTime": ist(gtt.updated_at),
            "exchangeTime": None,
            **derivative_cells(instrument),
        }
        for name, number in _named(gtt.terms.legs).items()
    ]


def _leg_cells(gtt: Gtt, name: LegName, number: int, instrument: Instrument | None) -> Row:
    leg = gtt.terms.legs[number]
    return {
        "transactionType": leg.request.side,
        "exchangeSegment": instrument.dhan_segment if instrument else "",
        "productType": DHAN_PRODUCTS[leg.request.product],
        "orderType": gtt.kind,
        "tradingSymbol": dhan_symbol(instrument) if instrument else gtt.terms.symbol,
        "securityId": instrument.dhan_security_id if instrument else "",
        "quantity": leg.request.quantity_shares,
        "price": leg.request.limit_price_inr or 0,
        "triggerPrice": leg.trigger_price_inr,
        "legName": name,
    }


def _status(gtt: Gtt, number: int, book: Mapping[str, Order]) -> str:
    """Of a leg that fired, what became of its order; past days' books are gone."""
    if gtt.fired is None:
        return _STATUSES[gtt.status]
    if gtt.fired.leg != number:
        return "CANCELLED"
    if gtt.fired.order_id is None:
        return "REJECTED"
    order = book.get(gtt.fired.order_id)
    if order is None:
        return "TRADED"
    return "TRIGGERED" if order.is_working else status_of(order)
